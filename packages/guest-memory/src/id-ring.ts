/**
 * Where the borrows of one checker live, found by their handles; and the range in question.
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
  /** By id: the tag of the array or tree that holds the range, plus 16 times its place there or its leaf; -1: nobody lives here. */
  home: Int32Array;
  /** Serials from here on take the slow path of a borrow. 0 where all must. */
  fence = 0;
  /**
   * The range in question. It goes from function to function in here because a double that is an argument of a call that V8
   * does not inline is boxed: garbage at every borrow. No integers to begin with, so that V8 expects doubles.
   */
  from = 0.5;
  to = 0.5;

  constructor(size: number) {
    this.mask = size - 1;
    this.home = new Int32Array(size).fill(-1);
  }

  /** Doubles the ring. Whoever lived in it must move in again. */
  double(): void {
    this.mask = 2 * this.mask + 1;
    this.home = new Int32Array(this.mask + 1).fill(-1);
  }
}
