/**
 * Single accesses: 1, 2, 4 or 8 bytes read, written or exchanged at once, never in parts.
 *
 * A DataView may tear and so may a copy; `Atomics` on an aligned element may not, for every width. It is stronger than
 * OSTD's volatile access (sequentially consistent), and it works on unshared memory too.
 *
 * The value goes through eight bytes of scratch, so that one table of unsigned words serves every type of that size.
 *
 * @see ECMA-262 29 "Memory Model", tear-free events
 * @module
 */

import type { Pod } from "./vm-cursor.js";
import { CoreError } from "./vm-error.js";
import type { FallibleMemory } from "./vm-memory.js";

type Words = Uint8Array | Uint16Array | Uint32Array;

const CONSTRUCTORS = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
} as const;
type Width = keyof typeof CONSTRUCTORS;

const scratch = new ArrayBuffer(8);
const scratchView = new DataView(scratch);
/** The low bytes of the scratch as one word. In the host's byte order, whatever it is: so is the memory's word. */
const scratchWord = {
  1: new Uint8Array(scratch, 0, 1),
  2: new Uint16Array(scratch, 0, 1),
  4: new Uint32Array(scratch, 0, 1),
  8: new BigUint64Array(scratch, 0, 1),
} as const;

/** Arrays of words over whole buffers, one per width; they live as long as the buffer. */
const arrays = new WeakMap<ArrayBufferLike, Map<Width, Words | BigUint64Array>>();

function wordsOver(buffer: ArrayBufferLike, width: Width, index: number): Words | BigUint64Array {
  let ofBuffer = arrays.get(buffer);
  if (ofBuffer === undefined) {
    ofBuffer = new Map();
    arrays.set(buffer, ofBuffer);
  }
  const known = ofBuffer.get(width);
  if (known !== undefined && index < known.length) return known; // else the buffer has grown in place, or is new
  const made = new CONSTRUCTORS[width](
    buffer as ArrayBuffer, // or shared: the constructors take both, their union does not say so
    0,
    Math.floor(buffer.byteLength / width),
  );
  ofBuffer.set(width, made);
  return made;
}

/** A single access of `type` at `at`. Proves width and alignment. */
export function checkOnce<T>(type: Pod<T>, at: number): void {
  const { name, size } = type;
  if (!Object.hasOwn(CONSTRUCTORS, size)) {
    throw new CoreError({ code: "not-a-single-access", type: name, size });
  }
  if (at % size !== 0) {
    throw new CoreError({
      code: "not-aligned",
      what: "address of a single access",
      got: at,
      align: size,
    });
  }
}

/** The bits of `value` in the low bytes of the scratch, as a word of the type's width. */
function encode<T>(type: Pod<T>, value: T): number | bigint {
  scratchView.setBigUint64(0, 0n); // a record may have padding
  type.write(scratchView, 0, value);
  return scratchWord[type.size as Width][0]!;
}

function decode<T>(type: Pod<T>, bits: number | bigint): T {
  scratchWord[type.size as Width][0] = bits as never; // a bigint for the width of 8, else a number
  return type.read(scratchView, 0);
}

function locate<T>({ views, offset }: FallibleMemory, type: Pod<T>): [BigUint64Array, number] {
  const index = offset / type.size;
  // Typed as the widest: Atomics takes bits of the array's own width, which `encode` made of the same type.
  return [wordsOver(views.liveU8.buffer, type.size as Width, index) as BigUint64Array, index];
}

/** Caller must have sought the whole of it: the place is `memory.views`, `memory.offset`. */
export function loadOnce<T>(memory: FallibleMemory, type: Pod<T>): T {
  return decode(type, Atomics.load(...locate(memory, type)));
}

/** As {@link loadOnce}. */
export function storeOnce<T>(
  memory: FallibleMemory,
  type: Pod<T>,
  value: T,
  seekAgain: () => void,
): void {
  const bits = encode(type, value) as bigint;
  seekAgain(); // encoding may have run code of the value's, and that code anything
  Atomics.store(...locate(memory, type), bits);
}

/** What a compare-and-exchange found. */
export interface Exchange<T> {
  /** The value before. */
  readonly previous: T;
  /** Whether it was the expected one, bit for bit, and has been replaced. */
  readonly exchanged: boolean;
}

/** As {@link loadOnce}. */
export function exchangeOnce<T>(
  memory: FallibleMemory,
  type: Pod<T>,
  expected: T,
  replacement: T,
  seekAgain: () => void,
): Exchange<T> {
  const before = encode(type, expected) as bigint;
  const after = encode(type, replacement) as bigint;
  seekAgain(); // as in `storeOnce`
  const seen = Atomics.compareExchange(...locate(memory, type), before, after);
  return { previous: decode(type, seen), exchanged: seen === before };
}
