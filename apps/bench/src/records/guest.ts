/**
 * A guest's memory for the suites about records, in a process like a program's: all kinds of records have passed through it.
 *
 * @module
 */

import { type Codec, f64, type Layout, u8, u16, u32, u64, withCodec } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { Dirent, Fdstat, Filestat, Iovec, Prestat } from "../fixtures/wasi-codecs.js";
import { shuffledPositions } from "../positions.js";
import { records, values } from "./wasi.js";

/** Records in a block. */
export const RECORDS = 1024;
/** One in each cache line, aligned for all of them. */
export const addresses: Uint32Array = shuffledPositions(RECORDS, 64);
/** Enough of each type for V8 to take note of it wherever it passes. */
const WARM_UP = 3000;

export const wasmMemory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 2 });

const codecs: Readonly<Record<string, Codec>> = { Dirent, Fdstat, Filestat, Iovec, Prestat };

/** `type` with the codec that was emitted for it as `name`. */
export function coded<L extends Layout>(type: L, name: string): L {
  return withCodec(type, codecs[name] as Codec<never>);
}

/** A memory, after values of every record, with and without a codec, and of numbers went in and out of it. */
export function guestMemory(): GuestMemory {
  const mem = new GuestMemory(wasmMemory());
  for (let i = 0; i < WARM_UP; i++) {
    for (const [name, layout] of Object.entries(records)) {
      for (const type of [layout, coded(layout, name)]) {
        mem.write(type, 0, values[name]);
        mem.ptr(type, 0).write(values[name] as never);
        mem.read(type, 0);
        mem.ptr(type, 0).read();
      }
    }
    for (const type of [u8, u16, u32, f64]) {
      mem.write(type, 8, i & 0xff);
      mem.read(type, 8);
    }
    mem.write(u64, 8, 5n);
    mem.read(u64, 8);
  }
  return mem;
}
