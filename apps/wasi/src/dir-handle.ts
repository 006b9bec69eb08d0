/**
 * A directory of the host, held open, and the names directly in it: the only way this program touches the file system.
 *
 * Invariant WASI-1: a host path handed to the system is always `<held directory>/<one name>`, the name is never `..`,
 * never holds a slash, and the call never follows a link in it. What a name *means* is decided by the walk in
 * sandbox.ts, never by the system.
 *
 * Linux: the directory is a descriptor, and the path is `/proc/self/fd/<fd>/<name>`. The kernel jumps from that magic
 * link straight to the open directory, wherever it is now and whatever its old path means now, so this is `openat`
 * without `openat` (Node has none), and a directory swapped for a symlink between two steps changes nothing.
 *
 * Elsewhere: the directory is a path that was checked, one component at a time, when it was walked, and that must lead to
 * the same directory (device and inode) at every use: ESTALE if not. A guest cannot exploit the moment between check and
 * use, since it does not run during its own host calls; another process that changes the same directory at the same time
 * can. {@link PathDir} exists for that case only; README.md says so.
 *
 * @module
 */

import * as fs from "node:fs";
import { fail } from "./errno.js";

/** An open directory of the host. */
export interface DirHandle {
  /** A host path that names the directory itself. */
  readonly self: string;
  /** Whether `link` makes a second name for a symlink: on Linux. Other systems link what it points to. */
  readonly linksSymlinks: boolean;
  /** The host path of one name in it; see WASI-1 for what may be done with it. */
  child(name: string): string;
  /** Opens a directory in this one; fails with ENOTDIR or ELOOP when the name is a symlink. */
  openDir(name: string): DirHandle;
  /** The same directory under a handle of its own, readable: for a descriptor that a guest asked for. */
  reopen(): DirHandle;
  close(): void;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/** `O_PATH`: a handle that needs no permission to read. asm-generic/fcntl.h; Node has no name for it. */
const O_PATH = 0o10000000;

class ProcDir implements DirHandle {
  readonly #fd: number;
  readonly self: string;
  readonly linksSymlinks = true;

  constructor(fd: number) {
    this.#fd = fd;
    this.self = `/proc/self/fd/${fd}`;
  }

  child(name: string): string {
    return `${this.self}/${name}`;
  }

  openDir(name: string): DirHandle {
    return new ProcDir(fs.openSync(this.child(name), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  }

  reopen(): DirHandle {
    return new ProcDir(fs.openSync(this.child("."), O_RDONLY | O_DIRECTORY));
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

class PathDir implements DirHandle {
  readonly #path: string;
  readonly #dev: bigint;
  readonly #ino: bigint;
  readonly linksSymlinks = false;

  constructor(path: string) {
    const stats = fs.lstatSync(path, { bigint: true });
    if (!stats.isDirectory()) fail("ENOTDIR"); // a symlink is not a directory to lstat
    this.#path = path;
    this.#dev = stats.dev;
    this.#ino = stats.ino;
  }

  /** A guest that holds this directory may rename it, or one above it, and put a symlink in its place. */
  get self(): string {
    const { dev, ino } = fs.lstatSync(this.#path, { bigint: true });
    return dev === this.#dev && ino === this.#ino ? this.#path : fail("ESTALE");
  }

  child(name: string): string {
    return `${this.self}/${name}`;
  }

  openDir(name: string): DirHandle {
    return new PathDir(this.child(name));
  }

  reopen(): DirHandle {
    const path = this.self;
    fs.accessSync(path, fs.constants.R_OK);
    return new PathDir(path);
  }

  close(): void {
    // A path holds nothing of the system's.
  }
}

/** How directories are held: `descriptors` cannot be raced, `paths` can (see the module's head). */
export type SandboxMode = "descriptors" | "paths";

/** What this system can do; `undefined` where no way is known to be safe (Windows: drives, streams, device names). */
export function bestSandboxMode(
  platform: NodeJS.Platform = process.platform,
): SandboxMode | undefined {
  if (platform === "win32") return undefined;
  return platform === "linux" && fs.existsSync("/proc/self/fd") ? "descriptors" : "paths";
}

/**
 * Opens a directory by a path that the *host* chose: links in it are followed.
 *
 * @throws a system error of Node when it is not there, or not a directory.
 */
export function openHostDir(path: string, mode: SandboxMode): DirHandle {
  if (mode === "descriptors") return new ProcDir(fs.openSync(path, O_RDONLY | O_DIRECTORY));
  const real = fs.realpathSync(path);
  fs.readdirSync(real); // ENOTDIR, EACCES now and not at the guest's first call
  return new PathDir(real);
}
