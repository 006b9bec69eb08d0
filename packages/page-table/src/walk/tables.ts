/**
 * Where a walker reads tables: a physical memory, or pages that somebody fetches one by one.
 *
 * The walker keeps a {@link Window} of frames that lie in one array and asks for another only when a table is outside of
 * it. Over one bank of memory that is never, so a walk costs four loads.
 *
 * PT-6: whatever a table says, a read is inside the window: an index beyond it reads undefined and comes back here, where
 * the source is asked again. A shrunken, detached or absent memory is an answer, not an exception.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import type { PhysicalMemory } from "@memkit/core/physical";
import { can, checkObject, refuseArgument } from "../argument.js";
import { hex, pageTableError } from "../page-table-error.js";
import { OUTSIDE, PAGE_MISSING } from "./reason.js";

const PageTableError = /* @__PURE__ */ pageTableError<
  "invalid-page" | "page-source-threw" | "walker-busy"
>({
  "invalid-page": (d) => `the page source gave no Uint8Array of 4096 bytes for frame ${hex(d.pfn)}`,
  "page-source-threw": (d) => `the page source threw for frame ${hex(d.pfn)}`,
  "walker-busy": () => "the page source or hook called its walker: give it another",
});

const PAGE_BYTES = 4096;
/** Words of a page. */
const WORDS = 1024;
/** Frames of a window at most, 4 GiB: an index of its words is then an int32, which needs no check for overflow. */
const WINDOW = 2 ** 20;
/**
 * Where windows for more than one entry end, 8 GiB. The frame that an entry names, less the window's first, times the words of
 * a page is then negative or beyond the window if the frame is outside, never an index that has wrapped around.
 */
const NEAR_END = 2 ** 21;

/** A page of a sparse source: its bytes, `undefined` for not fetched yet, `absent` for no memory there. */
export type Page = Uint8Array | undefined | "absent";

/**
 * Pages fetched one by one: a dump, a debugger's connection, another machine.
 *
 * @param pfn - The frame that is asked for; any number of 0..2^52-1, for tables may say anything
 * @returns 4096 bytes. They are read in place, and written in place if the walker sets accessed bits.
 *
 * May not use the walker that asks: `walker-busy`.
 */
export interface PageSource {
  /** The bytes of frame `pfn`, or why there are none. */
  page(pfn: Pfn): Page;
}

/** Frames that lie one after the other in one array of words; at most 2^20. */
export interface Window {
  /** The frames' words, from the first one's. */
  words: Int32Array;
  first: number;
  /** 0: nothing is in the window for longer than the entry that is being read. */
  frames: number;
  /** The entry that was read last. */
  lo: number;
  hi: number;
}

/** What is at a frame that an access leads to: 1 memory, 2 a device, or a reason. */
export type Target = number;
const RAM = 1;
export const MMIO = 2;

/** What {@link Tables.read} answers: the entry is in the window's fields. */
export const READ_WHOLE = 1;
/** There are no such words: the memory is shorter than the window. */
const READ_NOTHING = 0;
/** The reader has waited, and what it has read before may be gone. */
export const BEGIN_ANEW = -1;

/** Where tables are. */
export interface Tables {
  /** Whether a window is good for one walk only. */
  readonly once: boolean;
  /** Whether code of the program's own is being asked, in the middle of a walk: who walks then is refused (PT-5). */
  busy: boolean;
  /** Puts frame `pfn` in the window. @returns 0, or a reason */
  locate(pfn: number, window: Window): number;
  /** Reads the entry at word `at` of the window, which is of the table in frame `pfn`. @returns 1, 0 for nothing, -1 to begin anew */
  read(window: Window, at: number, pfn: number): number;
  /** What lies at frame `pfn`: memory, a device, nothing, or a page that is not there yet. */
  targetOf(pfn: number): Target;
  /** Replaces the lower word of an entry if it is `from`, and the upper one `hi`. */
  swap(pfn: number, index: number, from: number, to: number, hi: number): boolean;
}

/** @throws {@link PageTableError} `walker-busy` */
export function checkIdle({ busy }: Tables): void {
  if (busy) throw new PageTableError({ code: "walker-busy" });
}

/** Both words of an entry that nobody else writes. */
function readPlain(window: Window, at: number): number {
  const { words } = window;
  const hi = words[at | 1];
  const lo = words[at];
  if (lo === undefined || hi === undefined) return READ_NOTHING;
  window.lo = lo;
  window.hi = hi;
  return READ_WHOLE;
}

/** A window on nothing. */
export function emptyWindow(): Window {
  return { words: new Int32Array(0), first: 0, frames: 0, lo: 0, hi: 0 };
}

/** Tables in a physical memory. */
export class MemoryTables implements Tables {
  readonly once = false;
  busy = false;
  protected readonly window: Window = emptyWindow();
  /** Whether other agents write to the tables. */
  private readonly shared: boolean;
  private readonly memory: PhysicalMemory;
  /** By bank: its words. */
  private readonly words: Int32Array[];

  constructor(memory: PhysicalMemory) {
    this.memory = memory;
    this.words = memory.banks.map(() => this.window.words); // of nothing yet
    this.shared = memory.banks.some(({ views }) => views.shared);
  }

  locate(pfn: number, window: Window): number {
    window.frames = 0;
    const index = this.memory.bankIndexOf(pfn as Pfn);
    const bank = this.memory.banks[index];
    if (bank === undefined) return OUTSIDE;
    const { views, byteOffset, firstPfn, frames } = bank;
    const bytes = views.refresh();
    const at = byteOffset + (pfn - firstPfn) * PAGE_BYTES;
    if (at + PAGE_BYTES > bytes) return OUTSIDE;
    const { buffer } = views.liveU8;
    if (views.resizable) {
      // A view of a resizable buffer would slow every walk of the process (CORE-3): a copy, for one entry.
      window.words = new Int32Array(buffer.slice(at, at + PAGE_BYTES));
      window.first = pfn;
      return 0;
    }
    const skip = Math.floor((pfn - firstPfn) / WINDOW) * WINDOW;
    const start = byteOffset + skip * PAGE_BYTES;
    const whole = Math.min(frames - skip, WINDOW, Math.floor((bytes - start) / PAGE_BYTES));
    let words = this.words[index]!;
    if (words.buffer !== buffer || words.byteOffset !== start || words.length !== whole * WORDS) {
      words = new Int32Array(buffer, start, whole * WORDS);
      this.words[index] = words;
    }
    window.words = words;
    window.first = firstPfn + skip;
    // The window is for one entry only where a walk could read torn ones, or its frames are beyond the short way.
    window.frames = views.shared || firstPfn + skip + whole > NEAR_END ? 0 : whole;
    return 0;
  }

  read(window: Window, at: number, _pfn: number): number {
    const { words } = window;
    // Another agent is just writing it.
    for (;;) {
      const read = readPlain(window, at);
      if (read === READ_NOTHING || !this.shared || words[at | 1] === window.hi) return read;
    }
  }

  targetOf(pfn: number): Target {
    const kind = this.memory.kindOf(pfn as Pfn);
    return kind === "ram" ? RAM : kind === "mmio" ? MMIO : OUTSIDE;
  }

  swap(pfn: number, index: number, from: number, to: number, _hi: number): boolean {
    if (this.locate(pfn, this.window) !== 0) return false;
    const bank = this.memory.banks[this.memory.bankIndexOf(pfn as Pfn)]!;
    if (bank.views.resizable) {
      const at = bank.byteOffset + (pfn - bank.firstPfn) * PAGE_BYTES + index * 8;
      return replace(bank.views.liveDv, at, from, to);
    }
    const { words, first } = this.window;
    const at = (pfn - first) * WORDS + index * 2;
    return Atomics.compareExchange(words, at, from, to) === from;
  }
}

function replace(dv: DataView, at: number, from: number, to: number): boolean {
  if (dv.getInt32(at, true) !== from) return false;
  dv.setInt32(at, to, true);
  return true;
}

/** Why there is no page. */
const reasonOf = (page: undefined | "absent"): number =>
  page === undefined ? PAGE_MISSING : OUTSIDE;

/** Tables in pages that are fetched. */
class PageTables implements Tables {
  readonly once = true;
  busy = false;
  private readonly source: PageSource;

  constructor(source: PageSource) {
    this.source = source;
  }

  private page(pfn: number): Page {
    let page: unknown;
    try {
      this.busy = true;
      page = this.source.page(pfn as Pfn);
    } catch (cause) {
      throw new PageTableError({ code: "page-source-threw", pfn }, { cause });
    } finally {
      this.busy = false;
    }
    if (page === undefined || page === "absent") return page;
    // A proxy is no view: asked first, so that none of its code is run.
    if (!(ArrayBuffer.isView(page) && page instanceof Uint8Array && page.length === PAGE_BYTES)) {
      throw new PageTableError({ code: "invalid-page", pfn });
    }
    return page;
  }

  locate(pfn: number, window: Window): number {
    window.frames = 0;
    const page = this.page(pfn);
    if (typeof page !== "object") return reasonOf(page);
    const { buffer, byteOffset } = page;
    // Files put pages where they like: bytes that no array of words can show are copied.
    window.words =
      byteOffset % 4 === 0
        ? new Int32Array(buffer, byteOffset, WORDS)
        : new Int32Array(page.slice().buffer);
    window.first = pfn;
    window.frames = 1;
    return 0;
  }

  read(window: Window, at: number): number {
    return readPlain(window, at);
  }

  targetOf(pfn: number): Target {
    const page = this.page(pfn);
    return typeof page === "object" ? RAM : reasonOf(page);
  }

  swap(pfn: number, index: number, from: number, to: number): boolean {
    const page = this.page(pfn);
    return (
      typeof page === "object" &&
      replace(new DataView(page.buffer, page.byteOffset), index * 8, from, to)
    );
  }
}

const WANTED = "a PhysicalMemory, or a source of pages, as rawImage(bytes) is";

/** The tables in a memory of any kind. @throws {@link PageTableError} `invalid-argument` */
export function tablesOf(memory: PhysicalMemory | PageSource | Tables): Tables {
  checkObject("memory", memory, WANTED);
  if (can(memory, "locate")) return memory as Tables;
  if (can(memory, "page")) return new PageTables(memory as PageSource);
  if (can(memory, "bankIndexOf")) return new MemoryTables(memory as PhysicalMemory);
  return refuseArgument("memory", memory, WANTED);
}
