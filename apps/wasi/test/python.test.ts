/** The demo's guest, in short form, and what the demo says about it. */

import { expect, it } from "vitest";
import { FUNCTIONS } from "../src/functions.js";
import { compilePython, expectedOutput, pythonRegion, runScript } from "../src/python.js";
import { describeShare, shareOf } from "../src/share.js";

it("CPython runs the demo's script on a slot of a region", () => {
  const python = compilePython();
  const known = FUNCTIONS.filter(({ call }) => call !== undefined).map(({ name }) => name);
  expect(python.imports.filter((name) => !known.includes(name))).toEqual([]);
  const region = pythonRegion();
  const run = runScript(python, region, { files: 20, mode: "counted" });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  expect(run.stdout).toMatch(/^CPython 3\.12 on wasi\nwrote {6}20 files/);
  expect(run.stdout).toContain("escapes    3 of 3 refused");
  expect(run.stdout.split("\n").length).toBe(expectedOutput().split("\n").length);
  expect(run.calls.size).toBeGreaterThanOrEqual(15);
  expect(run.counts.granted).toBeGreaterThan(100);
  expect(run.counts.outstanding).toBe(0);
  expect(region.freeSlots).toBe(1);

  const unchecked = runScript(python, region, { files: 20, mode: "unchecked" });
  expect(unchecked.stdout).toBe(run.stdout);
});

it("the share of checks is a median with its spread", () => {
  const pair = (checked: number, unchecked: number) => ({ checked, unchecked });
  const clear = shareOf([pair(100, 90), pair(100, 95), pair(100, 80)]);
  expect(clear).toEqual({ median: 0.1, least: 0.05, most: 0.2, belowNoise: false });
  expect(describeShare(clear, 3)).toMatch(/^10\.0 % of the CPU time .*5\.0 % to 20\.0 %/);
  const noise = shareOf([pair(100, 90), pair(100, 101)]);
  expect(noise.belowNoise).toBe(true);
  expect(describeShare(noise, 2)).toMatch(/^below noise/);
});
