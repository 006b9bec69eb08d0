import {
  CoreError,
  type FallibleMemory,
  FallibleVmReader,
  FallibleVmWriter,
  type MemorySource,
  type Pod,
  struct,
  u8,
  u16,
  u32,
  u64,
  ViewCache,
  VmReader,
  VmWriter,
} from "@memkit/core";
import { describe, expect, it } from "vitest";

const failing = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreError) return { ...error };
    throw error;
  }
  throw new Error("did not throw");
};
const bytes = (n: number) => Uint8Array.from({ length: n }, (_, i) => i + 1);
const point = struct(["x", u8], ["y", u32]); // three bytes of padding after x
const badWrite: Pod<number> = {
  name: "picky",
  size: 4,
  read: () => {
    throw new RangeError("no value");
  },
  write: () => {
    throw new RangeError("no value");
  },
};

/** Pages of 8 bytes, each in a buffer of its own, in reverse order; some absent, some read-only. */
class Paged implements FallibleMemory {
  views: ViewCache;
  offset = 0;
  readonly pages: (ViewCache | undefined)[];
  readonly readonly = new Set<number>();
  constructor(pages: (Uint8Array<ArrayBuffer> | undefined)[]) {
    this.pages = pages.map((page) => page && new ViewCache({ buffer: page.buffer }));
    this.views =
      this.pages.find((page) => page !== undefined) ??
      new ViewCache({ buffer: new ArrayBuffer(8) });
  }
  seek(at: number, len: number, access: "read" | "write"): number {
    const page = Math.floor(at / 8);
    const views = this.pages[page];
    if (views === undefined || (access === "write" && this.readonly.has(page))) return 0;
    this.views = views;
    this.offset = at % 8;
    return Math.min(len, 8 - this.offset);
  }
}
const page = (first: number) => Uint8Array.from({ length: 8 }, (_, i) => first + i);

const KINDS: [string, (n: number) => MemorySource][] = [
  ["ArrayBuffer", (n) => ({ buffer: new ArrayBuffer(n) })],
  ["SharedArrayBuffer", (n) => ({ buffer: new SharedArrayBuffer(n) })],
  ["resizable", (n) => ({ buffer: new ArrayBuffer(n, { maxByteLength: 2 * n }) })],
  ["growable", (n) => ({ buffer: new SharedArrayBuffer(n, { maxByteLength: 2 * n }) })],
];

describe.each(KINDS)("values over %s", (_, make) => {
  it("round-trip, at any alignment, and move the cursor by their size", () => {
    const memory = make(32);
    const writer = new VmWriter(memory, 1);
    writer.writeVal(u8, 0xab);
    writer.writeVal(u32, 0x12345678);
    writer.writeVal(u64, 0xfedc_ba98_7654_3210n);
    writer.writeVal(point, { x: 3, y: 4 });
    expect([writer.cursor, writer.avail]).toEqual([22, 10]);
    const reader = new VmReader(memory, 1);
    expect([
      reader.readVal(u8),
      reader.readVal(u32),
      reader.readVal(u64),
      reader.readVal(point),
    ]).toEqual([0xab, 0x12345678, 0xfedc_ba98_7654_3210n, { x: 3, y: 4 }]);
    expect([reader.cursor, reader.remain]).toEqual([22, 10]);
  });
  it("once: single accesses of 1, 2, 4 and 8 bytes", () => {
    const memory = make(16);
    const writer = new VmWriter(memory);
    writer.writeOnce(u64, 0x0102_0304_0506_0708n);
    writer.writeOnce(u32, 0xa0b0c0d0);
    writer.writeOnce(u16, 0xbeef);
    writer.writeOnce(u8, 0x99);
    expect(writer.avail).toBe(1);
    const reader = new VmReader(memory);
    expect([
      reader.readOnce(u64),
      reader.readOnce(u32),
      reader.readOnce(u16),
      reader.readOnce(u8),
    ]).toEqual([0x0102_0304_0506_0708n, 0xa0b0c0d0, 0xbeef, 0x99]);
    expect(new VmReader(memory).readVal(u64)).toBe(0x0102_0304_0506_0708n); // little-endian
  });
  it("once: a record with padding", () => {
    const memory = make(8);
    new VmWriter(memory).writeOnce(point, { x: 1, y: 2 });
    expect(new VmReader(memory).readOnce(point)).toEqual({ x: 1, y: 2 });
  });
  it("atomicLoad and cmpxchg leave the cursors alone", () => {
    const memory = make(16);
    const [reader, writer] = [new VmReader(memory, 8), new VmWriter(memory, 8)];
    expect(writer.cmpxchg(reader, u32, 0, 7)).toEqual({ previous: 0, exchanged: true });
    expect(writer.cmpxchg(reader, u32, 0, 8)).toEqual({ previous: 7, exchanged: false });
    expect(writer.cmpxchg(reader, u64, 7n, 9n)).toEqual({ previous: 7n, exchanged: true });
    expect([reader.atomicLoad(u64), reader.remain, writer.avail]).toEqual([9n, 8, 8]);
  });
});

describe("copies", () => {
  it("move min(remain, avail) bytes, either way round", () => {
    const target = new Uint8Array(3);
    const reader = new VmReader(bytes(5));
    const writer = new VmWriter(target);
    expect(reader.read(writer)).toBe(3);
    expect([...target, reader.remain, writer.avail]).toEqual([1, 2, 3, 2, 0]);
    const wide = new Uint8Array(9);
    expect(new VmWriter(wide).write(reader)).toBe(2);
    expect([...wide]).toEqual([4, 5, 0, 0, 0, 0, 0, 0, 0]);
    expect(reader.read(new VmWriter(wide))).toBe(0); // nothing left
    expect(reader.hasRemain()).toBe(false);
    expect(new VmWriter(wide, 9).hasAvail()).toBe(false);
  });
  it("behave as memmove where both lie in one memory, both directions", () => {
    for (const [from, to] of [
      [0, 2],
      [2, 0],
    ] as const) {
      const memory = bytes(8);
      const expected = bytes(8);
      expected.copyWithin(to, from, from + 6);
      expect(new VmReader(memory, from, 6).read(new VmWriter(memory, to, 6))).toBe(6);
      expect(memory).toEqual(expected);
    }
  });
  it("keep to the bytes of a view into a pool", () => {
    const pool = bytes(16);
    const view = pool.subarray(4, 8);
    new VmWriter(view).fillZeros(100);
    expect([...pool]).toEqual([1, 2, 3, 4, 0, 0, 0, 0, 9, 10, 11, 12, 13, 14, 15, 16]);
    expect(new VmReader(Buffer.from("hello")).remain).toBe(5);
  });
});

describe("fill, limit, skip", () => {
  it("fill repeats a value over all the space", () => {
    const target = new Uint8Array(10);
    expect(new VmWriter(target, 1, 9).fill(u8, 7)).toBe(9);
    expect([...target]).toEqual([0, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    const words = new Uint8Array(14);
    const writer = new VmWriter(words, 0, 12).skip(2);
    expect(failing(() => writer.fill(u32, 1))).toMatchObject({ code: "not-aligned", got: 10 });
    expect(words.every((b) => b === 0)).toBe(true);
    expect(writer.limit(8).fill(u32, 0x04030201)).toBe(2);
    expect([...words]).toEqual([0, 0, 1, 2, 3, 4, 1, 2, 3, 4, 0, 0, 0, 0]);
    expect(writer.avail).toBe(0);
    expect(writer.fill(u32, 1)).toBe(0);
  });
  it("fillZeros writes what fits", () => {
    const target = bytes(6);
    const writer = new VmWriter(target);
    expect([writer.fillZeros(2), writer.fillZeros(99), writer.fillZeros(1)]).toEqual([2, 4, 0]);
    expect([...target]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(failing(() => writer.fillZeros(-1)).code).toBe("address-out-of-range");
  });
  it("CORE-8: limit only shrinks, skip does not leave the range", () => {
    const reader = new VmReader(bytes(10)).limit(99).skip(2).limit(4);
    expect(reader.remain).toBe(4);
    expect(reader.limit(9).remain).toBe(4);
    expect(failing(() => reader.skip(5))).toEqual({ code: "too-short", needed: 5, remain: 4 });
    expect(reader.readVal(u8)).toBe(3);
    expect(reader.skip(3).remain).toBe(0);
    for (const bad of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(failing(() => reader.skip(bad)).code).toBe("address-out-of-range");
      expect(failing(() => reader.limit(bad)).code).toBe("address-out-of-range");
    }
  });
});

describe("CORE-8: what throws moves nothing", () => {
  it("short values", () => {
    const target = bytes(3);
    const [reader, writer] = [new VmReader(target), new VmWriter(target)];
    const short = { code: "too-short", needed: 4, remain: 3 };
    expect(failing(() => reader.readVal(u32))).toEqual(short);
    expect(failing(() => reader.readOnce(u32))).toEqual(short);
    expect(failing(() => reader.atomicLoad(u32))).toEqual(short);
    expect(failing(() => writer.writeVal(u32, 1))).toEqual(short);
    expect(failing(() => writer.writeOnce(u32, 1))).toEqual(short);
    expect([reader.remain, writer.avail, ...target]).toEqual([3, 3, 1, 2, 3]);
  });
  it("values that the type refuses", () => {
    const target = bytes(4);
    const [reader, writer] = [new VmReader(target), new VmWriter(target)];
    for (const run of [
      () => reader.readVal(badWrite),
      () => reader.readOnce(badWrite),
      () => writer.writeVal(badWrite, 1),
      () => writer.writeOnce(badWrite, 1),
      () => writer.fill(badWrite, 1),
      () => writer.writeVal(u32, 2 ** 32),
    ]) {
      expect(run).toThrow();
    }
    expect([reader.remain, writer.avail, ...target]).toEqual([4, 4, 1, 2, 3, 4]);
  });
  it("misaligned single accesses, by the address in the buffer and not in the range", () => {
    const memory = { buffer: new ArrayBuffer(16) };
    const misaligned = { code: "not-aligned", got: 2, align: 4 };
    expect(failing(() => new VmReader(memory, 2).readOnce(u32))).toMatchObject(misaligned);
    expect(failing(() => new VmReader(memory, 2).atomicLoad(u32))).toMatchObject(misaligned);
    expect(failing(() => new VmWriter(memory, 2).writeOnce(u32, 1))).toMatchObject(misaligned);
    const view = new Uint8Array(memory.buffer, 2);
    expect(failing(() => new VmReader(view).readOnce(u32))).toMatchObject(misaligned);
    expect(new VmReader(view, 2).readOnce(u32)).toBe(0);
  });
  it("sizes that no single access has", () => {
    const wide = struct(["a", u64], ["b", u64]);
    const triple = struct(["a", u8], ["b", u16], ["c", u16]); // six bytes
    const code = "not-a-single-access";
    const reader = new VmReader(bytes(32));
    expect(failing(() => reader.readOnce(wide))).toMatchObject({ code, size: 16 });
    expect(failing(() => reader.atomicLoad(triple))).toMatchObject({ code, size: 6 });
    const value = { a: 1n, b: 2n };
    expect(failing(() => new VmWriter(bytes(32)).writeOnce(wide, value))).toMatchObject({ code });
  });
  it("cmpxchg at two places", () => {
    const memory = { buffer: new ArrayBuffer(16) };
    const same = { code: "not-the-same-place" };
    const writer = new VmWriter(memory, 0);
    expect(failing(() => writer.cmpxchg(new VmReader(memory, 4), u32, 0, 1))).toEqual(same);
    const twin = new VmReader(new Uint8Array(16));
    expect(failing(() => writer.cmpxchg(twin, u32, 0, 1))).toEqual(same);
    const paged = new Paged([page(0)]);
    const elsewhere = new FallibleVmReader(paged, 4, 4);
    expect(
      failing(() => new FallibleVmWriter(paged, 0, 4).cmpxchg(elsewhere, u32, 0x03020100, 1)),
    ).toEqual(same);
    expect([...new Uint8Array(memory.buffer)].every((b) => b === 0)).toBe(true);
  });
});

describe("ranges", () => {
  it.each([
    [0, 17],
    [17, 0],
    [16, 1],
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, 0.5],
    [Number.NaN, 1],
    [2 ** 53, 1],
  ])("infallible: start %d, length %d of 16 bytes is refused", (start, len) => {
    for (const memory of [
      { buffer: new ArrayBuffer(16) },
      new Uint8Array(new ArrayBuffer(32), 8, 16),
    ]) {
      expect(failing(() => new VmReader(memory, start, len))).toMatchObject({
        code: "out-of-bounds",
        byteLength: 16,
      });
      expect(failing(() => new VmWriter(memory, start, len)).code).toBe("out-of-bounds");
    }
  });
  it("may be empty, also at the end", () => {
    expect(new VmReader(bytes(4), 4).remain).toBe(0);
    expect(new VmReader({ buffer: new ArrayBuffer(4) }, 4, 0).remain).toBe(0);
    expect(failing(() => new VmReader(bytes(4), 5)).code).toBe("out-of-bounds");
  });
  it("fallible: only numbers that are no addresses are refused", () => {
    const memory = { buffer: new ArrayBuffer(4) };
    expect(new FallibleVmReader(memory, 2 ** 52, 2 ** 52 - 1).remain).toBe(2 ** 52 - 1);
    expect(failing(() => new FallibleVmReader(memory, 2 ** 52, 2 ** 52)).code).toBe(
      "address-overflow",
    );
    expect(failing(() => new FallibleVmWriter(memory, -1, 1)).code).toBe("address-out-of-range");
    expect(failing(() => new FallibleVmWriter(memory, 0, 0.5)).code).toBe("address-out-of-range");
  });
  it.each([null, undefined, 5, "memory", {}, new DataView(new ArrayBuffer(4))])(
    "%o is no memory",
    (value) => {
      const given = value as unknown as MemorySource;
      expect(failing(() => new VmReader(given)).code).toBe("invalid-source");
      expect(failing(() => new FallibleVmReader(given, 0, 1)).code).toBe("invalid-source");
    },
  );
  it("take the views of somebody else's cache", () => {
    const cache = new ViewCache({ buffer: bytes(8).buffer });
    expect(new VmReader(cache, 6).readVal(u16)).toBe(0x0807);
    expect(new FallibleVmReader(cache, 6, 99).readVal(u16)).toBe(0x0807);
  });
});

describe("memory that changes under an infallible cursor", () => {
  it("growing and exchanging are followed", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const writer = new VmWriter(memory, 65536 - 4);
    memory.grow(1);
    writer.writeVal(u32, 5);
    expect(new VmReader(memory, 65536 - 4, 8).readVal(u64)).toBe(5n);
  });
  it("detaching is a typed error and moves nothing", () => {
    const memory = { buffer: new ArrayBuffer(16) };
    const [reader, writer] = [new VmReader(memory), new VmWriter(memory)];
    structuredClone(memory.buffer, { transfer: [memory.buffer] });
    for (const run of [
      () => reader.readVal(u32),
      () => reader.readOnce(u32),
      () => reader.atomicLoad(u32),
      () => reader.read(new VmWriter(new Uint8Array(4))),
      () => writer.writeVal(u32, 1),
      () => writer.writeOnce(u32, 1),
      () => writer.fill(u32, 1),
      () => writer.fillZeros(4),
      () => writer.write(new VmReader(bytes(4))),
    ]) {
      expect(failing(run).code).toBe("source-detached");
    }
    expect([reader.remain, writer.avail]).toEqual([16, 16]);
  });
  it("shrinking is a typed error with the numbers", () => {
    const buffer = new ArrayBuffer(16, { maxByteLength: 32 });
    const [reader, writer] = [new VmReader({ buffer }), new VmWriter({ buffer })];
    buffer.resize(2);
    const gone = { code: "out-of-bounds", start: 0, len: 4, byteLength: 2 };
    expect(failing(() => reader.readVal(u32))).toEqual(gone);
    expect(failing(() => reader.readOnce(u32))).toEqual(gone);
    expect(failing(() => writer.writeVal(u32, 1))).toEqual(gone);
    expect(failing(() => reader.read(new VmWriter(new Uint8Array(4)))).code).toBe("out-of-bounds");
    buffer.resize(32);
    writer.writeOnce(u32, 9); // words over the buffer are made anew
    expect(reader.readOnce(u32)).toBe(9);
  });
});

describe("fallible", () => {
  it("copies up to the fault and returns the count", () => {
    const paged = new Paged([page(0), page(8), undefined, page(24)]);
    const target = new Uint8Array(32);
    const reader = new FallibleVmReader(paged, 3, 29);
    expect(reader.read(new VmWriter(target))).toBe(13);
    expect([...target.subarray(0, 14)]).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0]);
    expect([reader.cursor, reader.remain]).toEqual([16, 16]);
    expect(reader.read(new VmWriter(target))).toBe(0);
    expect(reader.skip(8).read(new VmWriter(target))).toBe(8);
  });
  it("a value across pages is put together", () => {
    const paged = new Paged([page(0), page(8)]);
    expect(new FallibleVmReader(paged, 6, 4).readVal(u32)).toBe(0x09080706);
    new FallibleVmWriter(paged, 5, 8).writeVal(point, { x: 0x55, y: 0x44332211 });
    const after = new Uint8Array(16);
    new FallibleVmReader(paged, 0, 16).read(new VmWriter(after));
    // x, then its padding as it was, then y over the page boundary.
    expect([...after]).toEqual([0, 1, 2, 3, 4, 0x55, 6, 7, 8, 0x11, 0x22, 0x33, 0x44, 13, 14, 15]);
  });
  it("CORE-9: a value that faults half-way rewinds the reader and writes nothing", () => {
    const paged = new Paged([page(0), undefined]);
    const [reader, writer] = [new FallibleVmReader(paged, 6, 8), new FallibleVmWriter(paged, 6, 8)];
    const fault = { code: "page-fault", at: 8 };
    expect(failing(() => reader.readVal(u32))).toEqual(fault);
    expect(failing(() => writer.writeVal(u32, 0xffff_ffff))).toEqual(fault);
    expect([reader.remain, writer.avail]).toEqual([8, 8]);
    expect(reader.readVal(u16)).toBe(0x0706);
  });
  it("a read-only page faults for writers alone", () => {
    const paged = new Paged([page(0), page(8)]);
    paged.readonly.add(1);
    const writer = new FallibleVmWriter(paged, 4, 12);
    expect(failing(() => writer.skip(2).writeVal(u32, 0))).toEqual({ code: "page-fault", at: 8 });
    expect(writer.fillZeros(12)).toBe(2);
    expect(writer.cursor).toBe(8);
    expect(failing(() => writer.cmpxchg(new FallibleVmReader(paged, 8, 8), u32, 0, 1))).toEqual({
      code: "page-fault",
      at: 8,
    });
    expect(new FallibleVmReader(paged, 8, 8).atomicLoad(u64)).toBe(0x0f0e_0d0c_0b0a_0908n);
  });
  it.each([0, 6])(
    "CORE-9: a value whose own code takes the page away is not written, from %i",
    (at) => {
      const paged = new Paged([page(0), page(8)]);
      const { pages } = paged;
      const [before, last] = [pages.slice(), at === 0 ? 0 : 1];
      const writer = new FallibleVmWriter(paged, at, 10);
      const value = {
        x: 0x55,
        get y() {
          pages[last] = undefined;
          return 0x44332211;
        },
      };
      expect(failing(() => writer.writeVal(point, value))).toEqual({
        code: "page-fault",
        at: 8 * last,
      });
      expect(writer.cursor).toBe(at);
      expect(before.map((one) => one?.u8[0])).toEqual([0, 8]);
      expect(before.map((one) => one?.u8[7])).toEqual([7, 15]);
    },
  );
  it("CORE-8: a value whose own code moves the writer is written where it stands then, if it fits", () => {
    const paged = new Paged([page(0), page(8)]);
    const writer = new FallibleVmWriter(paged, 0, 16);
    const value = {
      x: 0x55,
      get y() {
        writer.skip(6);
        return 0x44332211;
      },
    };
    writer.writeVal(point, value);
    expect(writer.cursor).toBe(14);
    expect(new FallibleVmReader(paged, 0, 8).readVal(u64)).toBe(0x0755_0504_0302_0100n);
    writer.limit(1);
    expect(failing(() => writer.writeVal(point, value)).code).toBe("too-short");
    const short = new FallibleVmWriter(paged, 0, 12);
    const moves = {
      x: 1,
      get y() {
        short.skip(6);
        return 0;
      },
    };
    expect(failing(() => short.writeVal(point, moves))).toEqual({
      code: "too-short",
      needed: 8,
      remain: 6,
    });
  });
  it("cmpxchg and atomicLoad on a missing page fault", () => {
    const paged = new Paged([undefined, page(8)]);
    const [reader, writer] = [
      new FallibleVmReader(paged, 0, 16),
      new FallibleVmWriter(paged, 0, 16),
    ];
    expect(failing(() => reader.atomicLoad(u32))).toEqual({ code: "page-fault", at: 0 });
    expect(failing(() => writer.cmpxchg(reader, u32, 0, 1))).toEqual({ code: "page-fault", at: 0 });
    reader.skip(8);
    writer.skip(8);
    expect(writer.cmpxchg(reader, u16, 0x0908, 0)).toEqual({ previous: 0x0908, exchanged: true });
  });
  it("copies between two pages of one memory object", () => {
    const paged = new Paged([page(0), page(8)]);
    expect(new FallibleVmReader(paged, 0, 8).read(new FallibleVmWriter(paged, 8, 8))).toBe(8);
    expect(new FallibleVmReader(paged, 8, 8).readVal(u64)).toBe(0x0706_0504_0302_0100n);
  });
  it("a source faults beyond its end, and no more once it has grown", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const reader = new FallibleVmReader(memory, 65536 - 2, 8);
    expect(failing(() => reader.readVal(u32))).toEqual({ code: "page-fault", at: 65536 });
    memory.grow(1);
    expect(reader.readVal(u32)).toBe(0);
  });
  it("a detached source is no fault but an error", () => {
    const memory = { buffer: new ArrayBuffer(16) };
    const reader = new FallibleVmReader(memory, 0, 16);
    structuredClone(memory.buffer, { transfer: [memory.buffer] });
    expect(failing(() => reader.readVal(u32)).code).toBe("source-detached");
  });
});
