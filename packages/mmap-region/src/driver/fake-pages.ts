/**
 * The contents of the fake driver's pages while no view holds them.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { Image } from "./driver.js";

/** An image that is only bytes. */
class FakeImage implements Image {
  readonly length: number;
  bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array, pageSize: number) {
    this.length = Math.ceil(bytes.length / pageSize) * pageSize;
    this.bytes = new Uint8Array(this.length);
    this.bytes.set(bytes);
  }

  close(): void {
    this.bytes = undefined;
  }
}

/** Pages by their address. A page that is in neither map is zero. */
export class FakePages {
  readonly #pageSize: number;
  readonly #written: Map<number, Uint8Array> = new Map();
  /** What a page is after it was discarded, where an image is mapped. */
  readonly #images: Map<number, Uint8Array> = new Map();

  constructor(pageSize: number) {
    this.#pageSize = pageSize;
  }

  /** @throws {@link RegionError} `invalid-argument` for no bytes at all */
  createImage(bytes: Uint8Array): Image {
    if (bytes.length !== 0) return new FakeImage(bytes, this.#pageSize);
    throw badImage("bytes", 0, "an image has at least one byte");
  }

  /** @throws {@link RegionError} `invalid-argument` for an image of another driver, or a closed one */
  mapImage(address: number, image: Image): void {
    const bytes = image instanceof FakeImage ? image.bytes : undefined;
    if (bytes === undefined) {
      const reason = "must be an image of this driver that is not closed";
      throw badImage("image", typeof image, reason);
    }
    this.#each(address, bytes.length, (page, at) => {
      this.#written.delete(page);
      this.#images.set(page, bytes.subarray(at, at + this.#pageSize));
    });
  }

  /** As the driver's: a page that differs from what a discard would make of it. */
  dirtyPages(address: number, length: number, pages: Uint32Array): number {
    let count = 0;
    for (let at = 0; at < length; at += this.#pageSize) {
      const written = this.#written.get(address + at);
      if (written === undefined) continue;
      const clean = this.#images.get(address + at);
      if (written.every((byte, n) => byte === (clean?.[n] ?? 0))) continue;
      if (count === pages.length) return -1;
      pages[count++] = at / this.#pageSize;
    }
    return count;
  }

  discard(address: number, length: number): void {
    deleteRange(this.#written, address, length);
  }

  forget(address: number, length: number): void {
    deleteRange(this.#written, address, length);
    deleteRange(this.#images, address, length);
  }

  /** Copies the pages from `address` on into `target`. */
  load(address: number, target: Uint8Array): void {
    this.#each(address, target.length, (page, at) => {
      const bytes = this.#written.get(page) ?? this.#images.get(page);
      if (bytes === undefined) target.fill(0, at, at + this.#pageSize);
      else target.set(bytes, at);
    });
  }

  /** Copies `source` into the pages from `address` on. */
  save(address: number, source: Uint8Array): void {
    this.#each(address, source.length, (page, at) => {
      this.#written.set(page, source.slice(at, at + this.#pageSize));
    });
  }

  #each(address: number, length: number, visit: (page: number, at: number) => void): void {
    for (let at = 0; at < length; at += this.#pageSize) visit(address + at, at);
  }
}

/** By the pages that are there, which are few where ranges are of gigabytes. */
function deleteRange(pages: Map<number, unknown>, address: number, length: number): void {
  for (const page of pages.keys()) {
    if (page >= address && page < address + length) pages.delete(page);
  }
}

function badImage(argument: string, value: number | string, reason: string): RegionError {
  return new RegionError({ code: "invalid-argument", argument, value, reason });
}
