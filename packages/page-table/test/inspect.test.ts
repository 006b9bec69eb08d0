/** Lists, dumps, differences, searches and explanations of address spaces; openers of images. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { pfn } from "@memkit/core";
import {
  aarch64Format,
  EXECUTE,
  encodeLeaf,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import {
  diff,
  dump,
  elfCore,
  explain,
  mappings,
  rawImage,
  scan,
  virtualOf,
} from "@memkit/page-table/inspect";
import { Walker } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPages } from "./support/answers.js";
import { Tables } from "./support/tables.js";

const RW = pageProperty(READ | WRITE);
const walkerOf = (t: Tables): Walker =>
  new Walker({ format: t.format, memory: t.memory, root: t.root });

describe("a list of mappings", () => {
  it("PT-9: is what was mapped, in order, in both halves", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            page: fc.integer({ min: 0, max: 1023 }),
            high: fc.boolean(),
            frame: fc.integer({ min: 0, max: 2 ** 30 }),
          }),
          { selector: ({ page, high }) => `${page} ${high}`, maxLength: 20 },
        ),
        (pages) => {
          const t = new Tables(x86Format(), { frames: 16 });
          const top = 0xffff_8000_0000_0000n;
          const model = pages.map(({ page, high, frame }) => ({
            va: (high ? top : 0n) + BigInt(page) * 4096n,
            frame,
          }));
          for (const { va, frame } of model) t.map(va, frame, RW);
          model.sort((a, b) => (a.va < b.va ? -1 : 1));
          const found = [...mappings(walkerOf(t))].map(({ va, pfn: frame }) => ({ va, frame }));
          expect(found).toEqual(model);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("has huge pages once, and keeps to its range", () => {
    const t = new Tables(riscvFormat({ sv: 48 }))
      .map(0n, 0, RW, 4)
      .map(2n ** 39n, 2 ** 18, RW, 3)
      .map(2n ** 40n, 5, RW);
    const pages = [...mappings(walkerOf(t))].map(({ pages }) => pages);
    expect(pages).toEqual([2 ** 27, 2 ** 18, 1]);
    const from = 2n ** 39n + 4096n;
    const [only, ...none] = mappings(walkerOf(t), { from, to: 2n ** 39n + 8191n });
    expect([only?.va, only?.pages, only?.pfn, none]).toEqual([from, 1, 2 ** 18 + 1, []]);
  });

  it("says where tables are missing, outside, malformed, or software's", () => {
    const t = new Tables(x86Format()).put(0n, 0x700_0001n, 2).put(2n ** 21n, 0x50n, 2);
    t.put(2n ** 22n, 0x2081n, 2)
      .put(2n ** 30n, 0x9_9001n, 3)
      .put(2n ** 39n, 0x60n, 2);
    const page = (frame: number) =>
      frame === 0x99
        ? undefined
        : frame > 31
          ? ("absent" as const)
          : new Uint8Array(t.buffer as ArrayBuffer, frame * 4096, 4096);
    const software = (lo: number) => (lo === 0x50 ? { name: "swap" } : undefined);
    const walker = new Walker({ format: t.format, memory: { page }, root: 0, software });
    expect([...scan(walker)].map(({ kind, va, pages }) => [kind, va, pages])).toEqual([
      ["outside", 0n, 512],
      ["software", 2n ** 21n, 512],
      ["malformed", 2n ** 22n, 512],
      ["page-missing", 2n ** 30n, 2 ** 18],
    ]);
  });

  it("PT-9: of tables that form a cycle ends in walk-budget", () => {
    const t = new Tables(x86Format());
    for (let i = 0; i < 512; i++) t.set(0, i, 0x3n);
    expect(() => [...mappings(walkerOf(t), { budget: 5000 })]).toThrow(
      expect.objectContaining({ code: "walk-budget", budget: 5000 }),
    );
    const riscv = new Tables(riscvFormat());
    for (let i = 0; i < 512; i++) riscv.set(0, i, 1n);
    expect(() => dump(walkerOf(riscv), { budget: 5000 })).toThrow("are they cyclic?");
  });

  it("of AArch64 has the two halves that the settings leave", () => {
    const va = 2n ** 64n - 2n ** 36n;
    const t = new Tables(aarch64Format()).put(0n, 0x9703n, 1, 3); // the root has 64 entries
    const { format, memory } = t;
    const walker = new Walker({ format, memory, root: 20, rootHigh: 0, settings: { t1sz: 28 } });
    expect([...mappings(walker)].map((m) => m.va)).toEqual([va]);
  });
});

describe("of a kernel's tables", () => {
  const file = readFileSync(new URL("fixtures/k4_128.pages.gz", import.meta.url));
  const pages = readPages(gunzipSync(file));
  const memory = { page: (frame: number) => pages.get(frame) ?? ("absent" as const) };
  const walker = new Walker({ format: x86Format(), memory, root: 0x2b2a });

  it("every mapping is found again by its frame", () => {
    const all = [...mappings(walker)];
    expect(all.length).toBeGreaterThan(400);
    for (const one of [all[0]!, all.at(-1)!]) {
      expect([...virtualOf(walker, one.pfn)]).toContain(one.va);
      expect(walker.translate(one.va) && walker.pfn).toBe(one.pfn);
    }
  });

  it("a dump has a line for each run", () => {
    const lines = dump(walker).split("\n");
    expect(lines.length).toBeGreaterThan(50);
    for (const line of lines) {
      expect(line).toMatch(
        /^[0-9a-f]{16}-[0-9a-f]{13}fff {2}S[R-][W-][X-] U[R-][W-][X-] {2}\d+ x [\d]+ [KMG]iB from frame 0x[0-9a-f]+$/,
      );
    }
  });

  it("is no different from itself", () => {
    expect([...diff(walker, walker)]).toEqual([]);
  });
});

describe("a difference", () => {
  it("is new, gone, moved or protected pages, but not a split", () => {
    const t = (): Tables => new Tables(x86Format()).map(0x4000n, 9, RW);
    const before = t()
      .map(0x5000n, 10, RW)
      .map(2n ** 30n, 512, RW, 2);
    const after = t().map(0x6000n, 11, RW).map(0x4000n, 9, pageProperty(READ));
    for (let i = 0; i < 512; i++) {
      after.map(2n ** 30n + BigInt(i) * 4096n, 512 + i + (i === 7 ? 1000 : 0), RW);
    }
    const changes = [...diff(walkerOf(before), walkerOf(after))];
    expect(
      changes.map(({ va, pages, before: b, after: a }) => [va, pages, b?.pfn, a?.pfn]),
    ).toEqual([
      [0x4000n, 1, 9, 9],
      [0x5000n, 1, 10, undefined],
      [0x6000n, 1, undefined, 11],
      [2n ** 30n + 0x7000n, 1, 519, 1519],
    ]);
  });

  /** One half of AArch64's address space with `64 - size` bits: where it has pages, and a walker over it. */
  function half(upper: boolean, size: number, places: readonly number[]) {
    const format = aarch64Format();
    const t = new Tables(format, { frames: 64 });
    const bits = 64 - size;
    const levels = Math.ceil((bits - 12) / 9);
    const last = 2 ** (bits - 12) - 1;
    const mapped = new Map<bigint, number>();
    for (const [i, place] of places.entries()) {
      // From the end that every size has, or from the one where this size ends.
      const inner = BigInt(Math.min(place >> 1, last));
      const page = (place & 1) === (upper ? 0 : 1) ? BigInt(last) - inner : inner;
      const { lo, hi } = encodeLeaf(format, 100 + i, 1, RW);
      t.put(page << 12n, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0), 1, levels);
      mapped.set((upper ? 2n ** 64n - 2n ** BigInt(bits) : 0n) + (page << 12n), 100 + i);
    }
    const settings = upper ? { t1sz: size, epd0: true } : { t0sz: size, epd1: true };
    const root = { root: t.root, rootHigh: t.root };
    return { mapped, walker: new Walker({ format, memory: t.memory, ...root, settings }) };
  }

  it("is of all addresses that either has, whichever is the wider", () => {
    const side = fc.record({
      size: fc.integer({ min: 16, max: 39 }),
      places: fc.array(fc.nat(40), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.boolean(), side, side, (upper, one, other) => {
        const [a, b] = [half(upper, one.size, one.places), half(upper, other.size, other.places)];
        const changes = [...diff(a.walker, b.walker)];
        expect(changes.map(({ va, before, after }) => [va, before?.pfn, after?.pfn])).toEqual(
          [...new Set([...a.mapped.keys(), ...b.mapped.keys()])]
            .sort((x, y) => (x < y ? -1 : 1))
            .map((va) => [va, a.mapped.get(va), b.mapped.get(va)])
            .filter(([, x, y]) => x !== y),
        );
        const back = [...diff(b.walker, a.walker)];
        expect(back).toEqual(changes.map((c) => ({ ...c, before: c.after, after: c.before })));
      }),
      { numRuns: 20, examples: [[false, { size: 25, places: [] }, { size: 16, places: [1] }]] },
    );
  });
});

describe("an explanation", () => {
  it("has a line for each entry, and the outcome", () => {
    const prop = pageProperty(READ | EXECUTE | USER);
    const t = new Tables(riscvFormat()).map(0x20_0000n, 512, prop, 2).put(0x40_0000n, 0x402n, 2);
    expect(explain(walkerOf(t), 0x20_1234).split("\n")).toEqual([
      "0x201234 in Sv39, root in frame 0x0",
      "  level 3, entry 0 of frame 0x0: 0x401, a table in frame 0x1",
      "  level 2, entry 1 of frame 0x1: 0x8001b, a page of 2 MiB in frame 0x200: write-back",
      "  is byte 0x234 of frame 0x201, S--- UR-X",
    ]);
    expect(explain(walkerOf(t), 0x40_0000)).toContain(
      "not present\n  ends at level 2: not-present",
    );
    expect(explain(walkerOf(t), 2n ** 39n).split("\n")).toEqual([
      "0x8000000000 in Sv39, root in frame 0x0",
      "  ends at level 3: non-canonical",
    ]);
    const none = new Walker({ format: aarch64Format(), memory: t.memory, root: 0 });
    expect(explain(none, 2n ** 64n - 1n)).toContain("no root\n  ends at level 4: disabled");
  });
});

describe("images", () => {
  /** An ELF core: segments of [physical address, bytes in the file, bytes in memory]. */
  function core(segments: [bigint, number, number][], type = 4): Uint8Array {
    const head = 64 + 56 * segments.length;
    const total = segments.reduce((sum, [, filesz]) => sum + filesz, head);
    const file = new Uint8Array(total);
    const dv = new DataView(file.buffer);
    dv.setUint32(0, 0x7f45_4c46);
    dv.setUint16(4, 0x0201);
    dv.setUint16(16, type, true);
    dv.setBigUint64(32, 64n, true);
    dv.setUint16(54, 56, true);
    dv.setUint16(56, segments.length, true);
    let offset = head;
    segments.forEach(([paddr, filesz, memsz], i) => {
      const at = 64 + 56 * i;
      dv.setUint32(at, 1, true);
      dv.setBigUint64(at + 8, BigInt(offset), true);
      dv.setBigUint64(at + 24, paddr, true);
      dv.setBigUint64(at + 32, BigInt(filesz), true);
      dv.setBigUint64(at + 40, BigInt(memsz), true);
      file.fill(i + 1, offset, offset + filesz);
      offset += filesz;
    });
    return file;
  }

  it("ELF: frames of segments, wherever they lie in the file", () => {
    const image = elfCore(
      core([
        [0x10_0800n, 0x2000, 0x2000],
        [0x8000_0000n, 0x1000, 0x3000],
      ]),
    );
    const first = (frame: number): unknown => {
      const page = image.page(pfn(frame));
      return page instanceof Uint8Array ? [page.length, page[0]] : page;
    };
    expect([0xff, 0x100, 0x101, 0x102].map(first)).toEqual([
      "absent",
      [4096, 0],
      [4096, 1],
      [4096, 1],
    ]);
    expect([0x8_0000, 0x8_0001, 0x8_0002, 0x8_0003].map(first)).toEqual([
      [4096, 2],
      undefined,
      undefined,
      "absent",
    ]);
  });

  it("ELF: a walk over one", () => {
    const t = new Tables(x86Format(), { frames: 8 }).map(0x9000n, 5, RW);
    const file = core([[0n, 8 * 4096, 8 * 4096]]);
    file.set(new Uint8Array(t.buffer as ArrayBuffer), 64 + 56);
    const walker = new Walker({ format: t.format, memory: elfCore(file), root: 0 });
    expect([walker.translate(0x9321), walker.pfn, walker.offset]).toEqual([true, 5, 0x321]);
  });

  it("ELF: what is none is refused", () => {
    const good = core([[0n, 4096, 4096]]);
    const with8 = (at: number, value: number): Uint8Array => {
      const file = good.slice();
      file[at] = value;
      return file;
    };
    for (const [bytes, what] of [
      [good.subarray(0, 63), "no ELF header"],
      [with8(0, 0), "magic number"],
      [with8(4, 1), "64-bit"],
      [with8(16, 2), "no core"],
      [with8(54, 8), "program headers lie outside"],
      [with8(39, 255), "program headers lie outside"],
      [with8(57, 255), "program headers lie outside"],
      [with8(64 + 39, 255), "segment lies outside"],
      [with8(64 + 31, 255), "segment ends above"],
      [good.subarray(0, good.length - 1), "segment lies outside"],
      [
        core([
          [0n, 4096, 4096],
          [0n, 4096, 4096],
        ]),
        "same physical addresses",
      ],
    ] as const) {
      expect(() => elfCore(bytes), what).toThrow(
        expect.objectContaining({ code: "invalid-image" }),
      );
      expect(() => elfCore(bytes)).toThrow(what);
    }
  });

  it("ELF: junk in a header is refused or opened, never a raw error", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(119), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const file = core([[0n, 4096, 4096]]);
        for (const [at, value] of changes) file[at] = value;
        try {
          elfCore(file).page(pfn(0));
        } catch (error) {
          expect(error).toMatchObject({ code: "invalid-image" });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("raw: whole pages only", () => {
    expect(() => rawImage(new Uint8Array(4097))).toThrow(
      expect.objectContaining({ code: "invalid-image" }),
    );
    expect(() => rawImage(new Uint8Array(4096), -1)).toThrow(
      expect.objectContaining({ code: "invalid-pfn" }),
    );
  });
});
