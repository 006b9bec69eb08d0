/**
 * One typed array per scalar over the same bytes, so that a checked access is one comparison and one indexed load.
 *
 * The length that an access is compared with is the array's own: it is 0 once the buffer is detached, and stays short after
 * a shared memory grows, so whatever changed, the access fails towards the slow path. A `DataView` would be asked twice, by
 * its caller and by itself, and throws what is not ours. The arrays are fields of the memory itself: each object in between
 * costs a load that V8 repeats at every access once it has seen the memory grow.
 *
 * Invariant GM-20: no element of these arrays lies outside the memory as it is now. They are made over the `u8` of core's
 * view cache and replaced with it; for a resizable memory they are empty (core's CORE-3). Only claimed-memory.ts calls
 * `retype`.
 *
 * @module
 */

/** wasm is little-endian; on a host that is not, all arrays but those of bytes stay empty, and every access goes slowly. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The arrays of one memory. A tail too short for an element is in no array of that width: no aligned access ends there. */
export class ScalarViews {
  protected u8: Uint8Array;
  protected i8: Int8Array;
  protected u16: Uint16Array;
  protected i16: Int16Array;
  protected u32: Uint32Array;
  protected i32: Int32Array;
  protected u64: BigUint64Array;
  protected i64: BigInt64Array;
  protected f32: Float32Array;
  protected f64: Float64Array;

  // Assigned here and not in `retype`: V8 keeps room inside the object for the fields that a constructor assigns.
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

  /** Makes the arrays anew, over the bytes of `u8`. */
  protected retype(u8: Uint8Array): void {
    Object.assign(this, new ScalarViews(u8));
  }
}
