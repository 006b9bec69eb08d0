import { type BankInit, CoreError, type MemorySource, PhysicalMemory, pfn } from "@memkit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const PAGE = 4096;
const source = (pages: number): MemorySource => ({ buffer: new ArrayBuffer(pages * PAGE) });
const bank = (firstPfn: number, frames: number, over: Partial<BankInit> = {}): BankInit => ({
  firstPfn,
  frames,
  source: source(frames),
  byteOffset: 0,
  ...over,
});
const failing = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (error instanceof CoreError) return { ...error };
    throw error;
  }
  throw new Error("did not throw");
};

describe("PhysicalMemory", () => {
  it("takes a plain source as one bank at 0", () => {
    const memory = new PhysicalMemory(source(3));
    expect(memory.banks).toHaveLength(1);
    expect(memory.banks[0]).toMatchObject({ firstPfn: 0, frames: 3, byteOffset: 0 });
    expect([0, 2, 3].map((n) => memory.kindOf(pfn(n)))).toEqual(["ram", "ram", "none"]);
    expect(memory.byteOffsetOf(pfn(2))).toBe(2 * PAGE);
    expect(memory.totalFrames).toBe(3);
  });
  it("takes a WebAssembly.Memory, shared memory, and no banks at all", () => {
    expect(new PhysicalMemory(new WebAssembly.Memory({ initial: 1 })).totalFrames).toBe(16);
    expect(new PhysicalMemory({ buffer: new SharedArrayBuffer(PAGE) }).banks[0]?.views.shared).toBe(
      true,
    );
    expect(new PhysicalMemory([]).kindOf(pfn(0))).toBe("none");
  });
  it("sorts banks and MMIO ranges, and shares the views of a source", () => {
    const ram = source(4);
    const memory = new PhysicalMemory(
      [bank(0x80000, 2, { source: ram, byteOffset: 2 * PAGE }), bank(4, 2, { source: ram })],
      {
        mmio: [
          { firstPfn: 9, frames: 1 },
          { firstPfn: 6, frames: 3 },
        ],
      },
    );
    expect(memory.banks.map((b) => b.firstPfn)).toEqual([4, 0x80000]);
    expect(memory.mmio).toEqual([
      { firstPfn: 6, frames: 3 },
      { firstPfn: 9, frames: 1 },
    ]);
    expect(memory.banks[0]?.views).toBe(memory.banks[1]?.views);
    expect([3, 4, 5, 6, 9, 10].map((n) => memory.kindOf(pfn(n)))).toEqual(
      ["none", "ram", "ram", "mmio", "mmio", "none"], // touching ranges are not overlapping ones
    );
  });
  it("finds by address as by frame", () => {
    const memory = new PhysicalMemory([bank(1, 1), bank(2 ** 41 - 1, 1)]);
    expect([4095, 4096, 8191, 8192].map((a) => memory.bankIndexAt(a))).toEqual([-1, 0, 0, -1]);
    expect(memory.bankIndexAt(Number.MAX_SAFE_INTEGER)).toBe(1);
    expect([-1, 4096.5, Number.NaN].map((a) => memory.bankIndexAt(a))).toEqual([-1, -1, -1]);
  });
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("has nothing at frame %d", (n) => {
    const memory = new PhysicalMemory(source(2));
    const cast = n as ReturnType<typeof pfn>;
    expect(memory.kindOf(cast)).toBe("none");
    expect(memory.byteOffsetOf(cast)).toBe(-1);
    expect(memory.bankIndexOf(cast)).toBe(-1);
  });
  it("reaches the last frame of 2^64", () => {
    const memory = new PhysicalMemory([bank(2 ** 52 - 1, 1)]);
    expect(memory.kindOf(pfn(2 ** 52 - 1))).toBe("ram");
  });
});

describe("CORE-6: what a bank list may not be", () => {
  it.each([
    ["no frames", 0, 0],
    ["a fraction of frames", 0, 1.5],
    ["negative first frame", -1, 2],
    ["fractional first frame", 0.5, 2],
    ["beyond the last frame", 2 ** 52 - 1, 2],
    ["not a number", Number.NaN, 1],
  ])("%s", (_, firstPfn, frames) => {
    const code = "invalid-frame-range";
    const given = { firstPfn, frames };
    expect(failing(() => new PhysicalMemory([{ ...bank(0, 1), ...given }]))).toEqual({
      code,
      ...given,
    });
    expect(failing(() => new PhysicalMemory([], { mmio: [given] }))).toEqual({ code, ...given });
  });
  it("overlapping, in any order, banks or MMIO or one of each", () => {
    const overlap = { code: "frames-overlap", pfn: 3 };
    expect(failing(() => new PhysicalMemory([bank(3, 4), bank(0, 4)]))).toEqual(overlap);
    const mmio = [
      { firstPfn: 0, frames: 4 },
      { firstPfn: 3, frames: 1 },
    ];
    expect(failing(() => new PhysicalMemory([], { mmio }))).toEqual(overlap);
    expect(
      failing(() => new PhysicalMemory([bank(0, 4)], { mmio: [{ firstPfn: 3, frames: 9 }] })),
    ).toEqual(overlap);
    expect(
      failing(() => new PhysicalMemory([bank(3, 9)], { mmio: [{ firstPfn: 0, frames: 99 }] })),
    ).toEqual(overlap);
  });
  it("sharing bytes, through one source or two of the same buffer", () => {
    const ram = source(4);
    const code = "banks-share-bytes";
    const second = { byteOffset: 3 * PAGE + 8 };
    const bigger = { buffer: new ArrayBuffer(8 * PAGE) };
    for (const twin of [ram, { buffer: ram.buffer }]) {
      expect(
        failing(
          () => new PhysicalMemory([bank(0, 4, { source: ram }), bank(9, 1, { source: twin })]),
        ),
      ).toEqual({ code, byteOffset: 0 });
    }
    expect(
      failing(
        () =>
          new PhysicalMemory([
            bank(0, 4, { source: bigger }),
            bank(9, 1, { source: bigger, ...second }),
          ]),
      ),
    ).toEqual({ code, ...second });
  });
});

describe("CORE-7: a bank lies in its source", () => {
  it("not beyond its end, nor before its start", () => {
    for (const [byteOffset, frames] of [
      [0, 3],
      [8, 2],
      [2 ** 40, 1],
      [-8, 1],
    ] as const) {
      expect(
        failing(() => new PhysicalMemory([bank(0, frames, { source: source(2), byteOffset })])),
      ).toEqual({
        code: "out-of-bounds",
        start: byteOffset,
        len: frames * PAGE,
        byteLength: 2 * PAGE,
      });
    }
  });
  it.each([4, 1, 0.5, Number.NaN])("not at offset %d", (byteOffset) => {
    expect(
      failing(() => new PhysicalMemory([bank(0, 1, { source: source(2), byteOffset })])),
    ).toMatchObject({ code: "not-aligned", align: 8 });
  });
  it("after a header of 8 bytes", () => {
    const ram = { buffer: new ArrayBuffer(8 + PAGE) };
    const memory = new PhysicalMemory([bank(7, 1, { source: ram, byteOffset: 8 })]);
    expect(memory.byteOffsetOf(pfn(7))).toBe(8);
  });
  it("a plain source is a whole number of frames, at least one", () => {
    const odd = { buffer: new ArrayBuffer(5000) };
    expect(failing(() => new PhysicalMemory(odd))).toMatchObject({
      code: "not-aligned",
      got: 5000,
    });
    expect(failing(() => new PhysicalMemory(source(0)))).toMatchObject({
      code: "invalid-frame-range",
    });
  });
  it("a detached source, a view, something else", () => {
    const ram = source(1);
    structuredClone(ram.buffer, { transfer: [ram.buffer as ArrayBuffer] });
    expect(failing(() => new PhysicalMemory(ram)).code).toBe("source-detached");
    expect(failing(() => new PhysicalMemory([bank(0, 1, { source: ram })])).code).toBe(
      "source-detached",
    );
    const view = new Uint8Array(PAGE) as unknown as MemorySource;
    expect(failing(() => new PhysicalMemory(view)).code).toBe("invalid-source");
  });
});

it("CORE-6: agrees with a map of frames, whatever the banks", () => {
  const ranges = fc.array(
    fc.record({
      gap: fc.nat({ max: 3 }),
      frames: fc.integer({ min: 1, max: 3 }),
      ram: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(ranges, fc.integer({ min: 0, max: 2 ** 40 }), (list, base) => {
      const banks: BankInit[] = [];
      const mmio: { firstPfn: number; frames: number }[] = [];
      const model = new Map<
        number,
        { kind: string; offset: number; source: MemorySource | null }
      >();
      let next = base;
      for (const { gap, frames, ram } of list) {
        const firstPfn = next + gap;
        next = firstPfn + frames;
        const init = bank(firstPfn, frames, { source: source(frames + 1), byteOffset: PAGE });
        if (ram) banks.push(init);
        else mmio.push({ firstPfn, frames });
        for (let i = 0; i < frames; i++) {
          model.set(firstPfn + i, {
            kind: ram ? "ram" : "mmio",
            offset: ram ? (i + 1) * PAGE : -1,
            source: ram ? init.source : null,
          });
        }
      }
      const memory = new PhysicalMemory(banks.reverse(), { mmio: mmio.reverse() });
      for (let n = Math.max(0, base - 2); n < next + 2; n++) {
        const { kind, offset, source } = model.get(n) ?? { kind: "none", offset: -1, source: null };
        expect(memory.kindOf(pfn(n))).toBe(kind);
        expect(memory.byteOffsetOf(pfn(n))).toBe(offset);
        expect(memory.banks[memory.bankIndexOf(pfn(n))]?.source ?? null).toBe(source);
        expect(memory.bankIndexAt(n * PAGE + 4095)).toBe(memory.bankIndexOf(pfn(n)));
      }
    }),
    { numRuns: 300 },
  );
});
