/**
 * The walk: a virtual address becomes a frame, an offset, and what the tables grant on the way.
 *
 *      va ->  root  ->  table  ->  table  ->  leaf  ->  frame
 *               each entry: present? leaf? well formed? then the next
 *
 * PT-4: a walk reads at most one entry a level and ends; cycles, frames outside of the memory and junk end it with a
 * reason, never with an exception or a loop.
 * PT-5: `rights` are what every entry of the walk grants together, not the leaf's alone.
 *
 * Results are fields, not an object: an emulator asks for one with every load.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import type { PhysicalMemory } from "@memkit/core/physical";
import { checkObject, refuseArgument } from "../argument.js";
import { frameOf, type PteFormat } from "../format/format.js";
import { RESERVED_RIGHTS } from "../format/rights.js";
import { pteIndexOfWords } from "../paging.js";
import { hiOf, loOf, type VirtualAddress } from "../virtual-address.js";
import type { Half } from "./dialect.js";
import { frame, Machine } from "./machine.js";
import {
  ADDRESS_SIZE,
  DISABLED,
  MALFORMED,
  NON_CANONICAL,
  NOT_PRESENT,
  OUTSIDE,
} from "./reason.js";
import type { MmuSettings } from "./settings.js";
import {
  BEGIN_ANEW,
  checkIdle,
  emptyWindow,
  type PageSource,
  READ_WHOLE,
  type Tables,
  tablesOf,
  type Window,
} from "./tables.js";

/** What a software entry (one that the hardware does not look at) means to whoever wrote it. */
export interface SoftwarePte {
  /** In words: `swap`, `PROT_NONE`, `migration`. */
  readonly name: string;
  /** The frame, if the page is in memory after all: translation then goes on to it, with no rights. */
  readonly pfn?: number;
}

/** Reads an entry whose valid bit is 0. Not called for an entry of all zeros. May not use the walker that calls it: `walker-busy`. */
export type SoftwareHook = (lo: number, hi: number, level: number) => SoftwarePte | undefined;

/** One entry of a walk. */
export interface Step {
  readonly level: number;
  /** The frame of the table it is in. */
  readonly table: Pfn;
  /** 0..511 */
  readonly index: number;
  readonly lo: number;
  readonly hi: number;
}

/** What a walker is made from. */
export interface WalkerInit {
  readonly format: PteFormat;
  /** Where the tables are. Those that agents change in frames: `mmuOf` of `/mmu`. */
  readonly memory: PhysicalMemory | PageSource | Tables;
  /** Frame of the root: CR3, satp.PPN or TTBR0 in pages. */
  readonly root: number;
  /** AArch64: TTBR1's. Without it the upper half is not translated. */
  readonly rootHigh?: number;
  readonly settings?: MmuSettings;
  /** For translation and listings; an access faults as the hardware does, whatever it says. */
  readonly software?: SoftwareHook;
}

/**
 * Translates addresses as the hardware does.
 *
 * @example
 * ```ts
 * import { PhysicalMemory } from "@memkit/core";
 * import { riscvFormat } from "@memkit/page-table/format";
 * import { rightsText, Walker } from "@memkit/page-table/walk";
 *
 * const buffer = new ArrayBuffer(4 * 4096);
 * new BigUint64Array(buffer)[2] = 0xcfn; // a leaf of 1 GiB: valid, read, write, execute, accessed, dirty; frame 0
 * const walker = new Walker({
 *   format: riscvFormat({ sv: 39 }),
 *   memory: new PhysicalMemory({ buffer }),
 *   root: 0,
 * });
 * walker.translate(0x8000_3123); // => true
 * [walker.pfn, walker.offset, walker.level]; // => [3, 0x123, 3]
 * rightsText(walker.rights); // => "SRWX U---"
 * walker.translate(0x4000_0000); // => false
 * ```
 */
export class Walker extends Machine implements Window {
  readonly tables: Tables;
  readonly hook: SoftwareHook | undefined;

  /** After a translation: the frame, of 4 KiB also inside a huge page. After `page-missing` and `outside`: that frame. */
  pfn: Pfn;
  /** The address within the frame, 0..4095. */
  offset: number;
  /** The level of the leaf, or where the walk ended. */
  level: number;
  /** What the tables grant (PT-5). */
  rights: number;
  /** The entry at `level`. */
  lo: number;
  hi: number;
  /** Of the entries above: the lower words xor-ed with the format's `tableValue` and and-ed, the upper ones or-ed. */
  upperAnd: number;
  upperOr: number;
  /** Where the entry is: the table's frame, and 0..511. */
  table: Pfn;
  index: number;
  /** 0, or why there is no translation. */
  reason: number;
  /** What the entry means, if the hook says so. */
  software: SoftwarePte | undefined;

  /** @internal */
  words: Int32Array;
  /** @internal */
  first: number;
  /** @internal */
  frames: number;
  private readonly once: boolean;

  /** @throws {@link PageTableError} `invalid-setting`, `invalid-pfn`, `invalid-argument` */
  constructor(init: WalkerInit) {
    checkObject("walker", init, "{ format, memory, root }");
    const { format, memory, root, rootHigh, settings = {}, software } = init;
    if (software !== undefined && typeof software !== "function") {
      refuseArgument("hook", software, "(lo, hi, level) => { name }");
    }
    const tables = tablesOf(memory);
    super(format, settings, [root, rootHigh], tables.once);
    this.tables = tables;
    this.hook = software;
    ({ words: this.words, first: this.first, frames: this.frames } = emptyWindow());
    this.once = tables.once;
    const none = 0 as Pfn;
    this.pfn = this.offset = this.level = this.rights = this.lo = this.hi = none;
    this.upperAnd = this.upperOr = this.table = this.index = this.reason = none;
    this.software = undefined;
  }

  /**
   * Finds the frame of `va`.
   *
   * @returns whether there is one; the result, or the reason why not, is in the fields
   * @throws {@link PageTableError} `invalid-vaddr`; `page-source-threw`, `invalid-page` for a page source that fails; `walker-busy` in a page
   * source or a hook that this walker is asking. What the hook throws.
   */
  translate(va: VirtualAddress): boolean {
    return this.walk(hiOf(va), loOf(va)) > 0;
  }

  /**
   * {@link Walker.translate} on the two halves of an address: for hot loops.
   *
   * Caller must give words of 32 bits, signed or unsigned.
   *
   * @returns the leaf's level, 1..5, or a reason, below 0
   * @throws as {@link Walker.translate}
   */
  walk(hi: number, lo: number): number {
    const plan = (hi & 0x80_0000) !== 0 ? this.planHigh : this.planLow;
    const { words, first } = this;
    const { tableBits, tableValue, tableStop, pfnShift, levels } = plan;
    let page = plan.near - first;
    if ((((hi >> plan.free) + 1) & ~1) !== 0 || page >>> 0 >= this.frames >>> 0) {
      return this.detour(plan.half, hi, lo);
    }
    // Integers, unrolled, and nothing is called, so that it stays in registers. What needs more goes the long way.
    let and = -1;
    let or = 0;
    let at = page << 10;
    if (levels > 3) {
      if (levels > 4) {
        at |= (hi >>> 15) & 1022;
        const entryLo = words[at]! ^ tableValue;
        const entryHi = words[at | 1]!;
        if (((entryLo & tableBits) | (entryHi & tableStop)) !== 0) {
          return this.leave(plan.half, hi, lo, 5, at, and, or);
        }
        and = entryLo;
        or = entryHi;
        page = (entryLo >>> pfnShift) - first;
        at = page << 10;
      }
      at |= (hi >>> 6) & 1022;
      const entryLo = words[at]! ^ tableValue;
      const entryHi = words[at | 1]!;
      if (((entryLo & tableBits) | (entryHi & tableStop)) !== 0) {
        return this.leave(plan.half, hi, lo, 4, at, and, or);
      }
      and &= entryLo;
      or |= entryHi;
      page = (entryLo >>> pfnShift) - first;
      at = page << 10;
    }
    at |= ((hi << 3) | (lo >>> 29)) & 1022;
    let entryLo = words[at]! ^ tableValue;
    let entryHi = words[at | 1]!;
    if (((entryLo & tableBits) | (entryHi & tableStop)) !== 0) {
      return this.leave(plan.half, hi, lo, 3, at, and, or);
    }
    and &= entryLo;
    or |= entryHi;
    page = (entryLo >>> pfnShift) - first;
    at = (page << 10) | ((lo >>> 20) & 1022);
    entryLo = words[at]! ^ tableValue;
    entryHi = words[at | 1]!;
    if (((entryLo & tableBits) | (entryHi & tableStop)) !== 0) {
      return this.leave(plan.half, hi, lo, 2, at, and, or);
    }
    and &= entryLo;
    or |= entryHi;
    page = (entryLo >>> pfnShift) - first;
    at = (page << 10) | ((lo >>> 11) & 1022);
    entryLo = words[at]!;
    entryHi = words[at | 1]!;
    const rights =
      plan.rights[
        (entryLo & (and | plan.keepLo) & plan.loMask) |
          ((entryHi >>> plan.hiShift) & plan.hiMask) |
          ((or >>> plan.tableShift) & plan.tableMask)
      ]!;
    if (
      (((entryLo ^ plan.leafValue) & plan.leafBits) | (entryHi & plan.leafStop)) !== 0 ||
      rights < 0
    ) {
      return this.leave(plan.half, hi, lo, 1, at, and, or);
    }
    this.pfn = ((entryLo >>> pfnShift) | (entryHi << plan.pfnUp)) as Pfn;
    this.offset = lo & 4095;
    this.level = 1;
    this.rights = rights;
    this.lo = entryLo;
    this.hi = entryHi;
    this.upperAnd = and;
    this.upperOr = or;
    this.table = ((page + first) | 0) as Pfn;
    this.index = (at >>> 1) & 511;
    this.reason = 0;
    this.software = undefined;
    return 1;
  }

  /** From the short way to the long: for addresses that are not plain, and whatever is wrong with them. */
  private detour(half: Half, hi: number, lo: number): number {
    if (!this.canonical(half, hi, lo)) {
      return this.stop(half.root < 0 ? DISABLED : NON_CANONICAL, this.format.paging.levels);
    }
    const plain = (hi << half.tag) >> half.tag;
    return plain === (hi | 0) ? this.crawl(half, hi, lo) : this.walk(plain, lo);
  }

  /** The short way has met an entry that does not lead to the next table. */
  private leave(
    half: Half,
    hi: number,
    lo: number,
    level: number,
    at: number,
    and: number,
    or: number,
  ): number {
    const { words, first } = this;
    const entryLo = words[at];
    const entryHi = words[at | 1];
    if (
      entryLo === undefined ||
      entryHi === undefined ||
      (level > 1 && this.leadsOn(entryLo, entryHi))
    ) {
      return this.crawl(half, hi, lo);
    }
    this.lo = entryLo;
    this.hi = entryHi;
    this.upperAnd = and;
    this.upperOr = or;
    this.level = level;
    this.table = ((at >>> 10) + first) as Pfn;
    this.index = (at >>> 1) & 511;
    return this.arrive(half, hi, lo);
  }

  /** Whether an entry above level 1 leads to a table: present, no leaf, well formed. */
  private leadsOn(lo: number, hi: number): boolean {
    const { tableValue, tableBits } = this.format;
    return ((lo ^ tableValue) & tableBits) === 0 && (hi & this.tableHi) === 0;
  }

  /**
   * The long way of {@link Walker.walk}: looks for each table. For tables in several places, for pages that are fetched, and
   * for memories that other agents write to.
   *
   * @param steps - Where to put the entries, if they are wanted
   */
  private crawl(half: Half, hi: number, lo: number, steps?: Step[]): number {
    const { format, tables } = this;
    let level = 0;
    let table = 0;
    let own = 0;
    for (;;) {
      if (level === 0) {
        level = half.levels;
        table = half.root;
        // As an entry's address, and at no level of theirs.
        if (((table / 2 ** 20) & this.sizeHi) !== 0) {
          return this.stop(ADDRESS_SIZE, format.paging.levels);
        }
        own = half.mask >>> 23;
        this.upperAnd = -1;
        this.upperOr = 0;
        steps?.splice(0);
      }
      const inside = table >= this.first && table - this.first < this.frames;
      const failed = inside ? 0 : tables.locate(table, this);
      const index = pteIndexOfWords(hi, lo, level) & own;
      const at = ((table - this.first) << 10) | (index << 1);
      const read = failed === 0 ? tables.read(this, at, table) : failed;
      if (failed === 0 && read === BEGIN_ANEW) {
        level = 0;
        continue;
      }
      if (read !== READ_WHOLE) {
        // The memory has shrunk under the window: ask once more.
        if (inside) {
          this.frames = 0;
          continue;
        }
        this.pfn = table as Pfn;
        return this.stop(failed === 0 ? OUTSIDE : failed, level);
      }
      this.table = table as Pfn;
      this.index = index;
      this.level = level;
      const { lo: entryLo, hi: entryHi } = this;
      steps?.push({ level, table: this.table, index, lo: entryLo, hi: entryHi });
      if (level === 1 || !this.leadsOn(entryLo, entryHi)) break;
      this.upperAnd &= entryLo ^ format.tableValue;
      this.upperOr |= entryHi;
      table = frameOf(format, entryLo, entryHi);
      own = 511;
      level--;
    }
    if (this.once) this.frames = 0;
    return this.arrive(half, hi, lo);
  }

  /**
   * Whether the translation is the same in every address space: the leaf says so or, on RISC-V, a table above it. For the
   * last translation; x86-64 with CR4.PGE.
   */
  get global(): boolean {
    return isGlobal(this.format, this.lo, this.upperAnd);
  }

  /** The walk is at an entry that leads no further: what is it? */
  private arrive(half: Half, vaHi: number, vaLo: number): number {
    const { format, lo, hi, level, upperAnd, upperOr } = this;
    this.offset = vaLo & 4095;
    if ((lo & format.valid) === 0) return this.absent();
    if (
      (level !== 1 &&
        (level > format.paging.highestTranslationLevel ||
          ((lo ^ format.leafXor) & format.leafMask) === 0)) ||
      ((lo ^ format.pageXor) & format.leafReservedLo[level]!) !== 0 ||
      (hi & this.reservedHi[level]!) !== 0
    ) {
      return this.malformed();
    }
    const rights =
      format.rights[
        (((lo & (upperAnd | ~format.inheritLo)) >>> format.loShift) & format.loMask) |
          ((hi >>> format.hiShift) & this.hiMask) |
          ((upperOr >>> format.tableShift) & half.tableMask)
      ]!;
    if (rights === RESERVED_RIGHTS) return this.malformed();
    this.rights = rights;
    this.reason = 0;
    this.software = undefined;
    const high = (hi & format.pfnHiMask) * format.pfnHiScale;
    if (level <= 3) {
      const inside = (1 << (9 * level - 9)) - 1;
      this.pfn = (high + (((lo >>> format.pfnShift) & ~inside) | ((vaLo >>> 12) & inside))) as Pfn;
    } else {
      const size = 2 ** (9 * level - 9);
      const aligned = high + (lo >>> format.pfnShift);
      const within = ((vaHi >>> 0) * 2 ** 20 + (vaLo >>> 12)) % size;
      this.pfn = (aligned - (aligned % size) + within) as Pfn;
    }
    return level;
  }

  /**
   * The entries of the walk of an address, the root's first. Walks anew, and allocates: for what is rare.
   *
   * @returns none where the walk ends before the first entry
   * @throws as {@link Walker.translate}
   */
  steps(hi: number, lo: number): Step[] {
    const steps: Step[] = [];
    const half = this.halfOf(hi);
    if (this.canonical(half, hi, lo)) this.crawl(half, hi, lo, steps);
    return steps;
  }

  /**
   * Whether the half has tables, and the address its upper bits right.
   *
   * @throws {@link PageTableError} `walker-busy`: a walk is under way, whose fields this one would overwrite. It has no window then, so the
   * short way comes here, too.
   */
  private canonical({ root, tag, free, loMask }: Half, hi: number, lo: number): boolean {
    checkIdle(this.tables);
    const signed = (hi << tag) >> tag;
    const upper = signed >> free;
    return (upper === 0 || upper === -1) && ((lo ^ signed) & loMask) === 0 && root >= 0;
  }

  private halfOf(hi: number): Half {
    return (hi & 0x80_0000) !== 0 ? this.high : this.low;
  }

  /** The walk ends at the entry it is at. */
  private fail(reason: number): number {
    this.reason = reason;
    this.rights = 0;
    this.software = undefined;
    return reason;
  }

  private absent(): number {
    const reason = this.fail(NOT_PRESENT);
    if (this.hook === undefined || (this.lo | this.hi) === 0) return reason;
    const { tables, frames } = this;
    tables.busy = true;
    this.frames = 0;
    try {
      // A hook that is not of TypeScript may say null.
      this.software = this.hook(this.lo, this.hi, this.level) ?? undefined;
    } finally {
      tables.busy = false;
      this.frames = frames;
    }
    const pfn = this.software?.pfn;
    if (pfn === undefined) return reason;
    this.pfn = frame(pfn);
    this.reason = 0;
    return this.level;
  }

  private malformed(): number {
    return this.fail((this.hi & this.sizeHi) !== 0 ? ADDRESS_SIZE : MALFORMED);
  }

  /** The walk ends before it has an entry. */
  private stop(reason: number, level: number): number {
    this.level = level;
    this.lo = this.hi = this.table = this.index = 0 as Pfn;
    this.upperAnd = -1;
    return this.fail(reason);
  }
}

/** Whether a leaf's lower word, or what is above it, says that the translation is the same in every address space. */
export function isGlobal(
  { global, globalXor, globalInherited }: PteFormat,
  lo: number,
  upperAnd: number,
): boolean {
  return ((lo ^ globalXor) & global) !== 0 || (globalInherited && (upperAnd & global) === 0);
}
