/**
 * Happens-before, by vector clocks.
 *
 * Each step of a thread comes after its earlier ones. An atomic read comes after the atomic write of the same bytes whose value it
 * reads (JavaScript's synchronizes-with), who was woken after the notify that woke it, and who was told of a death after all that the dead did. Nothing else orders steps.
 *
 * IL-4: two accesses of different threads to the same bytes, one of which writes, are a data race unless they are ordered or both
 * atomic on exactly the same bytes; whatever else the scenario checks, a race fails it.
 *
 * @see ECMA-262 "Memory Model": happens-before, data race
 * @module
 */

import { type Access, Kind, overlap, sameRange } from "./access.js";

/** The part of a step that clocks are about. */
export interface Timed {
  thread: number;
  access: Access;
  /** Whether it changed memory. */
  wrote: boolean;
  /** By thread, how many of its steps come before this one; this step counts. */
  clock: Int32Array;
}

const touchesMemory = ({ kind }: Access): boolean => kind <= Kind.wait || kind === Kind.park;
const readsFrom = ({ kind, atomic }: Access): boolean =>
  atomic && (kind === Kind.load || (kind >= Kind.add && kind <= Kind.wait));

function join(clock: Int32Array, other: Int32Array): void {
  for (let i = 0; i < clock.length; i += 1) {
    if (other[i]! > clock[i]!) clock[i] = other[i]!;
  }
}

const isWordRead = ({ size }: Access, writes: boolean): boolean => !writes && size <= 4;

/**
 * Whether two accesses race if nothing orders them.
 *
 * @param aWrites - whether `a` changes memory; a `compareExchange` may or may not
 * @param racyReads - whether plain reads of a word are taken for atomic ones: `Scenario.racyReads`
 */
function conflict(
  a: Access,
  aWrites: boolean,
  b: Access,
  bWrites: boolean,
  racyReads: boolean,
): boolean {
  return (
    (aWrites || bWrites) &&
    overlap(a, b) &&
    !(
      (a.atomic || (racyReads && isWordRead(a, aWrites))) &&
      (b.atomic || (racyReads && isWordRead(b, bWrites))) &&
      sameRange(a, b)
    ) &&
    touchesMemory(a) &&
    touchesMemory(b)
  );
}

/**
 * Sets the clock of `steps[at]`.
 *
 * @param last - by thread, the index of its last step, or -1
 * @param previous - index of the thread's step before, or -1
 * @param told - index of the last step of a thread that this one knows to be dead, or -1
 * @param racyReads - as {@link conflict}'s
 * @returns the index of a step that it races with, or -1
 */
export function tick(
  steps: readonly Timed[],
  at: number,
  last: readonly number[],
  previous: number,
  told: number,
  racyReads: boolean,
): number {
  const step = steps[at]!;
  const { thread, access, wrote, clock } = step;
  if (previous < 0) clock.fill(0);
  else clock.set(steps[previous]!.clock);
  if (told >= 0) join(clock, steps[told]!.clock);
  clock[thread]! += 1;

  if (readsFrom(access)) {
    for (let i = at - 1; i >= 0; i -= 1) {
      const { wrote: wrote_, access: writer, clock: its } = steps[i]!;
      if (!(wrote_ && overlap(writer, access))) continue;
      if (writer.atomic && sameRange(writer, access)) join(clock, its);
      break;
    }
  } else if (access.kind === Kind.wake) {
    for (let i = at - 1; i >= 0; i -= 1) {
      const { access: notifier, clock: its } = steps[i]!;
      if (!(notifier.kind === Kind.notify && overlap(notifier, access))) continue;
      join(clock, its);
      break;
    }
  }

  // Who comes after the last step of a thread comes after all of them, and mostly that is so of every thread.
  let unordered = 0;
  for (let other = 0; other < last.length; other += 1) {
    const its = last[other]!;
    if (other !== thread && its >= 0 && clock[other]! < steps[its]!.clock[other]!) unordered += 1;
  }
  if (unordered === 0) return -1;
  for (let i = at - 1; i >= 0; i -= 1) {
    const other = steps[i]!;
    if (
      other.thread !== thread &&
      conflict(other.access, other.wrote, access, wrote, racyReads) &&
      clock[other.thread]! < other.clock[other.thread]!
    ) {
      return i;
    }
  }
  return -1;
}
