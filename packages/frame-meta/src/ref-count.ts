/**
 * The reference count of a frame: one 32-bit word that is a count and a state at once.
 *
 * | word (int32)       | {@link MetaSlotStatus} | meaning                                                        |
 * |--------------------|------------------------|----------------------------------------------------------------|
 * | -1                 | `UNUSED`               | nobody's; only the allocator may claim it                      |
 * | -2                 | `UNIQUE`               | one owner, who may write the metadata                          |
 * | 0                  | `UNDER_CONSTRUCTION`   | busy: being built after a claim, or torn down after a last drop |
 * | 1 .. 2^31-1        | `SHARED`               | that many handles; 2^31-1 is still shared, but not incremented |
 * | -2^31 .. -3        | `OVERFLOW`             | unreachable; seeing one means that somebody wrote over the slot |
 *
 * Why 32 bits where OSTD has 64: JavaScript's 64-bit atomics take and return a BigInt, which is allocated at each
 * call. 2^31-1 handles of one frame are out of reach of any heap that could hold them. The words of the two agree
 * under sign extension (`toOstdCount` of `./slots`), so every state keeps its meaning.
 *
 * Why load + compare-and-swap where OSTD adds and then looks: the states -2, -1, 0 and 1 are neighbours. An add that
 * finds too late that it had no right to (a clone of a unique frame: -2 becomes -1) has published a state that is not
 * its own, and until it is undone another thread can claim the live frame. So a word is written only when the exact
 * value that permits the step is being replaced.
 *
 * FM-1: no function here writes a word outside 1..2^31-1 except a `dec` that turns 1 into 0 (busy, owned by the caller).
 * FM-2: a refused step leaves the word as it was, and no other agent can have seen it change.
 * FM-3: increments minus decrements that succeeded is exactly what the word moved by, however many agents took part.
 * Only somebody who writes the word by other means can break them; nothing else in the package may.
 *
 * The `Single` functions use plain loads and stores: for a word that one agent alone touches. The `Shared` ones are
 * for words in a SharedArrayBuffer. Their compare-and-swap is sequentially consistent, which covers the pairs that
 * OSTD orders by hand: the release of a drop with the acquire of the last drop, and of a claim with a later `inc`.
 *
 * @see OSTD `ostd/src/mm/frame/meta.rs`, `REF_COUNT_*` and `MetaSlot::inc_ref_count`
 * @module
 */

import { FrameError, type RefusedState } from "./frame-error.js";

/** The word of a slot that nobody owns. OSTD `REF_COUNT_UNUSED`, 2^64-1. */
export const REF_COUNT_UNUSED = -1;
/** The word of a slot with one exclusive owner. OSTD `REF_COUNT_UNIQUE`, 2^64-2. */
export const REF_COUNT_UNIQUE = -2;
/** The word of a slot that is being built or torn down. OSTD uses the literal 0. */
export const REF_COUNT_BUSY = 0;
/** The largest count of handles; 2^63-1 in OSTD, 2^31-1 here. */
export const REF_COUNT_MAX = 0x7fff_ffff;

/** What a count word says about its slot, by the names of vostd's `MetaSlotStatus`. */
export type MetaSlotStatus = "UNUSED" | "UNIQUE" | "UNDER_CONSTRUCTION" | "SHARED" | "OVERFLOW";

/**
 * The state that a count word stands for.
 *
 * @throws {@link FrameError} `not-a-word` unless `word` is an integer in -2^31 .. 2^31-1
 *
 * @example
 * ```ts
 * import { REF_COUNT_MAX } from "@memkit/frame-meta";
 * import { statusOf } from "@memkit/frame-meta/slots";
 *
 * statusOf(-1); // => "UNUSED"
 * statusOf(REF_COUNT_MAX); // => "SHARED"
 * statusOf(-3); // => "OVERFLOW"
 * ```
 */
export function statusOf(word: number): MetaSlotStatus {
  if ((word | 0) !== word) throw new FrameError({ code: "not-a-word", got: word });
  if (word > 0) return "SHARED";
  switch (word) {
    case REF_COUNT_UNUSED:
      return "UNUSED";
    case REF_COUNT_UNIQUE:
      return "UNIQUE";
    case REF_COUNT_BUSY:
      return "UNDER_CONSTRUCTION";
    default:
      return "OVERFLOW";
  }
}

/**
 * What the `try...` functions return instead of a count when they refuse. All are negative and no count is, so
 * `result < 0` is the whole test.
 */
export const Refusal = {
  unused: -1,
  unique: -2,
  busy: -3,
  overflow: -4,
  countAtMax: -5,
  outOfBound: -6,
  /** A claim found the frame shared. */
  inUse: -7,
  /** The address is not a multiple of 4096. */
  notAligned: -8,
  /** The frame belongs to a device and has no slot. */
  mmio: -9,
} as const;

/** A value of {@link Refusal}. */
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

/** Why `word` may not move. Off the hot path: called only with a word that has been refused. @internal */
export function refusalOf(word: number | undefined): Refusal {
  if (word === undefined) return Refusal.outOfBound;
  if (word > 0) return Refusal.countAtMax; // a decrement accepts every positive word
  if (word === REF_COUNT_UNUSED) return Refusal.unused;
  if (word === REF_COUNT_UNIQUE) return Refusal.unique;
  return word === REF_COUNT_BUSY ? Refusal.busy : Refusal.overflow;
}

function isIndexOf(words: Int32Array, index: number): boolean {
  // `>>>` also refuses fractions, which Atomics would round down to somebody else's word.
  return index >>> 0 === index && index < words.length;
}

/** The code of each refusal of a count, and the word that it stands for; of the others the word is not known from the refusal. */
const REFUSED: { readonly [refusal: number]: readonly [RefusedState | "count-at-max", number?] } = {
  [-1]: ["unused", REF_COUNT_UNUSED],
  [-2]: ["unique", REF_COUNT_UNIQUE],
  [-3]: ["busy", REF_COUNT_BUSY],
  [-5]: ["count-at-max", REF_COUNT_MAX],
  [-7]: ["in-use"],
};
const CORRUPT = ["overflow"] as const;

/**
 * Throws what a refusal of a count means. The word it says is the one that the refusal stands for, not what is there by now; only a
 * corrupt or shared word is looked up, by `load`.
 *
 * @internal
 */
export function refuseCount(
  refusal: number,
  index: number,
  load: (index: number) => number,
  frame: { readonly pfn?: number },
): never {
  const [code, word = load(index)] = REFUSED[refusal] ?? CORRUPT;
  throw new FrameError({ code, index, word, ...frame });
}

function refuse(words: Int32Array, index: number, refusal: number): never {
  if (refusal === Refusal.outOfBound) {
    throw new FrameError({ code: "out-of-bound", index, length: words.length });
  }
  refuseCount(refusal, index, () => Atomics.load(words, index), {});
}

/**
 * Adds a handle to a shared word that only this agent touches.
 *
 * @returns the new count, 2..2^31-1, or a negative {@link Refusal}
 */
export function tryIncSingle(words: Int32Array, index: number): number {
  const word = words[index]!; // `undefined` where there is no such word: every comparison with it is false
  if (word > 0 && word < REF_COUNT_MAX) {
    words[index] = word + 1;
    return word + 1;
  }
  return refusalOf(word);
}

/**
 * Removes a handle from a shared word that only this agent touches.
 *
 * @returns the new count, or a negative {@link Refusal}. At 0 the slot is busy and the caller's to tear down.
 */
export function tryDecSingle(words: Int32Array, index: number): number {
  const word = words[index]!;
  if (word > 0) {
    words[index] = word - 1;
    return word - 1;
  }
  return refusalOf(word);
}

/**
 * Adds a handle to a shared word that other agents may move at the same time. Lock-free: a failed swap means that
 * another agent's step succeeded.
 *
 * @returns the new count, 2..2^31-1, or a negative {@link Refusal}
 */
export function tryIncShared(words: Int32Array, index: number): number {
  if (!isIndexOf(words, index)) return Refusal.outOfBound;
  let word = Atomics.load(words, index);
  while (word > 0 && word !== REF_COUNT_MAX) {
    const seen = Atomics.compareExchange(words, index, word, word + 1);
    if (seen === word) return word + 1;
    word = seen;
  }
  return refusalOf(word);
}

/**
 * Removes a handle from a shared word that other agents may move at the same time. Lock-free.
 *
 * @returns the new count, or a negative {@link Refusal}. At 0 the slot is busy and the caller's alone to tear down:
 * of all agents that drop, exactly one is told 0.
 */
export function tryDecShared(words: Int32Array, index: number): number {
  if (!isIndexOf(words, index)) return Refusal.outOfBound;
  let word = Atomics.load(words, index);
  while (word > 0) {
    const seen = Atomics.compareExchange(words, index, word, word - 1);
    if (seen === word) return word - 1;
    word = seen;
  }
  return refusalOf(word);
}

/**
 * {@link tryIncSingle} that throws. Caller must hold a handle already: without one the frame may change hands first.
 *
 * @throws {@link FrameError} `unused`, `unique`, `busy`, `overflow`, `count-at-max`, `out-of-bound`; nothing changed then
 *
 * @example
 * ```ts
 * import { Refusal } from "@memkit/frame-meta";
 * import { decSingle, incSingle, tryDecSingle } from "@memkit/frame-meta/slots";
 *
 * const words = Int32Array.of(1);
 * incSingle(words, 0); // => 2
 * decSingle(words, 0); // => 1
 * decSingle(words, 0); // => 0
 * tryDecSingle(words, 0) === Refusal.busy; // => true
 * ```
 */
export function incSingle(words: Int32Array, index: number): number {
  // The test again, not a call of the twin: looking at the twin's answer costs a third of the whole step.
  const word = words[index]!;
  if (word > 0 && word < REF_COUNT_MAX) {
    words[index] = word + 1;
    return word + 1;
  }
  return refuse(words, index, refusalOf(word));
}

/**
 * {@link tryDecSingle} that throws. Caller must hold a handle, which this call consumes.
 *
 * @throws {@link FrameError} `unused`, `unique`, `busy`, `overflow`, `out-of-bound`; nothing changed then
 */
export function decSingle(words: Int32Array, index: number): number {
  const word = words[index]!;
  if (word > 0) {
    words[index] = word - 1;
    return word - 1;
  }
  return refuse(words, index, refusalOf(word));
}

/**
 * {@link tryIncShared} that throws. Caller must hold a handle already: without one the frame may change hands first.
 *
 * @throws {@link FrameError} `unused`, `unique`, `busy`, `overflow`, `count-at-max`, `out-of-bound`; nothing changed then
 *
 * @example
 * ```ts
 * import { decShared, incShared } from "@memkit/frame-meta/slots";
 *
 * const words = new Int32Array(new SharedArrayBuffer(4));
 * words[0] = 1;
 * incShared(words, 0); // => 2
 * decShared(words, 0); // => 1
 * ```
 */
export function incShared(words: Int32Array, index: number): number {
  const count = tryIncShared(words, index);
  return count >= 0 ? count : refuse(words, index, count);
}

/**
 * {@link tryDecShared} that throws. Caller must hold a handle, which this call consumes.
 *
 * @throws {@link FrameError} `unused`, `unique`, `busy`, `overflow`, `out-of-bound`; nothing changed then
 */
export function decShared(words: Int32Array, index: number): number {
  const count = tryDecShared(words, index);
  return count >= 0 ? count : refuse(words, index, count);
}
