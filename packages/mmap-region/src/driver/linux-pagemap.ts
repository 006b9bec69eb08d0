/**
 * Which pages have contents of their own, by `/proc/self/pagemap`: eight bytes a page, readable without privileges.
 *
 * Since Linux 6.7 a call finds them and passes over what nobody has touched; before, all entries of the range are read. Either
 * way it costs as much as there are resident pages; discarding costs as much as there are dirty ones, and each of those
 * costs another fault when it is used again.
 *
 * @see Linux `Documentation/admin-guide/mm/pagemap.rst`
 *
 * @module
 */

import type { Libc } from "./libc.js";
import { nodeBuiltin } from "./node-builtin.js";
import { PagemapScan } from "./pagemap-scan.js";

/** Bytes of an entry. */
const ENTRY = 8;
/** In the upper half of an entry: 63 in memory, 62 swapped out, 61 a page of a file (so not a private copy of it). */
const PRESENT = 1 << 31;
const SWAPPED = 1 << 30;
const OF_FILE = 1 << 29;

/** Entries read at once: what 2 MiB of memory have. */
const AT_ONCE = 512;

/** See the head of this module. */
export class LinuxPagemap {
  readonly readable: boolean;
  readonly #pageSize: number;
  readonly #entries: Uint32Array = new Uint32Array((AT_ONCE * ENTRY) / 4);
  #fd = -1;
  /** Undefined where the kernel has been found not to know the call. */
  #scan: PagemapScan | undefined;

  constructor(libc: Libc, pageSize: number) {
    this.#pageSize = pageSize;
    try {
      this.#fd = nodeBuiltin("node:fs")?.openSync("/proc/self/pagemap") ?? -1;
    } catch {
      this.#fd = -1; // forbidden (`--permission`) or not built into the kernel: then nobody can tell
    }
    this.readable = this.#fd !== -1;
    if (this.readable) this.#scan = new PagemapScan(libc, this.#fd, pageSize);
  }

  /** As `Driver.dirtyPages`. */
  dirtyPages(address: number, length: number, pages: Uint32Array): number {
    const found = this.#scan?.dirtyPages(address, length, pages);
    if (found !== undefined) return found;
    this.#scan = undefined;
    return this.#readEntries(address, length, pages);
  }

  #readEntries(address: number, length: number, pages: Uint32Array): number {
    const fs = this.readable ? nodeBuiltin("node:fs") : undefined;
    if (fs === undefined) return -1;
    const entries = this.#entries;
    const first = address / this.#pageSize;
    const total = length / this.#pageSize;
    let count = 0;
    for (let from = 0; from < total; from += AT_ONCE) {
      const wanted = Math.min(AT_ONCE, total - from);
      const bytes = fs.readSync(this.#fd, entries, 0, wanted * ENTRY, (first + from) * ENTRY);
      if (bytes !== wanted * ENTRY) return -1;
      for (let n = 0; n < wanted; n++) {
        const high = entries[2 * n + 1]!;
        const inMemory = (high & PRESENT) !== 0 && (high & OF_FILE) === 0;
        if (!inMemory && (high & SWAPPED) === 0) continue;
        if (count === pages.length) return -1;
        pages[count++] = from + n;
      }
    }
    return count;
  }
}
