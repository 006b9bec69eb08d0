/** ELF cores whose segments begin and end within pages, against a map of bytes; numbers of program headers that do not fit. */

import { pfn } from "@memkit/core";
import { pageProperty, READ, WRITE, x86Format } from "@memkit/page-table/format";
import { elfCore } from "@memkit/page-table/inspect";
import { Walker } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tables } from "./support/tables.js";

interface Segment {
  readonly paddr: number;
  readonly filesz: number;
  readonly memsz: number;
}

/** A core whose bytes are all different from their neighbours', and none 0; with `xnum` as PN_XNUM writes it. */
function core(segments: readonly Segment[], xnum?: { at?: number; count?: number }) {
  const head = 64 + 56 * segments.length + 64;
  const total = segments.reduce((sum, { filesz }) => sum + filesz, head);
  const file = new Uint8Array(total).map((_, at) => (at < head ? 0 : 1 + ((at * 7) % 255)));
  const dv = new DataView(file.buffer);
  dv.setUint32(0, 0x7f45_4c46);
  dv.setUint16(4, 0x0201);
  dv.setUint16(16, 4, true);
  dv.setBigUint64(32, 64n, true);
  dv.setUint16(54, 56, true);
  dv.setUint16(56, xnum === undefined ? segments.length : 0xffff, true);
  const section = 64 + 56 * segments.length;
  dv.setBigUint64(40, BigInt(xnum?.at ?? section), true);
  dv.setUint32(section + 44, xnum?.count ?? segments.length, true);
  let offset = head;
  const offsets = segments.map(({ paddr, filesz, memsz }, i) => {
    const at = 64 + 56 * i;
    dv.setUint32(at, 1, true);
    for (const [field, value] of [
      [8, offset],
      [24, paddr],
      [32, filesz],
      [40, memsz],
    ] as const) {
      dv.setBigUint64(at + field, BigInt(value), true);
    }
    offset += filesz;
    return offset - filesz;
  });
  return { file, offsets };
}

/** What each page must be, byte by byte. */
function naive(file: Uint8Array, segments: readonly Segment[], offsets: readonly number[]) {
  const [inFile, inMemory] = [new Map<number, Uint8Array>(), new Set<number>()];
  segments.forEach(({ paddr, filesz, memsz }, i) => {
    for (let n = 0; n < memsz; n++) inMemory.add(Math.floor((paddr + n) / 4096));
    for (let n = 0; n < filesz; n++) {
      const frame = Math.floor((paddr + n) / 4096);
      const page = inFile.get(frame) ?? new Uint8Array(4096);
      page[(paddr + n) % 4096] = file[offsets[i]! + n]!;
      inFile.set(frame, page);
    }
  });
  return (frame: number) => inFile.get(frame) ?? (inMemory.has(frame) ? undefined : "absent");
}

describe("an ELF core whose segments are no whole pages", () => {
  it.each<[string, Segment[]]>([
    ["ends at 0x9fc00", [{ paddr: 0x9_e000, filesz: 0x1c00, memsz: 0x1c00 }]],
    ["has a page with 512 bytes in the file", [{ paddr: 0x1000, filesz: 0x2200, memsz: 0x3000 }]],
    [
      "has a page of two segments",
      [
        { paddr: 0x1800, filesz: 0x1800, memsz: 0x1800 },
        { paddr: 0, filesz: 0x1800, memsz: 0x1800 },
      ],
    ],
    ["begins within a page", [{ paddr: 0x1200, filesz: 0x3000, memsz: 0x3000 }]],
    [
      "has a page of memory only, and one byte of another's",
      [
        { paddr: 0x1000, filesz: 0, memsz: 0x1800 },
        { paddr: 0x2fff, filesz: 1, memsz: 1 },
        { paddr: 0x3001, filesz: 0, memsz: 1 },
      ],
    ],
  ])("%s", (_, segments) => {
    const { file, offsets } = core(segments);
    const image = elfCore(file);
    const model = naive(file, segments, offsets);
    for (const frame of [0, 1, 2, 3, 4, 5, 0x9d, 0x9e, 0x9f, 0xa0]) {
      expect(image.page(pfn(frame)), `frame ${frame}`).toEqual(model(frame));
    }
  });

  it("has every page that a map of its bytes has, wherever they begin and end", () => {
    const gap = fc.oneof(fc.nat(40), fc.nat(6000), fc.constantFrom(0, 4096));
    const comparable = (page: unknown) =>
      page instanceof Uint8Array ? Buffer.from(page).toString("latin1") : page;
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, gap, gap), { minLength: 1, maxLength: 6 }), (pieces) => {
        let paddr = 0;
        const segments = pieces.map(([before, filesz, more]) => {
          paddr += before + filesz + more;
          return { paddr: paddr - filesz - more, filesz, memsz: filesz + more };
        });
        fc.pre(segments.some(({ memsz }) => memsz > 0));
        const { file, offsets } = core(segments.toReversed());
        const image = elfCore(file);
        const model = naive(file, segments, offsets.toReversed());
        for (let frame = 0; frame <= paddr / 4096 + 1; frame++) {
          expect(comparable(image.page(pfn(frame)))).toBe(comparable(model(frame)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("shows whole pages in place, and remembers some of the others", () => {
    const segments = Array.from({ length: 40 }, (_, i) => {
      return { paddr: i * 0x2000 + 1, filesz: 0x1fff, memsz: 0x1fff };
    });
    const image = elfCore(core(segments).file);
    const at = (frame: number) => image.page(pfn(frame)) as Uint8Array;
    expect(at(1).buffer).toBe(at(3).buffer);
    const first = at(0);
    expect(at(0)).toBe(first);
    for (let frame = 0; frame < 80; frame += 2) at(frame);
    expect(at(0)).not.toBe(first);
    expect(at(0)).toEqual(first);
  });

  it("is walked over: a table in a page of two segments", () => {
    const t = new Tables(x86Format(), { frames: 8 }).map(0x9000n, 5, pageProperty(READ | WRITE));
    const segments = [
      { paddr: 0, filesz: 0x804, memsz: 0x804 },
      { paddr: 0x804, filesz: 0x77fc, memsz: 0x77fc },
    ];
    const { file, offsets } = core(segments);
    file.set(new Uint8Array(t.buffer as ArrayBuffer), offsets[0]);
    const walker = new Walker({ format: t.format, memory: elfCore(file), root: 0 });
    expect([walker.translate(0x9321), walker.pfn, walker.offset]).toEqual([true, 5, 0x321]);
  });

  it("refuses segments with a byte in common, and no others", () => {
    const two = (paddr: number) => [
      { paddr: 0x1000, filesz: 0x10, memsz: 0x20 },
      { paddr, filesz: 4, memsz: 4 },
    ];
    expect(() => elfCore(core(two(0x101f)).file)).toThrow("same physical addresses");
    expect(elfCore(core(two(0x1020)).file).page(pfn(1))).toBeInstanceOf(Uint8Array);
  });
});

describe("an ELF core with more program headers than a header can say", () => {
  const segments = [{ paddr: 0x1000, filesz: 0x3000, memsz: 0x3000 }];

  it("has their number in its first section header", () => {
    const image = elfCore(core(segments, {}).file);
    expect(image.page(pfn(3))).toBeInstanceOf(Uint8Array);
  });

  it("has 65,536 of them", () => {
    const many = Array.from({ length: 2 ** 16 }, (_, i) => ({ paddr: i, filesz: 1, memsz: 1 }));
    const { file, offsets } = core(many, {});
    const end = elfCore(file).page(pfn(15)) as Uint8Array;
    expect([...end.subarray(-2)]).toEqual([file[offsets.at(-2)!], file[offsets.at(-1)!]]);
  });

  it.each([0, 8, 1e9, Number.MAX_SAFE_INTEGER])("refuses that header at %i", (at) => {
    expect(() => elfCore(core(segments, { at }).file)).toThrow(
      expect.objectContaining({ code: "invalid-image" }),
    );
  });

  it("refuses more than there is room for", () => {
    expect(() => elfCore(core(segments, { count: 2 ** 32 - 1 }).file)).toThrow("lie outside");
  });
});
