/**
 * Peer, frozen: one counter for the whole memory, which is what wiggle 20 to 24 had in place of a precise checker.
 *
 * 0 is free, n > 0 counts shared borrows, {@link MUT} is one mut borrow. Where a borrow lies is ignored: two guests'
 * buffers that do not touch exclude each other all the same.
 *
 * @see wiggle 20, `src/borrow.rs`; ours as a plain field, as its atomic would cost more here than the check itself
 * @module
 */

/** The counter's value while the memory is mutably borrowed: u32::MAX there. */
const MUT = 0xffff_ffff;

/** One counter for all bytes. */
export class CoarseCounter {
  #state = 0;

  /** Whether the borrow was granted; there are no handles to give out. */
  mutBorrow(): boolean {
    if (this.#state !== 0) return false;
    this.#state = MUT;
    return true;
  }

  mutUnborrow(): void {
    if (this.#state !== MUT) throw new Error("no mut borrow to end");
    this.#state = 0;
  }

  sharedBorrow(): boolean {
    if (this.#state >= MUT - 1) return false;
    this.#state++;
    return true;
  }

  sharedUnborrow(): void {
    if (this.#state === 0 || this.#state === MUT) throw new Error("no shared borrow to end");
    this.#state--;
  }

  canRead(): boolean {
    return this.#state !== MUT;
  }

  canWrite(): boolean {
    return this.#state === 0;
  }
}
