/**
 * An image in a sealed memory file: nothing, not even this process, can change its bytes or its length afterwards, so a
 * mapping of it never meets a page that is not there (`SIGBUS`). Pages of zeros are not written, only the last page always
 * is, which gives the file its length: a sparse image takes the memory of what is in it.
 *
 * @see `man 2 memfd_create`, `man 2 F_GET_SEALS`
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { Image } from "./driver.js";
import type { Libc } from "./libc.js";
import { EVERY_SEAL, F_ADD_SEALS, MFD_ALLOW_SEALING, MFD_CLOEXEC } from "./linux-abi.js";
import { systemCallFailed } from "./system-call-failed.js";

/** The most bytes that one `pwrite` takes: `MAX_RW_COUNT` of Linux `include/linux/fs.h`, on pages of 4096. */
const MAX_WRITE = 0x7fff_f000;

/** The file's name in `/proc/self/maps`. Kept, so that its address is good for as long as a call may read it. */
const NAME: Uint8Array<ArrayBuffer> = new Uint8Array(new TextEncoder().encode("memkit-image\0"));

/**
 * Closes the files of images that were lost without `close()`, with their modules: a process has few descriptors, 1024 by
 * default on many systems, and nothing shows that these are gone.
 */
const lost: FinalizationRegistry<{ readonly libc: Libc; readonly fd: number }> =
  new FinalizationRegistry(({ libc, fd }) => void libc.close(fd));

/** See {@link Image}. */
export class LinuxImage implements Image {
  readonly length: number;
  readonly #libc: Libc;
  #fd: number;

  /** @throws {@link RegionError} `invalid-argument` for no bytes at all; `system-call-failed` */
  constructor(libc: Libc, bytes: Uint8Array, pageSize: number) {
    if (bytes.length === 0) {
      throw new RegionError({
        code: "invalid-argument",
        argument: "bytes",
        value: 0,
        reason: "an image has at least one byte",
      });
    }
    // A copy of whole pages: it lies outside the engine's heap, where nothing moves it while the system reads it.
    const copy = new Uint8Array(Math.ceil(bytes.length / pageSize) * pageSize);
    copy.set(bytes);
    const name = libc.addressOf(NAME.buffer);
    const fd = libc.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd === -1) throw systemCallFailed(libc, "memfd_create", 0, copy.length);
    this.length = copy.length;
    this.#libc = libc;
    this.#fd = fd;
    lost.register(this, { libc, fd }, this);
    try {
      this.#fill(copy, pageSize);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #fill(copy: Uint8Array<ArrayBuffer>, pageSize: number): void {
    const start = this.#libc.addressOf(copy.buffer);
    const words = new Uint32Array(copy.buffer);
    const last = copy.length - pageSize;
    const isHole = (page: number): boolean =>
      page < last && words.subarray(page / 4, (page + pageSize) / 4).every((word) => word === 0);
    for (let at = 0; at < copy.length; ) {
      if (isHole(at)) {
        at += pageSize;
        continue;
      }
      let end = at + pageSize;
      while (end < copy.length && end - at < MAX_WRITE && !isHole(end)) end += pageSize;
      const written = this.#libc.pwrite(this.#fd, start + at, end - at, at);
      if (written <= 0) throw systemCallFailed(this.#libc, "pwrite", start + at, end - at);
      at += written - (written % pageSize);
      if (written < pageSize) throw systemCallFailed(this.#libc, "pwrite", start + at, end - at);
    }
    if (this.#libc.fcntl(this.#fd, F_ADD_SEALS, EVERY_SEAL) !== 0) {
      throw systemCallFailed(this.#libc, "fcntl", 0, copy.length);
    }
  }

  /** @throws {@link RegionError} `invalid-argument` for an image of another driver, or a closed one */
  static fdOf(image: Image): number {
    if (image instanceof LinuxImage && image.#fd !== -1) return image.#fd;
    throw new RegionError({
      code: "invalid-argument",
      argument: "image",
      value: typeof image,
      reason: "must be an image of this driver that is not closed",
    });
  }

  close(): void {
    if (this.#fd === -1) return;
    lost.unregister(this);
    this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}
