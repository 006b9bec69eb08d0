/**
 * The image of one memory, and how a memory is given it: copied, or mapped over the memory's own pages.
 *
 * The engine behind the memory reserves the pages and keeps them where they are; a mapping in their place goes when the memory
 * is collected. The address is compared all the same whenever the buffer is another one: a memory that moved has left the image
 * behind, and is copied from then on.
 *
 * Invariant MR-42: after `write` and `reset` every byte is the image's, and beyond the image zero, whatever engine did it. Who could
 * break it: a kernel that keeps a page elsewhere than in memory or in swap; another thread inside the memory.
 *
 * @module
 */

import type { Driver } from "../driver/driver.js";
import { HOST_PAGE_SIZE } from "../page-size.js";
import { RegionError } from "../region-error.js";
import { anyGuarded, guardsOf, renewGuards, whileOpen } from "./guards.js";
import type { Choice, Plan } from "./options.js";
import { StoredBytes } from "./stored-bytes.js";
import type { MemoryTarget } from "./targets.js";

/** Up to one page of wasm a copy takes no longer than asking which pages are dirty (2 to 6 µs). */
const SMALL = 65536;
/** A mapping over part of another makes three of it. */
const MAPPINGS = 2;

/** Which memory shows which image: the last one applied. */
const shown: WeakMap<MemoryTarget, MappedMemory> = new WeakMap();

/** What a memory shows, if it is an image's. */
export const shownBy = (memory: MemoryTarget): MappedMemory | undefined => shown.get(memory);

/** The name under which a message tells of a memory. */
const nameOf = (name: string): string =>
  name === "" ? "the memory" : `memory ${JSON.stringify(name)}`;

/** The image of one memory. */
export class MemoryImage {
  readonly name: string;
  readonly stored: StoredBytes;
  readonly plan: Plan;
  /** Why it is copied, when it is. */
  readonly copyBecause: string;
  /** Where dirty pages are listed; no longer than the image, for it is as many as are undone at most. */
  readonly pages: Uint32Array;

  /** @param bytes - Copied. */
  constructor(name: string, bytes: Uint8Array, plan: Plan) {
    this.name = name;
    this.plan = plan;
    const { driver } = plan;
    let because = plan.copyBecause;
    if (because === "" && bytes.length === 0) because = "it is empty";
    if (because === "" && plan.engine === "auto" && bytes.length <= SMALL) {
      because = `${bytes.length} bytes are copied faster than dirty pages are found`;
    }
    let stored: StoredBytes | undefined;
    if (because === "" && driver !== undefined) {
      try {
        stored = StoredBytes.inFile(bytes, driver);
      } catch (error) {
        if (plan.engine !== "auto" || !(error instanceof RegionError)) throw error;
        because = `there is no memory file: ${error.message}`;
      }
    }
    this.stored = stored ?? StoredBytes.inArray(bytes);
    this.copyBecause = because;
    const all = Math.ceil(bytes.length / HOST_PAGE_SIZE);
    const kept = plan.engine === "auto" ? Math.floor(plan.keepResident / HOST_PAGE_SIZE) : all;
    this.pages = new Uint32Array(this.stored.mappable === undefined ? 0 : Math.min(all, kept));
  }

  get length(): number {
    return this.stored.length;
  }

  /** @throws {@link RegionError} `unsupported`, `has-grown` */
  requireFit(memory: MemoryTarget): void {
    const { buffer } = memory;
    const { grown, shared } = this.plan;
    if (!shared && typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer) {
      const capability = "snapshots of shared memories without the option shared";
      throw new RegionError({ code: "unsupported", backend: "wasm", capability });
    }
    if (grown === "refuse" && buffer.byteLength > this.length) {
      const what = nameOf(this.name);
      const now = buffer.byteLength;
      throw new RegionError({ code: "has-grown", what, now, limit: this.length });
    }
  }

  /** Gives a memory, which fits and is not shorter, the image. */
  write(memory: MemoryTarget): MappedMemory {
    const mapped = whileOpen(
      memory,
      () => new MappedMemory(this, memory, shown.get(memory)?.mappedLength ?? 0),
    );
    shown.set(memory, mapped);
    return mapped;
  }
}

/** A memory that shows an image. */
export class MappedMemory {
  readonly image: MemoryImage;
  readonly memory: MemoryTarget;
  /** Pages of 4096 bytes that were last written again. */
  written = 0;
  /** Bytes of memory of its own that it had after the last reset: what is only the image's is everybody's. */
  residentBytes = 0;
  #choice: Choice;
  /** The buffer that was last seen, and the view of it: a growth makes another. */
  #buffer: ArrayBufferLike;
  #bytes: Uint8Array;
  /** Of the mapping. Undefined when the bytes were copied. */
  #address: number | undefined;
  /** Bytes from the start of the memory that may still show an earlier image when they are discarded. */
  #beneath: number;

  constructor(image: MemoryImage, memory: MemoryTarget, beneath: number) {
    this.image = image;
    this.memory = memory;
    this.#beneath = beneath;
    this.#buffer = memory.buffer;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#choice = { engine: "copy", reason: image.copyBecause };
    if (!this.#map()) this.#copy();
  }

  get choice(): Choice {
    return this.#choice;
  }

  /** Whether no other image was given to the memory since. */
  get current(): boolean {
    return shown.get(this.memory) === this;
  }

  /** Puts every byte back. The memory must fit. @param engine - The plan's, or `discard`. */
  reset(engine: Plan["engine"]): void {
    this.#follow();
    const { image } = this;
    const driver = this.#driver();
    if (driver === undefined || this.#address === undefined) {
      whileOpen(this.memory, () => this.#copy());
      return;
    }
    renewGuards(this.memory);
    const length = this.#bytes.length;
    if (engine !== "discard" && driver.capabilities.dirtyPages) {
      const found = driver.dirtyPages(this.#address, length, image.pages);
      if (found !== -1) {
        this.#undo(found, driver, this.#address);
        this.#choice = UNDONE;
        this.written = found;
        this.residentBytes = found * HOST_PAGE_SIZE;
        return;
      }
    }
    driver.discard(this.#address, length);
    this.#choice = engine === "discard" ? ASKED : TOO_MANY;
    this.written = 0;
    this.residentBytes = 0;
  }

  /** The pages of 4096 bytes that differ from the image, in order; beyond the image, from zeros. */
  dirtyPages(): Uint32Array {
    this.#follow();
    const length = this.#bytes.length;
    const total = length / HOST_PAGE_SIZE;
    const pages = new Uint32Array(total);
    const driver = this.#driver();
    let found = -1;
    if (driver !== undefined && this.#address !== undefined && driver.capabilities.dirtyPages) {
      found = driver.dirtyPages(this.#address, length, pages);
    }
    const scanned = found !== -1;
    if (!scanned) found = total;
    let count = 0;
    whileOpen(this.memory, () => {
      for (let n = 0; n < found; n++) {
        const page = scanned ? pages[n]! : n;
        if (this.#differs(page)) pages[count++] = page;
      }
    });
    return pages.slice(0, count);
  }

  /** Makes pages what they are after a reset, and gives their memory back where that can be. */
  discard(offset: number, length: number): void {
    this.#follow();
    const address = this.#address;
    const driver = this.#driver();
    if (driver !== undefined && address !== undefined) driver.discard(address + offset, length);
    else whileOpen(this.memory, () => this.#write(offset, offset + length));
  }

  /** Bytes from the start of the memory that are mapped, of this image or of an earlier one. */
  get mappedLength(): number {
    this.#follow();
    return this.#address === undefined ? this.#beneath : this.image.length;
  }

  #driver(): Driver | undefined {
    return this.image.plan.driver;
  }

  #map(): boolean {
    const { image } = this;
    const { mappable } = image.stored;
    const { engine } = image.plan;
    if (mappable === undefined) return false;
    const { driver } = mappable;
    if (typeof SharedArrayBuffer === "function" && this.#buffer instanceof SharedArrayBuffer) {
      this.#choice = { engine: "copy", reason: "threads share the memory" };
      return false;
    }
    const address = driver.addressOf(this.#buffer as ArrayBuffer);
    if (address % driver.pageSize !== 0) {
      this.#choice = { engine: "copy", reason: "the memory does not begin with a page" };
      return false;
    }
    try {
      driver.budget.charge(MAPPINGS); // found gone at a look, once the memory is
      driver.mapImage(address, mappable.image);
      const left = this.#beneath - image.length;
      if (left > 0) driver.remap(address + image.length, left, "read-write");
    } catch (error) {
      if (engine !== "auto" || !(error instanceof RegionError)) throw error;
      this.#choice = { engine: "copy", reason: `it cannot be mapped: ${error.message}` };
      return false;
    }
    const rest = this.#bytes.length - image.length;
    if (rest > 0) driver.discard(address + image.length, rest);
    this.#address = address;
    this.#choice = MAPPED[engine];
    return true;
  }

  #copy(): void {
    const { bytes } = this.image.stored;
    this.#bytes.set(bytes);
    this.#bytes.fill(0, bytes.length);
    this.residentBytes = this.#bytes.length;
    this.written = this.residentBytes / HOST_PAGE_SIZE;
  }

  /** Sees whether the memory has grown, and where it is then. */
  #follow(): void {
    const { buffer } = this.memory;
    if (buffer === this.#buffer) return;
    this.#buffer = buffer;
    this.#bytes = new Uint8Array(buffer);
    if (this.#address === undefined) return;
    const address = this.#driver()?.addressOf(buffer as ArrayBuffer);
    if (address === this.#address) return;
    this.#address = undefined;
    this.#beneath = 0;
    this.#choice = { engine: "copy", reason: "the memory moved when it grew" };
  }

  /** Writes the first `count` of the listed pages again, neighbours at once. */
  #undo(count: number, driver: Driver, address: number): void {
    const { pages } = this.image;
    const guards = guardsOf(this.memory);
    for (let n = 0; n < count; ) {
      const first = pages[n]!;
      let last = first + 1;
      n += 1;
      while (n < count && pages[n] === last) {
        last += 1;
        n += 1;
      }
      const from = first * HOST_PAGE_SIZE;
      const to = last * HOST_PAGE_SIZE;
      // Written before it was guarded; it will not be again.
      if (anyGuarded(guards, from, to)) driver.discard(address + from, to - from);
      else this.#write(from, to);
    }
  }

  /** The image's bytes, and zeros beyond it. */
  #write(from: number, to: number): void {
    const { bytes } = this.image.stored;
    const now = this.#bytes;
    const end = bytes.length;
    if (from < end) now.set(bytes.subarray(from, Math.min(to, end)), from);
    if (to > end) now.fill(0, Math.max(from, end), to);
  }

  #differs(page: number): boolean {
    const from = page * HOST_PAGE_SIZE;
    const { bytes } = this.image.stored;
    const now = this.#bytes;
    for (let at = from; at < from + HOST_PAGE_SIZE; at++) {
      if (now[at] !== (at < bytes.length ? bytes[at] : 0)) return true;
    }
    return false;
  }
}

const UNDONE: Choice = {
  engine: "scan+undo",
  reason: "the dirty pages were few enough to stay resident",
};
const ASKED: Choice = { engine: "discard", reason: "it was asked for" };
const TOO_MANY: Choice = {
  engine: "discard",
  reason: "more pages were dirty than may stay resident, or nobody can tell them",
};
const MAPPED = {
  auto: { engine: "scan+undo", reason: "the image is mapped, and dirty pages can be told" },
  "scan+undo": { engine: "scan+undo", reason: "it was asked for" },
  discard: ASKED,
  copy: { engine: "copy", reason: "it was asked for" },
} as const satisfies Record<Plan["engine"], Choice>;
