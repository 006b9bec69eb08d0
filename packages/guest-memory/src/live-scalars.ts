/**
 * Checked loads and stores of scalars, one question after the other: what every memory can do, some five times as slowly.
 *
 * Two use it: scalar-memory.ts, for whatever its fast path would not do, and memories over a resizable buffer, always: those
 * have methods of their own for it (guest-memory.ts). V8 compiles a method by what all its callers have seen, and a memory
 * that never takes the fast path must not come through its methods.
 *
 * Keeps GM-6, GM-7 and GM-8. Multi-byte values are little-endian, as wasm's are.
 *
 * @module
 */

import type { Layout, Scalar } from "@memkit/core";
import { CheckedMemory } from "./checked-memory.js";
import { inOurWords } from "./layout-faults.js";

/** A type of numbers: the ten that memories read and write by name. */
export type Num = Scalar<"u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "f64">;
/** A type of bigints. */
export type Big = Scalar<"u64" | "i64">;

/** What a DataView calls the ten, by kind; core keeps them together, in this order, and first (CORE-10). */
const NAMES = "Uint8 Int8 Uint16 Int16 Uint32 Int32 BigUint64 BigInt64 Float32 Float64".split(" ");
const GET = NAMES.map((name) => `get${name}`);
const SET = NAMES.map((name) => `set${name}`);

/** A DataView by the names of its methods. A byte has no order, and does not mind being given one. */
type Accessors = Readonly<
  Record<string, (at: number, ...order: [...value: unknown[], little: boolean]) => number | bigint>
>;

/** Where a value is stored to find out whether it is one: no scalar is wider. */
const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** The part of `GuestMemory` that reads and writes numbers slowly. */
export class LiveScalars extends CheckedMemory {
  /** @internal Asks everything in order, then reads through the live view. */
  liveRead(type: Big, ptr: number): bigint;
  liveRead(type: Num, ptr: number): number;
  liveRead(type: Layout, ptr: number): number | bigint {
    const at = this.locate(ptr, 1, type.size, type.align, "read");
    // Only now: `locate` may have replaced the view.
    return (this.views.liveDv as unknown as Accessors)[GET[type.kind]!]!(at, true);
  }

  /** @internal As {@link liveRead}. The value is the last question, after bounds, alignment and borrows. */
  liveWrite(type: Num | Big, ptr: number, value: unknown): void {
    const at = this.locate(ptr, 1, type.size, type.align, "write");
    try {
      type.write(scratch, 0, value as never);
    } catch (error) {
      throw inOurWords(error);
    }
    (this.views.liveDv as unknown as Accessors)[SET[type.kind]!]!(at, value, true);
  }
}
