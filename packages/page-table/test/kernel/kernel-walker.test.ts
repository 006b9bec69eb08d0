/** Walks in WebAssembly: the same answers as the plain walker's over the same words, and what is refused. */

import { readFileSync } from "node:fs";
import { PhysicalMemory } from "@memkit/core";
import { kernelMemory } from "@memkit/frame-meta/kernel";
import {
  aarch64Format,
  encodeLeaf,
  GLOBAL,
  type PteFormat,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { KernelWalker, type KernelWalkerInit } from "@memkit/page-table/kernel";
import { type MmuSettings, PageTableError, Walker } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import wabt from "wabt";
import { KERNEL } from "../../src/kernel/bytes.js";

const FRAMES = 8;
const FIRST = 3;
/** The walker's block, and the bank behind it. */
const BLOCK = 0x1000;
const BANK = 0x3000;

const FORMATS = [
  x86Format(),
  x86Format({ levels: 5 }),
  riscvFormat(),
  riscvFormat({ sv: 48 }),
  riscvFormat({ sv: 57, svpbmt: true }),
  aarch64Format(),
].map((format) => [format.name, format] as const);

const FIELDS = [
  "reason",
  "level",
  "table",
  "index",
  "lo",
  "hi",
  "software",
] as const satisfies readonly (keyof Walker & keyof KernelWalker)[];
const FOUND = ["pfn", "offset", "rights", "upperAnd", "upperOr", "global"] as const;

const answer = (walker: Walker | KernelWalker, hi: number, lo: number): unknown[] => [
  walker.walk(hi, lo),
  ...FIELDS.map((field) => walker[field]),
  ...(walker.reason === 0 ? FOUND.map((field) => walker[field]) : []),
];

function pair(format: PteFormat, init: Partial<KernelWalkerInit> = {}) {
  const kernel = kernelMemory(BANK + FRAMES * 4096);
  const memory = new PhysicalMemory([
    { firstPfn: FIRST, frames: FRAMES, source: kernel, byteOffset: BANK },
  ]);
  const made = { format, memory, root: FIRST, rootHigh: FIRST + 1, ...init };
  return {
    memory,
    kernel,
    words: new Int32Array(kernel.buffer, BANK, FRAMES * 1024),
    quick: new KernelWalker({ kernel, block: BLOCK, ...made }),
    plain: new Walker(made),
  };
}

describe.each(FORMATS)("%s", (_, format) => {
  const isX86 = format.dialect.arch === "x86-64";
  const settings: readonly MmuSettings[] = isX86 ? [{}, { nxe: false }, { maxPhysAddr: 36 }] : [{}];

  test("PT-63: answers as the plain walker does, over random tables", () => {
    const { words, quick, plain } = pair(format);
    const within = (1 << format.pfnShift) - 1;
    const word = fc
      .tuple(fc.nat(FRAMES), fc.nat(8), fc.integer(), fc.integer())
      .map(([at, kind, lo, hi]): [number, number] => {
        const pfn = at + FIRST;
        const frame = pfn << format.pfnShift;
        if (kind < 4) return [frame | format.fixedTable, 0];
        if (kind === 4) return [frame | format.fixedTable, hi & ~format.pfnHiMask];
        if (kind === 5) return [frame | (lo & within) | format.valid, 0];
        if (kind === 6) return [frame | (lo & within) | format.valid, hi];
        if (kind === 7) return [lo, hi];
        const leaf = encodeLeaf(format, pfn, 1, pageProperty(READ | WRITE | (lo & USER)));
        return [leaf.lo, leaf.hi];
      });
    // Indices 0..3 at every level meet the words; 0 is the one way down, and is taken often enough for some walks to arrive.
    const index = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3));
    const near = fc
      .tuple(fc.array(index, { minLength: 5, maxLength: 5 }), fc.nat(4095), fc.boolean())
      .map(([indices, offset, upper]) => {
        const { levels } = format.paging;
        const bits = indices
          .slice(0, levels)
          .reduce((va, index, i) => va | (BigInt(index) << BigInt(12 + 9 * i)), 0n);
        const va = bits | BigInt(offset) | (upper ? -1n << BigInt(12 + 9 * levels) : 0n);
        return [Number(BigInt.asIntN(32, va >> 32n)), Number(BigInt.asIntN(32, va))] as const;
      });
    const far = fc.tuple(fc.integer(), fc.integer());
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(word, { minLength: FRAMES * 4, maxLength: FRAMES * 4 }),
        fc.array(fc.oneof({ weight: 4, arbitrary: near }, far), { maxLength: 40 }),
        fc.constantFrom(...settings),
        fc.nat(1),
        (entries, addresses, setting, root) => {
          entries.forEach(([lo, hi], i) => {
            words.set([lo, hi], (i >> 2) * 1024 + (i & 3) * 2);
          });
          // One way down, so that some walks arrive.
          for (let i = 0; i < format.paging.levels - 1; i += 1) {
            words.set([((FIRST + i + 1) << format.pfnShift) | format.fixedTable, 0], i * 1024);
          }
          for (const walker of [quick, plain]) {
            walker.configure(setting);
            walker.setRoot(FIRST + root, FIRST + 1 - root);
          }
          const expected = addresses.map(([hi, lo]) => answer(plain, hi, lo));
          expect(addresses.map(([hi, lo]) => answer(quick, hi, lo))).toEqual(expected);
          found += expected.filter(([level]) => level === 1).length;
        },
      ),
      { numRuns: 60 },
    );
    expect(found).toBeGreaterThan(0);
  });

  test("every right that an entry grants, and those that tables take away", () => {
    const { words, quick, plain } = pair(format);
    const { levels } = format.paging;
    for (let level = levels; level > 1; level -= 1) {
      words.set(
        [((FIRST + levels - level + 1) << format.pfnShift) | format.fixedTable, 0],
        (levels - level) * 1024,
      );
    }
    const at = (levels - 1) * 1024;
    const rights = new Set<number>();
    const differ: unknown[] = [];
    for (let bits = 0; bits < 1 << format.pfnShift; bits += 1) {
      const lo = ((FIRST + 5) << format.pfnShift) | bits | format.valid;
      for (const hi of [0, -0x8000_0000, 0x60_0000, 0x40_0000]) {
        words.set([lo, hi], at);
        const [level, otherLevel] = [plain.walk(0, 0x123), quick.walk(0, 0x123)];
        if (level === 1) rights.add(plain.rights);
        const same = plain.rights === quick.rights || plain.reason !== 0;
        if (level !== otherLevel || plain.reason !== quick.reason || !same) differ.push([lo, hi]);
      }
    }
    expect(differ).toEqual([]);
    expect(rights.size).toBeGreaterThan(3);
  });
});

describe("memories", () => {
  const format = x86Format();
  const code = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      if (error instanceof PageTableError) return error.code;
      throw error;
    }
    return "nothing";
  };

  test("the kernel is offered for a bank in a shared WebAssembly.Memory, with a block beside it (PT-61)", () => {
    const kernel = kernelMemory(0x1_0000);
    const bank = { firstPfn: 0, frames: 4, source: kernel, byteOffset: 0x2000 };
    const memory = new PhysicalMemory([bank]);
    const make = (init: Partial<KernelWalkerInit>) => () =>
      new KernelWalker({ format, memory, kernel, block: 0, root: 0, ...init });
    expect(code(make({}))).toBe("nothing");
    expect(code(make({ block: 0x1000 }))).toBe("nothing");
    expect(code(make({ block: 0x6000 }))).toBe("nothing");
    expect(code(make({ block: 0xf000 }))).toBe("nothing");
    for (const block of [-4096, 0x800, 0.5, Number.NaN, 0x2000, 0x5000, 0x1_0000, 2 ** 40]) {
      expect(code(make({ block }))).toBe("unsupported-memory");
    }
    const other = new PhysicalMemory({ buffer: new SharedArrayBuffer(0x1_0000) });
    expect(code(make({ memory: other }))).toBe("unsupported-memory");
    const buffer = kernel.buffer;
    expect(code(make({ kernel: { buffer } }))).toBe("unsupported-memory");
    const alone = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const own = new PhysicalMemory([{ ...bank, source: alone }]);
    expect(code(make({ kernel: alone, memory: own }))).toBe("unsupported-memory");
    expect(code(make({ root: -1 }))).toBe("invalid-pfn");
    expect(code(make({ settings: { sum: true } }))).toBe("invalid-setting");
  });

  test("frames that are no int32, and roots in other banks, are walked all the same", () => {
    const kernel = kernelMemory(0x1_0000);
    const source = { buffer: new ArrayBuffer(0x4000) };
    for (const firstPfn of [0, 2 ** 20, 2 ** 31 - 4, 2 ** 31 - 2, 2 ** 35]) {
      const memory = new PhysicalMemory([
        { firstPfn, frames: 4, source: kernel, byteOffset: 0x2000 },
        { firstPfn: firstPfn + 8, frames: 4, source, byteOffset: 0 },
      ]);
      const walker = new KernelWalker({ format, memory, kernel, block: 0, root: firstPfn });
      for (const [buffer, first, base] of [
        [kernel.buffer, firstPfn, 0x2000],
        [source.buffer, firstPfn + 8, 0],
      ] as const) {
        const words = new BigUint64Array(buffer, base, 2048);
        for (let i = 0; i < 3; i += 1) words[i * 512] = (BigInt(first + i + 1) << 12n) | 7n;
        words[3 * 512 + 1] = (BigInt(first) << 12n) | 7n;
        walker.setRoot(first);
        expect([walker.translate(0x1234), walker.pfn, walker.table, walker.index]).toEqual([
          true,
          first,
          first + 3,
          1,
        ]);
        expect([walker.translate(0x2000), walker.reason < 0]).toEqual([false, true]);
      }
    }
  });

  test("PT-62: an entry that another agent changes is the old one or the new one", () => {
    // One load of 64 bits: what can be shown in one thread is that the words are read at the call, and not before.
    const { words, quick, plain } = pair(format);
    expect(quick.translate(0)).toBe(false);
    for (let i = 0; i < 3; i += 1) words.set([((FIRST + i + 1) << 12) | 7, 0], i * 1024);
    const prop = pageProperty(READ | WRITE | USER | GLOBAL);
    expect(prop).toBeGreaterThan(0);
    words.set([0x9107, -0x8000_0000], 3 * 1024);
    expect(answer(quick, 0, 0)).toEqual(answer(plain, 0, 0));
    expect([quick.pfn, quick.global]).toEqual([9, true]);
    words[3 * 1024] = 0;
    expect(quick.translate(0)).toBe(false);
  });
});

test("the bytes are what kernel.wat assembles to, and with frame-meta's kernel at most 1,024", async () => {
  const wat = readFileSync(new URL("../../src/kernel/kernel.wat", import.meta.url), "utf8");
  const module = (await wabt()).parseWat("kernel.wat", wat, { threads: true });
  const bytes = Uint8Array.from(atob(KERNEL), (byte) => byte.charCodeAt(0));
  expect(bytes).toEqual(new Uint8Array(module.toBinary({}).buffer));
  module.destroy();
  const others = readFileSync(
    new URL("../../../frame-meta/src/kernel/bytes.ts", import.meta.url),
    "utf8",
  );
  const [, theirs = ""] = /"([\w+/=]{100,})"/.exec(others) ?? [];
  expect(atob(theirs).length).toBeGreaterThan(0);
  expect(bytes.length + atob(theirs).length).toBeLessThanOrEqual(1024);
});
