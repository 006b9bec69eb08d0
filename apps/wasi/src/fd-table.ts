/**
 * The descriptors of one guest.
 *
 * A new descriptor gets the lowest free number, as in POSIX. The table is bounded: every entry may hold a descriptor of
 * the host's, and a guest must not be able to use up those of the whole process.
 *
 * @module
 */

import type { Descriptor, OpenDir, OpenFile, Stream } from "./descriptor.js";
import { fail } from "./errno.js";
import { requireRights } from "./rights.js";

/** How many descriptors a guest may have at once. Linux: the default soft RLIMIT_NOFILE, INR_OPEN_CUR. */
export const MAX_DESCRIPTORS = 1024;

/** The table itself. Numbers are u32, already normalised by the dispatcher. */
export class FdTable {
  readonly #slots: (Descriptor | undefined)[] = [];

  /** How many descriptors are open. */
  get size(): number {
    return this.#slots.reduce((open, slot) => (slot === undefined ? open : open + 1), 0);
  }

  /** Ends the host call with EMFILE when there is no room for one more. Ask before opening anything. */
  reserve(): number {
    const free = this.#slots.indexOf(undefined);
    const fd = free === -1 ? this.#slots.length : free;
    return fd < MAX_DESCRIPTORS ? fd : fail("EMFILE");
  }

  /** Enters a descriptor at the lowest free number. EMFILE leaves it to the caller to close. */
  insert(descriptor: Descriptor): number {
    const fd = this.reserve();
    this.#slots[fd] = descriptor;
    return fd;
  }

  /** The descriptor, which must hold all of `rights`: EBADF, ENOTCAPABLE. */
  get(fd: number, rights: number): Descriptor {
    const descriptor = this.#slots[fd];
    if (descriptor === undefined) return fail("EBADF");
    requireRights(descriptor.rights, rights);
    return descriptor;
  }

  /** The directory that a path is relative to: EBADF, ENOTDIR, ENOTCAPABLE. */
  dir(fd: number, rights: number): OpenDir {
    const descriptor = this.get(fd, 0);
    if (descriptor.kind !== "dir") return fail("ENOTDIR");
    requireRights(descriptor.rights, rights);
    return descriptor;
  }

  /** What bytes can be read from or written to: EBADF, EISDIR, ENOTCAPABLE. */
  io(fd: number, rights: number): OpenFile | Stream {
    const descriptor = this.get(fd, 0);
    if (descriptor.kind === "dir") return fail("EISDIR");
    requireRights(descriptor.rights, rights);
    return descriptor;
  }

  /** What has offsets and a size: EBADF, EISDIR, ESPIPE, ENOTCAPABLE. */
  file(fd: number, rights: number): OpenFile {
    const descriptor = this.get(fd, 0);
    if (descriptor.kind !== "file") return fail(descriptor.kind === "dir" ? "EISDIR" : "ESPIPE");
    requireRights(descriptor.rights, rights);
    return descriptor;
  }

  /** Closes a descriptor. The number is free even when the system reports an error. */
  close(fd: number): void {
    const descriptor = this.get(fd, 0);
    this.#slots[fd] = undefined;
    descriptor.close();
  }

  /** Moves a descriptor onto another, open, one, which is closed. */
  renumber(from: number, to: number): void {
    const moved = this.get(from, 0);
    const replaced = this.get(to, 0);
    if (from === to) return;
    this.#slots[to] = moved;
    this.#slots[from] = undefined;
    replaced.close();
  }

  /** Closes all; the first error is thrown when every one has been tried. */
  closeAll(): void {
    const errors: unknown[] = [];
    for (const descriptor of this.#slots.splice(0)) {
      try {
        descriptor?.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
