/**
 * Dumps of physical memory as page sources: a raw image, and an ELF core as QEMU's `dump-guest-memory` writes it, and
 * Linux shows one of a crashed kernel in `/proc/vmcore`. What makedumpfile makes of that by default is compressed, and no ELF file.
 *
 * @see Linux, "Documentation for Kdump"; System V ABI, "ELF-64 Object File Format", program headers
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { refuseArgument } from "../argument.js";
import { pageTableError } from "../page-table-error.js";
import type { Page, PageSource } from "../walk/tables.js";

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-image">({
  "invalid-image": (d) => `not an image that can be opened: ${d.what}`,
});

const PAGE = 4096;

/** Bytes of a dump that hold consecutive frames. */
interface Piece {
  readonly firstPfn: number;
  readonly frames: number;
  /** Frames that the machine had and the dump leaves out. */
  readonly left: number;
  readonly offset: number;
}

function refuse(what: string): never {
  throw new PageTableError({ code: "invalid-image", what });
}

class Image implements PageSource {
  private readonly bytes: Uint8Array;
  private readonly pieces: readonly Piece[];

  constructor(bytes: Uint8Array, pieces: readonly Piece[]) {
    this.bytes = bytes;
    this.pieces = pieces;
  }

  page(pfn: Pfn): Page {
    const { bytes, pieces } = this;
    if (!Number.isInteger(pfn)) return "absent";
    // The last piece that begins at the frame or before: a file may have 65,534 of them.
    let [low, high] = [0, pieces.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pieces[middle]!.firstPfn <= pfn) low = middle + 1;
      else high = middle;
    }
    const piece = pieces[low - 1];
    if (piece === undefined) return "absent";
    const index = pfn - piece.firstPfn;
    if (index >= piece.frames) return index < piece.frames + piece.left ? undefined : "absent";
    const at = piece.offset + index * PAGE;
    if (at + PAGE > bytes.length) refuse("its bytes are detached, or fewer than they were");
    return bytes.subarray(at, at + PAGE);
  }
}

function checkBytes(bytes: Uint8Array): void {
  if (!(ArrayBuffer.isView(bytes) && bytes instanceof Uint8Array)) {
    refuseArgument("image", bytes, "its bytes, a Uint8Array");
  }
}

/**
 * Memory as it lies, from frame `firstPfn` on: what `dd`, LiME's raw format and QEMU's `pmemsave` write.
 *
 * @throws {@link PageTableError} `invalid-image` if it is empty or no whole number of pages; `invalid-pfn` unless all frames are in
 * 0..2^52-1; `invalid-argument`
 *
 * @example
 * ```ts
 * import { pfn } from "@memkit/core";
 * import { rawImage } from "@memkit/page-table/inspect";
 *
 * const image = rawImage(new Uint8Array(2 * 4096).fill(7, 4096), 0x80000);
 * const page = image.page(pfn(0x80001));
 * page instanceof Uint8Array && page[0]; // => 7
 * image.page(pfn(0)); // => "absent"
 * ```
 */
export function rawImage(bytes: Uint8Array, firstPfn = 0): PageSource {
  checkBytes(bytes);
  if (bytes.length === 0) refuse("it has no bytes");
  if (bytes.length % PAGE !== 0) refuse(`${bytes.length} bytes are no whole number of pages`);
  const frames = bytes.length / PAGE;
  if (!Number.isInteger(firstPfn) || firstPfn < 0 || firstPfn + frames > 2 ** 52) {
    throw new PageTableError({ code: "invalid-pfn", pfn: firstPfn });
  }
  return new Image(bytes, [{ firstPfn, frames, left: 0, offset: 0 }]);
}

/** Size of the ELF header's and of a program header's fixed part. */
const EHDR = 64;
const PHDR = 56;
const PT_LOAD = 1;
/** e_phnum when the number does not fit; the real one is in a section header. */
const PN_XNUM = 0xffff;

/**
 * An ELF core of a machine: 64-bit, little-endian, with physical addresses in its program headers.
 *
 * Pages that a segment has in memory but not in the file are not there yet: `page-missing`.
 *
 * @throws {@link PageTableError} `invalid-image`, `invalid-argument`
 */
export function elfCore(bytes: Uint8Array): PageSource {
  checkBytes(bytes);
  if (bytes.length < EHDR) refuse(`${bytes.length} bytes are no ELF header`);
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dv.getUint32(0) !== 0x7f45_4c46) refuse("it does not begin with ELF's magic number");
  if (dv.getUint8(4) !== 2 || dv.getUint8(5) !== 1) refuse("it is not 64-bit, little-endian ELF");
  if (dv.getUint16(16, true) !== 4) refuse("it is no core file");
  const count = dv.getUint16(56, true);
  const stride = dv.getUint16(54, true);
  if (count === PN_XNUM) refuse("it has 65535 program headers or more");
  const word = (at: number): number => {
    const value = dv.getBigUint64(at, true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
  };
  const table = word(32);
  if (stride < PHDR || table + stride * count > bytes.length) {
    refuse("its program headers lie outside of it");
  }
  const pieces: Piece[] = [];
  for (let at = table; at < table + stride * count; at += stride) {
    if (dv.getUint32(at, true) !== PT_LOAD) continue;
    const [offset, paddr, filesz, memsz] = [8, 24, 32, 40].map((field) => word(at + field)) as [
      number,
      number,
      number,
      number,
    ];
    if (!(offset + filesz <= bytes.length)) refuse("a segment lies outside of it");
    if (filesz > memsz) refuse("a segment has more bytes in the file than in memory");
    if (!(paddr + memsz <= Number.MAX_SAFE_INTEGER)) refuse("a segment ends above 2^53");
    // Frames that begin before the segment does are not all in the file.
    const skip = (PAGE - (paddr % PAGE)) % PAGE;
    const whole = (size: number): number => Math.max(0, Math.floor((size - skip) / PAGE));
    const frames = whole(filesz);
    const left = Math.max(0, whole(memsz) - frames);
    if (frames + left === 0) continue;
    pieces.push({ firstPfn: (paddr + skip) / PAGE, frames, left, offset: offset + skip });
  }
  if (pieces.length === 0) refuse("it has no segment with a page of memory");
  pieces.sort((a, b) => a.firstPfn - b.firstPfn);
  pieces.forEach(({ firstPfn }, i) => {
    const before = pieces[i - 1];
    if (before !== undefined && firstPfn < before.firstPfn + before.frames + before.left) {
      refuse("two segments have the same physical addresses: is it a process's core?");
    }
  });
  return new Image(bytes, pieces);
}
