/**
 * Clearing a memory in place: few dirty pages are made what they were by hand, and stay resident.
 *
 * A page that is given back to the system costs a fault when it is next written, some twenty times the time of clearing it. So
 * a memory keeps its pages as long as they are few; the more there are, the more it is worth to have them back.
 *
 * Invariant MR-23: after a clearing in place every byte is zero or the image's: each page that is not was found. Who could
 * break it: a kernel that keeps a page elsewhere than in memory or in swap.
 *
 * @module
 */

import type { Driver } from "./driver/driver.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import type { PreparedData } from "./slot-image.js";

/**
 * Bytes of a memory that stay resident over a clearing, unless the region says otherwise: 64 pages. Clearing them takes 3 µs,
 * the faults for them 100 µs.
 */
export const DEFAULT_KEEP_RESIDENT: number = 256 * 1024;

/**
 * A memory so many times longer is not searched. Searching costs 8 bytes of `/proc/self/pagemap` a page: 14 µs for 4 MiB
 * where a discard of one page takes 2.
 */
const LONGEST_SEARCH = 16;

/** The budget, and where the pages that are found are listed. One for each region. */
export class DirtyPages {
  readonly pages: Uint32Array;

  /** @param keepResident - Bytes; 0 gives every page back. */
  constructor(keepResident: number) {
    this.pages = new Uint32Array(Math.floor(keepResident / HOST_PAGE_SIZE));
  }

  /** @returns how many of `pages` are dirty; -1 when they are too many, or when it is not worth looking */
  find(driver: Driver, address: number, length: number): number {
    const { pages } = this;
    const longest = pages.length * HOST_PAGE_SIZE * LONGEST_SEARCH;
    if (!driver.capabilities.dirtyPages || length > longest) return -1;
    return driver.dirtyPages(address, length, pages);
  }
}

/** Makes each of these pages of a memory what it was first: the image's, where one is mapped, or zeros. */
export function undoPages(
  memory: Uint8Array,
  pages: Uint32Array,
  count: number,
  image: PreparedData | undefined,
): void {
  const imageEnd = image === undefined ? 0 : image.offset + image.bytes.length;
  for (let n = 0; n < count; n++) {
    const at = pages[n]! * HOST_PAGE_SIZE;
    if (image !== undefined && at >= image.offset && at < imageEnd) {
      const from = at - image.offset;
      memory.set(image.bytes.subarray(from, from + HOST_PAGE_SIZE), at);
    } else {
      memory.fill(0, at, at + HOST_PAGE_SIZE);
    }
  }
}
