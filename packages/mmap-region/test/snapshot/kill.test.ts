/** What would end a process that maps carelessly; each in a process of its own, which must live. */

import { expect, test } from "vitest";
import { nativeDrivers } from "../contract/drivers.js";
import { runChild } from "../support/child.js";

const GiB = 2 ** 30;

const cases: readonly (readonly [string, readonly string[], readonly unknown[]])[] = [
  ["the file is cut short", [], [true, true, "discard"]],
  ["mappings run out", [], ["too-many-mappings", "too-many-mappings", "copy", true, true, 2 ** 26]],
  ["address space runs out", ["prlimit", `--as=${128 * GiB}`], [true, true, true]],
];
const real = nativeDrivers.length === 0 ? [] : cases;

test.each(real)("%s, and the process goes on (MR-10, MR-40)", (name, before, expected) => {
  const { status, signal, stdout, stderr } = runChild(
    new URL("./kill-child.ts", import.meta.url),
    [name],
    [],
    before,
  );
  expect({ status, signal, stderr: status === 0 ? "" : stderr }).toEqual({
    status: 0,
    signal: null,
    stderr: "",
  });
  expect(JSON.parse(stdout)).toEqual(expected);
});

test("twenty memories of one image take the room of one, and what each has written", () => {
  const runs = nativeDrivers
    .slice(0, 1)
    .map(() => runChild(new URL("./share-child.ts", import.meta.url), [], ["--expose-gc"]));
  for (const { status, stdout, stderr } of runs) {
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    const { one, twenty, image } = JSON.parse(stdout) as Record<string, number>;
    expect(one).toBeGreaterThan(image! * 0.9); // it is counted at all
    expect(twenty! / one!).toBeLessThan(1.2);
  }
});
