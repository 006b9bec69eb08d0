/**
 * What users get: every package packed, installed into an empty ESM and an empty CommonJS project, type-checked with
 * the oldest and the newest compiler that we support, and run. Needs a build: the tarballs hold `dist`.
 */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPILERS, Consumer, packAll, scratch } from "../src/consumer.js";
import { packages, specifiersOf } from "../src/workspace.js";

const specifiers = packages.flatMap(specifiersOf);
const { dir, remove } = scratch();
afterAll(remove);

let tarballs: string[];
beforeAll(() => {
  tarballs = packAll(dir);
}, 60_000);

test("every package packs", () => {
  expect(tarballs).toHaveLength(packages.length);
});

/** Loads every entry point, as ES module and as CommonJS, and compares what the copies know of one another. */
const SIDE_BY_SIDE = `
const load = async (specifier) => [await import(specifier), require(specifier)];
const main = async () => {
  const report = { entries: 0, errors: 0, split: [], strangers: [] };
  for (const [name, paths] of Object.entries(PACKAGES)) {
    const indexes = await load(name);
    for (const path of paths) {
      report.entries += 1;
      (await load(path)).forEach((entry, format) => {
        for (const [key, value] of Object.entries(entry)) {
          if (key in indexes[format] && indexes[format][key] !== value) report.split.push(path + " " + key);
        }
      });
    }
    const [esm, cjs] = indexes;
    for (const key of Object.keys(esm).filter((key) => /^[A-Z].*Error$/.test(key))) {
      report.errors += 1;
      const [a, b] = [Object.create(esm[key].prototype), Object.create(cjs[key].prototype)];
      if (!(a instanceof cjs[key] && b instanceof esm[key])) report.strangers.push(name + " " + key);
      if (esm[key] === cjs[key]) report.split.push("one copy only: this test tests nothing");
    }
  }
  const [esm, cjs] = await load("@memkit/core");
  const key = "@memkit/consumer/v1";
  report.oneRegistry = esm.sharedRegistry(key, () => ({})) === cjs.sharedRegistry(key, () => ({}));
  try {
    cjs.bufferOf(new Uint8Array(1));
  } catch (error) {
    report.caught = error instanceof esm.CoreError && error instanceof esm.MemkitError && error.code;
  }
  console.log(JSON.stringify(report));
};
main();
`;

const byPackage = Object.fromEntries(packages.map((p) => [p.manifest.name, specifiersOf(p)]));
const programs = {
  module: `import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);`,
  commonjs: "",
};

describe.each(["module", "commonjs"] as const)('a project of "type": "%s"', (type) => {
  let consumer: Consumer;
  beforeAll(() => {
    consumer = new Consumer(join(dir, type), type, tarballs);
    const imports = specifiers.map((specifier, i) => `import * as m${i} from "${specifier}";`);
    const uses = specifiers.map((_, i) => `m${i}`).join(", ");
    consumer.write("all.ts", `${imports.join("\n")}\nexport const all: object[] = [${uses}];\n`);
  }, 60_000);

  test.each(Object.entries(COMPILERS))(
    "type-checks with %s",
    (_name, compiler) => {
      consumer.typecheck(compiler);
    },
    60_000,
  );

  test("a mistake in it does not type-check", () => {
    consumer.write("wrong.ts", `import { overlaps } from "@memkit/core";\noverlaps(1, 2);\n`);
    expect(() => consumer.typecheck(COMPILERS["TypeScript 7"]!)).toThrow("TS2345");
    consumer.write("wrong.ts", "");
  }, 60_000);

  test("copies of a package side by side share one registry and one error brand", () => {
    const constants = `const PACKAGES = ${JSON.stringify(byPackage)};`;
    consumer.write("run.js", `${programs[type]}\n${constants}\n${SIDE_BY_SIDE}`);
    const { entries, errors, ...report } = JSON.parse(consumer.node("run.js"));
    expect(entries).toBe(specifiers.length);
    expect(errors).toBeGreaterThanOrEqual(2); // CoreError and MemkitError
    expect(report).toEqual({
      split: [],
      strangers: [],
      oneRegistry: true,
      caught: "invalid-source",
    });
  });
});
