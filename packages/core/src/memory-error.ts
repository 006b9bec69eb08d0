/**
 * The cases of `CoreError` about addresses, physical memory, readers and writers, and handles.
 *
 * @module
 */

/** What a number that is out of range was meant to be. */
export type AddressKind = "paddr" | "vaddr" | "pfn" | "vpn" | "address" | "word" | "length";

/** A case of `CoreError` from addresses, physical memory, readers and writers, and handles. */
export type MemoryErrorDetail =
  /** Not an integer in 0..`max`. */
  | {
      readonly code: "address-out-of-range";
      readonly kind: AddressKind;
      readonly got: number | bigint;
      readonly max: number | bigint;
    }
  /** `len` bytes from `start` end beyond what addresses can say. */
  | {
      readonly code: "address-overflow";
      readonly start: number | bigint;
      readonly len: number | bigint;
    }
  /** A paging level is 1, 2, 3, 4 or 5. */
  | { readonly code: "invalid-level"; readonly got: number }
  /** Addresses are aligned to a power of two from 1 to 2^52. */
  | { readonly code: "not-a-power-of-two"; readonly got: number }
  /** `got` is no multiple of `align`; `what` says what it is. */
  | {
      readonly code: "not-aligned";
      readonly what: string;
      readonly got: number;
      readonly align: number;
    }
  /** A bank or MMIO range must be a whole number of frames, at least 1, within the 2^52 there are. */
  | {
      readonly code: "invalid-frame-range";
      readonly firstPfn: number;
      readonly frames: number;
    }
  /** Two banks, two MMIO ranges, or one of each claim frame `pfn`. */
  | { readonly code: "frames-overlap"; readonly pfn: number }
  /** Two banks would put different frames on the same bytes of one buffer, the first at `byteOffset`. */
  | { readonly code: "banks-share-bytes"; readonly byteOffset: number }
  /** `len` bytes from `start` are not all inside a memory of `byteLength` bytes. */
  | {
      readonly code: "out-of-bounds";
      readonly start: number;
      readonly len: number;
      readonly byteLength: number;
    }
  /** Fewer bytes remain in the reader or writer than the value has. Nothing was consumed. */
  | { readonly code: "too-short"; readonly needed: number; readonly remain: number }
  /** A single access has 1, 2, 4 or 8 bytes. */
  | { readonly code: "not-a-single-access"; readonly type: string; readonly size: number }
  /** Byte `at` cannot be accessed. The cursor is where it was; none of the value was written. */
  | { readonly code: "page-fault"; readonly at: number }
  /** A compare-and-exchange takes a reader and a writer that stand on the same byte of the same memory. */
  | { readonly code: "not-the-same-place" }
  /** A handle was used after it had been dropped. */
  | { readonly code: "used-after-drop"; readonly what: string }
  /** A ledger was told of the end of a handle that is not live. */
  | { readonly code: "not-in-ledger"; readonly kind: string; readonly id: number };

/** A number as it is. What is no number, although its type says so, is not looked into: its code is not ours to run. */
export const shown = (n: number | bigint): string =>
  (typeof n === "object" && n !== null) || typeof n === "function" ? typeof n : String(n);

/** In hex, where that can be. */
export const hex = (n: number | bigint): string =>
  (typeof n === "bigint" || Number.isInteger(n)) && n >= 0 ? `0x${n.toString(16)}` : shown(n);

/** The sentence of `address-overflow`. */
export const overflows = ({
  start,
  len,
}: Extract<MemoryErrorDetail, { readonly code: "address-overflow" }>): string =>
  `${hex(len)} bytes from ${hex(start)} leave the address space`;
