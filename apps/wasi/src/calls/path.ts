/**
 * The calls that name a file by a path, except `path_open`.
 *
 * All of them walk with sandbox.ts and act on the name where the walk ends, never through a link in it. Calls that
 * change a directory (create, remove, rename, link) take a final symlink for what it is, as POSIX has it; those that
 * look at a file follow it when the guest says so, or when the path ends in a slash.
 *
 * @module
 */

import * as fs from "node:fs";
import { filestat, LookupFlag } from "../abi.js";
import type { Context } from "../context.js";
import { fail, systemErrorCode } from "../errno.js";
import { fileStatOf, timesOf } from "../file-stat.js";
import { withBuffer } from "../io-vectors.js";
import { Right } from "../rights.js";
import { FOLLOW, type Location, readPath, resolve } from "../sandbox.js";

/** Walks from a descriptor that has `right` to where a path of the guest ends, and acts there. */
function atPath<T>(
  { memory, fds }: Context,
  right: number,
  fd: number,
  path: number,
  length: number,
  use: (at: Location) => T | typeof FOLLOW,
): T {
  const dir = fds.dir(fd, right);
  return resolve(dir.handle, readPath(memory, path, length), use);
}

/** What is at the end of a path, or FOLLOW for a symlink that has to be followed. */
function statAt(at: Location, lookup: number): fs.BigIntStats | typeof FOLLOW {
  const stats = fs.lstatSync(at.path, { bigint: true });
  const follow = (lookup & LookupFlag.symlink_follow) !== 0 || at.mustBeDir;
  if (stats.isSymbolicLink() && follow) return FOLLOW;
  if (at.mustBeDir && !stats.isDirectory()) fail("ENOTDIR");
  return stats;
}

/** What `lstat` says, or `undefined` where there is nothing. */
function statIfPresent(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

export function pathFilestatGet(
  host: Context,
  fd: number,
  lookup: number,
  path: number,
  length: number,
  out: number,
): void {
  const right = Right.path_filestat_get;
  const stats = atPath(host, right, fd, path, length, (at) => statAt(at, lookup));
  host.memory.write(filestat, out, fileStatOf(stats));
}

export function pathFilestatSetTimes(
  host: Context,
  fd: number,
  lookup: number,
  path: number,
  length: number,
  atim: bigint,
  mtim: bigint,
  flags: number,
): void {
  atPath(host, Right.path_filestat_set_times, fd, path, length, (at) => {
    const stats = statAt(at, lookup);
    if (stats === FOLLOW) return FOLLOW;
    const { atime, mtime } = timesOf(stats, atim, mtim, flags);
    fs.lutimesSync(at.path, atime, mtime);
  });
}

export function pathCreateDirectory(host: Context, fd: number, path: number, length: number): void {
  atPath(host, Right.path_create_directory, fd, path, length, (at) => {
    if (at.name === ".") fail("EEXIST");
    fs.mkdirSync(at.path);
  });
}

export function pathRemoveDirectory(host: Context, fd: number, path: number, length: number): void {
  atPath(host, Right.path_remove_directory, fd, path, length, (at) => {
    if (at.name === ".") fail("EINVAL");
    fs.rmdirSync(at.path);
  });
}

export function pathUnlinkFile(host: Context, fd: number, path: number, length: number): void {
  atPath(host, Right.path_unlink_file, fd, path, length, (at) => {
    if (at.mustBeDir) fail(fs.lstatSync(at.path).isDirectory() ? "EISDIR" : "ENOTDIR");
    fs.unlinkSync(at.path);
  });
}

export function pathRename(
  { memory, fds }: Context,
  fd: number,
  oldPath: number,
  oldLength: number,
  newFd: number,
  newPath: number,
  newLength: number,
): void {
  const from = fds.dir(fd, Right.path_rename_source);
  const to = fds.dir(newFd, Right.path_rename_target);
  const oldName = readPath(memory, oldPath, oldLength);
  const newName = readPath(memory, newPath, newLength);
  resolve(from.handle, oldName, (old) =>
    resolve(to.handle, newName, (fresh) => {
      if (old.name === "." || fresh.name === ".") fail("EBUSY");
      const needsDir = old.mustBeDir || fresh.mustBeDir;
      if (needsDir && !fs.lstatSync(old.path).isDirectory()) fail("ENOTDIR");
      fs.renameSync(old.path, fresh.path);
    }),
  );
}

/** What stands in the way of making something that is no directory under a name that ends in a slash. */
function refuseSlash(at: Location): void {
  if (!at.mustBeDir) return;
  const present = statIfPresent(at.path);
  if (present === undefined) fail("ENOENT");
  fail(present.isDirectory() ? "EEXIST" : "ENOTDIR");
}

/** A link to a symlink is a link to the symlink: following it is refused, as wasmtime does. */
export function pathLink(
  { memory, fds }: Context,
  fd: number,
  lookup: number,
  oldPath: number,
  oldLength: number,
  newFd: number,
  newPath: number,
  newLength: number,
): void {
  const from = fds.dir(fd, Right.path_link_source);
  const to = fds.dir(newFd, Right.path_link_target);
  const oldName = readPath(memory, oldPath, oldLength);
  const newName = readPath(memory, newPath, newLength);
  if ((lookup & LookupFlag.symlink_follow) !== 0) fail("EINVAL");
  resolve(from.handle, oldName, (old) =>
    resolve(to.handle, newName, (fresh) => {
      if (old.mustBeDir) fail(fs.lstatSync(old.path).isDirectory() ? "EPERM" : "ENOTDIR");
      refuseSlash(fresh);
      const isLinkable = old.dir.linksSymlinks || !fs.lstatSync(old.path).isSymbolicLink();
      if (!isLinkable) fail("ENOTSUP");
      fs.linkSync(old.path, fresh.path);
    }),
  );
}

/**
 * The text of a link is the guest's business, since it is walked by the guest's rules when it is followed. Only an
 * absolute one is refused: here it means nothing, but to the host's own programs it does.
 */
export function pathSymlink(
  { memory, fds }: Context,
  textPtr: number,
  textLength: number,
  fd: number,
  path: number,
  length: number,
): void {
  const dir = fds.dir(fd, Right.path_symlink);
  const text = readPath(memory, textPtr, textLength);
  const name = readPath(memory, path, length);
  if (text === "") fail("ENOENT");
  if (text.includes("\0")) fail("EINVAL");
  if (text.startsWith("/")) fail("EPERM");
  resolve(dir.handle, name, (at) => {
    refuseSlash(at);
    fs.symlinkSync(text, at.path);
  });
}

/** The link's text as bytes, cut off where the buffer ends. */
export function pathReadlink(
  { memory, fds }: Context,
  fd: number,
  path: number,
  length: number,
  buffer: number,
  bufferLength: number,
  out: number,
): void {
  const dir = fds.dir(fd, Right.path_readlink);
  const text = resolve(dir.handle, readPath(memory, path, length), (at) =>
    at.mustBeDir ? fail("EINVAL") : fs.readlinkSync(at.path, "buffer"),
  );
  const used = withBuffer(memory, buffer, bufferLength, (bytes) => {
    const part = text.subarray(0, bytes.length);
    bytes.set(part);
    return part.length;
  });
  memory.writeU32(out, used);
}
