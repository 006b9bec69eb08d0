/**
 * Where the borrows of a large set live, found by their handles; and the range in question.
 *
 * A handle is a serial number; its id is the serial modulo the size of a ring. {@link BorrowChecker} gives out serials so
 * that no two live borrows share an id, hence one array with a place an id is all it takes to find a borrow.
 *
 * Keeps GM-4 with borrow-checker.ts.
 *
 * @module
 */

/** What the two sets of one checker share. */
export class IdRing {
  /** The ring's size, a power of two, less one: `handle & mask` is the id. */
  mask: number;
  /** The leaf that holds the range of an id, plus the number of its tree; or -1. Empty until a set outgrows its flat array. */
  home: Int32Array = new Int32Array(0);
  /**
   * The range in question. It goes from function to function in here because a double that is an argument of a call that V8
   * does not inline is boxed: garbage at every borrow. No integers to begin with, so that V8 expects doubles.
   */
  from = 0.5;
  to = 0.5;

  constructor(size: number) {
    this.mask = size - 1;
  }

  /** Makes a home for every id. Whoever lived in the ring must move in again. */
  open(): void {
    this.home = new Int32Array(this.mask + 1).fill(-1);
  }
}
