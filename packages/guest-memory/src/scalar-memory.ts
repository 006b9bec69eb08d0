/**
 * Checked loads and stores of scalars: the hot path of every host function.
 *
 * Each method is the same few lines for another width: one indexed access of scalar-views.ts behind one comparison for
 * overflow and alignment and one counter for the borrows, or the slow path, which refreshes the views, asks every question
 * in order and throws or succeeds. They are written out because a site that takes the width as an argument is slower, and
 * `liveDv` is read only on the slow path because a resizable buffer that passes through a site slows it for good (core's
 * CORE-3). The borrow is asked before the bounds: the policy may be the user's, and change the memory while it answers.
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
    if (typeof ptr === "number" && ptr >>> 0 === ptr && this.readable(ptr, 1)) {
      const value = this.scalars.u8[ptr];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 1, 1, "read"); // first: it may replace liveDv
    return this.views.liveDv.getUint8(at);
  }

  /** Reads a signed 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI8(ptr: number): number {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && this.readable(ptr, 1)) {
      const value = this.scalars.i8[ptr];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 1, 1, "read"); // first: it may replace liveDv
    return this.views.liveDv.getInt8(at);
  }

  /** Reads an unsigned 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU16(ptr: number): number {
    if (typeof ptr === "number" && (ptr >>> 1) * 2 === ptr && this.readable(ptr, 2)) {
      const value = this.scalars.u16[ptr >>> 1];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 2, 2, "read"); // first: it may replace liveDv
    return this.views.liveDv.getUint16(at, true);
  }

  /** Reads a signed 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI16(ptr: number): number {
    if (typeof ptr === "number" && (ptr >>> 1) * 2 === ptr && this.readable(ptr, 2)) {
      const value = this.scalars.i16[ptr >>> 1];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 2, 2, "read"); // first: it may replace liveDv
    return this.views.liveDv.getInt16(at, true);
  }

  /** Reads an unsigned 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU32(ptr: number): number {
    if (typeof ptr === "number" && (ptr >>> 2) * 4 === ptr && this.readable(ptr, 4)) {
      const value = this.scalars.u32[ptr >>> 2];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 4, 4, "read"); // first: it may replace liveDv
    return this.views.liveDv.getUint32(at, true);
  }

  /** Reads a signed 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI32(ptr: number): number {
    if (typeof ptr === "number" && (ptr >>> 2) * 4 === ptr && this.readable(ptr, 4)) {
      const value = this.scalars.i32[ptr >>> 2];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 4, 4, "read"); // first: it may replace liveDv
    return this.views.liveDv.getInt32(at, true);
  }

  /** Reads an unsigned 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU64(ptr: number): bigint {
    if (typeof ptr === "number" && (ptr >>> 3) * 8 === ptr && this.readable(ptr, 8)) {
      const value = this.scalars.u64[ptr >>> 3];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 8, 8, "read"); // first: it may replace liveDv
    return this.views.liveDv.getBigUint64(at, true);
  }

  /** Reads a signed 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI64(ptr: number): bigint {
    if (typeof ptr === "number" && (ptr >>> 3) * 8 === ptr && this.readable(ptr, 8)) {
      const value = this.scalars.i64[ptr >>> 3];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 8, 8, "read"); // first: it may replace liveDv
    return this.views.liveDv.getBigInt64(at, true);
  }

  /** Reads a 32-bit float. A signalling NaN may come back quiet. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF32(ptr: number): number {
    if (typeof ptr === "number" && (ptr >>> 2) * 4 === ptr && this.readable(ptr, 4)) {
      const value = this.scalars.f32[ptr >>> 2];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 4, 4, "read"); // first: it may replace liveDv
    return this.views.liveDv.getFloat32(at, true);
  }

  /** Reads a 64-bit float. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF64(ptr: number): number {
    if (typeof ptr === "number" && (ptr >>> 3) * 8 === ptr && this.readable(ptr, 8)) {
      const value = this.scalars.f64[ptr >>> 3];
      if (value !== undefined) return value;
    }
    const at = this.locate(ptr, 1, 8, 8, "read"); // first: it may replace liveDv
    return this.views.liveDv.getFloat64(at, true);
  }

  /** Writes an unsigned 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU8(ptr: number, value: number): void {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && isU8(value) && this.writable(ptr, 1)) {
      const { u8 } = this.scalars;
      if (ptr < u8.length) {
        u8[ptr] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 1, 1, "write");
    demand(isU8(value), "u8", value);
    this.views.liveDv.setUint8(at, value);
  }

  /** Writes a signed 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI8(ptr: number, value: number): void {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && isI8(value) && this.writable(ptr, 1)) {
      const { i8 } = this.scalars;
      if (ptr < i8.length) {
        i8[ptr] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 1, 1, "write");
    demand(isI8(value), "i8", value);
    this.views.liveDv.setInt8(at, value);
  }

  /** Writes an unsigned 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU16(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 1) * 2 === ptr &&
      isU16(value) &&
      this.writable(ptr, 2)
    ) {
      const { u16 } = this.scalars;
      if (ptr >>> 1 < u16.length) {
        u16[ptr >>> 1] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 2, 2, "write");
    demand(isU16(value), "u16", value);
    this.views.liveDv.setUint16(at, value, true);
  }

  /** Writes a signed 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI16(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 1) * 2 === ptr &&
      isI16(value) &&
      this.writable(ptr, 2)
    ) {
      const { i16 } = this.scalars;
      if (ptr >>> 1 < i16.length) {
        i16[ptr >>> 1] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 2, 2, "write");
    demand(isI16(value), "i16", value);
    this.views.liveDv.setInt16(at, value, true);
  }

  /** Writes an unsigned 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU32(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 2) * 4 === ptr &&
      isU32(value) &&
      this.writable(ptr, 4)
    ) {
      const { u32 } = this.scalars;
      if (ptr >>> 2 < u32.length) {
        u32[ptr >>> 2] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand(isU32(value), "u32", value);
    this.views.liveDv.setUint32(at, value, true);
  }

  /** Writes a signed 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI32(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 2) * 4 === ptr &&
      isI32(value) &&
      this.writable(ptr, 4)
    ) {
      const { i32 } = this.scalars;
      if (ptr >>> 2 < i32.length) {
        i32[ptr >>> 2] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand(isI32(value), "i32", value);
    this.views.liveDv.setInt32(at, value, true);
  }

  /** Writes an unsigned 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU64(ptr: number, value: bigint): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 3) * 8 === ptr &&
      isU64(value) &&
      this.writable(ptr, 8)
    ) {
      const { u64 } = this.scalars;
      if (ptr >>> 3 < u64.length) {
        u64[ptr >>> 3] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand(isU64(value), "u64", value);
    this.views.liveDv.setBigUint64(at, value, true);
  }

  /** Writes a signed 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI64(ptr: number, value: bigint): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 3) * 8 === ptr &&
      isI64(value) &&
      this.writable(ptr, 8)
    ) {
      const { i64 } = this.scalars;
      if (ptr >>> 3 < i64.length) {
        i64[ptr >>> 3] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand(isI64(value), "i64", value);
    this.views.liveDv.setBigInt64(at, value, true);
  }

  /** Writes a 32-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF32(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 2) * 4 === ptr &&
      isFloat(value) &&
      this.writable(ptr, 4)
    ) {
      const { f32 } = this.scalars;
      if (ptr >>> 2 < f32.length) {
        f32[ptr >>> 2] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 4, 4, "write");
    demand(isFloat(value), "f32", value);
    this.views.liveDv.setFloat32(at, value, true);
  }

  /** Writes a 64-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF64(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr >>> 3) * 8 === ptr &&
      isFloat(value) &&
      this.writable(ptr, 8)
    ) {
      const { f64 } = this.scalars;
      if (ptr >>> 3 < f64.length) {
        f64[ptr >>> 3] = value;
        return;
      }
    }
    const at = this.locate(ptr, 1, 8, 8, "write");
    demand(isFloat(value), "f64", value);
    this.views.liveDv.setFloat64(at, value, true);
  }
}
