/** What would end a process that maps carelessly; in processes of their own, which must live. */

import { describe, expect, test } from "vitest";
import { nativeDrivers } from "../contract/drivers.js";
import { runChild } from "../support/child.js";
import type { Shares } from "./image-shares.js";

const GiB = 2 ** 30;

/** What the child tells of each case. */
function told(names: readonly string[], before: readonly string[] = []): Record<string, unknown> {
  const child = new URL("./kill-child.ts", import.meta.url);
  const { status, signal, stdout, stderr } = runChild(child, names, ["--expose-gc"], before);
  expect({ status, signal, stderr: status === 0 ? "" : stderr }).toEqual({
    status: 0,
    signal: null,
    stderr: "",
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe.each(nativeDrivers.slice(0, 1))("by $name", () => {
  // One process for all three, the one that uses up its mappings last: starting takes longer than what is tried.
  const [counted, cut, mappings] = [
    "memory is counted",
    "the file is cut short",
    "mappings run out",
  ];
  let all: Record<string, unknown> = {};

  test("a file that is cut short and mappings that run out, and the process goes on (MR-10, MR-40)", () => {
    all = told([counted!, cut!, mappings!]);
    expect(all[cut!]).toEqual([true, true, "discard"]);
    expect(all[mappings!]).toEqual([
      ...["too-many-mappings", "too-many-mappings", "copy", true, true],
      2 ** 26,
    ]);
  });

  test("twenty memories of one image take the room of one, and what each has written", () => {
    const { one, twenty, image } = all[counted!] as Shares;
    expect(one).toBeGreaterThan(image * 0.9); // it is counted at all
    expect(twenty / one).toBeLessThan(1.2);
  });

  test("address space runs out, and the process goes on (MR-10)", () => {
    const name = "address space runs out";
    expect(told([name], ["prlimit", `--as=${128 * GiB}`])).toEqual({ [name]: [true, true, true] });
  });
});
