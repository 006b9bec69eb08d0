/**
 * The fast paths: they take all that they may, and say of everything what the slow ones do.
 *
 * A fast path that gives up too soon is right and slow, one that does not is neither; no other test sees the former.
 */

import { f32, f64, i8, i16, i32, i64, struct, u8, u16, u32, u64 } from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";

const BYTES = 64;
const SCALARS = [
  ["U8", u8, 0, 255],
  ["I8", i8, -128, 127],
  ["U16", u16, 0, 65_535],
  ["I16", i16, -32_768, 32_767],
  ["U32", u32, 0, 2 ** 32 - 1],
  ["I32", i32, -(2 ** 31), 2 ** 31 - 1],
  ["U64", u64, 0n, 2n ** 64n - 1n],
  ["I64", i64, -(2n ** 63n), 2n ** 63n - 1n],
  ["F32", f32, -1.5, 2 ** 100],
  ["F64", f64, -1.5, Number.MAX_VALUE],
] as const;
const BORROWED = ["nothing", "mut", "shared"] as const;
const pair = struct(["a", u32], ["b", u16]);

/** Bytes that are another number at every place. */
const memory = (): GuestMemory =>
  new GuestMemory({ buffer: Uint8Array.from({ length: BYTES }, (_, i) => 3 * i + 130).buffer });

/** Every byte is borrowed but those of [start, end). */
function borrowAllBut(mem: GuestMemory, start: number, end: number, kind: "mut" | "shared"): void {
  for (const region of [
    { start: 0, len: start },
    { start: end, len: BYTES - end },
  ]) {
    if (kind === "mut") mem.mutBorrow(region);
    else mem.sharedBorrow(region);
  }
}

/** Borrows three bytes in the middle. */
function hold(mem: GuestMemory, kind: (typeof BORROWED)[number]): void {
  const region = { start: 18, len: 3 };
  if (kind === "mut") mem.mutBorrow(region);
  if (kind === "shared") mem.sharedBorrow(region);
}

/** A memory that fails where it would take the slow path called `name`. */
function withoutSlow(mem: GuestMemory, ...names: string[]): GuestMemory {
  for (const name of names) {
    const value = (): never => expect.fail(`${name} was asked`);
    Object.defineProperty(mem, name, { value });
  }
  return mem;
}

/** What comes out: the value, or every field of the error. */
function outcome(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    if (!(error instanceof GuestError)) throw error;
    return { ...error.toJSON(), stack: undefined };
  }
}

describe.each(SCALARS)("%s", (name, type, least, most) => {
  const { size } = type;
  const read = (mem: GuestMemory, at: number): unknown => mem[`read${name}`](at);
  const write = (mem: GuestMemory, at: number, value: unknown): void =>
    (mem[`write${name}`] as (at: number, value: unknown) => void).call(mem, at, value);

  it.each(BORROWED)("no question is left where %s but other bytes is borrowed", (kind) => {
    for (const at of [0, 16, BYTES - size]) {
      const mem = withoutSlow(memory(), "liveRead", "liveWrite");
      if (kind !== "nothing") borrowAllBut(mem, at, at + size, kind);
      for (const value of [least, most]) {
        write(mem, at, value);
        expect(read(mem, at)).toBe(value);
      }
    }
  });

  it("the first access beyond the old end gives and stores the value that any does", () => {
    for (const value of [least, most]) {
      const [source, twin] = [0, 0].map(() => new WebAssembly.Memory({ initial: 1 })) as [
        WebAssembly.Memory,
        WebAssembly.Memory,
      ];
      const [reader, writer] = [new GuestMemory(source), new GuestMemory(twin)];
      for (const memory of [source, twin]) memory.grow(1);
      type.write(new DataView(source.buffer), 65_536, value as never);
      expect(read(reader, 65_536)).toBe(value);
      write(writer, 65_536, value);
      expect(new Uint8Array(twin.buffer, 65_536, 8)).toEqual(
        new Uint8Array(source.buffer, 65_536, 8),
      );
    }
  });

  it("fast and slow, the same value or the same error, and the same bytes (GM-6, GM-7, GM-8)", () => {
    const places = [0, 1, 2, 4, 16, 17, 20, 24, BYTES - size, BYTES - size + 1, BYTES];
    const none = [-size, 0.5, 2 ** 32 + 16, Number.NaN, "16", 16n];
    const values = [least, most, Number(least) - 1, Number(most) + 1, 1, 1n, 0.5, "1"];
    for (const kind of BORROWED) {
      const [fast, slow] = [memory(), memory()];
      for (const mem of [fast, slow]) hold(mem, kind);
      const answers: unknown[][] = [[], []];
      for (const at of [...places, ...none] as number[]) {
        answers[0]?.push(outcome(() => read(fast, at)));
        answers[1]?.push(outcome(() => slow.liveRead(type as typeof u8, at)));
        for (const value of values) {
          answers[0]?.push(outcome(() => write(fast, at, value)));
          answers[1]?.push(outcome(() => slow.liveWrite(type as typeof u8, at, value)));
        }
      }
      expect(answers[0]).toEqual(answers[1]);
      expect(fast.base()).toEqual(slow.base());
    }
  });
});

describe("records and ranges", () => {
  const size = pair.size;
  it.each(BORROWED)("no question is left where %s but other bytes is borrowed", (kind) => {
    for (const at of [0, 16, BYTES - size]) {
      const mem = memory();
      if (kind !== "nothing") borrowAllBut(mem, at, at + size, kind);
      withoutSlow(mem, "fault", "locate", "decodeAt", "own", "normalise");
      mem.write(pair, at, { a: 2 ** 32 - 1, b: 7 });
      expect(mem.read(pair, at)).toEqual({ a: 2 ** 32 - 1, b: 7 });
    }
  });

  it("a u32 by name or by type, the same way", () => {
    const mem = withoutSlow(memory(), "mayRead", "mayWrite", "own");
    mem.write(u32, 8, 7);
    expect([mem.read(u32, 8), mem.readU32(8)]).toEqual([7, 7]);
  });

  it("ranges with nothing borrowed, of every length that fits", () => {
    const mem = withoutSlow(memory(), "fault");
    for (const [at, len] of [
      [0, BYTES],
      [0, 0],
      [BYTES, 0],
      [BYTES - 1, 1],
      [5, 7],
    ] as const) {
      expect(mem.validate(at, len, 1, 1)).toBe(at);
      const bytes = mem.copyOut(at, len);
      expect(bytes.length).toBe(len);
      mem.copyIn(at, bytes);
      expect(mem.withSliceMut(at, len, (view) => view.length)).toBe(len);
    }
    expect(mem.validate(8, 7, 8, 8)).toBe(8);
    expect(mem.validate(BYTES, 0, 8, 8)).toBe(BYTES);
    mem.sharedBorrow({ start: 0, len: BYTES });
    expect(mem.copyOut(0, BYTES).length).toBe(BYTES);
  });

  it("read and tryRead, write and tryWrite: the same value or the same error, and the same bytes", () => {
    const told = (run: () => ReturnType<GuestMemory["tryRead"]>): unknown => {
      const result = run();
      if (result.ok) return { value: result.value };
      return outcome(() => {
        throw new GuestError(result.error);
      });
    };
    for (const kind of BORROWED) {
      const [fast, slow] = [memory(), memory()];
      for (const mem of [fast, slow]) hold(mem, kind);
      const places: unknown[] = [0, 4, 8, 10, 16, 20, 24, 56, 57, 60, 64, -8, 0.5, 2 ** 32, 16n];
      const answers: unknown[][] = [[], []];
      for (const type of [pair, u32, u64, u8]) {
        const record = [
          { a: 1, b: 2 },
          { a: 1, b: -1 },
        ];
        for (const at of places as number[]) {
          answers[0]?.push(outcome(() => fast.read(type, at)));
          answers[1]?.push(told(() => slow.tryRead(type, at)));
          for (const value of (type === pair ? record : [1, 1n, -1]) as never[]) {
            answers[0]?.push(outcome(() => fast.write(type, at, value)));
            answers[1]?.push(told(() => slow.tryWrite(type, at, value)));
          }
        }
      }
      expect(answers[0]).toEqual(answers[1]);
      expect(fast.base()).toEqual(slow.base());
    }
  });
});
