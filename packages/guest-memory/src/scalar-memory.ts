/**
 * Checked loads and stores of scalars: the hot path of every host function.
 *
 * Each method is the same three lines for another width: the fast path of checked-memory.ts and one DataView access, or
 * the slow path, which refreshes the views, asks every question in order and throws or succeeds. They are written out
 * because a site that takes the width as an argument is slower, and `liveDv` is read only on the slow path because a
 * resizable buffer that passes through a site slows it for good (core's CORE-3).
 *
 * Keeps GM-6, GM-7 and GM-8. Multi-byte values are little-endian, as wasm's are.
 *
 * @module
 */

import { CheckedMemory, printed } from "./checked-memory.js";
import { GuestError } from "./error.js";

/** Inclusive ranges of the integer types, for the error path. */
const RANGES = {
  u8: [0, 0xff],
  i8: [-0x80, 0x7f],
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  u64: [0n, 0xffff_ffff_ffff_ffffn],
  i64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  f32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  f64: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
} as const;

/** Throws `try-from-int-error` unless `value` is one of `type`. A NaN is a float like any other. */
function demand(type: keyof typeof RANGES, value: number | bigint): void {
  const [min, max] = RANGES[type];
  const float = type === "f32" || type === "f64";
  const fits =
    typeof value === typeof min &&
    (float ||
      (value >= min && value <= max && (typeof value === "bigint" || Number.isInteger(value))));
  if (!fits) throw new GuestError({ code: "try-from-int-error", type, got: printed(value) });
}

/** The part of `GuestMemory` that reads and writes numbers. */
export class ScalarMemory extends CheckedMemory {
  /** Reads an unsigned 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU8(ptr: number): number {
    if (this.mayRead(ptr, 1)) return this.views.dv.getUint8(ptr);
    return this.views.liveDv.getUint8(this.locate(ptr, 1, 1, 1, "read"));
  }

  /** Reads a signed 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI8(ptr: number): number {
    if (this.mayRead(ptr, 1)) return this.views.dv.getInt8(ptr);
    return this.views.liveDv.getInt8(this.locate(ptr, 1, 1, 1, "read"));
  }

  /** Reads an unsigned 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU16(ptr: number): number {
    if (this.mayRead(ptr, 2)) return this.views.dv.getUint16(ptr, true);
    return this.views.liveDv.getUint16(this.locate(ptr, 1, 2, 2, "read"), true);
  }

  /** Reads a signed 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI16(ptr: number): number {
    if (this.mayRead(ptr, 2)) return this.views.dv.getInt16(ptr, true);
    return this.views.liveDv.getInt16(this.locate(ptr, 1, 2, 2, "read"), true);
  }

  /** Reads an unsigned 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU32(ptr: number): number {
    if (this.mayRead(ptr, 4)) return this.views.dv.getUint32(ptr, true);
    return this.views.liveDv.getUint32(this.locate(ptr, 1, 4, 4, "read"), true);
  }

  /** Reads a signed 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI32(ptr: number): number {
    if (this.mayRead(ptr, 4)) return this.views.dv.getInt32(ptr, true);
    return this.views.liveDv.getInt32(this.locate(ptr, 1, 4, 4, "read"), true);
  }

  /** Reads an unsigned 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU64(ptr: number): bigint {
    if (this.mayRead(ptr, 8)) return this.views.dv.getBigUint64(ptr, true);
    return this.views.liveDv.getBigUint64(this.locate(ptr, 1, 8, 8, "read"), true);
  }

  /** Reads a signed 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI64(ptr: number): bigint {
    if (this.mayRead(ptr, 8)) return this.views.dv.getBigInt64(ptr, true);
    return this.views.liveDv.getBigInt64(this.locate(ptr, 1, 8, 8, "read"), true);
  }

  /** Reads a 32-bit float. A signalling NaN may come back quiet. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF32(ptr: number): number {
    if (this.mayRead(ptr, 4)) return this.views.dv.getFloat32(ptr, true);
    return this.views.liveDv.getFloat32(this.locate(ptr, 1, 4, 4, "read"), true);
  }

  /** Reads a 64-bit float. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF64(ptr: number): number {
    if (this.mayRead(ptr, 8)) return this.views.dv.getFloat64(ptr, true);
    return this.views.liveDv.getFloat64(this.locate(ptr, 1, 8, 8, "read"), true);
  }

  /** Writes an unsigned 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU8(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 1) && typeof value === "number" && (value & 0xff) === value) {
      this.views.dv.setUint8(ptr, value);
      return;
    }
    const at = this.locate(ptr, 1, 1, 1, "write");
    demand("u8", value);
    this.views.liveDv.setUint8(at, value);
  }

  /** Writes a signed 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI8(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 1) && typeof value === "number" && (value << 24) >> 24 === value) {
      this.views.dv.setInt8(ptr, value);
      return;
    }
    const at = this.locate(ptr, 1, 1, 1, "write");
    demand("i8", value);
    this.views.liveDv.setInt8(at, value);
  }

  /** Writes an unsigned 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU16(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 2) && typeof value === "number" && (value & 0xffff) === value) {
      this.views.dv.setUint16(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 2, 2, "write");
    demand("u16", value);
    this.views.liveDv.setUint16(at, value, true);
  }

  /** Writes a signed 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI16(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 2) && typeof value === "number" && (value << 16) >> 16 === value) {
      this.views.dv.setInt16(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 2, 2, "write");
    demand("i16", value);
    this.views.liveDv.setInt16(at, value, true);
  }

  /** Writes an unsigned 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU32(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 4) && typeof value === "number" && value >>> 0 === value) {
      this.views.dv.setUint32(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand("u32", value);
    this.views.liveDv.setUint32(at, value, true);
  }

  /** Writes a signed 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI32(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 4) && typeof value === "number" && (value | 0) === value) {
      this.views.dv.setInt32(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand("i32", value);
    this.views.liveDv.setInt32(at, value, true);
  }

  /** Writes an unsigned 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU64(ptr: number, value: bigint): void {
    if (
      this.mayWrite(ptr, 8) &&
      typeof value === "bigint" &&
      value >= RANGES.u64[0] &&
      value <= RANGES.u64[1]
    ) {
      this.views.dv.setBigUint64(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand("u64", value);
    this.views.liveDv.setBigUint64(at, value, true);
  }

  /** Writes a signed 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI64(ptr: number, value: bigint): void {
    if (
      this.mayWrite(ptr, 8) &&
      typeof value === "bigint" &&
      value >= RANGES.i64[0] &&
      value <= RANGES.i64[1]
    ) {
      this.views.dv.setBigInt64(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand("i64", value);
    this.views.liveDv.setBigInt64(at, value, true);
  }

  /** Writes a 32-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF32(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 4) && typeof value === "number") {
      this.views.dv.setFloat32(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand("f32", value);
    this.views.liveDv.setFloat32(at, value, true);
  }

  /** Writes a 64-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF64(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 8) && typeof value === "number") {
      this.views.dv.setFloat64(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand("f64", value);
    this.views.liveDv.setFloat64(at, value, true);
  }
}
