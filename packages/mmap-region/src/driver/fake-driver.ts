/**
 * A driver without an operating system: it keeps account of access and contents page by page, and refuses on the spot what
 * would kill a process later. For tests of whatever stands on a driver.
 *
 * It keeps MR-9 by force: taking access away from a page with a live view throws {@link DanglingView}.
 *
 * Two buffers cannot share bytes in plain JavaScript, so of two live views of the same page the second is refused; the
 * contents wait in the driver while there is no view of them.
 *
 * @module
 */

import { requireObject } from "../argument.js";
import { RegionError } from "../region-error.js";
import {
  requireAccess,
  requireArray,
  requirePages,
  requireRange,
  requireRanges,
} from "./check-range.js";
import { canDetach, detachBuffer } from "./detach.js";
import type { Access, Driver, DriverCapabilities, Image, PageRange } from "./driver.js";
import { FakePages } from "./fake-pages.js";
import { ENOMEM, errnoName } from "./linux-abi.js";
import { MapBudget, type MapLimits } from "./map-budget.js";
import { PageMap, type Segment } from "./page-map.js";
import { Reservations } from "./reservations.js";

/** A use of memory that a real driver would answer with `SIGSEGV`, or with somebody else's bytes. */
export class DanglingView extends Error {
  override readonly name: string = "DanglingView";
}

/** One call of the driver. */
export interface FakeCall {
  readonly call:
    | "reserve"
    | "protect"
    | "discard"
    | "mapImage"
    | "remap"
    | "release"
    | "view"
    | "detach";
  readonly address: number;
  readonly length: number;
  readonly access?: Access;
}

/** What the pretended process has. */
export interface FakeDriverOptions {
  /** Default 4096. */
  readonly pageSize?: number;
  /** Default: Linux's, 65,530 mappings and 2^47 bytes. */
  readonly limits?: MapLimits;
  /** Bytes that one `reserve` may take; more is `ENOMEM`. Default: no limit. */
  readonly largestReservation?: number;
}

interface LiveView {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  readonly length: number;
}

/** Where the first reservation goes: nothing depends on it but the eye. */
const FIRST_ADDRESS = 0x7000_0000_0000;

/**
 * See the head of this module.
 *
 * @example
 * ```ts
 * import { FakeDriver } from "@memkit/mmap-region/fake-driver";
 *
 * const driver = new FakeDriver();
 * const address = driver.reserve(8192);
 * driver.protect(address, 4096, "read-write");
 * driver.segments().map(({ length, access }) => [length, access]); // => [[4096, "read-write"], [4096, "none"]]
 * ```
 */
export class FakeDriver implements Driver {
  readonly name = "fake";
  readonly pageSize: number;
  readonly capabilities: DriverCapabilities;
  readonly budget: MapBudget;
  /** Every call that succeeded, oldest first. */
  readonly calls: FakeCall[] = [];
  readonly #largest: number;
  readonly #access: PageMap = new PageMap();
  readonly #pages: FakePages;
  readonly #reservations: Reservations = new Reservations();
  readonly #views: Set<LiveView> = new Set();
  #next: number = FIRST_ADDRESS;
  #failing: { call: FakeCall["call"]; after: number } | undefined;

  constructor(options: FakeDriverOptions = {}) {
    requireObject("options", options);
    this.pageSize = options.pageSize ?? 4096;
    this.#largest = options.largestReservation ?? Number.POSITIVE_INFINITY;
    this.#pages = new FakePages(this.pageSize);
    this.capabilities = { guards: false, images: true, detach: canDetach(), dirtyPages: true };
    this.budget = new MapBudget(options.limits ?? { mappings: 65530, bytes: 2 ** 47 }, () => ({
      mappings: this.#access.segments.length,
      bytes: this.#reservations.total,
    }));
  }

  /** The pretended `/proc/self/maps`: neighbours of equal access are one. */
  segments(): readonly Segment[] {
    return [...this.#access.segments];
  }

  /** Makes one call of that kind fail with `ENOMEM`: the next one, or the one after `after` more. */
  failNext(call: FakeCall["call"], after: number = 0): void {
    this.#failing = { call, after };
  }

  reserve(length: number): number {
    requirePages("length", length, this.pageSize);
    this.budget.requireSpace(length);
    const charged = this.budget.charge(1);
    const address = this.#next;
    try {
      this.#maybeFail("reserve", 0, length);
      if (length > this.#largest) throw noMemory("mmap", 0, length);
    } catch (error) {
      this.budget.refund(1, charged);
      throw error;
    }
    this.#next += length + this.pageSize; // a hole, so that reservations never look like one
    this.#reservations.add(address, length);
    this.#access.set(address, length, "none");
    this.calls.push({ call: "reserve", address, length });
    return address;
  }

  protect(address: number, length: number, access: Access): void {
    this.#own(address, length);
    requireAccess(access);
    this.#maybeFail("protect", address, length);
    if (access === "none") this.#requireNoView(address, length);
    this.#access.set(address, length, access);
    this.calls.push({ call: "protect", address, length, access });
  }

  discard(address: number, length: number): void {
    this.#own(address, length);
    this.#maybeFail("discard", address, length);
    this.#saveViews(address, length);
    this.#pages.discard(address, length);
    this.#loadViews(address, length);
    this.calls.push({ call: "discard", address, length });
  }

  discardAll(ranges: readonly PageRange[]): void {
    requireRanges(ranges, this.pageSize);
    for (const { address, length } of ranges) this.discard(address, length);
  }

  /** Over a view that was moved away it takes no access, as it takes none of a real driver. */
  remap(address: number, length: number, access: "none" | "read-write"): void {
    this.#own(address, length);
    requireAccess(access);
    this.#maybeFail("remap", address, length);
    if (access === "none") this.#requireNoView(address, length);
    this.#pages.forget(address, length);
    this.#access.set(address, length, access);
    this.#loadViews(address, length);
    this.calls.push({ call: "remap", address, length, access });
  }

  dirtyPages(address: number, length: number, pages: Uint32Array): number {
    this.#own(address, length);
    requireArray("pages", pages, Uint32Array);
    this.#saveViews(address, length);
    return this.#pages.dirtyPages(address, length, pages);
  }

  preferHugePages(address: number, length: number): void {
    this.#own(address, length);
  }

  adopt(address: number, length: number): void {
    requireRange(address, length, this.pageSize);
    this.#reservations.add(address, length);
    // A range of this driver's own has the access that it has.
    const known = this.segments().some(
      (run) => run.address < address + length && address < run.address + run.length,
    );
    if (!known) this.#access.set(address, length, "none");
  }

  createImage(bytes: Uint8Array): Image {
    requireArray("bytes", bytes, Uint8Array);
    return this.#pages.createImage(bytes);
  }

  mapImage(address: number, image: Image): void {
    requireObject("image", image);
    this.#own(address, image.length);
    this.#maybeFail("mapImage", address, image.length);
    this.#saveViews(address, image.length);
    this.#pages.mapImage(address, image);
    this.#access.set(address, image.length, "read-write");
    this.#loadViews(address, image.length);
    this.calls.push({ call: "mapImage", address, length: image.length });
  }

  release(address: number, length: number): void {
    this.#own(address, length);
    this.#maybeFail("release", address, length);
    this.#requireNoView(address, length);
    this.#reservations.remove(address, length);
    this.#access.clear(address, length);
    this.#pages.forget(address, length);
    this.calls.push({ call: "release", address, length });
  }

  view(address: number, length: number): ArrayBuffer {
    this.#own(address, length);
    this.#maybeFail("view", address, length);
    if (!this.#access.allows(address, length)) {
      throw new DanglingView(`a view of 0x${address.toString(16)}, which has pages without access`);
    }
    for (const live of this.#overlapping(address, length)) {
      if (live.buffer.byteLength !== 0) throw new DanglingView("a second view of the same page");
    }
    const view = { buffer: new ArrayBuffer(length), address, length };
    this.#pages.load(address, new Uint8Array(view.buffer));
    this.#views.add(view);
    this.calls.push({ call: "view", address, length });
    return view.buffer;
  }

  addressOf(buffer: ArrayBuffer): number {
    return this.#viewOf(buffer).address;
  }

  detach(buffer: ArrayBuffer): boolean {
    const view = this.#viewOf(buffer);
    const { address, length } = view;
    if (buffer.byteLength === 0) return false; // moved away: it stays a live view, of which nothing is known
    this.#pages.save(address, new Uint8Array(buffer));
    if (!detachBuffer(buffer)) return false;
    this.#views.delete(view);
    this.calls.push({ call: "detach", address, length });
    return true;
  }

  #own(address: number, length: number): void {
    requireRange(address, length, this.pageSize);
    this.#reservations.require(address, length);
  }

  #maybeFail(call: FakeCall["call"], address: number, length: number): void {
    if (this.#failing?.call !== call) return;
    if (this.#failing.after-- > 0) return;
    this.#failing = undefined;
    throw noMemory(call, address, length);
  }

  #viewOf(buffer: ArrayBuffer): LiveView {
    for (const view of this.#views) if (view.buffer === buffer) return view;
    throw new RegionError({
      code: "invalid-argument",
      argument: "buffer",
      value: typeof buffer,
      reason: "must be a view of this driver that is not detached",
    });
  }

  #overlapping(address: number, length: number): LiveView[] {
    return [...this.#views].filter(
      (view) => view.address < address + length && address < view.address + view.length,
    );
  }

  #requireNoView(address: number, length: number): void {
    const [live] = this.#overlapping(address, length);
    if (live === undefined) return;
    throw new DanglingView(`access is taken from under a view at 0x${live.address.toString(16)}`);
  }

  #saveViews(address: number, length: number): void {
    for (const view of this.#overlapping(address, length)) {
      if (view.buffer.byteLength !== 0) this.#pages.save(view.address, new Uint8Array(view.buffer));
    }
  }

  #loadViews(address: number, length: number): void {
    for (const view of this.#overlapping(address, length)) {
      if (view.buffer.byteLength !== 0) this.#pages.load(view.address, new Uint8Array(view.buffer));
    }
  }
}

function noMemory(call: string, address: number, length: number): RegionError {
  return new RegionError({
    code: "system-call-failed",
    call,
    errno: ENOMEM,
    errnoName: errnoName(ENOMEM),
    address,
    length,
  });
}
