import { CoreError, type MemorySource } from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";
import { ALL, PAGE, UNSHARED } from "./support/sources.js";

const big = (n: bigint): bigint => n;

/** Each scalar: bytes, a value, the value just outside on either side (none for floats). */
const SCALARS = [
  ["U8", 1, 0xfe, [-1, 0x100]],
  ["I8", 1, -0x80, [-0x81, 0x80]],
  ["U16", 2, 0xfffe, [-1, 0x1_0000]],
  ["I16", 2, -0x8000, [-0x8001, 0x8000]],
  ["U32", 4, 0xffff_fffe, [-1, 0x1_0000_0000]],
  ["I32", 4, -0x8000_0000, [-0x8000_0001, 0x8000_0000]],
  ["U64", 8, big(2n ** 64n - 2n), [-1n, 2n ** 64n]],
  ["I64", 8, big(-(2n ** 63n)), [-(2n ** 63n) - 1n, 2n ** 63n]],
  ["F32", 4, 1.5, []],
  ["F64", 8, Math.PI, []],
] as const;

type Value = number | bigint;
/** The scalar methods by name. */
function scalar(
  mem: GuestMemory,
  name: string,
): { read(p: number): Value; write(p: number, v: Value): void } {
  const methods = mem as unknown as Record<string, (...args: Value[]) => Value>;
  return {
    read: (p) => methods[`read${name}`]!.call(mem, p),
    write: (p, v) => void methods[`write${name}`]!.call(mem, p, v),
  };
}

describe.each(ALL)("scalars over %s", (_, make) => {
  it.each(SCALARS)("%s: round trip, bounds, alignment, value", (name, size, value, outside) => {
    const mem = new GuestMemory(make().source);
    const { read, write } = scalar(mem, name);
    for (const at of [0, size, PAGE - size]) {
      write(at, value);
      expect(read(at)).toBe(value);
    }
    for (const at of [
      PAGE - size + 1,
      PAGE,
      PAGE + 1,
      2 ** 31,
      2 ** 32 - size,
      -size,
      -(2 ** 31),
    ]) {
      expect(codeOf(() => read(at))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => write(at, value))).toBe("ptr-out-of-bounds");
    }
    if (size > 1) {
      expect(codeOf(() => read(1))).toBe("ptr-not-aligned");
      expect(codeOf(() => write(size + 1, value))).toBe("ptr-not-aligned");
    }
    const zero = typeof value === "bigint" ? 0n : 0;
    write(0, zero);
    for (const bad of [
      ...outside,
      typeof value === "bigint" ? 1 : 1n,
      "1" as never,
      undefined as never,
    ]) {
      expect(codeOf(() => write(0, bad))).toBe("try-from-int-error");
      expect(read(0)).toBe(zero);
    }
    if (outside.length !== 0 && typeof value === "number") {
      expect(codeOf(() => write(0, 1.5))).toBe("try-from-int-error");
      expect(codeOf(() => write(0, Number.NaN))).toBe("try-from-int-error");
    }
  });

  it("bytes are little-endian", () => {
    const mem = new GuestMemory(make().source);
    mem.writeU32(0, 0x0403_0201);
    expect([0, 1, 2, 3].map((at) => mem.readU8(at))).toEqual([1, 2, 3, 4]);
  });

  it.each([
    Number.NaN,
    0.5,
    4.5,
    Number.POSITIVE_INFINITY,
    2 ** 32,
    -(2 ** 31) - 1,
    1n,
    "4",
    undefined,
    null,
    {},
  ])("no pointer is %s", (bad) => {
    const mem = new GuestMemory(make().source);
    const p = bad as number;
    for (const run of [
      () => mem.readU32(p),
      () => mem.writeU8(p, 0),
      () => mem.copyOut(0, p),
      () => mem.copyOut(p, 1),
      () => mem.readString(p, 1),
      () => mem.strPtr(p, 1),
      () => mem.isMutBorrowed({ start: p, len: 1 }),
    ]) {
      expect(codeOf(run)).toBe("try-from-int-error");
    }
  });

  it("copies, strings and empty ranges at the end", () => {
    const mem = new GuestMemory(make().source);
    const text = "Ελλάδα, 🙂";
    const len = mem.writeString(PAGE - 32, text);
    expect(mem.readString(PAGE - 32, len)).toBe(text);
    expect(mem.copyOut(PAGE - 32, 2)).toEqual(new TextEncoder().encode("Ε"));
    expect(mem.copyOut(0, 1).buffer).toBeInstanceOf(ArrayBuffer);
    expect(mem.copyOut(PAGE, 0).length).toBe(0);
    mem.copyIn(PAGE, new Uint8Array(0));
    expect(mem.readString(PAGE, 0)).toBe("");
    expect(codeOf(() => mem.copyOut(PAGE + 1, 0))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.copyIn(PAGE - 1, new Uint8Array(2)))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.readString(PAGE - 1, 2))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.copyOut(-1, -1))).toBe("ptr-out-of-bounds");
  });

  it("memory that grows is seen without being told, and old bytes stay", () => {
    const { source, grow } = make();
    if (grow === undefined) return;
    const mem = new GuestMemory(source);
    mem.writeU32(8, 42);
    grow();
    expect(mem.readU32(8)).toBe(42);
    mem.writeU32(2 * PAGE - 4, 7);
    expect(mem.readU32(2 * PAGE - 4)).toBe(7);
    expect(mem.byteLength).toBe(2 * PAGE);
    grow();
    expect(mem.copyOut(0, 0).length).toBe(0); // an empty range after growth needs a live view too
    expect(codeOf(() => mem.readU8(3 * PAGE))).toBe("ptr-out-of-bounds");
  });
});

describe.each(UNSHARED)("borrows over %s", (_, make) => {
  it("reads and writes respect them, and errors name both sides", () => {
    const mem = new GuestMemory(make().source);
    const shared = mem.sharedBorrow({ start: 16, len: 8 });
    expect(mem.readU32(16)).toBe(0);
    expect(() => mem.writeU32(20, 1)).toThrow(
      "write of 0x14..0x17 (4 bytes) refused: it overlaps a live shared borrow of 0x10..0x17 (8 bytes)",
    );
    mem.writeU32(12, 1);
    mem.writeU32(24, 1);
    mem.sharedUnborrow(shared);
    const mut = mem.mutBorrow({ start: 16, len: 8 });
    let error: unknown;
    try {
      mem.readU64(16);
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({
      code: "ptr-borrowed",
      access: "read",
      region: { start: 16, len: 8 },
      conflict: { region: { start: 16, len: 8 }, kind: "mut" },
    });
    expect(codeOf(() => mem.copyOut(0, 17))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.copyIn(23, new Uint8Array(1)))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.readString(20, 1))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.withSlice(20, 1, () => 0))).toBe("ptr-borrowed");
    expect(mem.withSlice(20, 0, (b) => b.length)).toBe(0);
    mem.copyIn(20, new Uint8Array(0));
    mem.mutUnborrow(mut);
    expect(mem.hasOutstandingBorrows()).toBe(false);
    expect(codeOf(() => mem.mutUnborrow(mut))).toBe("stale-handle");
  });

  it("one after another: overflow, bounds, alignment, borrow, value (GM-8)", () => {
    const mem = new GuestMemory(make().source);
    mem.mutBorrow({ start: 0, len: PAGE });
    expect(codeOf(() => mem.validate(1, 2 ** 30, 4, 4))).toBe("ptr-overflow");
    expect(codeOf(() => mem.writeU32(PAGE - 3, -1))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.writeU32(1, -1))).toBe("ptr-not-aligned");
    expect(codeOf(() => mem.writeU32(4, -1))).toBe("ptr-borrowed");
    mem.mutUnborrow(mem.mutBorrow({ start: 0, len: 0 }));
    expect(codeOf(() => mem.writeU8(4, -1))).toBe("ptr-borrowed");
  });

  it("the validator: overflow is only of the length; a sum beyond 2^32 is out of bounds", () => {
    const mem = new GuestMemory(make().source);
    expect(codeOf(() => mem.validate(0, 2 ** 30, 4, 4))).toBe("ptr-overflow");
    expect(codeOf(() => mem.validate(0xffff_fffc, 1, 4, 4))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.validate(0xffff_ffff, 0x3fff_ffff, 4, 4))).toBe("ptr-out-of-bounds");
    expect(mem.validate(1, 0, 8, 8)).toBe(1);
    expect(mem.validate(PAGE, 0, 8, 8)).toBe(PAGE);
    expect(codeOf(() => mem.validate(PAGE + 1, 0, 8, 8))).toBe("ptr-out-of-bounds");
  });

  it("tryBorrow returns what the others throw", () => {
    const mem = new GuestMemory(make().source);
    const first = mem.tryBorrow("mut", { start: 0, len: 4 });
    expect(first.ok).toBe(true);
    expect(mem.tryBorrow("shared", { start: 3, len: 4 })).toEqual({
      ok: false,
      error: {
        code: "ptr-borrowed",
        access: "shared borrow",
        region: { start: 3, len: 4 },
        conflict: { region: { start: 0, len: 4 }, kind: "mut" },
      },
    });
    expect(mem.outstandingBorrows()).toEqual([{ region: { start: 0, len: 4 }, kind: "mut" }]);
  });

  it("a scoped slice is a view, and its borrow ends with the callback (GM-10)", () => {
    const { source, grow } = make();
    const mem = new GuestMemory(source);
    mem.withSliceMut(4, 4, (bytes) => {
      bytes.set([1, 2, 3, 4]);
      expect(mem.isMutBorrowed({ start: 7, len: 1 })).toBe(true);
      expect(codeOf(() => mem.readU8(4))).toBe("ptr-borrowed");
    });
    expect(mem.withSlice(4, 4, (bytes) => [...bytes])).toEqual([1, 2, 3, 4]);
    expect(() =>
      mem.withSlice(0, 4, () => {
        throw new RangeError("mine");
      }),
    ).toThrow(RangeError);
    expect(codeOf(() => mem.withSlice(0, 4, async () => 1))).toBe("async-callback");
    // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what this is about
    expect(codeOf(() => mem.withSliceMut(0, 4, () => ({ then: () => 1 })))).toBe("async-callback");
    expect(mem.hasOutstandingBorrows()).toBe(false);
    if (grow === undefined) return;
    mem.withSlice(4, 4, () => grow());
    mem.withSliceMut(PAGE, 4, (bytes) => bytes.fill(9));
    expect(mem.readU32(PAGE)).toBe(0x0909_0909);
  });
});

describe("sources that misbehave", () => {
  it.each([
    ["a Buffer", () => Buffer.from("x")],
    ["a view", () => new Uint8Array(8)],
    ["a bare buffer", () => new ArrayBuffer(8)],
    ["null", () => null],
    ["no buffer", () => ({ buffer: 1 })],
  ])("%s is no memory", (_, make) => {
    expect(codeOf(() => new GuestMemory(make() as never))).toBe("invalid-source");
  });

  it("a source that throws, or whose buffer is detached, is a typed error at once and later", () => {
    const throwing = {
      get buffer(): ArrayBuffer {
        throw new Error("gone");
      },
    };
    expect(codeOf(() => new GuestMemory(throwing))).toBe("source-threw");
    const buffer = new ArrayBuffer(8);
    const mem = new GuestMemory({ buffer });
    structuredClone(buffer, { transfer: [buffer] });
    for (const run of [
      () => mem.readU8(0),
      () => mem.copyOut(0, 0),
      () => mem.withSlice(0, 0, () => 0),
    ]) {
      expect(codeOf(run)).toBe("source-detached");
    }
    expect(codeOf(() => new GuestMemory({ buffer }))).toBe("source-detached");
    expect(() => mem.readU8(0)).toThrow(CoreError);
  });

  it("a resizable buffer that shrinks takes its bytes away", () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const mem = new GuestMemory({ buffer });
    mem.writeU32(60, 1);
    buffer.resize(62);
    expect(codeOf(() => mem.readU32(60))).toBe("ptr-out-of-bounds");
    expect(mem.readU8(61)).toBe(0);
  });

  it("an exchange that detaches nothing is seen after refresh()", () => {
    const source = { buffer: new ArrayBuffer(8) };
    const mem = new GuestMemory(source);
    source.buffer = new Uint8Array(8).fill(7).buffer;
    mem.refresh();
    expect(mem.readU8(0)).toBe(7);
  });
});

describe("one checker per memory (GM-5)", () => {
  it("two GuestMemory over one source share their borrows", () => {
    const source: MemorySource = { buffer: new ArrayBuffer(8) };
    const a = new GuestMemory(source);
    const b = new GuestMemory(source);
    const handle = a.mutBorrow({ start: 0, len: 4 });
    expect(codeOf(() => b.readU8(0))).toBe("ptr-borrowed");
    b.mutUnborrow(handle);
    expect(a.hasOutstandingBorrows()).toBe(false);
  });

  it("the same buffer through another source is refused while the first still holds it", () => {
    const first = { buffer: new ArrayBuffer(8) };
    const mem = new GuestMemory(first);
    expect(codeOf(() => new GuestMemory({ buffer: first.buffer }))).toBe("memory-claimed");
    const second = { buffer: new ArrayBuffer(8) };
    const other = new GuestMemory(second);
    second.buffer = first.buffer; // stolen later
    expect(codeOf(() => other.refresh())).toBe("memory-claimed");
    const old = first.buffer;
    first.buffer = new ArrayBuffer(16);
    mem.refresh();
    expect(new GuestMemory({ buffer: old }).byteLength).toBe(8);
  });

  it("options must agree with the first", () => {
    const source = { buffer: new ArrayBuffer(8) };
    new GuestMemory(source);
    expect(codeOf(() => new GuestMemory(source, { target: "wasm64" }))).toBe("options-differ");
    expect(new GuestMemory(source, { target: "wasm32" }).target).toBe("wasm32");
    expect(new GuestMemory(source)).toBeInstanceOf(GuestMemory);
    expect(new GuestError({ code: "options-differ", option: "policy" }).message).toContain(
      "policy",
    );
  });
});

describe("64-bit guests", () => {
  it("addresses are numbers up to 2^53 - 1", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { target: "wasm64" });
    mem.writeU32(60, 5);
    expect(mem.readU32(60)).toBe(5);
    expect(codeOf(() => mem.readU32(2 ** 32))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.readU32(2 ** 53 - 4))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.readU32(2 ** 53))).toBe("try-from-int-error");
    expect(codeOf(() => mem.readU32(-4))).toBe("try-from-int-error");
    expect(codeOf(() => mem.readU32(4n as never))).toBe("try-from-int-error");
    expect(mem.toAddress(60n)).toBe(60);
    expect(codeOf(() => mem.toAddress(-1n))).toBe("try-from-int-error");
    expect(codeOf(() => mem.validate(0, 2 ** 52, 8, 8))).toBe("ptr-overflow");
    mem.mutBorrow({ start: 2 ** 40, len: 8 });
    expect(mem.isMutBorrowed({ start: 2 ** 40 + 7, len: 1 })).toBe(true);
  });
});

describe("shared memories", () => {
  it("no borrow is taken of them and no view handed out; copies go through", () => {
    const mem = new GuestMemory({ buffer: new SharedArrayBuffer(64) });
    expect(mem.isSharedMemory()).toBe(true);
    expect(codeOf(() => mem.withSlice(0, 4, () => 0))).toBe("shared-memory");
    expect(codeOf(() => mem.withSliceMut(0, 4, () => 0))).toBe("shared-memory");
    expect(codeOf(() => mem.mutBorrow({ start: 0, len: 4 }))).toBe("shared-memory");
    expect(mem.tryBorrow("shared", { start: 0, len: 4 })).toMatchObject({
      error: { code: "shared-memory" },
    });
    expect(mem.isMutBorrowed({ start: 0, len: 4 })).toBe(false);
    expect(mem.isSharedBorrowed({ start: 0, len: 4 })).toBe(false);
    mem.copyIn(0, new Uint8Array([104, 105]));
    expect(mem.readString(0, 2)).toBe("hi");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});
