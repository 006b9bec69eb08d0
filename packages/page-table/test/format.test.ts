/** Properties through entries and back; see also paging.test.ts for addresses. */

import {
  aarch64Format,
  CACHE_POLICIES,
  type CachePolicy,
  cachePolicyOf,
  DIRTY,
  defineFormat,
  EXECUTE,
  encodeLeaf,
  encodeTable,
  frameOf,
  GLOBAL,
  kindOf,
  type PteFormat,
  pageProperty,
  propertyOf,
  READ,
  riscvFormat,
  UR,
  USER,
  UW,
  UX,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { Walker } from "@memkit/page-table/walk";
import { describe, expect, it } from "vitest";
import { madeUp } from "./support/made-up.js";

const LINUX_PAT: CachePolicy[] = [
  "write-back",
  "write-combining",
  "uncached-minus",
  "uncacheable",
  "write-back",
  "write-protect",
  "uncached-minus",
  "write-through",
];

const FORMATS: [string, PteFormat][] = [
  x86Format(),
  x86Format({ levels: 5, pat: LINUX_PAT }),
  riscvFormat(),
  riscvFormat({ sv: 48, svpbmt: true }),
  riscvFormat({ sv: 57 }),
  aarch64Format(),
  aarch64Format({ mair: ["uncacheable", "write-back"] }),
  madeUp(),
].map((format) => [`${format.name} ${format.cachePolicies}`, format]);

const FLAGS = 512;

describe.each(FORMATS)("%s", (_, format) => {
  const top = format.paging.highestTranslationLevel;
  const last = frameOf(format, -1, -1);

  it("PT-8: returns every property that it supports, at every level, with the frame", () => {
    let supported = 0;
    for (let level = 1; level <= top; level++) {
      const size = 2 ** (9 * level - 9);
      const frames = [0, size, last - (last % size)];
      for (let flags = 0; flags < FLAGS; flags++) {
        for (const policy of CACHE_POLICIES) {
          const prop = pageProperty(flags, policy);
          const pfn = frames[flags % 3]!;
          if (!format.supports(prop, level)) {
            expect(() => encodeLeaf(format, pfn, level, prop)).toThrow(
              expect.objectContaining({ code: "unrepresentable", prop, level }),
            );
            continue;
          }
          supported++;
          const { lo, hi } = encodeLeaf(format, pfn, level, prop);
          const kind = (flags & 7) === 0 ? "no-access" : "leaf";
          const found = [kindOf(format, lo, hi, level), propertyOf(format, lo, hi, level)];
          if (found[0] !== kind || found[1] !== prop) expect(found).toEqual([kind, prop]);
          const mask = ~(2 ** Math.min(31, 9 * level - 9) - 1);
          const read = frameOf(format, lo, hi);
          // A PAT bit may lie in the frame's lowest bit of a huge page.
          const frame = level <= 3 ? read - (read % size) : read;
          if (frame !== pfn) expect([frame, mask]).toEqual([pfn, mask]);
        }
      }
    }
    expect(supported).toBeGreaterThan(100);
  });

  it("PT-8: the cache policies that the settings name, and no others", () => {
    const policies = CACHE_POLICIES.filter((policy) =>
      format.supports(pageProperty(READ, policy), 1),
    );
    const named = new Set(format.cachePolicies.map((n) => CACHE_POLICIES[n]));
    expect(policies).toEqual(CACHE_POLICIES.filter((policy) => named.has(policy)));
  });

  it.each([0, top + 1, 1.5, -1, Number.NaN])("has no leaf at level %d", (level) => {
    expect(format.supports(pageProperty(READ), level)).toBe(false);
    expect(() => encodeLeaf(format, 0, level, pageProperty(READ))).toThrow(
      expect.objectContaining({ code: "unrepresentable" }),
    );
  });

  it.each([-1, 0.5, 1 << 9, 6 << CACHE, 2 ** 32 + 1, Number.NaN])("%d is no property", (prop) => {
    expect(format.supports(prop, 1)).toBe(false);
  });

  it("refuses frames that do not fit", () => {
    const read = pageProperty(READ);
    for (const pfn of [-1, 0.5, last + 1, 2 ** 52, Number.NaN, Number.POSITIVE_INFINITY]) {
      const refused = expect.objectContaining({ code: "invalid-pfn", pfn });
      expect(() => encodeLeaf(format, pfn, 1, read)).toThrow(refused);
      expect(() => encodeTable(format, pfn)).toThrow(refused);
    }
    expect(() => encodeLeaf(format, 1, 2, read)).toThrow("0x1 is no frame number that fits here");
  });

  it("leads to tables, and tells the kinds of entries apart", () => {
    for (const pfn of [0, 1, last]) {
      const { lo, hi } = encodeTable(format, pfn);
      expect(frameOf(format, lo, hi)).toBe(pfn);
      for (let level = 2; level <= format.paging.levels; level++) {
        expect(kindOf(format, lo, hi, level)).toBe("table");
      }
    }
    expect(kindOf(format, 0, 0, 1)).toBe("absent");
  });

  it("PT-3: is frozen, and of the same shape as the others", () => {
    expect(Object.isFrozen(format)).toBe(true);
    expect(Object.keys(format)).toEqual(Object.keys(FORMATS[0]![1]));
  });

  it("PT-3: so are its constants and the owners of its bits", () => {
    for (const one of [format.paging, ...format.software]) expect(Object.isFrozen(one)).toBe(true);
  });

  it("owns each software bit once", () => {
    const at = format.software.map(({ bit }) => bit);
    expect(new Set(at).size).toBe(at.length);
  });

  it("PT-8: an encoded leaf is what a walk finds", () => {
    for (let level = 1; level <= top; level++) {
      const { walker, map } = machine(format);
      const size = 2 ** (9 * level - 9);
      const pfn = size * 3;
      const prop = pageProperty(
        READ | USER | (format.supports(READ | USER | GLOBAL, 1) ? GLOBAL : 0),
      );
      map(level, encodeLeaf(format, pfn, level, prop));
      const va = BigInt(size) * 4096n + (level > 1 ? 0x1fffn : 0xfffn);
      expect(walker.translate(va)).toBe(true);
      expect([walker.pfn, walker.offset, walker.level]).toEqual([
        pfn + (level > 1 ? 1 : 0),
        0xfff,
        level,
      ]);
      expect(walker.rights & (UR | UW | UX)).toBe(UR);
      map(level, encodeLeaf(format, pfn, level, pageProperty(USER)));
      expect(walker.translate(va)).toBe(false);
    }
  });
});

it("PT-3: a format keeps what it was made of, whatever becomes of the caller's", () => {
  const x86 = x86Format();
  const paging = { ...x86.paging };
  const software = x86.software.map((bit) => ({ ...bit }));
  const spec = {
    ...x86,
    name: "kept",
    paging,
    software,
    cacheBits: [3, 4, 7],
    rights: x86.rights.slice(),
  };
  const format = defineFormat(spec);
  paging.vaBits = 99;
  software[0]!.bit = 63;
  software.pop();
  spec.cacheBits.push(12);
  spec.rights.fill(0);
  for (const name of ["paging", "software", "cacheBits", "rights"] as const) {
    expect(format[name]).toEqual(x86[name]);
  }
});

const CACHE = 12;

/** Tables in frames 0.. of which entry 1 at `level` can be set; everything above is entry 0. */
function machine(format: PteFormat) {
  const levels = format.paging.levels;
  const pages = Array.from({ length: levels }, () => new Uint8Array(4096));
  const set = (pfn: number, index: number, { lo, hi }: { lo: number; hi: number }): void => {
    const dv = new DataView(pages[pfn]!.buffer);
    dv.setInt32(index * 8, lo, true);
    dv.setInt32(index * 8 + 4, hi, true);
  };
  for (let level = levels; level > 1; level--) {
    set(levels - level, 0, encodeTable(format, levels - level + 1));
  }
  const memory = { page: (pfn: number) => pages[pfn] ?? ("absent" as const) };
  return {
    walker: new Walker({ format, memory, root: 0 }),
    map: (level: number, entry: { lo: number; hi: number }) => set(levels - level, 1, entry),
  };
}

describe("what an architecture can express", () => {
  const p = pageProperty;
  it.each([
    ["x86: read-only user", x86Format(), p(READ | USER), true],
    ["x86: write without read", x86Format(), p(WRITE), false],
    ["x86: execute without read", x86Format(), p(EXECUTE), false],
    ["x86: dirty", x86Format(), p(READ | DIRTY), true],
    ["riscv: write without read", riscvFormat(), p(WRITE), false],
    ["riscv: execute only", riscvFormat(), p(EXECUTE | USER), true],
    ["riscv: uncacheable", riscvFormat(), p(READ, "uncacheable"), false],
    ["riscv with Svpbmt: uncacheable", riscvFormat({ svpbmt: true }), p(READ, "uncacheable"), true],
    ["aarch64: execute only, user", aarch64Format(), p(EXECUTE | USER), true],
    ["aarch64: execute only, kernel", aarch64Format(), p(EXECUTE), false],
    ["aarch64: write-protect", aarch64Format(), p(READ, "write-protect"), false],
    ["x86: no access", x86Format(), p(USER), true],
    ["riscv: no access", riscvFormat(), p(0), true],
    ["aarch64: no access", aarch64Format(), p(0), true],
  ])("PT-8: %s", (_, format, prop, can) => {
    expect(format.supports(prop, 1)).toBe(can);
  });

  it("x86: PAT is bit 7 of a page and bit 12 of a huge page", () => {
    const format = x86Format({ pat: LINUX_PAT });
    const prop = p(READ, "write-through");
    expect(cachePolicyOf(prop)).toBe("write-through");
    expect(encodeLeaf(format, 0x200, 1, prop).lo & 0x1098).toBe(0x98);
    expect(encodeLeaf(format, 0x200, 2, prop).lo & 0x1098).toBe(0x1098);
  });

  it("a number that is no policy has no name", () => {
    expect(cachePolicyOf(7 << CACHE)).toBeUndefined();
  });
});
