/**
 * The pages of one native slot: which of them have access, and what must be cleared.
 *
 * A run of pages gets access when something of it is first asked for, and what was never shown to anybody needs no clearing:
 * a tenant that uses the heap alone costs the calls for the heap alone.
 *
 * Invariant MR-21: a part that was shown, by a view or by its address, is cleared before the slot has another tenant. Who could
 * break it: a way to a part's bytes that does not call {@link SlotPages.show}.
 * Invariant MR-22: a slot that nobody has and that is not kept warm adds no mapping to the process. `mprotect` alone leaves
 * the pages in mappings of their own, which Linux does not merge again once they were written; fresh pages merge.
 *
 * @see Linux `mm/vma.c`, `is_mergeable_anon_vma`
 *
 * @module
 */

import type { Driver, PageRange } from "./driver/driver.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import { type DirtyPages, undoPages } from "./slot-dirty.js";
import type { PreparedData } from "./slot-image.js";
import {
  type Extent,
  PARTS_OF,
  RUN_OF,
  RUNS,
  type SlotLayout,
  type SlotPart,
  type SlotRun,
} from "./slot-layout.js";

/** A run of accessible pages splits the mapping around it into three; so does an image within a run, and huge pages do. */
const MAPPINGS_OF_A_RUN = 2;

/** Below this no huge page fits: 2 MiB on x64 and arm64 with pages of 4096. */
const HUGE_PAGE = 2 ** 21;

/** What the slots of a region have in common. */
export interface PagesHome {
  readonly driver: Driver;
  readonly layout: SlotLayout;
  readonly dirty: DirtyPages;
  readonly hugePages: boolean;
}

type Charged = SlotRun | "image" | "hugePages";

/** No mappings were charged for it: it is not open. */
const NOT_CHARGED = -1;

/** What can have been shown to somebody, as bits of one number: every tenant has one, and most are shown the heap alone. */
const SHOWN: Readonly<Record<SlotPart | "instance", number>> = {
  instance: 1,
  heap: 2,
  stack: 4,
  globals: 8,
  sigstack: 16,
};

/** See the head of this module. */
export class SlotPages {
  /** Address of the slot. */
  readonly start: number;
  /** Bytes of heap with access, or to have it when the run is opened. */
  heapLength = 0;
  readonly #home: PagesHome;
  /** What the budget wants to know when the mappings are gone. */
  readonly #charges: Record<Charged, number> = {
    heap: NOT_CHARGED,
    stack: NOT_CHARGED,
    sigstack: NOT_CHARGED,
    image: NOT_CHARGED,
    hugePages: NOT_CHARGED,
  };
  #shown = 0;
  #contents: PreparedData | undefined;

  constructor(home: PagesHome, start: number) {
    this.#home = home;
    this.start = start;
  }

  /** The data whose image is mapped. */
  get mapped(): PreparedData | undefined {
    return this.#contents;
  }

  /**
   * Makes the heap ready for a tenant; one that was left warm is changed no more than it must be.
   *
   * @returns whether the data are there: as an image
   * @throws {@link RegionError} `too-many-mappings`, `system-call-failed`; then all access is gone
   */
  begin(heapLength: number, contents: PreparedData): boolean {
    const { driver } = this.#home;
    const image = contents.imageFor(driver);
    try {
      if (this.#contents !== undefined && this.#contents !== contents) {
        driver.remap(this.#at("heap"), this.heapLength, "read-write");
        this.#contents = undefined;
        this.#refund("image");
      }
      if (this.#isOpen("heap")) this.resize(heapLength);
      else this.#openHeap(heapLength);
      if (image !== undefined && this.#contents === undefined) {
        this.#charge("image");
        driver.mapImage(this.#at("heap") + contents.offset, image);
        this.#contents = contents;
      }
    } catch (error) {
      this.close();
      throw error;
    }
    return this.#contents !== undefined;
  }

  /** Gives the heap another length. What is added is zeros; of what is taken away no view may be left. */
  resize(heapLength: number): void {
    const before = this.heapLength;
    const border = this.#at("heap") + Math.min(before, heapLength);
    const { driver } = this.#home;
    if (heapLength > before) driver.protect(border, heapLength - before, "read-write");
    else if (heapLength < before) driver.protect(border, before - heapLength, "none");
    this.heapLength = heapLength;
    this.#wishForHugePages();
  }

  /** Gives access to a part that is about to be shown. */
  show(part: SlotPart): void {
    const run = RUN_OF[part];
    if (!this.#isOpen(run)) this.#open(run);
    this.#shown |= SHOWN[part];
  }

  /** {@link SlotPages.show} of everything, the Instance page included: somebody has the address of the slot. */
  showAll(): void {
    for (const parts of RUNS.map((run) => PARTS_OF[run])) for (const part of parts) this.show(part);
    this.#shown |= SHOWN.instance;
  }

  /**
   * Clears the heap, if it was shown, in place if that can be done; else it is for the caller to discard.
   *
   * @param buffer - A view of the whole heap, if there is one.
   */
  clearHeap(buffer: ArrayBuffer | undefined): readonly PageRange[] {
    if (!this.#wasShown("heap") || this.heapLength === 0) return NO_RANGES;
    const { driver, dirty } = this.#home;
    const address = this.#at("heap");
    const found = buffer === undefined ? -1 : dirty.find(driver, address, buffer.byteLength);
    if (buffer === undefined || found === -1) return [{ address, length: this.heapLength }];
    undoPages(new Uint8Array(buffer), dirty.pages, found, this.#contents);
    return NO_RANGES;
  }

  /** What else was shown, for the caller to discard. */
  othersToClear(): readonly PageRange[] {
    if ((this.#shown & ~SHOWN.heap) === 0) return NO_RANGES;
    const ranges: PageRange[] = [];
    if (this.#wasShown("instance")) ranges.push({ address: this.start, length: HOST_PAGE_SIZE });
    for (const run of ["stack", "sigstack"] as const) {
      if (!PARTS_OF[run].some((part) => this.#wasShown(part))) continue;
      const { offset, length } = this.#home.layout.run(run, 0);
      if (length !== 0) ranges.push({ address: this.start + offset, length });
    }
    return ranges;
  }

  /** The tenant is gone, and everything has been cleared: nothing has been shown to anybody. */
  forget(): void {
    this.#shown = 0;
  }

  /** Takes contents and access away. */
  close(): void {
    for (const run of RUNS) {
      if (!this.#isOpen(run)) continue;
      const { offset, length } = this.#home.layout.run(run, this.heapLength);
      if (length !== 0) this.#home.driver.remap(this.start + offset, length, "none");
      this.#closed(run);
    }
    this.forget();
  }

  /** {@link SlotPages.close}, but parts that somebody can still look at become zeros, with access (MR-11). */
  closeAllBut(kept: ReadonlySet<SlotPart>): void {
    const { driver } = this.#home;
    for (const run of RUNS) {
      if (!this.#isOpen(run)) continue;
      for (const [{ offset, length }, keep] of this.#pieces(run, kept)) {
        if (length !== 0) driver.remap(this.start + offset, length, keep ? "read-write" : "none");
      }
      this.#closed(
        run,
        PARTS_OF[run].some((part) => kept.has(part)),
      );
    }
  }

  /** The run's pages are fresh ones; where some have kept their access, so has the charge for them. */
  #closed(run: SlotRun, kept = false): void {
    if (!kept) this.#refund(run);
    if (run !== "heap") return;
    this.#contents = undefined;
    this.#refund("image");
    this.#refund("hugePages");
  }

  /** What of a run is to keep access and what is not, in as few pieces as it takes. */
  #pieces(run: SlotRun, kept: ReadonlySet<SlotPart>): (readonly [Extent, boolean])[] {
    const { layout } = this.#home;
    const parts = PARTS_OF[run];
    if (!parts.some((part) => kept.has(part))) return [[layout.run(run, this.heapLength), false]];
    const pieces = parts.map(
      (part) => [layout.extent(part, this.heapLength), kept.has(part)] as const,
    );
    return run === "heap" ? [[{ offset: 0, length: HOST_PAGE_SIZE }, false], ...pieces] : pieces;
  }

  #at(part: SlotPart): number {
    return this.start + this.#home.layout[part];
  }

  #openHeap(heapLength: number): void {
    this.heapLength = heapLength;
    this.#open("heap");
    this.#wishForHugePages();
  }

  #open(run: SlotRun): void {
    const { offset, length } = this.#home.layout.run(run, this.heapLength);
    this.#charge(run);
    if (length === 0) return;
    try {
      this.#home.driver.protect(this.start + offset, length, "read-write");
    } catch (error) {
      this.#refund(run);
      throw error;
    }
  }

  #wishForHugePages(): void {
    if (!this.#home.hugePages || this.heapLength < HUGE_PAGE) return;
    if (!this.#isOpen("hugePages")) this.#charge("hugePages");
    this.#home.driver.preferHugePages(this.#at("heap"), this.heapLength);
  }

  #isOpen(what: Charged): boolean {
    return this.#charges[what] !== NOT_CHARGED;
  }

  #wasShown(what: SlotPart | "instance"): boolean {
    return (this.#shown & SHOWN[what]) !== 0;
  }

  #charge(what: Charged): void {
    this.#charges[what] = this.#home.driver.budget.charge(MAPPINGS_OF_A_RUN);
  }

  #refund(what: Charged): void {
    if (!this.#isOpen(what)) return;
    this.#home.driver.budget.refund(MAPPINGS_OF_A_RUN, this.#charges[what]);
    this.#charges[what] = NOT_CHARGED;
  }
}

const NO_RANGES: readonly PageRange[] = [];
