/** Guards inside wasm memories (MR-47), each kind of engine in a process of its own; and memory that is given back. */

import { expect, test } from "vitest";
import { FakeDriver } from "../../src/fake-driver.js";
import { discard, guard, guardProblem, guardsOf, snapshot } from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";
import { refusal } from "../expect-error.js";
import { runChild } from "../support/child.js";
import { plans } from "./pool-guests.js";

interface Told {
  readonly problem?: string;
  readonly answers: readonly unknown[];
  readonly mebibytes: readonly [number, number];
}

function told(driver: string, flags: readonly string[] = []): Told {
  const { status, signal, stdout, stderr } = runChild(
    new URL("./guard-child.ts", import.meta.url),
    [driver],
    flags,
  );
  expect({ status, signal, stderr }).toEqual({
    status: 0,
    signal: null,
    stderr: expect.any(String),
  });
  return JSON.parse(stdout) as Told;
}

test.each(nativeDrivers.map(({ name }) => name))(
  "guards trap, stay, and are put back around: %s",
  (name) => {
    const { problem, answers, mebibytes } = told(name);
    const around = [1, "trap", 1, 1, "ok", "trap", "trap"];
    const all = [around[0], "trap", "trap", 1, 1, "ok", "trap", "trap"];
    const again = [2, ...all.slice(1)];
    expect(problem).toBe(undefined);
    expect(answers).toEqual([
      "unsupported",
      "ok",
      ["4096 none", "65536 read"],
      all,
      ["scan+undo", 1, [], ...again],
      ["discard", 1, [], ...again],
      ["copy", 1, [], ...again],
      1,
      "trap",
      [1, "trap"],
      "trap",
      1,
      "trap",
      ...["trap", "trap", "trap", "trap", 6, "trap"],
    ]);
    expect(mebibytes[0]).toBeGreaterThan(60);
    expect(mebibytes[1]).toBeLessThan(8);
  },
);

test.each(nativeDrivers.slice(0, 1))(
  "where an engine compares addresses, guards are refused",
  ({ name }) => {
    for (const flag of ["--wasm-enforce-bounds-checks", "--disable-wasm-trap-handler"]) {
      const { problem, answers } = told(name, [flag]);
      expect(problem).toContain("compares addresses");
      expect(answers).toEqual(["unsupported", "unsupported"]);
    }
  },
);

test("what is no page of the memory is refused, and so is a memory that cannot have guards", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const driver = new FakeDriver();
  refusal(() => guard(memory, driver, 0, 4096), "unsupported");
  refusal(
    () => guard(memory, driver, 0, 4096, "none", { growth: "clear" as never }),
    "invalid-argument",
  );
  expect(guardsOf(memory)).toEqual([]);
  const bad = (act: () => unknown): void => void refusal(act, "invalid-argument");
  for (const [offset, length] of [
    [1, 4096],
    [0, 4095],
    [0, 0],
    [65536, 4096],
    [-4096, 4096],
    [61440, 8192],
    [0, 2 ** 53],
  ] as const) {
    bad(() => guard(memory, driver, offset, length));
    bad(() => discard(memory, offset, length));
  }
  bad(() => guard(memory, driver, 0, 4096, "write" as never));
  bad(() => guard({} as never, driver, 0, 4096));
  bad(() => guard(memory, {} as never, 0, 4096));
  bad(() => guardProblem(null as never, driver));
  bad(() => discard(memory, 0, 4096, {} as never));
  bad(() => discard([] as never, 0, 4096));
});

test.each(nativeDrivers)(
  "memories that threads share, or that are empty, have no guards",
  (driver) => {
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    expect(guardProblem(shared, driver)).toContain("threads");
    expect(guardProblem(new WebAssembly.Memory({ initial: 0 }), driver)).toContain("empty");
    const fixed = new WebAssembly.Memory({ initial: 2, maximum: 2 });
    const growing = [undefined, 3].map(
      (maximum) => new WebAssembly.Memory({ initial: 2, ...(maximum && { maximum }) }),
    );
    expect(guardProblem(fixed, driver)).toBe(undefined);
    for (const each of growing) {
      expect(guardProblem(each, driver)).toContain("can grow");
      expect(guardProblem(each, driver, { growth: "renew" })).toBe(undefined);
    }
    refusal(() => guard(Object.freeze(fixed), driver, 0, 4096), "invalid-argument");
    expect(guardsOf(fixed)).toEqual([]);
  },
);

test.each(plans)("pages that are discarded show the image again: %s", (_, options) => {
  const memory = new WebAssembly.Memory({ initial: 3 });
  const bytes = new Uint8Array(memory.buffer).fill(5);
  const image = snapshot(memory, options);
  image.apply(memory);
  bytes.fill(6);
  discard(memory, 8192, 4096);
  expect([8191, 8192, 12287, 12288].map((at) => bytes[at])).toEqual([6, 5, 5, 6]);
  expect(image.dirtyPages(memory).includes(2)).toBe(false);
  image.close();
});
