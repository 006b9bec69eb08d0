/**
 * Checked loads and stores of scalars, one question after the other: what every memory can do, at about 30 ns.
 *
 * Two use it: scalar-memory.ts, for whatever its fast path would not do, and memories over a resizable buffer, always: those
 * have `liveReadU8` under the name of `readU8` and so on (guest-memory.ts). V8 compiles a method by what all its callers
 * have seen, and a memory that never takes the fast path must not come through its methods.
 *
 * Keeps GM-6, GM-7 and GM-8. Multi-byte values are little-endian, as wasm's are.
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
  Kind,
  type Layout,
  u8,
  u16,
  u32,
  u64,
} from "@memkit/core";
import { CheckedMemory } from "./checked-memory.js";
import { GuestError } from "./error.js";
import { printed } from "./printed.js";

/** The part of `GuestMemory` that reads and writes numbers slowly. */
export class LiveScalars extends CheckedMemory {
  /** @internal */
  liveReadU8(ptr: number): number {
    return this.#access(u8, ptr) as number;
  }

  /** @internal */
  liveReadI8(ptr: number): number {
    return this.#access(i8, ptr) as number;
  }

  /** @internal */
  liveReadU16(ptr: number): number {
    return this.#access(u16, ptr) as number;
  }

  /** @internal */
  liveReadI16(ptr: number): number {
    return this.#access(i16, ptr) as number;
  }

  /** @internal */
  liveReadU32(ptr: number): number {
    return this.#access(u32, ptr) as number;
  }

  /** @internal */
  liveReadI32(ptr: number): number {
    return this.#access(i32, ptr) as number;
  }

  /** @internal */
  liveReadU64(ptr: number): bigint {
    return this.#access(u64, ptr) as bigint;
  }

  /** @internal */
  liveReadI64(ptr: number): bigint {
    return this.#access(i64, ptr) as bigint;
  }

  /** @internal */
  liveReadF32(ptr: number): number {
    return this.#access(f32, ptr) as number;
  }

  /** @internal */
  liveReadF64(ptr: number): number {
    return this.#access(f64, ptr) as number;
  }

  /** @internal */
  liveWriteU8(ptr: number, value: number): void {
    this.#access(u8, ptr, value, isU8(value));
  }

  /** @internal */
  liveWriteI8(ptr: number, value: number): void {
    this.#access(i8, ptr, value, isI8(value));
  }

  /** @internal */
  liveWriteU16(ptr: number, value: number): void {
    this.#access(u16, ptr, value, isU16(value));
  }

  /** @internal */
  liveWriteI16(ptr: number, value: number): void {
    this.#access(i16, ptr, value, isI16(value));
  }

  /** @internal */
  liveWriteU32(ptr: number, value: number): void {
    this.#access(u32, ptr, value, isU32(value));
  }

  /** @internal */
  liveWriteI32(ptr: number, value: number): void {
    this.#access(i32, ptr, value, isI32(value));
  }

  /** @internal */
  liveWriteU64(ptr: number, value: bigint): void {
    this.#access(u64, ptr, value, isU64(value));
  }

  /** @internal */
  liveWriteI64(ptr: number, value: bigint): void {
    this.#access(i64, ptr, value, isI64(value));
  }

  /** @internal */
  liveWriteF32(ptr: number, value: number): void {
    this.#access(f32, ptr, value, isFloat(value));
  }

  /** @internal */
  liveWriteF64(ptr: number, value: number): void {
    this.#access(f64, ptr, value, isFloat(value));
  }

  /**
   * Asks everything in order, then reads or writes through the live view. The value of a write is the last question, after
   * bounds, alignment and borrows.
   *
   * One function for all types and both directions, on purpose: V8 inlines a hot function below 460 bytes of bytecode (and
   * for a resizable memory this one is hot) into the methods above, and those, then large themselves, into nothing.
   *
   * @param value - what to write; undefined reads
   */
  #access(type: Layout, ptr: number, value?: number | bigint, fits?: boolean): number | bigint {
    const at = this.locate(ptr, 1, type.size, type.align, fits === undefined ? "read" : "write");
    const { liveDv } = this.views; // only now: `locate` may have replaced it
    if (fits === undefined) {
      switch (type.kind) {
        case Kind.u8:
          return liveDv.getUint8(at);
        case Kind.i8:
          return liveDv.getInt8(at);
        case Kind.u16:
          return liveDv.getUint16(at, true);
        case Kind.i16:
          return liveDv.getInt16(at, true);
        case Kind.u32:
          return liveDv.getUint32(at, true);
        case Kind.i32:
          return liveDv.getInt32(at, true);
        case Kind.u64:
          return liveDv.getBigUint64(at, true);
        case Kind.i64:
          return liveDv.getBigInt64(at, true);
        case Kind.f32:
          return liveDv.getFloat32(at, true);
        default:
          return liveDv.getFloat64(at, true);
      }
    }
    if (!fits) {
      throw new GuestError({ code: "try-from-int-error", type: type.name, got: printed(value) });
    }
    switch (type.kind) {
      case Kind.u8:
        liveDv.setUint8(at, value as number);
        break;
      case Kind.i8:
        liveDv.setInt8(at, value as number);
        break;
      case Kind.u16:
        liveDv.setUint16(at, value as number, true);
        break;
      case Kind.i16:
        liveDv.setInt16(at, value as number, true);
        break;
      case Kind.u32:
        liveDv.setUint32(at, value as number, true);
        break;
      case Kind.i32:
        liveDv.setInt32(at, value as number, true);
        break;
      case Kind.u64:
        liveDv.setBigUint64(at, value as bigint, true);
        break;
      case Kind.i64:
        liveDv.setBigInt64(at, value as bigint, true);
        break;
      case Kind.f32:
        liveDv.setFloat32(at, value as number, true);
        break;
      default:
        liveDv.setFloat64(at, value as number, true);
    }
    return 0;
  }
}
