/** The walk's short way: what it must leave to the long one, and that both answer the same. */

import { PhysicalMemory } from "@memkit/core";
import {
  aarch64Format,
  GLOBAL,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { Walker } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tables } from "./support/tables.js";

const FORMATS = [
  x86Format(),
  x86Format({ levels: 5 }),
  riscvFormat(),
  riscvFormat({ sv: 48 }),
  riscvFormat({ sv: 57 }),
  aarch64Format(),
];

const FIELDS = [
  "pfn",
  "offset",
  "level",
  "rights",
  "lo",
  "hi",
  "table",
  "index",
  "reason",
] as const;
const answer = (walker: Walker, hi: number, lo: number): unknown[] => [
  walker.walk(hi, lo),
  ...(walker.reason === 0 ? [walker.upperAnd, walker.upperOr] : []),
  ...FIELDS.filter((field) => field !== "offset" || walker.reason === 0)
    .filter((field) => !["pfn", "rights"].includes(field) || walker.reason === 0)
    .map((field) => walker[field]),
];

describe.each(FORMATS.map((format) => ({ name: format.name, format })))("$name", ({ format }) => {
  const frames = 8;

  // A shared memory is always walked the long way.
  test("PT-4, PT-5, PT-6: both ways answer the same over random tables", () => {
    const word = fc
      .tuple(fc.nat(9), fc.nat(), fc.integer(), fc.integer())
      .map(([pfn, kind, lo, hi]): [number, number] => {
        const frame = pfn << format.pfnShift;
        if (kind % 3 === 0) return [frame | format.fixedTable, 0];
        if (kind % 3 === 1) return [frame | (lo & 0xfff) | format.valid, kind % 2 ? 0 : hi];
        return [lo, hi];
      });
    fc.assert(
      fc.property(
        fc.array(word, { minLength: frames * 4, maxLength: frames * 4 }),
        fc.array(fc.tuple(fc.integer(), fc.integer()), { maxLength: 12 }),
        (words, addresses) => {
          const plain = new Int32Array(new ArrayBuffer(frames * 4096));
          words.forEach(([lo, hi], i) => {
            plain.set([lo, hi], (i >> 2) * 1024 + (i & 3) * 2);
          });
          const shared = new Int32Array(new SharedArrayBuffer(frames * 4096));
          shared.set(plain);
          const [short, long] = [plain, shared].map(({ buffer }) => {
            const memory = new PhysicalMemory([
              { firstPfn: 0, frames, source: { buffer }, byteOffset: 0 },
            ]);
            return new Walker({ format, memory, root: 0, rootHigh: 1 });
          });
          // Addresses whose indices are 0..3 at every level meet the words; the others, what is wrong with addresses.
          for (const [a, b] of addresses) {
            for (const [hi, lo] of [
              [a & 0x3_0181, (b & 0xc060_3fff) | 0],
              [a, b],
            ] as const) {
              expect(answer(short!, hi, lo)).toEqual(answer(long!, hi, lo));
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("PT-6: a frame whose distance wraps around is outside", () => {
    const first = 0x6_0000;
    const tables = new Tables(format, { first });
    const walker = new Walker({ format, memory: tables.memory, root: first });
    const { levels } = format.paging;
    tables.map(0n, first + 9, pageProperty(READ | WRITE));
    expect(walker.translate(0)).toBe(true);
    const [table, index] = tables.slot(0n, levels);
    const away = new Set<number>();
    for (let bit = format.pfnShift; bit < 32; bit++) {
      tables.set(table, index, BigInt(format.fixedTable | 0) | (1n << BigInt(bit)));
      expect(walker.translate(0)).toBe(false);
      away.add(walker.pfn);
    }
    expect([...away]).toEqual(Array.from({ length: 32 - format.pfnShift }, (_, i) => 2 ** i));
  });

  test("global", () => {
    const tables = new Tables(format);
    const walker = new Walker({ format, memory: tables.memory, root: 0 });
    tables
      .map(0n, 9, pageProperty(READ | WRITE | GLOBAL))
      .map(0x1000n, 9, pageProperty(READ | USER));
    expect([walker.translate(0), walker.global]).toEqual([true, true]);
    expect([walker.translate(0x1000), walker.global]).toEqual([true, false]);
    const [table, index] = tables.slot(0n, 2);
    tables.set(table, index, tables.get(table, index) | 0x20n);
    expect([walker.translate(0x1000), walker.global]).toEqual([true, format.globalInherited]);
  });
});

test("PT-6: a resizable memory is read anew by every walk, the root too", () => {
  const buffer = new ArrayBuffer(4096, { maxByteLength: 8192 });
  const words = new BigUint64Array(buffer, 0, 512);
  words[0] = 0xcfn;
  const walker = new Walker({
    format: riscvFormat(),
    memory: new PhysicalMemory({ buffer }),
    root: 0,
  });
  expect(walker.translate(0)).toBe(true);
  words[0] = 0n;
  expect(walker.translate(0)).toBe(false);
});

test("tables above 8 GiB, and above 2^31 frames", () => {
  for (const first of [2 ** 21, 2 ** 22 + 8, 2 ** 31, 2 ** 35]) {
    const tables = new Tables(x86Format(), { first });
    const walker = new Walker({ format: x86Format(), memory: tables.memory, root: first });
    tables.map(0x1000n, first + 7, pageProperty(READ));
    expect([walker.translate(0x1234), walker.pfn, walker.table]).toEqual([
      true,
      first + 7,
      first + 3,
    ]);
  }
});
