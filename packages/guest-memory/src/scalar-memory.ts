/**
 * Checked loads and stores of scalars: the hot path of every host function.
 *
 * Each method is the same few lines for another width: one indexed access of scalar-views.ts behind one comparison each for
 * alignment, overflow, borrows and bounds, or the slow path of live-scalars.ts. They are written out because a site that
 * takes the width as an argument is slower. The borrow is asked before the bounds: the policy may be the user's, and change
 * the memory while it answers. What the slow path gives is a number already; `>>> 0` and its like tell V8 so, which then
 * keeps both paths' results unboxed.
 *
 * Keeps GM-6, GM-7 and GM-8.
 *
 * @module
 */

import {
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  isFloat,
  isI8,
  isI16,
  isI32,
  isI64,
  isU8,
  isU16,
  isU32,
  isU64,
  u8,
  u16,
  u32,
  u64,
} from "@memkit/core";
import { LiveScalars } from "./live-scalars.js";

/** The part of `GuestMemory` that reads and writes numbers. */
export class ScalarMemory extends LiveScalars {
  /** Reads an unsigned 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU8(ptr: number): number {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && this.readable(ptr, 1)) {
      if (ptr < this.u8.length) return this.u8[ptr]!;
    }
    return this.liveRead(u8, ptr) >>> 0;
  }

  /** Reads a signed 8-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI8(ptr: number): number {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && this.readable(ptr, 1)) {
      if (ptr < this.i8.length) return this.i8[ptr]!;
    }
    return this.liveRead(i8, ptr) | 0;
  }

  /** Reads an unsigned 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU16(ptr: number): number {
    if (typeof ptr === "number" && (ptr & 1) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 2)) {
      if (ptr >>> 1 < this.u16.length) return this.u16[ptr >>> 1]!;
    }
    return this.liveRead(u16, ptr) >>> 0;
  }

  /** Reads a signed 16-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI16(ptr: number): number {
    if (typeof ptr === "number" && (ptr & 1) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 2)) {
      if (ptr >>> 1 < this.i16.length) return this.i16[ptr >>> 1]!;
    }
    return this.liveRead(i16, ptr) | 0;
  }

  /** Reads an unsigned 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU32(ptr: number): number {
    if (typeof ptr === "number" && (ptr & 3) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 4)) {
      if (ptr >>> 2 < this.u32.length) return this.u32[ptr >>> 2]!;
    }
    return this.liveRead(u32, ptr) >>> 0;
  }

  /** Reads a signed 32-bit integer. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI32(ptr: number): number {
    if (typeof ptr === "number" && (ptr & 3) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 4)) {
      if (ptr >>> 2 < this.i32.length) return this.i32[ptr >>> 2]!;
    }
    return this.liveRead(i32, ptr) | 0;
  }

  /** Reads an unsigned 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readU64(ptr: number): bigint {
    if (typeof ptr === "number" && (ptr & 7) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 8)) {
      if (ptr >>> 3 < this.u64.length) return this.u64[ptr >>> 3]!;
    }
    return this.liveRead(u64, ptr);
  }

  /** Reads a signed 64-bit integer, as a bigint. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readI64(ptr: number): bigint {
    if (typeof ptr === "number" && (ptr & 7) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 8)) {
      if (ptr >>> 3 < this.i64.length) return this.i64[ptr >>> 3]!;
    }
    return this.liveRead(i64, ptr);
  }

  /** Reads a 32-bit float. A signalling NaN may come back quiet. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF32(ptr: number): number {
    if (typeof ptr === "number" && (ptr & 3) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 4)) {
      if (ptr >>> 2 < this.f32.length) return this.f32[ptr >>> 2]!;
    }
    return +this.liveRead(f32, ptr);
  }

  /** Reads a 64-bit float. @throws {@link GuestError} as {@link validate}, then `ptr-borrowed` */
  readF64(ptr: number): number {
    if (typeof ptr === "number" && (ptr & 7) === 0 && ptr >>> 0 === ptr && this.readable(ptr, 8)) {
      if (ptr >>> 3 < this.f64.length) return this.f64[ptr >>> 3]!;
    }
    return +this.liveRead(f64, ptr);
  }

  /** Writes an unsigned 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU8(ptr: number, value: number): void {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && isU8(value) && this.writable(ptr, 1)) {
      if (ptr < this.u8.length) {
        this.u8[ptr] = value;
        return;
      }
    }
    this.liveWrite(u8, ptr, value);
  }

  /** Writes a signed 8-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI8(ptr: number, value: number): void {
    if (typeof ptr === "number" && ptr >>> 0 === ptr && isI8(value) && this.writable(ptr, 1)) {
      if (ptr < this.i8.length) {
        this.i8[ptr] = value;
        return;
      }
    }
    this.liveWrite(i8, ptr, value);
  }

  /** Writes an unsigned 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU16(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr & 1) === 0 &&
      ptr >>> 0 === ptr &&
      isU16(value) &&
      this.writable(ptr, 2)
    ) {
      if (ptr >>> 1 < this.u16.length) {
        this.u16[ptr >>> 1] = value;
        return;
      }
    }
    this.liveWrite(u16, ptr, value);
  }

  /** Writes a signed 16-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI16(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr & 1) === 0 &&
      ptr >>> 0 === ptr &&
      isI16(value) &&
      this.writable(ptr, 2)
    ) {
      if (ptr >>> 1 < this.i16.length) {
        this.i16[ptr >>> 1] = value;
        return;
      }
    }
    this.liveWrite(i16, ptr, value);
  }

  /** Writes an unsigned 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU32(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr & 3) === 0 &&
      ptr >>> 0 === ptr &&
      isU32(value) &&
      this.writable(ptr, 4)
    ) {
      if (ptr >>> 2 < this.u32.length) {
        this.u32[ptr >>> 2] = value;
        return;
      }
    }
    this.liveWrite(u32, ptr, value);
  }

  /** Writes a signed 32-bit integer. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI32(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr & 3) === 0 &&
      ptr >>> 0 === ptr &&
      isI32(value) &&
      this.writable(ptr, 4)
    ) {
      if (ptr >>> 2 < this.i32.length) {
        this.i32[ptr >>> 2] = value;
        return;
      }
    }
    this.liveWrite(i32, ptr, value);
  }

  /** Writes an unsigned 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeU64(ptr: number, value: bigint): void {
    if (
      typeof ptr === "number" &&
      (ptr & 7) === 0 &&
      ptr >>> 0 === ptr &&
      isU64(value) &&
      this.writable(ptr, 8)
    ) {
      if (ptr >>> 3 < this.u64.length) {
        this.u64[ptr >>> 3] = value;
        return;
      }
    }
    this.liveWrite(u64, ptr, value);
  }

  /** Writes a signed 64-bit integer, a bigint. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeI64(ptr: number, value: bigint): void {
    if (
      typeof ptr === "number" &&
      (ptr & 7) === 0 &&
      ptr >>> 0 === ptr &&
      isI64(value) &&
      this.writable(ptr, 8)
    ) {
      if (ptr >>> 3 < this.i64.length) {
        this.i64[ptr >>> 3] = value;
        return;
      }
    }
    this.liveWrite(i64, ptr, value);
  }

  /** Writes a 32-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF32(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr & 3) === 0 &&
      ptr >>> 0 === ptr &&
      isFloat(value) &&
      this.writable(ptr, 4)
    ) {
      if (ptr >>> 2 < this.f32.length) {
        this.f32[ptr >>> 2] = value;
        return;
      }
    }
    this.liveWrite(f32, ptr, value);
  }

  /** Writes a 64-bit float. @throws {@link GuestError} as the read, then `try-from-int-error` */
  writeF64(ptr: number, value: number): void {
    if (
      typeof ptr === "number" &&
      (ptr & 7) === 0 &&
      ptr >>> 0 === ptr &&
      isFloat(value) &&
      this.writable(ptr, 8)
    ) {
      if (ptr >>> 3 < this.f64.length) {
        this.f64[ptr >>> 3] = value;
        return;
      }
    }
    this.liveWrite(f64, ptr, value);
  }
}
