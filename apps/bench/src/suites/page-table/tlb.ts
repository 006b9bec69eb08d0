/**
 * Hits of the translation cache: ASID, global and permission tested, over 256 pages that all fit.
 *
 * The floor is what cannot be beaten: an array of frames indexed by page number, which knows no spaces, rights or misses.
 *
 * @module
 */

import { PhysicalMemory } from "@memkit/core";
import {
  aarch64Format,
  encodeLeaf,
  type PteFormat,
  pageProperty,
  READ,
  riscvFormat,
  x86Format,
} from "@memkit/page-table/format";
import { SetAssociativeTlb, Tlb, type TranslationCache } from "@memkit/page-table/tlb";
import { SR, Walker } from "@memkit/page-table/walk";
import { type Block, ratio, type Suite } from "../../suite.js";

const PAGES = 256;
const ROUNDS = 64;
const OPS = PAGES * ROUNDS;
/** A constant of this module: an import is a cell, which compiled code reads anew each time. */
const NEED: number = SR;

function filled<T extends TranslationCache>(tlb: T): T {
  tlb.asid = 5;
  for (let page = 0; page < PAGES; page++) {
    tlb.insert(0, page << 12, page * 3, SR, 1, page % 4 === 0);
  }
  return tlb;
}

/** One cache, known to the compiler as the flat array is. */
const hit = (): Block => {
  const tlb = filled(new Tlb({ entries: PAGES }));
  return () => {
    let sum = 0;
    for (let i = 0; i < OPS; i++) {
      const frame = tlb.lookup(0, (i & (PAGES - 1)) << 12, NEED);
      if (frame >= 0) sum = (sum + frame) | 0;
    }
    return sum;
  };
};

const hit4 = (): Block => {
  const tlb = filled(new SetAssociativeTlb({ entries: PAGES, ways: 4 }));
  return () => {
    let sum = 0;
    for (let i = 0; i < OPS; i++) {
      const frame = tlb.lookup(0, (i & (PAGES - 1)) << 12, NEED);
      if (frame >= 0) sum = (sum + frame) | 0;
    }
    return sum;
  };
};

/** The same loop, over an array. */
const flat = (): Block => {
  const frames = Int32Array.from({ length: PAGES }, (_, page) => page * 3);
  return () => {
    let sum = 0;
    for (let i = 0; i < OPS; i++) {
      const frame = frames[i & (PAGES - 1)]!;
      if (frame >= 0) sum = (sum + frame) | 0;
    }
    return sum;
  };
};

/** One page of 1 GiB, read through a cache. */
function machine(format: PteFormat): { tlb: Tlb; walker: Walker } {
  const buffer = new ArrayBuffer(8 * 4096);
  const words = new Int32Array(buffer);
  const { levels } = format.paging;
  for (let level = levels; level > 3; level--) {
    const next = levels - level + 1;
    words.set([(next << format.pfnShift) | format.fixedTable, 0], (next - 1) * 1024);
  }
  const { lo, hi } = encodeLeaf(format, 0, 3, pageProperty(READ));
  words.set([lo, hi], (levels - 3) * 1024);
  const walker = new Walker({ format, memory: new PhysicalMemory({ buffer }), root: 0 });
  return { tlb: new Tlb({ entries: PAGES }), walker };
}

const formats = (made: readonly PteFormat[]) => (): Block => {
  const machines = Array.from({ length: 3 }, (_, i) => machine(made[i % made.length]!));
  const [a, b, c] = machines as [(typeof machines)[0], (typeof machines)[0], (typeof machines)[0]];
  return () => {
    let sum = 0;
    for (let i = 0; i < OPS; i++) {
      const lo = (i & (PAGES - 1)) << 12;
      sum = (sum + a.tlb.translate(a.walker, 0, lo, SR)) | 0;
      sum = (sum + b.tlb.translate(b.walker, 0, lo, SR)) | 0;
      sum = (sum + c.tlb.translate(c.walker, 0, lo, SR)) | 0;
      // Now and then a walk, as misses make them.
      if ((i & 31) === 0) {
        sum = (sum + a.walker.walk(0, lo) + b.walker.walk(0, lo) + c.walker.walk(0, lo)) | 0;
      }
    }
    return sum;
  };
};

const suite: Suite = {
  title: "translation cache: hits over 256 pages",
  inTurns: true,
  rows: [
    { name: "flat", role: "floor", what: "an Int32Array of frames", ops: OPS, make: flat },
    { name: "hit", role: "ours", what: "Tlb.lookup, direct-mapped", ops: OPS, make: hit },
    { name: "hit-4", role: "ours", what: "SetAssociativeTlb.lookup, 4 ways", ops: OPS, make: hit4 },
    {
      name: "one",
      role: "floor",
      what: "three caches, one format",
      ops: OPS * 3,
      make: formats([x86Format()]),
    },
    {
      name: "three",
      role: "ours",
      what: "three caches, three formats",
      ops: OPS * 3,
      make: formats([x86Format(), riscvFormat({ sv: 48 }), aarch64Format()]),
    },
  ],
  checks: [
    { id: "page-table.tlb.hit", ...ratio("hit", "flat"), atMost: 4, unit: "x an array" },
    { id: "page-table.tlb.formats", ...ratio("three", "one"), atMost: 1.8, unit: "x one format" },
  ],
};

export default suite;
