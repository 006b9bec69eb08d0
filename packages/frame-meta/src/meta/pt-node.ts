/**
 * The metadata of a page-table node, as the model has it.
 *
 * @see vostd `meta_owners.rs`, `StoredPageTablePageMeta`
 * @module
 */

import {
  type Atomic,
  atomic,
  bool8,
  type Scalar,
  type Struct,
  struct,
  u8,
  u16,
  u32,
} from "@memkit/core";

/** The host value of a node's metadata. */
export interface StoredPageTablePageMeta {
  /** Present entries, 0..512. */
  readonly nrChildren: number;
  /** Whether the node has been taken out of its table. */
  readonly stray: boolean;
  /** 1 for leaf tables. */
  readonly level: number;
  /** 1 while somebody holds the lock. A u32 where OSTD has a u8: `Atomics.wait` takes no bytes. */
  readonly lock: number;
}

/** Where it lies. A type with this layout is the case `PTNode` of `MetaSlotStorage`. */
export const storedPageTablePageMeta: Struct<
  readonly [
    readonly ["nrChildren", Scalar<"u16">],
    readonly ["stray", Scalar<"bool8">],
    readonly ["level", Scalar<"u8">],
    readonly ["lock", Atomic<Scalar<"u32">>],
  ]
> = struct(["nrChildren", u16], ["stray", bool8], ["level", u8], ["lock", atomic(u32)]);
