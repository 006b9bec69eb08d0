/** Every example of the docstrings and of the documents, type-checked and run. */

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { moduleOf } from "../src/assertions.js";
import { claimsIn, type Example, examplesIn, runs } from "../src/examples.js";
import { held } from "../src/expect.js";
import { files, read, root } from "../src/workspace.js";

/** Ignored by git, and inside this package, so that `@memkit/...` resolves as it does for an app. */
const folder = join(root, "apps/checks/temp/examples");

const all = files
  .filter((file) => /^packages\/[^/]+\/src\/.+\.ts$|\.md$/.test(file) && !file.endsWith(".api.md"))
  .flatMap((file) => examplesIn(file, read(file)));
const examples = all.filter(runs);

const nameOf = ({ file, line }: Example): string => `${file}:${line}`;
const pathOf = (example: Example): string =>
  join(folder, `${nameOf(example).replace(/[^\w.-]/g, "_")}.ts`);

/** What writing the module of an example gave: its claims, or why it cannot be written. */
const written = new Map<Example, readonly string[] | Error>();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const example of examples) {
  try {
    const { text, claims } = moduleOf(example, "../../src/expect.js");
    writeFileSync(pathOf(example), text);
    written.set(example, claims);
  } catch (error) {
    written.set(example, error as Error);
  }
}
const tsconfig = {
  extends: "../../../../tsconfig.base.json",
  compilerOptions: { moduleDetection: "force" },
  include: ["*.ts"],
};
writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));

test("there are examples", () => {
  expect(examples.length).toBeGreaterThan(0);
});

test("a block that claims a result has its imports, so that it can run", () => {
  expect(
    all.filter((example) => claimsIn(example.code).length > 0 && !runs(example)).map(nameOf),
  ).toEqual([]);
});

describe("runs:", () => {
  test.each(examples.map((example) => [nameOf(example), example] as const))(
    "%s",
    async (_name, example) => {
      const claimed = written.get(example);
      if (claimed instanceof Error) throw claimed;
      await import(pathOf(example));
      expect(
        claimed?.filter((at) => !held.has(at)),
        "claims that were not reached",
      ).toEqual([]);
    },
  );
});

test("all type-check", { timeout: 60_000 }, () => {
  const tsc = join(root, "node_modules/@typescript/native/bin/tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", folder], {
    cwd: folder,
    encoding: "utf8",
  });
  const origin = new Map(examples.map((example) => [pathOf(example), example]));
  // file(line,column): message. The module has one line before the example, and so has the example its fence.
  const messages = `${stdout}${stderr}`.replace(/^(\S+\.ts)\((\d+),\d+\)/gm, (at, file, line) => {
    const example = origin.get(join(folder, file));
    return example ? `${example.file}:${example.line + Number(line) - 1}` : at;
  });
  expect(messages.trim()).toBe("");
});
