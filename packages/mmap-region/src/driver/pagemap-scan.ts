/**
 * Which pages have contents of their own, by the `PAGEMAP_SCAN` call of `/proc/self/pagemap`: it passes over whole tables of
 * pages that nobody has touched, so that it costs as much as there are resident pages, and not as the range is long.
 *
 * @see Linux 6.7 `include/uapi/linux/fs.h`, `Documentation/admin-guide/mm/pagemap.rst`
 *
 * @module
 */

import type { Libc } from "./libc.js";

/** `_IOWR('f', 16, struct pm_scan_arg)`: the size of the argument is part of the number. */
const PAGEMAP_SCAN = 0xc060_6610;

const PAGE_IS_FILE = 1 << 2;
const PAGE_IS_PRESENT = 1 << 3;
const PAGE_IS_SWAPPED = 1 << 4;
const PAGE_IS_PFNZERO = 1 << 5;

/** The fields of `struct pm_scan_arg`, each of 64 bits, in order. */
const Field = {
  size: 0, // the flags, 1, stay 0
  start: 2,
  end: 3,
  walkEnd: 4,
  vec: 5,
  vecLen: 6,
  maxPages: 7,
  categoryInverted: 8,
  categoryMask: 9,
  categoryAnyOf: 10,
} as const;
const ARGUMENT_BYTES = 96;

/** Runs of pages in one answer; `struct page_region` is start, end and categories, each of 64 bits. */
const RUNS = 512;
const RUN_WORDS = 6;

/** See the head of this module. */
export class PagemapScan {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #pageSize: number;
  readonly #argument: Uint32Array<ArrayBuffer> = new Uint32Array(ARGUMENT_BYTES / 4);
  readonly #runs: Uint32Array<ArrayBuffer> = new Uint32Array(RUNS * RUN_WORDS);
  /** Where the two arrays are: they are too long for the engine's own heap, so nothing moves them. */
  readonly #argumentAt: number;

  constructor(libc: Libc, fd: number, pageSize: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#pageSize = pageSize;
    this.#argumentAt = libc.addressOf(this.#argument.buffer);
    this.#put(Field.size, ARGUMENT_BYTES);
    this.#put(Field.vec, libc.addressOf(this.#runs.buffer));
    this.#put(Field.vecLen, RUNS);
    // In memory or in swap, and neither a page of a file nor the page of zeros that all readers share.
    this.#put(Field.categoryInverted, PAGE_IS_FILE | PAGE_IS_PFNZERO);
    this.#put(Field.categoryMask, PAGE_IS_FILE | PAGE_IS_PFNZERO);
    this.#put(Field.categoryAnyOf, PAGE_IS_PRESENT | PAGE_IS_SWAPPED);
  }

  /** As `Driver.dirtyPages`, and undefined where the kernel does not know the call. */
  dirtyPages(address: number, length: number, pages: Uint32Array): number | undefined {
    const end = address + length;
    this.#put(Field.end, end);
    let count = 0;
    for (let from = address; from < end; ) {
      this.#put(Field.start, from);
      // One more than there is room for: that is how too many are known without finding them all.
      this.#put(Field.maxPages, pages.length - count + 1);
      const runs = this.#libc.ioctl(this.#fd, PAGEMAP_SCAN, this.#argumentAt);
      if (runs < 0) return undefined;
      for (let n = 0; n < runs; n++) {
        const first = (this.#get(this.#runs, 3 * n) - address) / this.#pageSize;
        const last = (this.#get(this.#runs, 3 * n + 1) - address) / this.#pageSize;
        if (last - first > pages.length - count) return -1;
        for (let page = first; page < last; page++) pages[count++] = page;
      }
      const walked = this.#get(this.#argument, Field.walkEnd);
      if (walked <= from) return undefined; // it says that it got nowhere: no answer to go on with
      from = walked;
    }
    return count;
  }

  #put(field: number, value: number): void {
    this.#argument[2 * field] = value % 2 ** 32;
    this.#argument[2 * field + 1] = Math.floor(value / 2 ** 32);
  }

  #get(words: Uint32Array, index: number): number {
    return words[2 * index]! + words[2 * index + 1]! * 2 ** 32;
  }
}
