/**
 * `madvise` of many ranges by one system call: `process_madvise` on this process, which takes `MADV_DONTNEED` since Linux
 * 6.13. Half the time of single calls where few pages are dirty, no gain where many are.
 *
 * @see `man 2 process_madvise`, `man 2 pidfd_open`; Linux `mm/madvise.c`, `process_madvise_remote_valid`
 *
 * @module
 */

import type { PageRange } from "./driver.js";
import type { Libc } from "./libc.js";
import { MADV_DONTNEED, MAX_RANGES, SYS_PIDFD_OPEN, SYS_PROCESS_MADVISE } from "./linux-abi.js";
import { nodeProcess } from "./node-builtin.js";

/** One call costs more than one `madvise`. */
const FEWEST = 2;

/** See the head of this module. */
export class ProcessMadvise {
  readonly #libc: Libc;
  /** Pairs of address and length, each of 64 bits. */
  readonly #iovecs: Uint32Array = new Uint32Array(MAX_RANGES * 4);
  /** Undefined before the first use, -1 once it was found not to work. */
  #fd: number | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** @returns whether all was done; otherwise some of it may have been, and single calls are to do it again */
  discard(ranges: readonly PageRange[]): boolean {
    if (ranges.length < FEWEST || this.#pidfd() === -1) return false;
    for (let from = 0; from < ranges.length; from += MAX_RANGES) {
      if (!this.#discardSome(ranges.slice(from, from + MAX_RANGES))) {
        this.#fd = -1; // an older kernel; the descriptor stays, one for each driver
        return false;
      }
    }
    return true;
  }

  #discardSome(ranges: readonly PageRange[]): boolean {
    let total = 0;
    for (const [n, { address, length }] of ranges.entries()) {
      this.#put(4 * n, address);
      this.#put(4 * n + 2, length);
      total += length;
    }
    const iovecs = this.#libc.addressOf(this.#iovecs.buffer as ArrayBuffer);
    const fd = this.#pidfd();
    const { length } = ranges;
    return this.#libc.syscall(SYS_PROCESS_MADVISE, fd, iovecs, length, MADV_DONTNEED, 0) === total;
  }

  #put(at: number, value: number): void {
    this.#iovecs[at] = value % 2 ** 32;
    this.#iovecs[at + 1] = Math.floor(value / 2 ** 32);
  }

  #pidfd(): number {
    const pid = nodeProcess()?.pid ?? -1;
    this.#fd ??= this.#libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0);
    return this.#fd;
  }
}
