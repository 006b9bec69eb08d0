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
/** Pages put together that are remembered: as many as a walk of five levels reads, and then some. */
const COMPOSED = 16;

/** Bytes of memory, and where the first of them are in the dump. */
interface Piece {
  /** Physical address. */
  readonly start: number;
  readonly end: number;
  /** Where those end that are in the dump; the machine had the others, and the dump leaves them out. */
  readonly fileEnd: number;
  readonly offset: number;
}

function refuse(what: string): never {
  throw new PageTableError({ code: "invalid-image", what });
}

class Image implements PageSource {
  private readonly bytes: Uint8Array;
  private readonly length: number;
  /** Not empty, disjoint, by address. */
  private readonly pieces: readonly Piece[];
  private readonly composed: Map<number, Uint8Array> = new Map<number, Uint8Array>();

  constructor(bytes: Uint8Array, pieces: readonly Piece[]) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.pieces = pieces;
  }

  page(pfn: Pfn): Page {
    const { bytes, pieces, composed } = this;
    if (!Number.isInteger(pfn)) return "absent";
    if (bytes.length < this.length) refuse("its bytes are detached, or fewer than they were");
    const at = pfn * PAGE;
    // The first piece that ends behind the frame's first byte: a file may have millions of them.
    let [first, high] = [0, pieces.length];
    while (first < high) {
      const middle = (first + high) >>> 1;
      if (pieces[middle]!.end <= at) first = middle + 1;
      else high = middle;
    }
    const piece = pieces[first];
    if (piece === undefined || piece.start >= at + PAGE) return "absent";
    if (piece.start <= at && at + PAGE <= piece.fileEnd) {
      const from = piece.offset + at - piece.start;
      return bytes.subarray(from, from + PAGE);
    }
    const known = composed.get(pfn);
    if (known !== undefined) return known;
    const page = this.compose(at, first);
    if (page === undefined) return undefined;
    const [oldest] = composed.keys();
    if (oldest !== undefined && composed.size >= COMPOSED) composed.delete(oldest);
    composed.set(pfn, page);
    return page;
  }

  /** The page at an address, of the bytes that the dump has of it; undefined if it has none. */
  private compose(at: number, first: number): Uint8Array | undefined {
    const { bytes, pieces } = this;
    let page: Uint8Array | undefined;
    for (let i = first; i < pieces.length && pieces[i]!.start < at + PAGE; i++) {
      const { start, fileEnd, offset } = pieces[i]!;
      const [from, to] = [Math.max(start, at), Math.min(fileEnd, at + PAGE)];
      if (from >= to) continue;
      page ??= new Uint8Array(PAGE);
      page.set(bytes.subarray(offset + from - start, offset + to - start), from - at);
    }
    return page;
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
  const [start, end] = [firstPfn * PAGE, (firstPfn + frames) * PAGE];
  return new Image(bytes, [{ start, end, fileEnd: end, offset: 0 }]);
}

/** Size of the ELF header's and of a program header's fixed part. */
const EHDR = 64;
const PHDR = 56;
const PT_LOAD = 1;
/** Size of a section header, and where sh_info is in it. */
const SHDR = 64;
const SH_INFO = 44;
/** e_phnum when the number does not fit in it: it is then sh_info of the first section header. */
const PN_XNUM = 0xffff;

/**
 * An ELF core of a machine: 64-bit, little-endian, with physical addresses in its program headers.
 *
 * Segments begin and end where they like. A page that lies in the file as a whole is shown in place; one of which the file has a part, or
 * several, is put together: with zeros where a segment has more bytes in memory than in the file, and where no segment has the byte.
 * It is a copy: bits that a walker sets in it are lost some time. A page of which segments have bytes in memory but none in the
 * file is not there yet: `page-missing`.
 *
 * @throws {@link PageTableError} `invalid-image`, `invalid-argument`
 *
 * @example
 * ```ts
 * import { pfn } from "@memkit/core";
 * import { elfCore } from "@memkit/page-table/inspect";
 *
 * const file = new Uint8Array(120 + 0x400).fill(7, 120);
 * file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
 * const words = new DataView(file.buffer);
 * words.setUint16(16, 4, true); // a core
 * for (const [at, value] of [[32, 64], [54, 56], [56, 1]] as const) words.setUint16(at, value, true);
 * for (const [at, value] of [[0, 1], [8, 120], [24, 0x9f000], [32, 0x400], [40, 0x1400]] as const) {
 *   words.setUint32(64 + at, value, true); // PT_LOAD: offset, physical address, bytes in the file, bytes in memory
 * }
 * const image = elfCore(file);
 * const page = image.page(pfn(0x9f));
 * page instanceof Uint8Array && [page.length, page[0x3ff], page[0x400]]; // => [4096, 7, 0]
 * image.page(pfn(0xa0)); // => undefined
 * image.page(pfn(0xa1)); // => "absent"
 * ```
 */
export function elfCore(bytes: Uint8Array): PageSource {
  checkBytes(bytes);
  if (bytes.length < EHDR) refuse(`${bytes.length} bytes are no ELF header`);
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dv.getUint32(0) !== 0x7f45_4c46) refuse("it does not begin with ELF's magic number");
  if (dv.getUint8(4) !== 2 || dv.getUint8(5) !== 1) refuse("it is not 64-bit, little-endian ELF");
  if (dv.getUint16(16, true) !== 4) refuse("it is no core file");
  const stride = dv.getUint16(54, true);
  const word = (at: number): number => {
    const value = dv.getBigUint64(at, true);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
  };
  const table = word(32);
  let count = dv.getUint16(56, true);
  if (count === PN_XNUM) {
    const section = word(40);
    if (!(section >= EHDR && section + SHDR <= bytes.length)) {
      refuse("the section header with the number of its program headers lies outside of it");
    }
    count = dv.getUint32(section + SH_INFO, true);
  }
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
    if (memsz === 0) continue;
    pieces.push({ start: paddr, end: paddr + memsz, fileEnd: paddr + filesz, offset });
  }
  if (pieces.length === 0) refuse("it has no segment with a byte of memory");
  pieces.sort((a, b) => a.start - b.start);
  pieces.forEach(({ start }, i) => {
    if (i > 0 && start < pieces[i - 1]!.end) {
      refuse("two segments have the same physical addresses: is it a process's core?");
    }
  });
  return new Image(bytes, pieces);
}
