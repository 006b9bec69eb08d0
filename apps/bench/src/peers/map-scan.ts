/**
 * Peer, frozen: the precise checker that wiggle had until version 20, with JavaScript's Map for its HashMap.
 *
 * Two maps from handle to region; every question walks them from end to end. One counter of handles for both kinds, which
 * starts over when nothing is borrowed. There is one thread here, so there is no lock.
 *
 * @see wiggle 19, `src/borrow.rs`, `BorrowChecker`
 * @module
 */

interface Range {
  readonly start: number;
  readonly len: number;
}

function overlapsAny(ranges: ReadonlyMap<number, Range>, start: number, len: number): boolean {
  if (len === 0) return false;
  for (const range of ranges.values()) {
    if (range.len !== 0 && start < range.start + range.len && range.start < start + len)
      return true;
  }
  return false;
}

/** Borrows in two maps. */
export class MapScan {
  readonly #mut = new Map<number, Range>();
  readonly #shared = new Map<number, Range>();
  #next = 0;

  isMutBorrowed(start: number, len: number): boolean {
    return overlapsAny(this.#mut, start, len);
  }

  isSharedBorrowed(start: number, len: number): boolean {
    return overlapsAny(this.#shared, start, len);
  }

  /** A handle, or -1 if any borrow overlaps. */
  mutBorrow(start: number, len: number): number {
    if (this.isSharedBorrowed(start, len) || this.isMutBorrowed(start, len)) return -1;
    return this.#enter(this.#mut, start, len);
  }

  /** A handle, or -1 if a mut borrow overlaps. */
  sharedBorrow(start: number, len: number): number {
    if (this.isMutBorrowed(start, len)) return -1;
    return this.#enter(this.#shared, start, len);
  }

  mutUnborrow(handle: number): void {
    if (!this.#mut.delete(handle)) throw new Error("no such mut borrow");
  }

  sharedUnborrow(handle: number): void {
    if (!this.#shared.delete(handle)) throw new Error("no such shared borrow");
  }

  #enter(ranges: Map<number, Range>, start: number, len: number): number {
    if (this.#mut.size + this.#shared.size === 0) this.#next = 0;
    const handle = this.#next++;
    ranges.set(handle, { start, len });
    return handle;
  }
}
