/**
 * The type of a wasm memory: how many pages it starts with and may grow to.
 *
 * @see WebAssembly core specification 2.0, 5.3.7 "Limits" and 5.3.8 "Memory Types"; the threads proposal for the shared
 * flag, the memory64 proposal for 64-bit addresses
 *
 * @module
 */

import { encodeUnsigned, type WasmReader } from "./wasm-reader.js";

/** The type of a wasm memory, in pages of 64 KiB. */
export interface MemoryType {
  /** Pages it is created with. */
  readonly initialPages: number;
  /** Pages it may grow to; undefined when the module sets no maximum. */
  readonly maximumPages: number | undefined;
  /** Whether threads may share it. */
  readonly shared: boolean;
  /** Whether its addresses are 64-bit. */
  readonly memory64: boolean;
}

const HAS_MAXIMUM = 0x01;
const SHARED = 0x02;
const MEMORY64 = 0x04;

/** Reads the limits of a memory (or, with `flagsAllowed` smaller, of a table). */
export function readMemoryType(reader: WasmReader, flagsAllowed = 0x07): MemoryType {
  const start = reader.at;
  const flags = reader.byte();
  if ((flags & ~flagsAllowed) !== 0) {
    throw reader.malformed(`unknown limits flags 0x${flags.toString(16)}`, start);
  }
  const shared = (flags & SHARED) !== 0;
  const memory64 = (flags & MEMORY64) !== 0;
  const bits = memory64 ? 64 : 32;
  const initialPages = reader.unsigned(bits);
  const maximumPages = (flags & HAS_MAXIMUM) !== 0 ? reader.unsigned(bits) : undefined;
  if (shared && maximumPages === undefined) {
    throw reader.malformed("a shared memory must have a maximum", start);
  }
  if (maximumPages !== undefined && maximumPages < initialPages) {
    throw reader.malformed("the maximum is smaller than the initial size", start);
  }
  return { initialPages, maximumPages, shared, memory64 };
}

/** The bytes that {@link readMemoryType} reads back as `type`. */
export function encodeMemoryType(type: MemoryType): number[] {
  const { initialPages, maximumPages, shared, memory64 } = type;
  const flags =
    (maximumPages === undefined ? 0 : HAS_MAXIMUM) |
    (shared ? SHARED : 0) |
    (memory64 ? MEMORY64 : 0);
  return [
    flags,
    ...encodeUnsigned(initialPages),
    ...(maximumPages === undefined ? [] : encodeUnsigned(maximumPages)),
  ];
}
