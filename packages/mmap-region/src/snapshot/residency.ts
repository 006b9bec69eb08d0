/**
 * Whether pages that are in memory are worth keeping there.
 *
 * A scan for dirty pages takes as long as there are pages in memory, whoever has read them and when. Dropping them makes the next scans
 * fast, and costs a fault for each page that is read again, about {@link PATIENCE} times what scanning over it costs. Nobody knows what
 * the guest will read: so pages are dropped when scanning over them has cost as much as dropping would, and if they
 * are back at once, twice as much is waited for the next time. That is never much worse than having known.
 *
 * @see Karlin, Manasse, Rudolph, Sleator, "Competitive snoopy caching", Algorithmica 3, 1988 (rent or buy)
 *
 * @module
 */

/**
 * Milliseconds of a scan that are worth asking the question: that is about 3,000 pages in memory (32 ns each); a memory of which little
 * is in memory takes 0.002 to 0.02.
 */
const SLOW = 0.1;

/** 0.67 µs to drop a page and fault it in again, 0.032 µs to scan over it (64 MiB, measured on Linux 6.18). */
const PATIENCE = 20;

/** See the head of this module. One for each memory. */
export class Residency {
  private slow = 0;
  private patience: number = PATIENCE;
  private dropped = false;

  /** @param spent - Milliseconds that the last scan took. @returns whether the pages should be dropped now */
  isTooMuch(spent: number): boolean {
    if (spent < SLOW) {
      this.slow = 0;
      this.dropped = false;
      this.patience = PATIENCE;
      return false;
    }
    if (this.dropped) this.patience *= 2;
    this.dropped = false;
    this.slow += 1;
    if (this.slow < this.patience) return false;
    this.slow = 0;
    this.dropped = true;
    return true;
  }
}
