/**
 * Unsigned numbers of 8 to 64 bits, little-endian, as JavaScript numbers.
 *
 * @module
 */

const TWO_32 = 2 ** 32;

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
