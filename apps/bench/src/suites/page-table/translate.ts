/**
 * Translation through four levels, 65,536 pages of x86-64, in order and shuffled.
 *
 * The floor is what one writes by hand for one format: the same outputs in fields (frame, offset, level, rights, the entry and its
 * place, what the upper levels have in common) and the same checks (canonical address, present, reserved bits, table
 * inside the memory, the root's too), with every mask a constant.
 *
 * @module
 */

import { PhysicalMemory } from "@memkit/core";
import { kernelMemory } from "@memkit/frame-meta/kernel";
import {
  encodeLeaf,
  encodeTable,
  pageProperty,
  READ,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { KernelWalker } from "@memkit/page-table/kernel";
import { Walker } from "@memkit/page-table/walk";
import { shuffledPositions } from "../../positions.js";
import { type Block, ratio, type Suite } from "../../suite.js";

const PAGES = 65_536;
const LEAF_TABLES = PAGES / 512;
/** The root, one table of level 3, one of level 2. */
const UPPER = 3;
const FRAMES = 256;

const format = x86Format();

function tables<B extends ArrayBuffer | SharedArrayBuffer>(buffer: B): B {
  const words = new Int32Array(buffer);
  const put = (table: number, index: number, { lo, hi }: { lo: number; hi: number }): void => {
    words.set([lo, hi], table * 1024 + index * 2);
  };
  put(0, 0, encodeTable(format, 1));
  put(1, 0, encodeTable(format, 2));
  for (let i = 0; i < LEAF_TABLES; i++) {
    put(2, i, encodeTable(format, UPPER + i));
    for (let j = 0; j < 512; j++) {
      const prop = pageProperty(i % 2 === 0 ? READ : READ | WRITE);
      put(UPPER + i, j, encodeLeaf(format, i * 512 + j, 1, prop));
    }
  }
  return buffer;
}

/** Bits 51..40 of an entry: reserved with 40 bits of physical address. */
const RESERVED_HI = 0xf_ff00;

/** The walk by hand. */
class ByHand {
  pfn = 0;
  offset = 0;
  level = 0;
  rights = 0;
  lo = 0;
  hi = 0;
  table = 0;
  index = 0;
  upperAnd = 0;
  upperOr = 0;
  reason = 0;
  readonly words: Int32Array;
  /** CR3: every address space has another. */
  root: number;

  constructor(words: Int32Array, root: number) {
    this.words = words;
    this.root = root;
  }

  walk(hi: number, lo: number): number {
    const upper = hi >> 15;
    if (upper !== 0 && upper !== -1) return this.fail(-3, 4);
    const { words } = this;
    const frames = words.length >>> 10;
    const { root } = this;
    if (root >= frames) return this.fail(-7, 4);
    let at = root * 1024 + ((hi >>> 7) & 511) * 2;
    let l = words[at]!;
    let h = words[at + 1]!;
    if ((l & 1) === 0) return this.fail(-1, 4);
    if ((l & 0x80) !== 0 || (h & RESERVED_HI) !== 0) return this.fail(-2, 4);
    let and = l;
    let or = h;
    let table = (h & 0xff) * 0x10_0000 + (l >>> 12);
    if (table >= frames) return this.fail(-7, 3);
    at = table * 1024 + (((hi << 2) | (lo >>> 30)) & 511) * 2;
    l = words[at]!;
    h = words[at + 1]!;
    if ((l & 1) === 0) return this.fail(-1, 3);
    if ((h & RESERVED_HI) !== 0) return this.fail(-2, 3);
    if ((l & 0x80) !== 0) return this.leaf(l, h, table, at, and, or, 3, lo);
    and &= l;
    or |= h;
    table = (h & 0xff) * 0x10_0000 + (l >>> 12);
    if (table >= frames) return this.fail(-7, 2);
    at = table * 1024 + ((lo >>> 21) & 511) * 2;
    l = words[at]!;
    h = words[at + 1]!;
    if ((l & 1) === 0) return this.fail(-1, 2);
    if ((h & RESERVED_HI) !== 0) return this.fail(-2, 2);
    if ((l & 0x80) !== 0) return this.leaf(l, h, table, at, and, or, 2, lo);
    and &= l;
    or |= h;
    table = (h & 0xff) * 0x10_0000 + (l >>> 12);
    if (table >= frames) return this.fail(-7, 1);
    at = table * 1024 + ((lo >>> 12) & 511) * 2;
    l = words[at]!;
    h = words[at + 1]!;
    if ((l & 1) === 0) return this.fail(-1, 1);
    if ((h & RESERVED_HI) !== 0) return this.fail(-2, 1);
    return this.leaf(l, h, table, at, and, or, 1, lo);
  }

  private leaf(
    l: number,
    h: number,
    table: number,
    at: number,
    and: number,
    or: number,
    level: number,
    lo: number,
  ): number {
    const inside = (1 << (9 * level - 9)) - 1;
    if ((l & (inside << 12) & ~0x1000) !== 0 && level > 1) return this.fail(-2, level);
    const granted = l & and;
    let rights = 1 | (granted & 2) | ((h | or) < 0 ? 0 : 4);
    if ((granted & 4) !== 0) rights |= rights << 3;
    this.rights = rights;
    this.pfn = (h & 0xff) * 0x10_0000 + (((l >>> 12) & ~inside) | ((lo >>> 12) & inside));
    this.offset = lo & 4095;
    this.level = level;
    this.lo = l;
    this.hi = h;
    this.table = table;
    this.index = (at >>> 1) & 511;
    this.upperAnd = and;
    this.upperOr = or;
    this.reason = 0;
    return level;
  }

  private fail(reason: number, level: number): number {
    this.level = level;
    this.reason = reason;
    return reason;
  }
}

const ours = (): Walker =>
  new Walker({
    format,
    memory: new PhysicalMemory({ buffer: tables(new ArrayBuffer(FRAMES * 4096)) }),
    root: 0,
    settings: { maxPhysAddr: 40 },
  });

/** The same tables in a shared memory, and the walker's block behind them. */
const inWasm = (): KernelWalker => {
  const kernel = kernelMemory((FRAMES + 1) * 4096);
  tables(kernel.buffer);
  return new KernelWalker({
    format,
    memory: new PhysicalMemory([{ firstPfn: 0, frames: FRAMES, source: kernel, byteOffset: 0 }]),
    kernel,
    block: FRAMES * 4096,
    root: 0,
    settings: { maxPhysAddr: 40 },
  });
};

const byHand = (): ByHand => new ByHand(new Int32Array(tables(new ArrayBuffer(FRAMES * 4096))), 0);

/** Pages in order, or not. */
const order = (shuffled: boolean): Int32Array =>
  shuffled
    ? Int32Array.from(shuffledPositions(PAGES, 1))
    : Int32Array.from({ length: PAGES }, (_, i) => i);

/** A block for each loop. */
const run =
  <W>(make: () => W, loop: (walker: W, pages: Int32Array) => number, shuffled: boolean) =>
  (): Block => {
    const walker = make();
    const pages = order(shuffled);
    return () => loop(walker, pages);
  };

// A loop for each class: one that has met two asks at every turn which it has.
const loopByHand = (walker: ByHand, pages: Int32Array): number => {
  let sum = 0;
  for (let i = 0; i < PAGES; i++) {
    if (walker.walk(0, pages[i]! << 12) > 0) sum = (sum + walker.pfn + walker.rights) | 0;
  }
  return sum;
};

const loop = (walker: Walker, pages: Int32Array): number => {
  let sum = 0;
  for (let i = 0; i < PAGES; i++) {
    if (walker.walk(0, pages[i]! << 12) > 0) sum = (sum + walker.pfn + walker.rights) | 0;
  }
  return sum;
};

const loopInWasm = (walker: KernelWalker, pages: Int32Array): number => {
  let sum = 0;
  for (let i = 0; i < PAGES; i++) {
    if (walker.walk(0, pages[i]! << 12) > 0) sum = (sum + walker.pfn + walker.rights) | 0;
  }
  return sum;
};

const suite: Suite = {
  title: "translate: four levels of x86-64, 65,536 pages",
  inTurns: true,
  rows: [
    {
      name: "hand",
      role: "floor",
      what: "by hand, in order",
      ops: PAGES,
      make: run(byHand, loopByHand, false),
    },
    {
      name: "walk",
      role: "ours",
      what: "Walker.walk, in order",
      ops: PAGES,
      make: run(ours, loop, false),
    },
    {
      name: "kernel",
      role: "ours",
      what: "KernelWalker.walk, in order",
      ops: PAGES,
      make: run(inWasm, loopInWasm, false),
    },
    {
      name: "hand-random",
      role: "floor",
      what: "by hand, shuffled",
      ops: PAGES,
      make: run(byHand, loopByHand, true),
    },
    {
      name: "walk-random",
      role: "ours",
      what: "Walker.walk, shuffled",
      ops: PAGES,
      make: run(ours, loop, true),
    },
    {
      name: "kernel-random",
      role: "ours",
      what: "KernelWalker.walk, shuffled",
      ops: PAGES,
      make: run(inWasm, loopInWasm, true),
    },
  ],
  checks: [
    {
      id: "page-table.translate.sequential",
      ...ratio("walk", "hand"),
      atMost: 1.4,
      unit: "x by hand",
    },
    {
      id: "page-table.translate.random",
      ...ratio("walk-random", "hand-random"),
      atMost: 1.4,
      unit: "x by hand",
    },
    {
      id: "page-table.translate.kernel",
      ...ratio("kernel", "hand"),
      atMost: 1.2,
      unit: "x by hand",
    },
    {
      id: "page-table.translate.kernel-random",
      ...ratio("kernel-random", "hand-random"),
      atMost: 1.2,
      unit: "x by hand",
    },
  ],
};

export default suite;
