/**
 * One access to shared memory: what a scheduling point is about.
 *
 * A thread announces its access and is suspended; the scheduler does it when the thread's turn comes.
 *
 * @module
 */

import { ELEMENTS } from "./element.js";

/** What an element holds, and what an access gives. */
export type Word = number | bigint;

/** What is done. Everything from `add` to `compareExchange` reads and writes at once. */
export const Kind = {
  load: 0,
  store: 1,
  add: 2,
  sub: 3,
  and: 4,
  or: 5,
  xor: 6,
  exchange: 7,
  compareExchange: 8,
  /** `Atomics.wait` without a timeout: goes on, or queues up. */
  wait: 9,
  /** The rest of a wait that queued up: enabled by a notify. */
  wake: 10,
  notify: 11,
  /** `Atomics.wait` with a timeout: enabled when the word differs. */
  park: 12,
  /** `Atomics.pause`: enabled when a word that the thread has looked at since differs. */
  pause: 13,
} as const;
/** A value of {@link Kind}. */
export type Kind = (typeof Kind)[keyof typeof Kind];

const NAMES = Object.keys(Kind);

/** Results of a `wait`. */
export const WaitResult = { notEqual: 0, queued: 1 } as const;

/** A place and the value that was last seen there. */
export interface Glance {
  readonly buffer: number;
  readonly byteOffset: number;
  readonly element: number;
  readonly seen: Word;
}

/** An access. Made by {@link accessOf} alone, so that all have one shape. */
export interface Access {
  readonly kind: Kind;
  readonly atomic: boolean;
  /** The ordinal of the buffer in the scenario's setup. */
  readonly buffer: number;
  readonly byteOffset: number;
  /** A number of `ElementType`. */
  readonly element: number;
  /** In bytes; 0 where no memory is touched. */
  readonly size: number;
  readonly little: boolean;
  /** The value stored, added, expected or waited on; the count of a notify. */
  readonly operand: Word;
  /** What `compareExchange` would put there. */
  readonly replacement: Word;
  /** What must have changed before a `park` or `pause` may go on. */
  readonly watched: readonly Glance[];
}

const NOTHING: readonly Glance[] = [];

/** An access with these properties. */
export function accessOf(
  kind: Kind,
  atomic: boolean,
  buffer: number,
  byteOffset: number,
  element: number,
  operand: Word = 0,
  replacement: Word = 0,
  little = true,
): Access {
  const size = ELEMENTS[element]!.size;
  const watched = kind === Kind.park ? [{ buffer, byteOffset, element, seen: operand }] : NOTHING;
  return { kind, atomic, buffer, byteOffset, element, size, little, operand, replacement, watched };
}

/** A pause; whoever has the thread's log says what it watches. */
export function pauseOf(watched: readonly Glance[]): Access {
  return {
    kind: Kind.pause,
    atomic: true,
    buffer: 0,
    byteOffset: 0,
    element: 0,
    size: 0,
    little: true,
    operand: 0,
    replacement: 0,
    watched,
  };
}

/** Whether two accesses are the same, but for what they watch, which follows from the rest. */
export function sameAccess(a: Access, b: Access): boolean {
  return (
    a.kind === b.kind &&
    a.atomic === b.atomic &&
    a.buffer === b.buffer &&
    a.byteOffset === b.byteOffset &&
    a.element === b.element &&
    a.little === b.little &&
    Object.is(a.operand, b.operand) &&
    Object.is(a.replacement, b.replacement)
  );
}

/** Whether two accesses have a byte in common. */
export function overlap(a: Access, b: Access): boolean {
  return (
    a.buffer === b.buffer &&
    a.byteOffset < b.byteOffset + b.size &&
    b.byteOffset < a.byteOffset + a.size
  );
}

/** Whether `access` touches a place that `watcher` watches. */
export function watches(watcher: Access, access: Access): boolean {
  for (const { buffer, byteOffset, element } of watcher.watched) {
    if (
      buffer === access.buffer &&
      byteOffset < access.byteOffset + access.size &&
      access.byteOffset < byteOffset + ELEMENTS[element]!.size
    ) {
      return true;
    }
  }
  return false;
}

/** Whether the access can find out something about memory. */
export const reads = ({ kind }: Access): boolean =>
  kind === Kind.load || (kind >= Kind.add && kind <= Kind.wait) || kind === Kind.park;

/** Whether two accesses agree on which bytes they mean: only then do two atomic ones never race. */
export const sameRange = (a: Access, b: Access): boolean =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.size === b.size;

function place({ buffer, byteOffset, element }: Glance | Access): string {
  const { label, size } = ELEMENTS[element]!;
  const owner = buffer === 0 ? "" : `b${buffer}.`;
  return byteOffset % size === 0
    ? `${owner}${label}[${byteOffset / size}]`
    : `${owner}${label}@0x${byteOffset.toString(16)}`;
}

/** An access as a trace shows it. */
export function accessText(access: Access): string {
  const { kind, atomic, little, operand, replacement, size, watched } = access;
  const where = place(access) + (little || size === 1 ? "" : " (big-endian)");
  switch (kind) {
    case Kind.load:
      return `${atomic ? "load" : "plain read"} ${where}`;
    case Kind.store:
      return `${atomic ? "store" : "plain write"} ${where} = ${operand}`;
    case Kind.compareExchange:
      return `compareExchange ${where} ${operand} -> ${replacement}`;
    case Kind.wake:
      return `wake at ${where}`;
    case Kind.notify:
      return `notify ${where}${operand === Number.POSITIVE_INFINITY ? "" : `, ${operand} at most`}`;
    case Kind.park:
      return `park until ${where} is not ${operand}`;
    case Kind.pause:
      return `pause until another ${watched.map((g) => `${place(g)} than ${g.seen}`).join(" or ")}`;
    default:
      return `${NAMES[kind]} ${where} ${operand}`;
  }
}

/** The result of an access as a trace shows it. */
export function resultText({ kind, operand }: Access, result: Word): string {
  switch (kind) {
    case Kind.store:
    case Kind.wake:
    case Kind.park:
    case Kind.pause:
      return "";
    case Kind.compareExchange:
      return `${result}, ${result === operand ? "swapped" : "kept"}`;
    case Kind.wait:
      return result === WaitResult.queued ? "sleeps" : "not equal";
    case Kind.notify:
      return `${result} woken`;
    default:
      return String(result);
  }
}
