/**
 * Unsigned numbers of 8 to 64 bits, little-endian, as JavaScript numbers; and 64 bits as bigints.
 *
 * @module
 */

import { bufferTraits } from "../source.js";

const TWO_32 = 2 ** 32;

/**
 * The bytes of a DataView once more, as words of 64 bits, all three beginning at the same byte.
 *
 * V8 compiles an element of a BigUint64Array to a load or store; `getBigUint64` and `setBigUint64` are calls, 2 and 10
 * times as slow on Node 20. Empty arrays will do, and every access goes through the DataView then.
 */
export interface Words {
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
}

/** No words: for bytes of which there is only a DataView. */
export const NO_WORDS: Words = {
  u64: /* @__PURE__ */ new BigUint64Array(0),
  i64: /* @__PURE__ */ new BigInt64Array(0),
};

/** What {@link wordsOf} answers where there are none, so that it is not asked again. */
const WITHOUT: Words = /* @__PURE__ */ (() => ({ ...NO_WORDS }))();

/** Elements of typed arrays have the byte order of the machine, records that of wasm. */
const LITTLE_ENDIAN = /* @__PURE__ */ (() => new Uint8Array(Uint16Array.of(1).buffer)[0] === 1)();

/**
 * The words of `dv`, counted from its first byte. There are none if that lies between words, if the bytes are gone, or if the
 * buffer may change its length: arrays over such a buffer slow down every site that they pass (CORE-3).
 */
export function wordsOf(dv: DataView): Words {
  const { buffer } = dv;
  if (!LITTLE_ENDIAN || buffer.byteLength === 0 || bufferTraits(buffer).resizable) return WITHOUT;
  const { byteOffset, byteLength } = dv;
  if (byteOffset % 8 !== 0) return WITHOUT;
  const length = Math.floor(byteLength / 8);
  return {
    u64: new BigUint64Array(buffer, byteOffset, length),
    i64: new BigInt64Array(buffer, byteOffset, length),
  };
}

/** The unsigned number of 64 bits at `at`, wherever that is. */
export function loadU64(dv: DataView, words: Words, at: number): bigint {
  const { u64 } = words;
  const index = at >>> 3;
  if (index * 8 === at && index < u64.length) return u64[index] as bigint;
  return dv.getBigUint64(at, true);
}

/** The signed number of 64 bits at `at`, wherever that is. */
export function loadI64(dv: DataView, words: Words, at: number): bigint {
  const { i64 } = words;
  const index = at >>> 3;
  if (index * 8 === at && index < i64.length) return i64[index] as bigint;
  return dv.getBigInt64(at, true);
}

/** Stores the lowest 64 bits of `value` at `at`: a signed number's too, which are those of an unsigned one. */
export function store64(dv: DataView, words: Words, at: number, value: bigint): void {
  const { u64 } = words;
  const index = at >>> 3;
  if (index * 8 === at && index < u64.length) u64[index] = value;
  else dv.setBigUint64(at, value, true);
}

/** {@link store64} of the `count` values from number `first` on, side by side. */
export function storeWords(
  dv: DataView,
  words: Words,
  at: number,
  values: readonly bigint[],
  first: number,
  count: number,
): void {
  const { u64 } = words;
  const index = at >>> 3;
  if (index * 8 === at && index + count <= u64.length) {
    for (let i = 0; i < count; i++) u64[index + i] = values[first + i] as bigint;
  } else {
    for (let i = 0; i < count; i++) dv.setBigUint64(at + 8 * i, values[first + i] as bigint, true);
  }
}

/** A number of `size` = 1, 2 or 4 bytes. */
export function readUint(dv: DataView, at: number, size: number): number {
  if (size === 1) return dv.getUint8(at);
  return size === 2 ? dv.getUint16(at, true) : dv.getUint32(at, true);
}

/** Stores a number of `size` = 1, 2 or 4 bytes. */
export function writeUint(dv: DataView, at: number, size: number, value: number): void {
  if (size === 1) dv.setUint8(at, value);
  else if (size === 2) dv.setUint16(at, value, true);
  else dv.setUint32(at, value, true);
}

/** 64 bits as a number, rounded above 2^53: two loads are 13 times faster than `Number(dv.getBigUint64(at))`. */
export function readU64AsNumber(dv: DataView, at: number): number {
  return dv.getUint32(at + 4, true) * TWO_32 + dv.getUint32(at, true);
}

/** Stores an integer from 0 to 2^53-1 as 64 bits. */
export function writeU53(dv: DataView, at: number, value: number): void {
  dv.setUint32(at, value >>> 0, true);
  dv.setUint32(at + 4, Math.floor(value / TWO_32), true);
}
