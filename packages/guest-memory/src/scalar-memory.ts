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

import { isFloat, isI8, isI16, isI32, isI64, isU8, isU16, isU32, isU64 } from "@memkit/core";
import { CheckedMemory } from "./checked-memory.js";
import { GuestError } from "./error.js";
import { printed } from "./printed.js";

/** The last question of a write, after bounds, alignment and borrows. A NaN is a float like any other. */
function demand(fits: boolean, type: string, value: unknown): void {
  if (!fits) throw new GuestError({ code: "try-from-int-error", type, got: printed(value) });
}

/** The part of `GuestMemory` that reads and writes numbers. */
export class ScalarMemory extends CheckedMemory {
  /** Reads an unsigned 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU8(ptr: number): number {
    if (this.mayRead(ptr, 1, 1)) return this.views.dv.getUint8(ptr);
    const at = this.locate(ptr, 1, 1, 1, "read"); // first: it may replace liveDv
    return this.views.liveDv.getUint8(at);
  }

  /** Reads a signed 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI8(ptr: number): number {
    if (this.mayRead(ptr, 1, 1)) return this.views.dv.getInt8(ptr);
    const at = this.locate(ptr, 1, 1, 1, "read"); // first: it may replace liveDv
    return this.views.liveDv.getInt8(at);
  }

  /** Reads an unsigned 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU16(ptr: number): number {
    if (this.mayRead(ptr, 2, 2)) return this.views.dv.getUint16(ptr, true);
    const at = this.locate(ptr, 1, 2, 2, "read"); // first: it may replace liveDv
    return this.views.liveDv.getUint16(at, true);
  }

  /** Reads a signed 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI16(ptr: number): number {
    if (this.mayRead(ptr, 2, 2)) return this.views.dv.getInt16(ptr, true);
    const at = this.locate(ptr, 1, 2, 2, "read"); // first: it may replace liveDv
    return this.views.liveDv.getInt16(at, true);
  }

  /** Reads an unsigned 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU32(ptr: number): number {
    if (this.mayRead(ptr, 4, 4)) return this.views.dv.getUint32(ptr, true);
    const at = this.locate(ptr, 1, 4, 4, "read"); // first: it may replace liveDv
    return this.views.liveDv.getUint32(at, true);
  }

  /** Reads a signed 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI32(ptr: number): number {
    if (this.mayRead(ptr, 4, 4)) return this.views.dv.getInt32(ptr, true);
    const at = this.locate(ptr, 1, 4, 4, "read"); // first: it may replace liveDv
    return this.views.liveDv.getInt32(at, true);
  }

  /** Reads an unsigned 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU64(ptr: number): bigint {
    if (this.mayRead(ptr, 8, 8)) return this.views.dv.getBigUint64(ptr, true);
    const at = this.locate(ptr, 1, 8, 8, "read"); // first: it may replace liveDv
    return this.views.liveDv.getBigUint64(at, true);
  }

  /** Reads a signed 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI64(ptr: number): bigint {
    if (this.mayRead(ptr, 8, 8)) return this.views.dv.getBigInt64(ptr, true);
    const at = this.locate(ptr, 1, 8, 8, "read"); // first: it may replace liveDv
    return this.views.liveDv.getBigInt64(at, true);
  }

  /** Reads a 32-bit float. A signalling NaN may come back quiet. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF32(ptr: number): number {
    if (this.mayRead(ptr, 4, 4)) return this.views.dv.getFloat32(ptr, true);
    const at = this.locate(ptr, 1, 4, 4, "read"); // first: it may replace liveDv
    return this.views.liveDv.getFloat32(at, true);
  }

  /** Reads a 64-bit float. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF64(ptr: number): number {
    if (this.mayRead(ptr, 8, 8)) return this.views.dv.getFloat64(ptr, true);
    const at = this.locate(ptr, 1, 8, 8, "read"); // first: it may replace liveDv
    return this.views.liveDv.getFloat64(at, true);
  }

  /** Writes an unsigned 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU8(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 1, 1) && isU8(value)) {
      this.views.dv.setUint8(ptr, value);
      return;
    }
    const at = this.locate(ptr, 1, 1, 1, "write");
    demand(isU8(value), "u8", value);
    this.views.liveDv.setUint8(at, value);
  }

  /** Writes a signed 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI8(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 1, 1) && isI8(value)) {
      this.views.dv.setInt8(ptr, value);
      return;
    }
    const at = this.locate(ptr, 1, 1, 1, "write");
    demand(isI8(value), "i8", value);
    this.views.liveDv.setInt8(at, value);
  }

  /** Writes an unsigned 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU16(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 2, 2) && isU16(value)) {
      this.views.dv.setUint16(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 2, 2, "write");
    demand(isU16(value), "u16", value);
    this.views.liveDv.setUint16(at, value, true);
  }

  /** Writes a signed 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI16(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 2, 2) && isI16(value)) {
      this.views.dv.setInt16(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 2, 2, "write");
    demand(isI16(value), "i16", value);
    this.views.liveDv.setInt16(at, value, true);
  }

  /** Writes an unsigned 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU32(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 4, 4) && isU32(value)) {
      this.views.dv.setUint32(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand(isU32(value), "u32", value);
    this.views.liveDv.setUint32(at, value, true);
  }

  /** Writes a signed 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI32(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 4, 4) && isI32(value)) {
      this.views.dv.setInt32(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand(isI32(value), "i32", value);
    this.views.liveDv.setInt32(at, value, true);
  }

  /** Writes an unsigned 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU64(ptr: number, value: bigint): void {
    if (this.mayWrite(ptr, 8, 8) && isU64(value)) {
      this.views.dv.setBigUint64(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand(isU64(value), "u64", value);
    this.views.liveDv.setBigUint64(at, value, true);
  }

  /** Writes a signed 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI64(ptr: number, value: bigint): void {
    if (this.mayWrite(ptr, 8, 8) && isI64(value)) {
      this.views.dv.setBigInt64(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand(isI64(value), "i64", value);
    this.views.liveDv.setBigInt64(at, value, true);
  }

  /** Writes a 32-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF32(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 4, 4) && isFloat(value)) {
      this.views.dv.setFloat32(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand(isFloat(value), "f32", value);
    this.views.liveDv.setFloat32(at, value, true);
  }

  /** Writes a 64-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF64(ptr: number, value: number): void {
    if (this.mayWrite(ptr, 8, 8) && isFloat(value)) {
      this.views.dv.setFloat64(ptr, value, true);
      return;
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand(isFloat(value), "f64", value);
    this.views.liveDv.setFloat64(at, value, true);
  }
}
