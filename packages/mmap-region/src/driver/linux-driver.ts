/**
 * A driver over Linux's `mmap` and its kin, whatever calls them.
 *
 * It keeps MR-10 by asking the budget before the system. Who could break it: code that maps behind its back; the budget
 * looks at the whole process again and again for that.
 *
 * @module
 */

import { requireObject } from "../argument.js";
import { RegionError } from "../region-error.js";
import {
  requireAccess,
  requireArray,
  requireBuffer,
  requirePages,
  requireRange,
  requireRanges,
} from "./check-range.js";
import { canDetach, detachBuffer } from "./detach.js";
import type {
  Access,
  Driver,
  DriverCapabilities,
  Image,
  NativeDriverName,
  PageRange,
} from "./driver.js";
import type { Libc } from "./libc.js";
import {
  MADV_DONTNEED,
  MADV_HUGEPAGE,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  PROTECTION,
  SC_PAGESIZE,
} from "./linux-abi.js";
import { LinuxImage } from "./linux-image.js";
import { LinuxPagemap } from "./linux-pagemap.js";
import { processBudget } from "./linux-process.js";
import type { MapBudget } from "./map-budget.js";
import { nodeBuiltin } from "./node-builtin.js";
import { ProcessMadvise } from "./process-madvise.js";
import { Reservations } from "./reservations.js";
import { systemCallFailed } from "./system-call-failed.js";

/** Bytes that the engine's arrays can have. */
const LONGEST_VIEW = nodeBuiltin("node:buffer")?.constants.MAX_LENGTH ?? Number.MAX_SAFE_INTEGER;

/** See {@link Driver}. */
export class LinuxDriver implements Driver {
  readonly name: NativeDriverName;
  readonly pageSize: number;
  readonly capabilities: DriverCapabilities;
  readonly budget: MapBudget;
  readonly #libc: Libc;
  readonly #pagemap: LinuxPagemap;
  readonly #batch: ProcessMadvise;
  readonly #reservations: Reservations = new Reservations();

  constructor(libc: Libc) {
    this.#libc = libc;
    this.name = libc.name;
    this.pageSize = libc.sysconf(SC_PAGESIZE);
    this.#pagemap = new LinuxPagemap(libc, this.pageSize);
    this.#batch = new ProcessMadvise(libc);
    this.capabilities = {
      guards: true,
      images: true,
      detach: canDetach(),
      dirtyPages: this.#pagemap.readable,
    };
    this.budget = processBudget(this.pageSize);
  }

  reserve(length: number): number {
    requirePages("length", length, this.pageSize);
    this.budget.requireSpace(length);
    const charged = this.budget.charge(1);
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const address = this.#libc.mmap(0, length, PROTECTION.none, flags, -1, 0);
    if (address === -1) {
      const error = systemCallFailed(this.#libc, "mmap", 0, length);
      this.budget.refund(1, charged);
      throw error;
    }
    this.#reservations.add(address, length);
    return address;
  }

  protect(address: number, length: number, access: Access): void {
    requireRange(address, length, this.pageSize);
    requireAccess(access);
    if (this.#libc.mprotect(address, length, PROTECTION[access]) !== 0) {
      throw systemCallFailed(this.#libc, "mprotect", address, length);
    }
  }

  discard(address: number, length: number): void {
    requireRange(address, length, this.pageSize);
    if (this.#libc.madvise(address, length, MADV_DONTNEED) !== 0) {
      throw systemCallFailed(this.#libc, "madvise", address, length);
    }
  }

  discardAll(ranges: readonly PageRange[]): void {
    requireRanges(ranges, this.pageSize);
    if (this.#batch.discard(ranges)) return;
    for (const { address, length } of ranges) this.discard(address, length);
  }

  remap(address: number, length: number, access: "none" | "read-write"): void {
    requireRange(address, length, this.pageSize);
    requireAccess(access);
    // The flags of `reserve`: mappings of different ones are never merged.
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    if (this.#libc.mmap(address, length, PROTECTION[access], flags, -1, 0) === -1) {
      throw systemCallFailed(this.#libc, "mmap", address, length);
    }
  }

  dirtyPages(address: number, length: number, pages: Uint32Array): number {
    requireRange(address, length, this.pageSize);
    requireArray("pages", pages, Uint32Array);
    return this.#pagemap.dirtyPages(address, length, pages);
  }

  preferHugePages(address: number, length: number): void {
    requireRange(address, length, this.pageSize);
    this.#libc.madvise(address, length, MADV_HUGEPAGE); // EINVAL: this kernel has none
  }

  createImage(bytes: Uint8Array): Image {
    requireArray("bytes", bytes, Uint8Array);
    return new LinuxImage(this.#libc, bytes, this.pageSize);
  }

  mapImage(address: number, image: Image): void {
    requireObject("image", image);
    requireRange(address, image.length, this.pageSize);
    const fd = LinuxImage.fdOf(image);
    const flags = MAP_PRIVATE | MAP_FIXED;
    const access = PROTECTION["read-write"];
    if (this.#libc.mmap(address, image.length, access, flags, fd, 0) === -1) {
      throw systemCallFailed(this.#libc, "mmap", address, image.length);
    }
  }

  adopt(address: number, length: number): void {
    requireRange(address, length, this.pageSize);
    this.#reservations.add(address, length);
  }

  release(address: number, length: number): void {
    requireRange(address, length, this.pageSize);
    this.#reservations.require(address, length);
    if (this.#libc.munmap(address, length) !== 0) {
      throw systemCallFailed(this.#libc, "munmap", address, length);
    }
    this.#reservations.remove(address, length);
  }

  view(address: number, length: number): ArrayBuffer {
    requireRange(address, length, this.pageSize);
    if (length > LONGEST_VIEW) {
      // koffi would end the process.
      const detail = { what: "bytes of a view in this engine", asked: length, limit: LONGEST_VIEW };
      throw new RegionError({ code: "limits-exceeded", ...detail });
    }
    return this.#libc.view(address, length);
  }

  addressOf(buffer: ArrayBuffer): number {
    requireBuffer(buffer);
    return this.#libc.addressOf(buffer);
  }

  detach(buffer: ArrayBuffer): boolean {
    requireBuffer(buffer);
    return detachBuffer(buffer);
  }
}
