import { atomic, struct, u16, u32 } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { describe, expect, it } from "vitest";
import { MODES } from "../slot/modes.js";
import { mock, mockOf, PAGE, refusalOf, rigOf } from "./support.js";

const layout = struct(["a", u32], ["lock", atomic(u32)], ["b", u32]);
const locked = defineFrameMeta({ name: "locked", layout, lock: "lock" });

describe.each(MODES)("FM-22: withLock, %s", (mode) => {
  const make = () => {
    const rig = rigOf(mode);
    return { ...rig, frame: Frame.fromUnused(rig.table, PAGE, locked, { a: 1, lock: 0, b: 2 }) };
  };

  it("gives all of the metadata to be written, for the call", () => {
    const { frame } = make();
    let kept: { a: number } | undefined;
    const result = frame.withLock((meta) => {
      expect(frame.meta.lock.load()).toBe(1);
      meta.a = 10;
      kept = meta;
      return meta.b;
    });
    expect([result, frame.meta.a, frame.meta.lock.load(), frame.referenceCount]).toEqual([
      2, 10, 0, 1,
    ]);
    expect(() => kept?.a).toThrow(expect.objectContaining({ code: "used-after-drop" }));
  });

  it("gives the lock back when the caller throws, and refuses to wait for itself", () => {
    const { frame } = make();
    const error = new Error("half-way");
    const fail = () =>
      frame.withLock(() => {
        expect(refusalOf(() => frame.withLock(() => 0))).toEqual({ code: "locked", pfn: 1 });
        throw error;
      });
    expect(fail).toThrow(error);
    expect([frame.meta.lock.load(), frame.referenceCount]).toEqual([0, 1]);
    frame.withLock(() => 0);
  });

  it("keeps the frame until the lock has been given back, also where the caller drops it", () => {
    const { frame, table, freed } = make();
    frame.withLock((meta) => {
      frame.drop();
      meta.b = 5;
      expect(freed).toEqual([]);
    });
    expect([freed, table.slots.countOf(1)]).toEqual([[1], -1]);
  });

  it("is for types that name a lock", () => {
    const { table } = rigOf(mode);
    const frame = Frame.fromUnused(table, PAGE, mock, mockOf(0));
    expect(refusalOf(() => frame.withLock(() => 0))).toEqual({ code: "no-lock", type: "mock" });
    expect(frame.referenceCount).toBe(1);
  });
});

it("waits for the agent that has it", () => {
  const buffer = new SharedArrayBuffer(2 * PAGE);
  const table = FrameTable.create({ memory: { buffer }, mode: "shared" });
  const frame = Frame.fromUnused(table, PAGE, locked, { a: 0, lock: 1, b: 0 }); // another agent's
  const { wait } = Atomics;
  let waits = 0;
  const replace = (value: unknown) =>
    Object.defineProperty(Atomics, "wait", { configurable: true, writable: true, value });
  replace(() => {
    waits += 1;
    if (waits === 2) frame.meta.lock.store(0);
    return "timed-out";
  });
  try {
    expect(frame.withLock((meta) => meta.a)).toBe(0);
  } finally {
    replace(wait);
  }
  expect(waits).toBe(2);
});

it.each(["a", "none", "small"])("%s is no lock", (lock) => {
  const small = struct(["a", u32], ["small", atomic(u16)]);
  expect(refusalOf(() => defineFrameMeta({ name: "bad", layout: small, lock }))).toEqual({
    code: "invalid-option",
    option: "lock",
    got: `${lock}, no atomic u32`,
  });
});
