/**
 * Waiting: the one place where an agent waits for another.
 *
 * @module
 */

/**
 * Returns when `words[index]` may be something else than `seen`, or after a while. The caller looks again.
 *
 * Where the agent may block it sleeps for at most a millisecond; where it may not (the main thread of a page) it returns at
 * once, and the caller's loop spins. Nobody has to wake anybody, so nothing is lost by an agent that dies.
 */
export function park(words: Int32Array, index: number, seen: number): void {
  try {
    Atomics.wait(words, index, seen, 1);
  } catch {
    // A TypeError: this agent may not block, or the words are not shared and nobody else can be waited for.
    Atomics.load(words, index);
  }
}
