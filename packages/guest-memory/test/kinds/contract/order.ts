import { flags, struct, u8, u16, u32 } from "@memkit/core";
import type { GuestMemory } from "@memkit/guest-memory";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE, type Subject } from "../memory-kind.js";

const rights = flags(u32, ["read"]).named("rights");
const pair = struct(["a", u32], ["r", rights]);

/** Elements of 4 bytes that no address space holds. */
const huge = (mem: GuestMemory): number => (mem.maxAddress + 1) / 4;

interface Operation {
  readonly run: (subject: Subject, p: number, len: number) => unknown;
  readonly faults: readonly ("overflow" | "align" | "borrow" | "lengths" | "value")[];
  /** The code of the last fault. */
  readonly value?: string;
}

/** Each operation with a value that is none and, where it has one, a length; the suite takes fault after fault away. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  readU32: { run: ({ mem }, p) => mem.readU32(p), faults: ["align", "borrow"] },
  writeU32: { run: ({ mem }, p) => mem.writeU32(p, -1), faults: ["align", "borrow", "value"] },
  writeU8: { run: ({ mem }, p) => mem.writeU8(p, 256), faults: ["borrow", "value"] },
  "read of a record": {
    run: ({ mem }, p) => mem.ptr(pair, p).read(),
    faults: ["align", "borrow", "value"],
    value: "invalid-flag-value",
  },
  "write of a record": {
    run: ({ mem }, p) => mem.ptr(pair, p).write({ a: 1, r: 2 }),
    faults: ["align", "borrow", "value"],
    value: "invalid-flag-value",
  },
  copyOut: { run: ({ mem }, p) => mem.copyOut(p, 8), faults: ["borrow"] },
  copyIn: { run: ({ mem }, p) => mem.copyIn(p, new Uint8Array(8)), faults: ["borrow"] },
  writeString: { run: ({ mem }, p) => mem.writeString(p, "text"), faults: ["borrow"] },
  readString: {
    run: ({ mem }, p) => mem.readString(p, 4),
    faults: ["borrow", "value"],
    value: "invalid-utf8",
  },
  "asCow of a string": {
    run: ({ mem }, p) => mem.strPtr(p, 4).asCow().drop(),
    faults: ["borrow", "value"],
    value: "invalid-utf8",
  },
  asCow: {
    run: ({ mem }, p, len) => mem.arrayPtr(u32, p, len).asCow().drop(),
    faults: ["overflow", "align", "borrow"],
  },
  toVec: {
    run: ({ mem }, p, len) => mem.arrayPtr(u32, p, len).toVec(),
    faults: ["overflow", "align", "borrow"],
  },
  copyFromSlice: {
    run: ({ mem }, p, len) => mem.arrayPtr(u32, p, len).copyFromSlice([-1]),
    faults: ["overflow", "align", "borrow", "value"],
  },
  "copyFromSlice of another length": {
    run: ({ mem }, p, len) => mem.arrayPtr(u32, p, len).copyFromSlice([-1, 0]),
    faults: ["overflow", "align", "lengths"],
  },
  asCStr: { run: ({ mem }, p) => mem.ptr(u8, p).asCStr(8), faults: ["borrow"] },
  "an atomic load": { run: ({ atomics }, p) => atomics.load(u16, p), faults: ["align", "borrow"] },
  "an atomic add": {
    run: ({ atomics }, p) => atomics.add(u32, p, -1),
    faults: ["align", "borrow", "value"],
  },
  "an atomic compareExchange": {
    run: ({ atomics }, p) => atomics.compareExchange(u16, p, 0, 1.5),
    faults: ["align", "borrow", "value"],
  },
};

/** One fault after another. */
export function order(kind: MemoryKind): void {
  it.each(Object.entries(OPERATIONS))(
    "%s: overflow, bounds, alignment, borrow, value (GM-8)",
    (_, operation) => {
      const { run, faults, value = "try-from-int-error" } = operation;
      const subject = open(kind);
      const { mem, at } = subject;
      mem.copyIn(at(64), new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]));
      const before = mem.copyOut(at(0), 128);
      const handle = kind.shared ? undefined : mem.mutBorrow({ start: at(0), len: PAGE });
      const code = (p: number, len = 1): string | undefined => codeOf(() => run(subject, p, len));
      if (faults.includes("overflow")) {
        expect(code(at(PAGE - 1), huge(mem))).toBe("ptr-overflow");
      }
      expect(code(at(PAGE - 1) + 2, 1)).toBe("ptr-out-of-bounds");
      if (faults.includes("align")) expect(code(at(65))).toBe("ptr-not-aligned");
      if (faults.includes("lengths")) expect(code(at(64))).toBe("slice-lengths-differ");
      if (handle !== undefined) {
        if (faults.includes("borrow")) expect(code(at(64))).toBe("ptr-borrowed");
        mem.mutUnborrow(handle);
      }
      if (faults.includes("value")) expect(code(at(64))).toBe(value);
      expect(mem.copyOut(at(0), 128)).toEqual(before);
      expect(mem.hasOutstandingBorrows()).toBe(false);
    },
  );
}
