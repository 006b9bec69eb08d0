/** What the tests have in common: shared words, and ways to wait. */

/** A setup that makes shared words with these values. */
export const words =
  (...values: number[]): (() => Int32Array) =>
  () => {
    const made = new Int32Array(new SharedArrayBuffer(4 * values.length));
    made.set(values);
    return made;
  };

/** Waits until the word may differ: what shipped code does in its one place for waiting. */
export function park(shared: Int32Array, index: number, seen: number): void {
  Atomics.wait(shared, index, seen, 1);
}

/** `Atomics.pause`, which Node has from version 25 on and the explorer always. */
export const pause = (): void => (Atomics as unknown as { pause(): void }).pause();

/** n over k. */
export const choose = (n: number, k: number): number =>
  k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k;
