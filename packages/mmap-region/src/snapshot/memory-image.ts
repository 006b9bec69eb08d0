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
import { ImageBytes } from "./image-bytes.js";
import type { Choice, Plan } from "./options.js";
import { Residency } from "./residency.js";
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
export const nameOf = (name: string): string =>
  name === "" ? "the memory" : `memory ${JSON.stringify(name)}`;

/** The image of one memory. */
export class MemoryImage {
  readonly name: string;
  readonly bytes: ImageBytes;
  readonly plan: Plan;
  /** Why it is copied, when it is. */
  readonly copyBecause: string;
  /** Where dirty pages are listed; no longer than the image, for it is as many as are undone at most. */
  readonly pages: Uint32Array;

  private constructor(name: string, bytes: ImageBytes, plan: Plan, copyBecause: string) {
    this.name = name;
    this.bytes = bytes;
    this.plan = plan;
    this.copyBecause = copyBecause;
    const all = bytes.length / HOST_PAGE_SIZE;
    const kept = plan.engine === "auto" ? Math.floor(plan.keepResident / HOST_PAGE_SIZE) : all;
    this.pages = new Uint32Array(bytes.mappable === undefined ? 0 : Math.min(all, kept));
  }

  /** The image of these bytes, which are copied. */
  static of(name: string, bytes: Uint8Array, plan: Plan): MemoryImage {
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
    const held = ImageBytes.of(stored ?? StoredBytes.inArray(bytes));
    return new MemoryImage(name, held, plan, because);
  }

  /** The image of a memory that shows this one: the pages that differ, over what is stored of this. */
  increment(mapped: MappedMemory): MemoryImage {
    const pages = mapped.dirtyPages();
    const { memory } = mapped;
    const bytes = whileOpen(memory, () =>
      this.bytes.increment(new Uint8Array(memory.buffer), pages),
    );
    return new MemoryImage(this.name, bytes, this.plan, this.copyBecause);
  }

  get length(): number {
    return this.bytes.length;
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
  readonly #residency: Residency = new Residency();
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

  /** What was last done, and why. */
  get choice(): Choice {
    const { engine, reason } = this.#choice;
    if (engine === "copy") return { engine, reason };
    const dirty = engine === "discard" ? "" : `, ${this.written} pages written again`;
    return { engine, reason: `${reason}${dirty}` };
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
    let why = DROPPED;
    if (engine !== "discard" && driver.capabilities.dirtyPages) {
      const start = performance.now();
      const found = driver.dirtyPages(this.#address, length, image.pages);
      const spent = performance.now() - start;
      if (found === -1) why = TOO_MANY;
      else if (engine === "auto" && this.#residency.isTooMuch(spent)) why = TOO_RESIDENT;
      else {
        this.#undo(found, driver, this.#address);
        this.#choice = engine === "auto" ? FEW : ASKED;
        this.written = found;
        this.residentBytes = found * HOST_PAGE_SIZE;
        return;
      }
    }
    driver.discard(this.#address, length);
    whileOpen(this.memory, () => this.#writeOwn());
    this.#choice = why;
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
        if (this.image.bytes.differs(this.#bytes, page)) pages[count++] = page;
      }
    });
    return pages.slice(0, count);
  }

  /** Makes pages what they are after a reset, and gives their memory back where that can be. */
  discard(offset: number, length: number): void {
    this.#follow();
    const address = this.#address;
    const driver = this.#driver();
    const end = offset + length;
    if (driver !== undefined && address !== undefined) this.#drop(driver, address, offset, end);
    else whileOpen(this.memory, () => this.image.bytes.write(this.#bytes, offset, end));
  }

  /** Bytes from the start of the memory that are mapped, of this image or of an earlier one. */
  get mappedLength(): number {
    this.#follow();
    return this.#address === undefined ? this.#beneath : this.image.bytes.storedLength;
  }

  /** Gives the memory of pages back, guarded or not. */
  #drop(driver: Driver, address: number, from: number, to: number): void {
    driver.discard(address + from, to - from);
    const { bytes } = this.image;
    if (bytes.ownPages > 0) whileOpen(this.memory, () => bytes.write(this.#bytes, from, to));
  }

  /** What is mapped is what is stored; an increment has more. */
  #writeOwn(): void {
    const { bytes } = this.image;
    if (bytes.ownPages > 0) bytes.writeOwn(this.#bytes);
    this.written = bytes.ownPages;
    this.residentBytes = bytes.ownPages * HOST_PAGE_SIZE;
  }

  #driver(): Driver | undefined {
    return this.image.plan.driver;
  }

  #map(): boolean {
    const { image } = this;
    const { mappable, storedLength } = image.bytes;
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
      const left = this.#beneath - storedLength;
      if (left > 0) driver.remap(address + storedLength, left, "read-write");
    } catch (error) {
      if (engine !== "auto" || !(error instanceof RegionError)) throw error;
      this.#choice = { engine: "copy", reason: `it cannot be mapped: ${error.message}` };
      return false;
    }
    const rest = this.#bytes.length - storedLength;
    if (rest > 0) driver.discard(address + storedLength, rest);
    this.#address = address;
    this.#writeOwn();
    this.#choice = MAPPED[engine];
    return true;
  }

  #copy(): void {
    this.image.bytes.write(this.#bytes, 0, this.#bytes.length);
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
      if (anyGuarded(guards, from, to)) this.#drop(driver, address, from, to);
      else this.image.bytes.write(this.#bytes, from, to);
    }
  }
}

const ASKED: Choice = { engine: "scan+undo", reason: "it was asked for" };
const DROPPED: Choice = {
  engine: "discard",
  reason: "it was asked for, or nobody can tell dirty pages",
};
const FEW: Choice = {
  engine: "scan+undo",
  reason: "so few pages are dirty that they may stay in memory",
};
const TOO_MANY: Choice = {
  engine: "discard",
  reason: "more pages are dirty than may stay in memory",
};
const TOO_RESIDENT: Choice = {
  engine: "discard",
  reason: "scanning over pages that were once read has cost more than reading them again will",
};
const MAPPED = {
  auto: { engine: "scan+undo", reason: "the image is mapped, and dirty pages can be told" },
  "scan+undo": ASKED,
  discard: DROPPED,
  copy: { engine: "copy", reason: "it was asked for" },
} as const satisfies Record<Plan["engine"], Choice>;
