/** MR-10: a process that asks for too much is refused and lives; Node would end without a word. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runChild } from "./support/child.js";

const GiB = 2 ** 30;
const maxMapCount = Number(readFileSync("/proc/sys/vm/max_map_count", "utf8"));

test("MR-10: mappings run out: slots are refused at nine tenths, and the process goes on", () => {
  const { status, stdout } = runChild("exhaust.ts", ["60000", String(65536)]);
  expect(status).toBe(0);
  const { code, got, bytes } = JSON.parse(stdout);
  expect([code, bytes]).toEqual(["too-many-mappings", 64 * 2 ** 20]);
  expect(got).toBeGreaterThan((maxMapCount * 0.8) / 2); // a heap's run of pages splits the mapping around it
  expect(got).toBeLessThan((maxMapCount * 0.9) / 2);
});

test("MR-10: address space is limited: the region is refused, and the process goes on", () => {
  const limit = ["prlimit", `--as=${64 * GiB}`];
  const { status, stdout } = runChild("exhaust.ts", ["8", String(8 * GiB)], [], limit);
  expect({ status, ...JSON.parse(stdout) }).toMatchObject({
    status: 0,
    code: "out-of-address-space",
    got: 0,
  });
  const fits = runChild("exhaust.ts", ["2", String(8 * GiB)], [], limit);
  expect(JSON.parse(fits.stdout)).toMatchObject({ code: "region-full", got: 2 });
});

test("address space runs out under wasm memories: a slot is refused, and the process goes on", () => {
  const limit = ["prlimit", `--as=${64 * GiB}`];
  const { status, stdout } = runChild("exhaust-wasm.ts", [], [], limit);
  const { got, ...rest } = JSON.parse(stdout);
  expect({ status, ...rest }).toEqual({
    status: 0,
    code: "out-of-memory",
    used: got,
    again: 65536,
  });
  expect(got).toBeGreaterThan(0);
  expect(got).toBeLessThan(8); // of 8 to 10 GiB each
});
