/**
 * What users get: every package packed, installed for an ESM and a CommonJS project, type-checked with the oldest and the
 * newest compiler that we support, and run. Needs a build: the tarballs hold `dist`.
 *
 * The oldest compiler, ten times slower, sees one project: whether it knows the syntax of our declarations does not depend
 * on their format, and whether each format is found and complete the newest one says.
 */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addOptionalPeers,
  COMPILERS,
  Consumer,
  install,
  packAll,
  scratch,
} from "../src/consumer.js";
import { packages, specifiersOf } from "../src/workspace.js";

const NEWEST = "TypeScript 7";
const specifiers = packages.flatMap(specifiersOf);
const { dir, remove } = scratch();
afterAll(remove);

const TYPES = ["module", "commonjs"] as const;
const projects = new Map<string, Consumer>();

let tarballs: string[];
beforeAll(() => {
  tarballs = packAll(dir);
  install(dir, tarballs);
  const imports = specifiers.map((specifier, i) => `import * as m${i} from "${specifier}";`);
  const uses = specifiers.map((_, i) => `m${i}`).join(", ");
  for (const type of TYPES) {
    const project = new Consumer(join(dir, type), type);
    project.write("all.ts", `${imports.join("\n")}\nexport const all: object[] = [${uses}];\n`);
    projects.set(type, project);
  }
}, 120_000);

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

describe.each(TYPES)('a project of "type": "%s"', (type) => {
  const compilers = Object.entries(COMPILERS).filter(
    ([name]) => type === "module" || name === NEWEST,
  );

  test.each(compilers)(
    "type-checks with %s",
    (_name, compiler) => {
      projects.get(type)!.typecheck(compiler);
    },
    60_000,
  );

  test("a mistake in it does not type-check", () => {
    const project = projects.get(type)!;
    project.write("wrong.ts", `import { overlaps } from "@memkit/core";\noverlaps(1, 2);\n`);
    expect(() => project.typecheck(COMPILERS[NEWEST]!)).toThrow("TS2345");
    project.write("wrong.ts", "");
  }, 60_000);
});

describe.each(TYPES)('a project of "type": "%s" with all optional peers', (type) => {
  beforeAll(() => {
    if (type === TYPES[0]) addOptionalPeers(dir);
  });

  test("copies of a package side by side share one registry and one error brand", () => {
    const constants = `const PACKAGES = ${JSON.stringify(byPackage)};`;
    const project = projects.get(type)!;
    project.write("run.js", `${programs[type]}\n${constants}\n${SIDE_BY_SIDE}`);
    const { entries, errors, ...report } = JSON.parse(project.node("run.js"));
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
