/** What a refusal says: every field, not only the code. */

import { arrayPtr, enumeration, strPtr, struct, u8, u16, u32 } from "@memkit/core";
import { type BorrowKind, GuestMemory, type Result } from "@memkit/guest-memory";
import { BorrowChecker } from "@memkit/guest-memory/borrow";
import { describe, expect, it } from "vitest";

const memory = (policy?: BorrowChecker): GuestMemory =>
  new GuestMemory({ buffer: new ArrayBuffer(64) }, policy && { policy });

function refusal(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const borrow = (mem: GuestMemory, kind: BorrowKind, start: number, len: number): number =>
  kind === "mut" ? mem.mutBorrow({ start, len }) : mem.sharedBorrow({ start, len });

describe("ptr-borrowed names what was asked for and what is in its way", () => {
  const asked = { start: 12, len: 4 };
  const ACCESSES: readonly (readonly [string, boolean, (mem: GuestMemory) => unknown])[] = [
    ["read", false, (mem) => mem.readU32(12)],
    ["read", false, (mem) => mem.copyOut(12, 4)],
    ["write", true, (mem) => mem.writeU32(12, 1)],
    ["write", true, (mem) => mem.copyIn(12, new Uint8Array(4))],
    ["shared borrow", false, (mem) => mem.sharedBorrow(asked)],
    ["shared borrow", false, (mem) => mem.withSlice(12, 4, () => 0)],
    ["mut borrow", true, (mem) => mem.mutBorrow(asked)],
    ["mut borrow", true, (mem) => mem.withSliceMut(12, 4, () => 0)],
  ];

  it.each(ACCESSES)("%s", (access, exclusive, run) => {
    for (const kind of ["mut", "shared"] as const) {
      const mem = memory();
      borrow(mem, kind, 0, 12); // touches
      borrow(mem, kind, 16, 4); // touches
      expect(refusal(() => run(mem))).toBeUndefined();
      mem.releaseAll();
      borrow(mem, kind, 15, 3);
      const conflict = { region: { start: 15, len: 3 }, kind };
      const detail = { code: "ptr-borrowed", region: asked, access, conflict };
      if (kind === "mut" || exclusive) expect(refusal(() => run(mem))).toMatchObject(detail);
      else expect(refusal(() => run(mem))).toBeUndefined();
    }
  });

  it("tryBorrow says the same", () => {
    for (const kind of ["mut", "shared"] as const) {
      const mem = memory();
      borrow(mem, "mut", 15, 3);
      const conflict = { region: { start: 15, len: 3 }, kind: "mut" };
      const error = { code: "ptr-borrowed", region: asked, access: `${kind} borrow`, conflict };
      expect(mem.tryBorrow(kind, asked)).toEqual({ ok: false, error });
      expect(mem.tryBorrow(kind, { start: 18, len: 1 })).toEqual({ ok: true, value: 1 });
    }
  });

  it("a policy that cannot name a borrow: the range itself", () => {
    const asked: boolean[] = [];
    class Mute extends BorrowChecker {
      override conflict(_: number, __: number, shared: boolean): undefined {
        asked.push(shared);
        return undefined;
      }
    }
    const mem = memory(new Mute());
    borrow(mem, "mut", 0, 64);
    for (const [, , run] of ACCESSES) refusal(() => run(mem));
    expect(asked).toEqual(ACCESSES.map(([, exclusive]) => exclusive)); // shared ones are in the way of no read
    expect(refusal(() => mem.readU8(3))).toMatchObject({
      region: { start: 3, len: 1 },
      conflict: { region: { start: 3, len: 1 }, kind: "mut" },
    });
  });
});

describe("a policy that counts no borrow", () => {
  it("is not asked where they lie", () => {
    class Lazy extends BorrowChecker {
      override isMutBorrowed(start: number, len: number): boolean {
        expect(this.mutCount).toBeGreaterThan(0);
        return super.isMutBorrowed(start, len);
      }
      override isSharedBorrowed(start: number, len: number): boolean {
        expect(this.sharedCount).toBeGreaterThan(0);
        return super.isSharedBorrowed(start, len);
      }
    }
    const mem = memory(new Lazy());
    for (const kind of ["mut", "shared"] as const) {
      const use = (): void => {
        mem.writeU32(8, mem.readU32(12));
        mem.write(u16, 8, mem.read(u16, 12));
        mem.copyIn(8, mem.copyOut(12, 4));
        mem.liveWrite(u32, 8, mem.liveRead(u32, 12));
        expect(mem.tryWrite(u16, 8, 1).ok).toBe(true);
      };
      use();
      borrow(mem, kind, 32, 4);
      use();
      mem.releaseAll();
    }
  });
});

describe("a shared memory", () => {
  it("has no borrows", () => {
    const mem = new GuestMemory({ buffer: new SharedArrayBuffer(64) });
    const region = { start: 8, len: 4 };
    const error = { code: "shared-memory", region };
    for (const kind of ["mut", "shared"] as const) {
      expect(refusal(() => borrow(mem, kind, 8, 4))).toMatchObject(error);
      expect(mem.tryBorrow(kind, region)).toEqual({ ok: false, error });
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("too many borrows", () => {
  it.each([
    ["mut", 1],
    ["mut", 3],
    ["shared", 2],
  ] as const)("%s: the limit is all that are live, %i of them mut", (kind, muts) => {
    const mem = memory(new BorrowChecker("precise", { ring: 4, serials: 16, limit: 4 }));
    for (let i = 0; i < 4; i++) borrow(mem, i < muts ? "mut" : "shared", 4 * i, 4);
    const error = { code: "borrow-checker-out-of-handles", limit: 4 };
    expect(refusal(() => borrow(mem, kind, 40, 4))).toMatchObject(error);
    expect(mem.tryBorrow(kind, { start: 40, len: 4 })).toEqual({ ok: false, error });
  });
});

describe("what is no borrow", () => {
  it("a kind", () => {
    const mem = memory();
    for (const kind of ["", "Mut", undefined]) {
      expect(refusal(() => mem.tryBorrow(kind as BorrowKind, { start: 0, len: 4 }))).toMatchObject({
        code: "invalid-option",
        option: "kind",
      });
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("a region", () => {
    const mem = memory();
    const detail = { code: "try-from-int-error", type: "a region" };
    for (const region of [undefined, null, 4] as never[]) {
      expect(refusal(() => mem.mutBorrow(region))).toMatchObject(detail);
      expect(refusal(() => mem.sharedBorrow(region))).toMatchObject(detail);
      expect(refusal(() => mem.isMutBorrowed(region))).toMatchObject(detail);
      expect(refusal(() => mem.tryBorrow("mut", region))).toMatchObject(detail);
    }
  });

  it("a size, an alignment", () => {
    const mem = memory();
    expect(refusal(() => mem.validate(0, 1, -1, 1))).toMatchObject({ type: "size", got: "-1" });
    expect(refusal(() => mem.validate(0, 1, 1, 3))).toMatchObject({ type: "alignment", got: "3" });
    expect(mem.validate(8, 3, 0, 1)).toBe(8); // types of no bytes are there
  });
});

describe("what is wrong with a value", () => {
  const colour = enumeration(u8, ["red", "green"]).named("colour");
  const told = (result: Result<unknown>): unknown => (result.ok ? undefined : result.error);

  it("has the fields of its code, and no others", () => {
    const mem = memory();
    mem.writeU8(8, 7);
    const error = { code: "invalid-enum-value", type: "colour", got: 7, path: "" };
    expect(told(mem.tryRead(colour, 8))).toStrictEqual(error);
    const range = { code: "try-from-int-error", type: "u8", path: "" };
    expect(told(mem.tryWrite(u8, 8, 300))).toStrictEqual({ ...range, got: "300" });
    for (const [value, got] of [
      ["x", '"x"'],
      [{}, "an object"],
    ] as const) {
      expect(told(mem.tryWrite(u8, 8, value as never))).toStrictEqual({ ...range, got });
    }
    expect(mem.readWith(u8, 8, undefined)).toBe(7);
    mem.writeWith(u8, 8, 1, undefined);
    expect(mem.readU8(8)).toBe(1);
  });

  it("is what its getters throw, as it was thrown, whatever it looks like", () => {
    const mem = memory();
    const thrown = Object.assign(new Error("mine"), { code: "value-out-of-range" });
    const value = {
      get a(): number {
        throw thrown;
      },
    };
    const type = struct(["a", u32]);
    expect(refusal(() => mem.write(type, 0, value))).toBe(thrown);
    expect(refusal(() => mem.tryWrite(type, 0, value))).toBe(thrown);
  });
});

describe("what is no type", () => {
  it.each([undefined, null, {}, 5, "u32"].map((type) => [type as never]))("%s", (type) => {
    const mem = memory();
    for (const run of [
      () => mem.read(type, 0),
      () => mem.write(type, 0, 1 as never),
      () => mem.tryRead(type, 0),
      () => mem.tryWrite(type, 0, 1 as never),
      () => mem.ptr(type, 0),
      () => mem.arrayPtr(type, 0, 1),
    ]) {
      expect(refusal(run)).toMatchObject({ code: "not-a-layout", wanted: "a type" });
    }
  });
});

describe("what is outstanding", () => {
  it.each(["mut", "shared"] as const)("a %s borrow by itself", (kind) => {
    const mem = memory();
    const handle = borrow(mem, kind, 8, 4);
    const region = { start: 8, len: 4 };
    expect(mem.hasOutstandingBorrows()).toBe(true);
    expect(mem.outstandingBorrows()).toEqual([{ region, kind }]);
    expect([mem.isMutBorrowed(region), mem.isSharedBorrowed(region)]).toEqual([
      kind === "mut",
      kind === "shared",
    ]);
    expect(mem.isLive(handle)).toBe(true);
    mem.releaseAll();
    expect(mem.isLive(handle)).toBe(false);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("a guard whose policy ended its borrow and threw has ended", () => {
    class Late extends BorrowChecker {
      override sharedUnborrow(handle: number): void {
        super.sharedUnborrow(handle);
        throw new Error("too late");
      }
    }
    const slice = memory(new Late()).arrayPtr(u8, 0, 4).asSlice();
    expect(() => slice?.drop()).toThrow("too late");
    expect(slice?.dropped).toBe(true);
  });
});

describe("where an access may not go", () => {
  /** Rules said one after the other, for a memory of 64 bytes. */
  function rule(at: number, count: number, size: number, align: number): object | undefined {
    const region = { start: at, len: count * size };
    if (region.len > 2 ** 32 - 1) return { code: "ptr-overflow", ptr: at, count, size };
    if (at + region.len > 64) return { code: "ptr-out-of-bounds", region, byteLength: 64 };
    if (region.len !== 0 && at % align !== 0) return { code: "ptr-not-aligned", region, align };
    return undefined;
  }

  it("validate is its rules", () => {
    const mem = memory();
    const places = [0, 1, 2, 7, 8, 32, 56, 60, 62, 63, 64, 65, 2 ** 31, 2 ** 32 - 8, 2 ** 32 - 1];
    for (const at of places) {
      for (const count of [0, 1, 2, 8, 63, 64, 65, 2 ** 29, 2 ** 32 - 1]) {
        for (const [size, align] of [
          [1, 1],
          [2, 2],
          [4, 4],
          [8, 8],
          [3, 1],
          [8, 4],
          [0, 1],
        ] as const) {
          const expected = rule(at, count, size, align);
          const got = refusal(() => mem.validate(at, count, size, align));
          if (expected === undefined) expect(got).toBeUndefined();
          else expect(got).toMatchObject(expected);
        }
      }
    }
  });

  it.each([-1, 0.5, 2 ** 32 + 1, Number.NaN, 1n, "1", undefined])(
    "a count that is none: %s",
    (count) => {
      const type = "i32 or u32";
      const none = { code: "try-from-int-error", type, got: expect.any(String) };
      const expected = count === -1 ? { code: "ptr-out-of-bounds" } : none; // as an i32, 2^32 - 1
      for (const mem of [memory(), new GuestMemory({ buffer: new SharedArrayBuffer(64) })]) {
        expect(refusal(() => mem.validate(8, count as number, 1, 1))).toMatchObject(expected);
        expect(refusal(() => mem.copyOut(8, count as number))).toMatchObject(expected);
        expect(refusal(() => mem.withSlice(8, count as number, () => 0))).toMatchObject(expected);
      }
    },
  );

  it("validate does not ask for borrows, also where it has to look twice", () => {
    const source = new WebAssembly.Memory({ initial: 1 });
    const mem = new GuestMemory(source);
    mem.mutBorrow({ start: 0, len: 2 ** 20 });
    expect(mem.validate(8, 1, 4, 4)).toBe(8);
    source.grow(1);
    expect(mem.validate(65_536, 1, 4, 4)).toBe(65_536);
  });

  it("the source is asked before a no, and only then", () => {
    let asked = 0;
    let buffer = new ArrayBuffer(64, { maxByteLength: 128 });
    const source = {
      get buffer() {
        asked++;
        return buffer;
      },
    };
    const mem = new GuestMemory(source); // resizable: no access takes the fast path
    asked = 0;
    expect(mem.readU32(60)).toBe(0);
    mem.writeU32(0, 7);
    mem.copyIn(0, mem.copyOut(0, 64));
    expect(asked).toBe(0);
    buffer = new ArrayBuffer(128, { maxByteLength: 128 });
    expect(mem.validate(124, 1, 4, 4)).toBe(124); // to the last byte that is there now
    expect(asked).toBeGreaterThan(0);
    expect(refusal(() => mem.validate(125, 4, 1, 1))).toMatchObject({
      code: "ptr-out-of-bounds",
      byteLength: 128,
    });
  });

  it("not even an empty range is in a memory that is gone", () => {
    const mem = memory();
    expect(mem.validate(0, 0, 1, 1)).toBe(0);
    structuredClone(mem.source.buffer, { transfer: [mem.source.buffer as ArrayBuffer] });
    for (const run of [
      () => mem.validate(0, 0, 1, 1),
      () => mem.copyOut(0, 0),
      () => mem.withSlice(0, 0, () => 0),
      () => mem.readString(0, 0),
    ]) {
      expect(refusal(run)).toMatchObject({ code: "source-detached" });
    }
  });

  it("a value of no bytes is nowhere in a memory that is gone", () => {
    const nothing = struct();
    const mem = memory();
    expect(mem.read(nothing, 64)).toEqual({});
    mem.write(nothing, 64, {});
    structuredClone(mem.source.buffer, { transfer: [mem.source.buffer as ArrayBuffer] });
    expect(refusal(() => mem.read(nothing, 0))).toMatchObject({ code: "source-detached" });
    expect(refusal(() => mem.write(nothing, 0, {}))).toMatchObject({ code: "source-detached" });
  });

  it("the second word of a list's pointer, at the end of the address space", () => {
    const mem = memory();
    for (const list of [arrayPtr(u8), strPtr]) atTheEnd(mem, list);
  });

  function atTheEnd(mem: GuestMemory, list: ReturnType<typeof arrayPtr> | typeof strPtr): void {
    const at = 2 ** 32 - 4;
    const overflow = { code: "ptr-overflow", ptr: at, count: 1, size: 4 };
    const outside = { code: "ptr-out-of-bounds", region: { start: at, len: 4 }, byteLength: 64 };
    const value = { ptr: 0, len: 0 };
    expect(refusal(() => mem.read(list, at))).toMatchObject(outside); // the first word is asked for first
    expect(refusal(() => mem.write(list, at, value))).toMatchObject(overflow);
    expect(mem.tryRead(list, at)).toEqual({ ok: false, error: outside });
    expect(mem.tryWrite(list, at, value)).toEqual({ ok: false, error: overflow });
    // A word before, both are there to be out of bounds.
    const both = { ...outside, region: { start: at - 4, len: 8 } };
    expect(refusal(() => mem.write(list, at - 4, value))).toMatchObject(both);
    expect(refusal(() => mem.read(list, at - 4))).toMatchObject(both);
    expect(mem.tryWrite(list, at - 1, value)).toMatchObject({
      error: { code: "ptr-out-of-bounds" },
    });
  }
});
