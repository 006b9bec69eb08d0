/**
 * `path_open`.
 *
 * @module
 */

import * as fs from "node:fs";
import { FdFlag, LookupFlag, OFlag } from "../abi.js";
import type { Context } from "../context.js";
import { type Descriptor, fileTypeOf, OpenDir, OpenFile } from "../descriptor.js";
import { fail, systemErrorCode } from "../errno.js";
import { DIRECTORY_RIGHTS, FILE_RIGHTS, Right, WRITING_RIGHTS } from "../rights.js";
import { FOLLOW, type Location, readPath, resolve } from "../sandbox.js";

/** What the guest asked for. */
interface Request {
  readonly follow: boolean;
  readonly oflags: number;
  readonly fdflags: number;
  readonly base: number;
  readonly inheriting: number;
}

const has = (flags: number, bit: number): boolean => (flags & bit) !== 0;

/** The rights on the directory that the flags need, beside `path_open` itself. */
function neededRights(oflags: number): number {
  const create = has(oflags, OFlag.creat) ? Right.path_create_file : 0;
  const truncate = has(oflags, OFlag.trunc) ? Right.path_filestat_set_size : 0;
  return Right.path_open | create | truncate;
}

/**
 * The flags for the system.
 *
 * O_NOFOLLOW always (WASI-1). O_NONBLOCK so that opening a pipe that nobody writes does not stop the host; for files it
 * means nothing. The sync flags only make a guest's own writes more durable, so no right is asked for them.
 */
function systemFlags({ oflags, fdflags, base }: Request): number {
  const { constants: c } = fs;
  const reads = has(base, Right.fd_read | Right.fd_readdir);
  const writes = has(base, WRITING_RIGHTS) || has(oflags, OFlag.trunc);
  let flags = c.O_NOFOLLOW | c.O_NONBLOCK | c.O_NOCTTY;
  if (writes) flags |= reads ? c.O_RDWR : c.O_WRONLY;
  if (has(oflags, OFlag.creat)) flags |= c.O_CREAT;
  if (has(oflags, OFlag.excl)) flags |= c.O_EXCL;
  if (has(oflags, OFlag.trunc)) flags |= c.O_TRUNC;
  if (has(fdflags, FdFlag.sync | FdFlag.rsync)) flags |= c.O_SYNC;
  if (has(fdflags, FdFlag.dsync)) flags |= c.O_DSYNC;
  return flags;
}

/** Whether opening failed because the name is a symlink. What the system says to that differs; the name itself tells. */
function isFollowable(error: unknown, at: Location, follow: boolean): boolean {
  const code = systemErrorCode(error);
  const suspicious = code === "ELOOP" || code === "ENOTDIR" || code === "EMLINK";
  return suspicious && follow && fs.lstatSync(at.path).isSymbolicLink();
}

function openDirectory(at: Location, { oflags, base, inheriting }: Request): OpenDir {
  if (has(oflags, OFlag.creat | OFlag.trunc)) {
    fail(has(oflags, OFlag.creat) && has(oflags, OFlag.excl) ? "EEXIST" : "EISDIR");
  }
  const rights = { base: base & DIRECTORY_RIGHTS, inheriting };
  if (at.name === ".") return new OpenDir(at.dir.reopen(), rights);
  const step = at.dir.openDir(at.name);
  try {
    return new OpenDir(step.reopen(), rights);
  } finally {
    step.close();
  }
}

function openFile(at: Location, request: Request): Descriptor {
  const fd = fs.openSync(at.path, systemFlags(request), 0o666);
  try {
    const stats = fs.fstatSync(fd);
    if (!stats.isDirectory()) {
      const rights = { base: request.base & FILE_RIGHTS, inheriting: request.inheriting };
      return new OpenFile(fd, fileTypeOf(stats.mode), rights, request.fdflags);
    }
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  fs.closeSync(fd);
  return openDirectory(at, request);
}

function open(at: Location, request: Request): Descriptor | typeof FOLLOW {
  const asDirectory = has(request.oflags, OFlag.directory) || at.mustBeDir;
  try {
    return asDirectory ? openDirectory(at, request) : openFile(at, request);
  } catch (error) {
    if (isFollowable(error, at, request.follow || at.mustBeDir)) return FOLLOW;
    throw error;
  }
}

/**
 * Opens a file or directory. It never has a right that the directory does not hand down; rights that mean nothing for
 * what was found are dropped.
 */
export function pathOpen(
  { memory, fds }: Context,
  fd: number,
  lookup: number,
  path: number,
  length: number,
  oflags: number,
  fsRightsBase: bigint,
  fsRightsInheriting: bigint,
  fdflags: number,
  out: number,
): void {
  const [base, inheriting] = [Number(fsRightsBase), Number(fsRightsInheriting)];
  const dir = fds.dir(fd, neededRights(oflags));
  const name = readPath(memory, path, length);
  if (((base | inheriting) & ~dir.inheriting) !== 0) fail("ENOTCAPABLE");
  if (has(oflags, OFlag.directory) && has(oflags, OFlag.creat)) fail("EINVAL");
  fds.reserve();
  const follow = has(lookup, LookupFlag.symlink_follow);
  const request: Request = { follow, oflags, fdflags, base, inheriting };
  const opened = resolve(dir.handle, name, (at) => open(at, request));
  memory.writeU32(out, fds.insert(opened));
}
