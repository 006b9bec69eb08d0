import { u8, u16, u32, u64 } from "@memkit/core";
import { GuestError, type Result } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE, type Subject } from "../memory-kind.js";

/** Each on its own: whichever comes first after a growth must see it. */
const OPERATIONS: readonly (readonly [string, (subject: Subject, p: number) => unknown])[] = [
  ["readU32", ({ mem }, p) => mem.readU32(p)],
  ["read", ({ mem }, p) => mem.read(u32, p)],
  ["tryRead", ({ mem }, p) => demandOk(mem.tryRead(u32, p))],
  ["tryWrite", ({ mem }, p) => demandOk(mem.tryWrite(u32, p, 1))],
  ["readString", ({ mem }, p) => mem.readString(p, 4)],
  ["copyOut", ({ mem }, p) => mem.copyOut(p, 4)],
  ["toVec", ({ mem }, p) => mem.arrayPtr(u8, p, 4).toVec()],
  ["asCow", ({ mem }, p) => mem.arrayPtr(u8, p, 4).asCow().drop()],
  ["asCow of a string", ({ mem }, p) => mem.strPtr(p, 4).asCow().drop()],
  ["asCStr", ({ mem }, p) => mem.ptr(u8, p).asCStr(4)],
  ["validate", ({ mem }, p) => mem.validate(p, 4, 1, 1)],
  ["writeU16", ({ mem }, p) => mem.writeU16(p, 1)],
  ["copyIn", ({ mem }, p) => mem.copyIn(p, new Uint8Array(4))],
  ["copyFromSlice", ({ mem }, p) => mem.arrayPtr(u16, p, 2).copyFromSlice([1, 2])],
  ["an atomic load", ({ atomics }, p) => atomics.load(u8, p)],
  ["an atomic exchange", ({ atomics }, p) => atomics.exchange(u64, p, 1n)],
];

function demandOk(result: Result<unknown>): void {
  if (!result.ok) throw new GuestError(result.error);
}

/** Memories that change their length, if this one can. */
export function growth(kind: MemoryKind): void {
  const { grow, shrink } = kind.make();
  if (grow === undefined) return;
  describe("growth", () => {
    growing(kind);
    if (!kind.shared) growingUnderBorrows(kind);
    if (shrink !== undefined) shrinking(kind);
  });
}

function growing(kind: MemoryKind): void {
  it("growth is seen without being told, and old bytes stay", () => {
    const { mem, memory, at, abs } = open(kind);
    const grow = memory.grow!;
    mem.writeU32(at(8), 42);
    grow();
    expect(mem.readU32(at(8))).toBe(42);
    mem.writeU32(at(2 * PAGE - 4), 7);
    expect(mem.readU32(at(2 * PAGE - 4))).toBe(7);
    expect(mem.byteLength).toBe(abs(2 * PAGE));
    expect(codeOf(() => mem.readU32(at(2 * PAGE - 3)))).toBe("ptr-out-of-bounds");
  });

  it.each(OPERATIONS)("%s sees it, in the page that is new", (_, run) => {
    const subject = open(kind);
    const { memory, at } = subject;
    expect(codeOf(() => run(subject, at(PAGE)))).toBe("ptr-out-of-bounds");
    memory.grow!();
    expect(codeOf(() => run(subject, at(PAGE)))).toBeUndefined();
  });
}

function growingUnderBorrows(kind: MemoryKind): void {
  it("a live guard survives it: its view is made anew (GM-14)", () => {
    const { mem, memory, at } = open(kind);
    const slice = mem.arrayPtr(u8, at(4), 4).asSliceMut()!;
    const str = mem.strPtr(at(100), 1).asStrMut()!;
    slice.set(0, 6);
    const stale = slice.bytes;
    memory.grow!();
    expect(slice.at(0)).toBe(6);
    slice.set(0, 7);
    if (stale.length === 0) expect(slice.bytes === stale).toBe(false); // detached: made anew
    expect([...slice.bytes]).toEqual([7, 0, 0, 0]);
    str.set("x");
    expect(str.text()).toBe("x");
    expect(codeOf(() => mem.readU8(at(4)))).toBe("ptr-borrowed");
    slice.drop();
    str.drop();
    expect([mem.readU8(at(4)), mem.readString(at(100), 1)]).toEqual([7, "x"]);
  });

  it("in a callback: what was borrowed stays borrowed, and the new page can be used at once", () => {
    const { mem, memory, at } = open(kind);
    mem.withSliceMut(at(4), 4, (bytes) => {
      bytes.fill(9);
      memory.grow!();
      mem.writeU32(at(PAGE), 1);
      expect(codeOf(() => mem.readU8(at(7)))).toBe("ptr-borrowed");
      expect(mem.withSlice(at(PAGE), 4, (view) => [...view])).toEqual([1, 0, 0, 0]);
      expect([0, 4]).toContain(bytes.length); // detached or still the memory's: never anybody else's bytes
    });
    expect(mem.hasOutstandingBorrows()).toBe(false);
    expect(mem.readU32(at(4))).toBe(0x0909_0909);
  });

  it("while the values of a copy are looked at", () => {
    const { mem, memory, at, churn } = open(kind);
    const acting = (act: (() => void) | undefined): ArrayLike<number> => ({
      length: 2,
      get 0() {
        act?.();
        return 7;
      },
      1: 8,
    });
    mem.arrayPtr(u16, at(8), 2).copyFromSlice(acting(memory.grow));
    expect(mem.readU32(at(8))).toBe(0x0008_0007);
    const guard = mem.arrayPtr(u16, at(16), 2).asSliceMut()!;
    guard.copyFromSlice(acting(churn));
    expect([...guard]).toEqual([7, 8]);
    guard.drop();
  });
}

function shrinking(kind: MemoryKind): void {
  it("a memory that shrinks takes its bytes away, also from guards, and their borrows still end", () => {
    const { mem, memory, at } = open(kind);
    memory.grow!();
    mem.writeU32(at(PAGE), 5);
    const gone = mem.arrayPtr(u8, at(PAGE), 4).asSliceMut()!;
    const kept = mem.arrayPtr(u8, at(PAGE - 4), 4).asSliceMut()!;
    memory.shrink!();
    expect(codeOf(() => mem.readU32(at(PAGE + 4)))).toBe("ptr-out-of-bounds");
    for (const use of [
      () => gone.bytes,
      () => gone.at(0),
      () => gone.set(0, 1),
      () => gone.toVec(),
      () => gone.copyFromSlice([1, 2, 3, 4]),
    ]) {
      expect(codeOf(use)).toBe("ptr-out-of-bounds");
    }
    kept.set(3, 1);
    expect(kept.at(3)).toBe(1);
    gone.drop();
    kept.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
    expect(mem.byteLength).toBe(PAGE);
  });
}
