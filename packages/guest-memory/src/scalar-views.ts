/**
 * One typed array per scalar over the same bytes, so that a checked load is one indexed load.
 *
 * A load past the end of a typed array gives undefined, and so does any load once the buffer is detached: the element that
 * comes back is its own bounds check, against the length as it is at that moment. A `DataView` asks twice, its caller first
 * and then itself, and throws what is not ours.
 *
 * Invariant GM-20: no element of these arrays lies outside the memory as it is now. They are made over the `u8` of core's
 * view cache and replaced with it; for a resizable memory they are empty (core's CORE-3). Only claimed-memory.ts makes them.
 *
 * @module
 */

/** wasm is little-endian; on a host that is not, all arrays but those of bytes stay empty, and every access goes slowly. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The arrays of one memory. A tail too short for an element is in no array of that width: no aligned access ends there. */
export class ScalarViews {
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
  readonly u16: Uint16Array;
  readonly i16: Int16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;

  constructor(u8: Uint8Array) {
    const { buffer, length } = u8;
    const wide = LITTLE_ENDIAN ? length : 0;
    this.u8 = u8;
    this.i8 = new Int8Array(buffer, 0, length);
    this.u16 = new Uint16Array(buffer, 0, Math.floor(wide / 2));
    this.i16 = new Int16Array(buffer, 0, Math.floor(wide / 2));
    this.u32 = new Uint32Array(buffer, 0, Math.floor(wide / 4));
    this.i32 = new Int32Array(buffer, 0, Math.floor(wide / 4));
    this.u64 = new BigUint64Array(buffer, 0, Math.floor(wide / 8));
    this.i64 = new BigInt64Array(buffer, 0, Math.floor(wide / 8));
    this.f32 = new Float32Array(buffer, 0, Math.floor(wide / 4));
    this.f64 = new Float64Array(buffer, 0, Math.floor(wide / 8));
  }
}
