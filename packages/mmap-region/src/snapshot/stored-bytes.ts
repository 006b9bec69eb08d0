/**
 * The bytes of one memory's image: in a sealed memory file, mapped once for reading, or without a driver in an array.
 *
 * Invariant MR-40: the bytes of an image never change. The file is sealed against writing and against truncation, which would
 * end the process with `SIGBUS`; the mapping that they are read by is read-only.
 *
 * @module
 */

import type { Driver, Image as MappableImage } from "../driver/driver.js";

/** What must be given back; it must not lead to the {@link StoredBytes} that is watched. */
interface Held {
  readonly driver: Driver;
  readonly image: MappableImage;
  readonly address: number;
  readonly view: ArrayBuffer;
}

function giveBack({ driver, image, address, view }: Held): void {
  image.close();
  // A view that is out of reach keeps its pages (MR-9): it is ours alone, so that cannot happen but by a broken driver.
  if (driver.detach(view)) driver.release(address, image.length);
}

/** For images that are lost without `close()`: a descriptor and address space, of which both are few. */
const lost: FinalizationRegistry<Held> = new FinalizationRegistry(giveBack);

/** See the head of this module. */
export class StoredBytes {
  /** Whole pages of 64 KiB. Nobody writes to it: where it is mapped that would end the process. */
  readonly bytes: Uint8Array;
  /** Of `bytes`, also when they are closed. */
  readonly length: number;
  readonly #held: Held | undefined;
  /** Images that have it. */
  #users = 1;

  private constructor(bytes: Uint8Array, held: Held | undefined) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.#held = held;
    if (held !== undefined) lost.register(this, held, this);
  }

  /** Copies the bytes. */
  static inArray(bytes: Uint8Array): StoredBytes {
    return new StoredBytes(bytes.slice(), undefined);
  }

  /**
   * Copies the bytes into a sealed memory file.
   *
   * @throws {@link RegionError} `too-many-mappings`, `out-of-address-space`, `system-call-failed`
   */
  static inFile(bytes: Uint8Array, driver: Driver): StoredBytes {
    if (bytes.length === 0) return StoredBytes.inArray(bytes);
    const image = driver.createImage(bytes);
    let address: number | undefined;
    try {
      address = driver.reserve(image.length);
      driver.mapImage(address, image);
      driver.protect(address, image.length, "read");
      const view = driver.view(address, image.length);
      return new StoredBytes(new Uint8Array(view), { driver, image, address, view });
    } catch (error) {
      if (address !== undefined) driver.release(address, image.length);
      image.close();
      throw error;
    }
  }

  /** What a driver maps, where there is one. */
  get mappable(): { readonly driver: Driver; readonly image: MappableImage } | undefined {
    return this.#users > 0 ? this.#held : undefined;
  }

  /** One more image has it, and will close it. */
  retain(): void {
    this.#users += 1;
  }

  /** The last image that closes it lets the bytes go. Where they are mapped copy-on-write they stay. */
  close(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#held === undefined) return;
    lost.unregister(this);
    giveBack(this.#held);
  }
}
