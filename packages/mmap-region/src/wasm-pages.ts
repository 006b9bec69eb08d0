/**
 * What a native driver can do to the pages of a wasm memory: give them back, map an image over them, guard some of them.
 *
 * The engine owns the mapping and keeps it where it is for as long as the memory lives. Its address is asked for each time all
 * the same: an engine that moved the bytes would leave the image behind, and the copy is then an ordinary one.
 *
 * Invariant MR-24: guard pages are there after every growth, by the host at once, by the guest when the host next asks for the
 * heap: `memory.grow` makes the whole memory accessible again.
 *
 * @module
 */

import type { Access, Driver } from "./driver/driver.js";
import { RegionError } from "./region-error.js";
import { type DirtyPages, undoPages } from "./slot-dirty.js";
import type { PreparedData } from "./slot-image.js";

/** A mapping with another access, or of an image, splits the one around it into three. */
const MAPPINGS_OF_A_PIECE = 2;

interface Guard {
  readonly offset: number;
  readonly length: number;
  readonly access: Access;
}

/** What this module needs of a memory. */
interface Buffered {
  readonly buffer: ArrayBuffer;
}

/** The pages of one wasm memory. It dies with the memory. */
export class WasmPages {
  readonly #driver: Driver;
  readonly #dirty: DirtyPages;
  readonly #memory: Buffered;
  #guards: readonly Guard[] = [];
  /** The buffer at which the guards were put up: another one means that the memory has grown. */
  #guarded: ArrayBuffer | undefined;
  #mapped: { readonly data: PreparedData; readonly address: number } | undefined;

  constructor(driver: Driver, dirty: DirtyPages, memory: Buffered) {
    this.#driver = driver;
    this.#dirty = dirty;
    this.#memory = memory;
  }

  /** The data whose image is mapped. */
  get mapped(): PreparedData | undefined {
    const mapped = this.#mapped; // asking for an address is a call of C
    return mapped !== undefined && mapped.address === this.#address() ? mapped.data : undefined;
  }

  /** Maps the image of these data. @returns whether that was done; otherwise they are to be copied */
  map(data: PreparedData): boolean {
    const image = data.imageFor(this.#driver);
    const address = image && this.#address();
    if (image === undefined || address === undefined) return false;
    this.#driver.budget.charge(MAPPINGS_OF_A_PIECE); // found gone at a look, once the memory is
    this.#driver.mapImage(address + data.offset, image);
    this.#mapped = { data, address };
    return true;
  }

  /** Makes every page what it was first, image or zeros. @returns whether the data are there again by themselves */
  clear(): boolean {
    this.openGuards();
    const { buffer } = this.#memory;
    const address = this.#address();
    const { mapped } = this;
    if (address === undefined) new Uint8Array(buffer).fill(0);
    else {
      const found = this.#dirty.find(this.#driver, address, buffer.byteLength);
      if (found === -1) this.#driver.discard(address, buffer.byteLength);
      else undoPages(new Uint8Array(buffer), this.#dirty.pages, found, mapped);
    }
    this.renewGuards();
    return mapped !== undefined;
  }

  /** Gives the memory back to the system, whoever may still have it. */
  letGo(): void {
    const address = this.#address();
    if (address !== undefined) this.#driver.discard(address, this.#memory.buffer.byteLength);
  }

  /** @throws {@link RegionError} `unsupported`, `too-many-mappings`, `system-call-failed` */
  guard(offset: number, length: number, access: Access): void {
    const address = this.#address();
    if (!this.#driver.capabilities.guards || address === undefined) {
      const capability = `guard pages with the ${this.#driver.name} driver`;
      throw new RegionError({ code: "unsupported", backend: "wasm", capability });
    }
    this.renewGuards();
    this.#driver.budget.charge(MAPPINGS_OF_A_PIECE);
    this.#driver.protect(address + offset, length, access);
    this.#guards = [...this.#guards, { offset, length, access }];
    this.#guarded = this.#memory.buffer;
  }

  /** Puts guards up again after a growth. Costs a comparison when there was none. */
  renewGuards(): void {
    if (this.#guards.length === 0 || this.#guarded === this.#memory.buffer) return;
    const address = this.#address();
    if (address === undefined) return;
    for (const { offset, length, access } of this.#guards) {
      this.#driver.protect(address + offset, length, access);
    }
    this.#guarded = this.#memory.buffer;
  }

  /** Makes all pages accessible, until {@link WasmPages.renewGuards}. */
  openGuards(): void {
    const address = this.#address();
    if (this.#guards.length === 0 || address === undefined) return;
    this.#driver.protect(address, this.#memory.buffer.byteLength, "read-write");
    this.#guarded = undefined;
  }

  /** Takes all guards away. */
  dropGuards(): void {
    this.openGuards();
    this.#guards = [];
  }

  /** Undefined for a memory of no bytes, or one that does not begin with a page. */
  #address(): number | undefined {
    const { buffer } = this.#memory;
    if (buffer.byteLength === 0) return undefined;
    const address = this.#driver.addressOf(buffer);
    return address % this.#driver.pageSize === 0 ? address : undefined;
  }
}
