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

/** What is no number, although its type says so, is not looked into: its code is not ours to run. */
const shown = (n: number | bigint): string =>
  (typeof n === "object" && n !== null) || typeof n === "function" ? typeof n : String(n);

const hex = (n: number | bigint): string =>
  (typeof n === "bigint" || Number.isInteger(n)) && n >= 0 ? `0x${n.toString(16)}` : shown(n);

const SENTENCES: {
  readonly [C in MemoryErrorDetail["code"]]: (
    detail: Extract<MemoryErrorDetail, { readonly code: C }>,
  ) => string;
} = {
  "address-out-of-range": (d) =>
    `${hex(d.got)} is no ${d.kind}: it must be an integer in 0..${hex(d.max)}`,
  "address-overflow": (d) => `${hex(d.len)} bytes from ${hex(d.start)} leave the address space`,
  "invalid-level": (d) => `${shown(d.got)} is no paging level: those are 1 (4 KiB pages) to 5`,
  "not-a-power-of-two": (d) =>
    `cannot align to ${shown(d.got)}: a power of two up to 2^52 is needed`,
  "not-aligned": (d) => `the ${d.what}, ${hex(d.got)}, is not a multiple of ${d.align}`,
  "invalid-frame-range": (d) =>
    `${shown(d.frames)} frames from frame ${hex(d.firstPfn)}: at least one is needed, and none above frame 0xfffffffffffff`,
  "frames-overlap": (d) =>
    `frame ${hex(d.pfn)} is claimed twice: banks and MMIO ranges may not overlap`,
  "banks-share-bytes": (d) =>
    `two banks use the byte at ${hex(d.byteOffset)} of one buffer: writing one frame would change another`,
  "out-of-bounds": (d) =>
    `${shown(d.len)} bytes from ${hex(d.start)} are not inside a memory of ${hex(d.byteLength)} bytes`,
  "too-short": (d) => `${d.needed} bytes are needed and ${d.remain} remain`,
  "not-a-single-access": (d) =>
    `${d.type} has ${d.size} bytes: only 1, 2, 4 or 8 can be accessed at once`,
  "page-fault": (d) => `the byte at ${hex(d.at)} cannot be accessed`,
  "not-the-same-place": () =>
    "the reader and the writer do not stand on the same byte of the same memory",
  "used-after-drop": (d) => `this ${d.what} has been dropped already`,
  "not-in-ledger": (d) =>
    `no live ${d.kind} ${hex(d.id)}: it was released twice, or never acquired`,
};

/** Whether {@link describeMemoryError} is the one to describe this detail. */
export function isMemoryErrorDetail(detail: {
  readonly code: string;
}): detail is MemoryErrorDetail {
  return Object.hasOwn(SENTENCES, detail.code);
}

/** One sentence for a {@link MemoryErrorDetail}. */
export function describeMemoryError(detail: MemoryErrorDetail): string {
  const sentence = SENTENCES[detail.code] as (detail: MemoryErrorDetail) => string;
  return sentence(detail);
}
