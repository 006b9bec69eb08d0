/**
 * What a host call may do with guest memory: the one interface between the functions and the bytes.
 *
 * `GuestMemory` satisfies it as it is. The host runs on two other implementations as well: one that counts
 * (counting-access.ts) and one that checks nothing and exists only to be measured against (unchecked-access.ts).
 *
 * @module
 */

import type { Layout, Region, ValueOf } from "@memkit/core";
import { GuestError } from "@memkit/guest-memory";

/** Guest memory as host calls see it. Pointers are u32; errors are those of `GuestMemory`. */
export interface GuestAccess {
  /** All bytes of the memory as it is now; only ever used for a range that is validated and borrowed. */
  base(): Uint8Array;
  /** Overflow, bounds and alignment of `count` elements at `ptr`; returns the address. */
  validate(ptr: number, count: number, size: number, align: number): number;
  sharedBorrow(region: Region): number;
  sharedUnborrow(handle: number): void;
  mutBorrow(region: Region): number;
  mutUnborrow(handle: number): void;
  writeU32(ptr: number, value: number): void;
  writeU64(ptr: number, value: bigint): void;
  read<L extends Layout>(layout: L, ptr: number): ValueOf<L>;
  write<L extends Layout>(layout: L, ptr: number, value: ValueOf<L>): void;
  readString(ptr: number, len: number): string;
  copyIn(ptr: number, src: Uint8Array): void;
}

/** The last address of a 32-bit guest. */
const MAX_ADDRESS = 0xffff_ffff;

/**
 * The address `count` elements of `size` bytes after `ptr`, as wiggle's `GuestPtr::add`.
 *
 * @throws {@link GuestError} `ptr-overflow` beyond 2^32 - 1
 */
export function advance(ptr: number, count: number, size: number): number {
  const address = ptr + count * size;
  if (address > MAX_ADDRESS) throw new GuestError({ code: "ptr-overflow", ptr, count, size });
  return address;
}
