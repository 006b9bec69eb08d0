/**
 * What is known of an open file, and changing it: `fd_filestat_*`, `fd_advise`, `fd_allocate`, `fd_sync`, `fd_datasync`.
 *
 * @module
 */

import * as fs from "node:fs";
import type { ValueOf } from "@memkit/core";
import { filestat } from "../abi.js";
import type { Context } from "../context.js";
import type { Descriptor } from "../descriptor.js";
import { fail } from "../errno.js";
import { fileStatOf, STREAM_STAT, timesOf } from "../file-stat.js";
import { Right } from "../rights.js";

/** The largest size that Node can set or ask for exactly. */
const MAX_SIZE = BigInt(Number.MAX_SAFE_INTEGER);

function statOf(of: Descriptor): ValueOf<typeof filestat> {
  switch (of.kind) {
    case "file":
      return fileStatOf(fs.fstatSync(of.hostFd, { bigint: true }));
    case "dir":
      return fileStatOf(fs.lstatSync(of.handle.child("."), { bigint: true }));
    case "stream":
      return STREAM_STAT;
  }
}

export function fdFilestatGet({ memory, fds }: Context, fd: number, out: number): void {
  memory.write(filestat, out, statOf(fds.get(fd, Right.fd_filestat_get)));
}

export function fdFilestatSetSize({ fds }: Context, fd: number, size: bigint): void {
  const file = fds.file(fd, Right.fd_filestat_set_size);
  if (size > MAX_SIZE) fail("EFBIG");
  fs.ftruncateSync(file.hostFd, Number(size));
}

export function fdFilestatSetTimes(
  { fds }: Context,
  fd: number,
  atim: bigint,
  mtim: bigint,
  flags: number,
): void {
  const of = fds.get(fd, Right.fd_filestat_set_times);
  if (of.kind === "stream") fail("EINVAL");
  if (of.kind === "file") {
    const stats = fs.fstatSync(of.hostFd, { bigint: true });
    const { atime, mtime } = timesOf(stats, atim, mtim, flags);
    fs.futimesSync(of.hostFd, atime, mtime);
  } else {
    const self = of.handle.child(".");
    const { atime, mtime } = timesOf(fs.lstatSync(self, { bigint: true }), atim, mtim, flags);
    fs.lutimesSync(self, atime, mtime);
  }
}

/** Advice changes nothing that a program could see, and Node has no call for it. */
export function fdAdvise(
  { fds }: Context,
  fd: number,
  _offset: bigint,
  _length: bigint,
  _advice: number,
): void {
  fds.file(fd, Right.fd_advise);
}

/** Makes the file long enough, as posix_fallocate does, but reserves no blocks: Node has no call for that. */
export function fdAllocate({ fds }: Context, fd: number, offset: bigint, length: bigint): void {
  const file = fds.file(fd, Right.fd_allocate);
  if (length === 0n) fail("EINVAL");
  const end = offset + length;
  if (end > MAX_SIZE) fail("EFBIG");
  if (file.size < Number(end)) fs.ftruncateSync(file.hostFd, Number(end));
}

function syncDirectory(path: string): void {
  const own = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(own);
  } finally {
    fs.closeSync(own);
  }
}

export function fdSync({ fds }: Context, fd: number): void {
  const of = fds.get(fd, Right.fd_sync);
  if (of.kind === "stream") fail("EINVAL"); // as fsync says of what cannot be made durable
  if (of.kind === "file") fs.fsyncSync(of.hostFd);
  else syncDirectory(of.handle.child("."));
}

export function fdDatasync({ fds }: Context, fd: number): void {
  fs.fdatasyncSync(fds.file(fd, Right.fd_datasync).hostFd);
}
