/**
 * What a region needs of the operating system's memory, and nothing else.
 *
 * A driver is as sharp as the system calls behind it. Of every range of addresses that it is given, the caller must own
 * all pages: they lie in what {@link Driver.reserve} returned, or in a memory whose owner keeps it where it is.
 *
 * Invariant MR-9: no view outlives the access to its pages. The driver cannot see who looks; whoever takes access away
 * (`protect` to `"none"`, `release`) must have detached every view of the range before. A view that cannot be detached is
 * a page that must stay accessible.
 *
 * @module
 */

import type { MapBudget } from "./map-budget.js";

/** What may be done to a page. Nothing is ever executable. */
export type Access = "none" | "read" | "read-write";

/** What a driver can do at all. */
export interface DriverCapabilities {
  /** Touching a page without access kills the process (`SIGSEGV`) instead of going unnoticed. */
  readonly guards: boolean;
  /** {@link Driver.mapImage} works. */
  readonly images: boolean;
  /** {@link Driver.detach} works on buffers that nobody moved. */
  readonly detach: boolean;
  /** {@link Driver.dirtyPages} can tell. */
  readonly dirtyPages: boolean;
}

/** Bytes that never change, to be mapped copy-on-write any number of times. */
export interface Image {
  /** Bytes, a whole number of pages; what the contents leave of the last one is zero. */
  readonly length: number;
  /** Forgets the image. Where it is mapped it stays. A second call does nothing. */
  close(): void;
}

/** A run of pages. */
export interface PageRange {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
}

/** The name of a driver that talks to the operating system. */
export type NativeDriverName = "koffi" | "node:ffi";

/**
 * Address space, access and pages. Addresses and lengths are bytes, whole numbers of pages, and at least one page long.
 *
 * Every method throws {@link RegionError} `invalid-argument` for a range that is none, and `system-call-failed` when the
 * system refuses; nothing has changed then, except that `protect` and `discard` may have reached the first part of a
 * range that has a hole. Addresses are taken at their word, as by the system: a range of which another part of the process
 * is the owner is changed all the same, which ends the process sooner or later.
 */
export interface Driver {
  readonly name: NativeDriverName | "fake";
  /** Bytes in a page of the system. */
  readonly pageSize: number;
  readonly capabilities: DriverCapabilities;
  /** How many mappings the process may still make. */
  readonly budget: MapBudget;
  /**
   * Takes address space without access and without memory.
   *
   * @returns the address of the first byte
   * @throws {@link RegionError} `out-of-address-space`, `too-many-mappings`: then the system was not asked
   */
  reserve(length: number): number;
  /** Sets what may be done to the pages. Their contents stay. */
  protect(address: number, length: number, access: Access): void;
  /** Makes the pages what they were first, zeros or the image's, and gives their memory back. Access stays. */
  discard(address: number, length: number): void;
  /** {@link Driver.discard} of many ranges, by one call of the system where it knows how. */
  discardAll(ranges: readonly PageRange[]): void;
  /**
   * Puts fresh pages of zeros there, as after {@link Driver.reserve}, whatever was there before, images included. Pages of a
   * reservation that are remapped without access cost no mapping of their own.
   */
  remap(address: number, length: number, access: "none" | "read-write"): void;
  /**
   * Finds the pages that have contents of their own: neither never written nor still the image's. A page that was only read
   * may be among them.
   *
   * @param pages - Gets their numbers, counted from `address`, in order.
   * @returns how many there are; -1 when there are more than `pages` holds, or when nobody can tell
   */
  dirtyPages(address: number, length: number, pages: Uint32Array): number;
  /** Asks for pages of 2 MiB where they fit. A wish: nothing happens where the system has none. */
  preferHugePages(address: number, length: number): void;
  /** Keeps a copy of the bytes to map. Pages of zeros take no memory in it. */
  createImage(bytes: Uint8Array): Image;
  /** Maps the image over `image.length` bytes, copy-on-write and with access `"read-write"`. */
  mapImage(address: number, image: Image): void;
  /** Answers for a range that another thread's driver has reserved: both may give it back, once. */
  adopt(address: number, length: number): void;
  /**
   * Gives address space back, all of a reservation or part of it.
   *
   * @throws {@link RegionError} `not-reserved`
   */
  release(address: number, length: number): void;
  /**
   * A buffer whose bytes are the pages. It is not to be used where there is no access (MR-9).
   *
   * @throws {@link RegionError} `limits-exceeded` for more bytes than the engine's arrays hold: 4 GiB in Node 20
   */
  view(address: number, length: number): ArrayBuffer;
  /** Where the bytes of a buffer are. */
  addressOf(buffer: ArrayBuffer): number;
  /**
   * Ends a buffer that {@link Driver.view} made: its length is 0 afterwards, and no view of it reaches the pages.
   *
   * @returns false when the bytes are out of reach: somebody has transferred them to another buffer.
   */
  detach(buffer: ArrayBuffer): boolean;
}
