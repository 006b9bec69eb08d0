/**
 * What a guest's path means: a walk from a directory it holds, one component at a time, that cannot leave it.
 *
 * Invariant WASI-2: every step is either a name looked up in a directory already held, without following a link, or a
 * step back to a directory held earlier. `..` pops that stack, it is never given to the system, and it cannot pop the
 * root. The text of a symlink is read and walked by the same rules, so a link that points outside is refused exactly
 * where a path that says the same would be. An absolute path or target is EPERM: a guest has no root.
 *
 * The stack of held directories is what makes `link/..` mean the parent of the link's target, as POSIX wants, and what
 * keeps the walk on the right ground while somebody renames directories under it.
 *
 * @module
 */

import * as fs from "node:fs";
import type { DirHandle } from "./dir-handle.js";
import { fail, systemErrorCode } from "./errno.js";
import type { GuestAccess } from "./guest-access.js";

/** How many symlinks one walk may expand. Linux: MAXSYMLINKS, include/linux/namei.h. */
const MAX_SYMLINKS = 40;

/** The longest path that is looked at, in UTF-8 bytes with its terminator. Linux: PATH_MAX, uapi/linux/limits.h. */
const PATH_MAX = 4096;

/**
 * A path or a link's text of the guest's. One that is too long is not decoded: it may be as long as the memory, and no
 * string of JavaScript is.
 *
 * @throws {@link GuestError} as `readString`; {@link Failure} ENAMETOOLONG
 */
export function readPath(memory: GuestAccess, ptr: number, length: number): string {
  memory.validate(ptr, length, 1, 1);
  return length < PATH_MAX ? memory.readString(ptr, length) : fail("ENAMETOOLONG");
}

/** Where a walk ended: one name in one directory, which may or may not exist. */
export interface Location {
  readonly dir: DirHandle;
  /** The last component; `"."` when the path ends at a directory already held. */
  readonly name: string;
  /** The host path of that name. WASI-1 says what may be done with it. */
  readonly path: string;
  /** The path ended in a slash: only a directory will do. */
  readonly mustBeDir: boolean;
}

/** What `use` answers when the location is a symlink that it must not act on: read it and go on walking. */
export const FOLLOW: unique symbol = Symbol("follow");

/** The target of the symlink at `path`, or `undefined` when it is something else. */
function linkTarget(path: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = fs.readlinkSync(path, "buffer");
  } catch (error) {
    if (systemErrorCode(error) === "EINVAL") return undefined;
    throw error;
  }
  return decodeName(bytes);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a host name or link as a guest's string; EILSEQ where they are not UTF-8. */
function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail("EILSEQ"); // the decoder's TypeError says no more than this
  }
}

class Walk {
  readonly #stack: DirHandle[];
  /** Components still to do, the next one last. Never empty strings. */
  readonly #todo: string[] = [];
  #mustBeDir = false;
  #expanded = 0;

  constructor(root: DirHandle, path: string) {
    this.#stack = [root];
    this.#push(path);
  }

  get #top(): DirHandle {
    return this.#stack[this.#stack.length - 1] as DirHandle;
  }

  /** Puts a path in front of what is left to do. */
  #push(path: string): void {
    if (path.length === 0) fail("ENOENT");
    if (path.includes("\0")) fail("EINVAL");
    if (path.startsWith("/")) fail("EPERM");
    if (Buffer.byteLength(path) >= PATH_MAX) fail("ENAMETOOLONG");
    if (this.#todo.length === 0 && path.endsWith("/")) this.#mustBeDir = true;
    const components = path.split("/");
    for (let i = components.length - 1; i >= 0; i -= 1) {
      const component = components[i] as string;
      if (component !== "") this.#todo.push(component);
    }
  }

  /** Replaces a symlink by its target, or says what else the name is. */
  #expand(name: string): boolean {
    const target = linkTarget(this.#top.child(name));
    if (target === undefined) return false;
    this.#count();
    this.#push(target);
    return true;
  }

  #count(): void {
    this.#expanded += 1;
    if (this.#expanded > MAX_SYMLINKS) fail("ELOOP");
  }

  #enter(name: string): void {
    try {
      this.#stack.push(this.#top.openDir(name));
    } catch (error) {
      // ENOTDIR or ELOOP, whichever the system prefers for a link; for a file it is the answer.
      if (!this.#expand(name)) throw error;
    }
  }

  #leave(): void {
    if (this.#stack.length === 1) fail("EPERM");
    this.#stack.pop()?.close();
  }

  /** Walks to the next place where the path could end. */
  next(): Location {
    for (;;) {
      const name = this.#todo.pop() ?? ".";
      if (name === "..") {
        this.#leave();
      } else if (name !== "." && this.#todo.length > 0) {
        this.#enter(name);
        continue;
      } else if (name !== ".") {
        const dir = this.#top;
        return { dir, name, path: dir.child(name), mustBeDir: this.#mustBeDir };
      }
      if (this.#todo.length > 0) continue;
      const dir = this.#top;
      return { dir, name: ".", path: dir.child("."), mustBeDir: true };
    }
  }

  /**
   * Goes on at the symlink where {@link next} stopped. A name that is a symlink no longer is tried again, and counts:
   * somebody who swaps a link and a file for ever must not keep the host here for ever.
   */
  follow(name: string): void {
    if (this.#expand(name)) return;
    this.#count();
    this.#todo.push(name);
  }

  close(): void {
    for (let i = this.#stack.length - 1; i > 0; i -= 1) this.#stack[i]?.close();
  }
}

/**
 * Resolves `path` below `root` and calls `use` at the place where it ends.
 *
 * `use` acts on the name itself and never through a link. Where the call's rules say that a final symlink is followed,
 * it returns {@link FOLLOW} on meeting one and is called again at the link's target. The directories are held open
 * until it returns.
 *
 * @throws {@link Failure} ENOENT (empty path), EINVAL (NUL), EPERM (leaves the root), ENAMETOOLONG, ELOOP, EILSEQ, and
 * whatever the system says: ENOENT, ENOTDIR, EACCES, EMFILE
 */
export function resolve<T>(
  root: DirHandle,
  path: string,
  use: (at: Location) => T | typeof FOLLOW,
): T {
  const walk = new Walk(root, path);
  try {
    for (;;) {
      const at = walk.next();
      const result = use(at);
      if (result !== FOLLOW) return result;
      walk.follow(at.name);
    }
  } finally {
    walk.close();
  }
}
