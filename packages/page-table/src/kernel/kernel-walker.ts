/**
 * `KernelWalker`: walks in WebAssembly.
 *
 * For tables in a shared `WebAssembly.Memory`, and for no others: WebAssembly sees one memory, and these are the memories that agents
 * share. There the plain walker takes its long way, since it reads an entry as two words that may be of two entries; here an entry is
 * one atomic load (PT-62: it was so at one moment).
 *
 * PT-63: a kernel walker answers as a plain one does over the same words: what is not plain the plain one is asked, which it has.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import type { Bank, PhysicalMemory } from "@memkit/core/physical";
import type { KernelMemory } from "@memkit/frame-meta/kernel";
import { checkObject } from "../argument.js";
import { TableError } from "../table/table-error.js";
import { hiOf, loOf, type VirtualAddress } from "../virtual-address.js";
import type { Plan } from "../walk/plan.js";
import type { MmuSettings } from "../walk/settings.js";
import { isGlobal, type SoftwarePte, Walker, type WalkerInit } from "../walk/walker.js";
import {
  BLOCK_BYTES,
  ENTRY_AT,
  ENTRY_HI,
  ENTRY_LO,
  OFFSET,
  PFN,
  type Reach,
  RIGHTS,
  TABLE,
  UPPER_AND,
  UPPER_OR,
  UPPER_PLAN,
  writePlan,
  writeRights,
} from "./block.js";
import { type KernelWalk, kernelWalk } from "./walk-kernel.js";

/** What a kernel walker is made from. */
export interface KernelWalkerInit extends Omit<WalkerInit, "memory"> {
  /** Of its banks the first that lies in `kernel` is walked by the kernel. */
  readonly memory: PhysicalMemory;
  /** A shared `WebAssembly.Memory`. */
  readonly kernel: KernelMemory;
  /** Where 4096 bytes of it are that are the walker's own: a multiple of 4096, in no bank. */
  readonly block: number;
}

/** A walker that shows what it goes by. */
class PlainWalker extends Walker {
  get plans(): readonly [Plan, Plan] {
    return [this.planLow, this.planHigh];
  }
}

const refuse = (what: string): Error => new TableError({ code: "unsupported-memory", what });

/** The frames that the kernel reaches. @throws {@link PageTableError} `unsupported-memory`, `invalid-argument` */
function reachOf({ memory, kernel, block }: KernelWalkerInit): Reach {
  checkObject("memory of a kernel's walker", memory, "a PhysicalMemory", "bankIndexOf");
  checkObject("kernel's memory", kernel, "a shared WebAssembly.Memory");
  const here = memory.banks.filter(({ views }) => {
    views.refresh();
    return views.liveU8.buffer === kernel.buffer;
  });
  const bank = here[0];
  if (bank === undefined) throw refuse("no bank of the memory lies in the kernel's");
  const end = Number.isInteger(block) ? block + BLOCK_BYTES : Number.NaN;
  const whole = end >= BLOCK_BYTES && end % BLOCK_BYTES === 0;
  const overlaps = ({ byteOffset, frames }: Bank): boolean =>
    block < byteOffset + frames * BLOCK_BYTES && byteOffset < end;
  if (!(whole && end <= kernel.buffer.byteLength) || here.some(overlaps)) {
    throw refuse(
      "the walker's block is not 4096 bytes, aligned, of the kernel's memory outside of its banks",
    );
  }
  const { byteOffset, firstPfn: first, frames } = bank;
  // The kernel's frame numbers are int32.
  return { byteOffset, first: first | 0, frames: first + frames > 2 ** 31 ? 0 : frames };
}

/**
 * Translates addresses as {@link Walker} does, with the same results in its fields.
 *
 * @example
 * ```ts
 * import { PhysicalMemory } from "@memkit/core";
 * import { kernelMemory } from "@memkit/frame-meta/kernel";
 * import { encodeLeaf, encodeTable, pageProperty, READ, WRITE, x86Format } from "@memkit/page-table/format";
 * import { KernelWalker } from "@memkit/page-table/kernel";
 * import { rightsText } from "@memkit/page-table/walk";
 *
 * const kernel = kernelMemory(9 * 4096); // 8 frames, and the walker's block behind them
 * const memory = new PhysicalMemory([{ firstPfn: 0, frames: 8, source: kernel, byteOffset: 0 }]);
 * const format = x86Format();
 * const words = new Int32Array(kernel.buffer);
 * const put = (table: number, { lo, hi }: { lo: number; hi: number }) => words.set([lo, hi], table * 1024);
 * for (const table of [0, 1, 2]) put(table, encodeTable(format, table + 1));
 * put(3, encodeLeaf(format, 7, 1, pageProperty(READ | WRITE)));
 *
 * const walker = new KernelWalker({ format, memory, kernel, block: 8 * 4096, root: 0 });
 * walker.translate(0x123); // => true
 * [walker.pfn, walker.offset, walker.level]; // => [7, 0x123, 1]
 * rightsText(walker.rights); // => "SRW- U---"
 * walker.translate(0x1000); // => false
 * ```
 */
export class KernelWalker {
  /** Answers what the kernel does not. */
  private readonly plain: PlainWalker;
  private readonly run: KernelWalk;
  private readonly words: Int32Array;
  private readonly reach: Reach;
  private readonly low: number;
  private readonly high: number;
  /** The block's first word. */
  private readonly at: number;
  /** Whether the last answer is the kernel's. */
  private quick = false;

  /** @throws {@link PageTableError} `invalid-setting`, `invalid-pfn`, `unsupported-memory`, `invalid-argument` */
  constructor(init: KernelWalkerInit) {
    this.plain = new PlainWalker(init);
    const { kernel, block } = init;
    this.reach = reachOf(init);
    this.run = kernelWalk(kernel);
    this.words = new Int32Array(kernel.buffer);
    this.low = block;
    this.high = block + UPPER_PLAN;
    this.at = block / 4;
    writeRights(this.words, block, init.format);
    this.plan();
  }

  private plan(): void {
    const { words, reach } = this;
    const { plans, format } = this.plain;
    writePlan(words, this.low, format, plans[0], reach);
    writePlan(words, this.high, format, plans[1], reach);
  }

  /** As `Walker.configure`. @throws {@link PageTableError} `invalid-setting`; nothing has changed then */
  configure(settings: MmuSettings): void {
    this.plain.configure(settings);
    this.plan();
  }

  /** As `Walker.setRoot`. @throws {@link PageTableError} `invalid-pfn`; nothing has changed then */
  setRoot(root: number, rootHigh?: number): void {
    this.plain.setRoot(root, rootHigh);
    this.plan();
  }

  /**
   * Finds the frame of `va`.
   *
   * @returns whether there is one; the result, or the reason why not, is in the fields
   * @throws {@link PageTableError} `invalid-vaddr`
   */
  translate(va: VirtualAddress): boolean {
    return this.walk(hiOf(va), loOf(va)) > 0;
  }

  /** As `Walker.walk`. */
  walk(hi: number, lo: number): number {
    this.quick = this.run(hi, lo, (hi & 0x80_0000) === 0 ? this.low : this.high) !== 0;
    if (this.quick) return 1;
    const level = this.plain.walk(hi, lo);
    this.quick = false; // a hook may have walked, too
    return level;
  }

  /** After a translation: the frame, of 4 KiB also inside a huge page. After `outside`: that frame. */
  get pfn(): Pfn {
    return this.quick ? (this.words[this.at + PFN] as Pfn) : this.plain.pfn;
  }

  /** The address within the frame, 0..4095. */
  get offset(): number {
    return this.quick ? this.words[this.at + OFFSET]! : this.plain.offset;
  }

  /** The level of the leaf, or where the walk ended. */
  get level(): number {
    return this.quick ? 1 : this.plain.level;
  }

  /** What the tables grant. */
  get rights(): number {
    return this.quick ? this.words[this.at + RIGHTS]! : this.plain.rights;
  }

  /** The entry at `level`. */
  get lo(): number {
    return this.quick ? this.words[this.at + ENTRY_LO]! : this.plain.lo;
  }

  /** Its upper 32 bits. */
  get hi(): number {
    return this.quick ? this.words[this.at + ENTRY_HI]! : this.plain.hi;
  }

  /** As `Walker.upperAnd` and `upperOr`. */
  get upperAnd(): number {
    return this.quick ? this.words[this.at + UPPER_AND]! : this.plain.upperAnd;
  }

  /** The upper words of the tables' entries that the walk went through, or-ed. */
  get upperOr(): number {
    return this.quick ? this.words[this.at + UPPER_OR]! : this.plain.upperOr;
  }

  /** Where the entry is: the table's frame, and 0..511. */
  get table(): Pfn {
    if (!this.quick) return this.plain.table;
    return (this.words[this.at + TABLE]! + this.reach.first) as Pfn;
  }

  /** Which of its entries, 0..511. */
  get index(): number {
    return this.quick ? (this.words[this.at + ENTRY_AT]! >>> 3) & 511 : this.plain.index;
  }

  /** 0, or why there is no translation. */
  get reason(): number {
    return this.quick ? 0 : this.plain.reason;
  }

  /** What the entry means, if the hook says so. */
  get software(): SoftwarePte | undefined {
    return this.quick ? undefined : this.plain.software;
  }

  /** As `Walker.global`. */
  get global(): boolean {
    return isGlobal(this.plain.format, this.lo, this.upperAnd);
  }
}
