/**
 * `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`, `fd_seek`, `fd_tell`.
 *
 * What goes to a file goes from guest memory to the system without a copy, and nothing of the guest's or of a
 * callback's runs meanwhile. What goes to a stream may end in a callback, which could do anything, growing the guest's
 * memory included: it gets a copy, and all borrows are back before it is called.
 *
 * @module
 */

import { FdFlag, Whence } from "../abi.js";
import type { Context } from "../context.js";
import type { OpenFile, Stream } from "../descriptor.js";
import { type ErrnoName, fail } from "../errno.js";
import type { GuestAccess } from "../guest-access.js";
import { readVectors, type Vectors, withVectors } from "../io-vectors.js";
import { Right } from "../rights.js";

/** The last offset a file can have here: 2^53 - 1 bytes, the last integer that Node takes as a position. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER);

/** An offset of the guest's as a number. */
function asPosition(offset: bigint): number {
  return offset <= MAX_OFFSET ? Number(offset) : fail("EINVAL");
}

/**
 * Ends the call with `errno` when the file's next `length` bytes reach beyond {@link MAX_OFFSET}: Node takes a position
 * that it cannot use for none at all, and would read or write where the system's own offset stands, at 0.
 */
function requireReachable(position: number, length: number, errno: ErrnoName): void {
  if (position + length > Number.MAX_SAFE_INTEGER) fail(errno);
}

/** Copies `bytes` over the views in order; what is left of the views stays as it is. */
function scatter(bytes: Uint8Array, views: readonly Uint8Array[]): void {
  let at = 0;
  for (const view of views) {
    const part = bytes.subarray(at, at + view.length);
    view.set(part);
    at += part.length;
  }
}

/** Copies the first `length` bytes of the views. */
function gather(views: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const view of views) {
    const part = view.subarray(0, length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function readStream(memory: GuestAccess, stream: Stream, vectors: Vectors): number {
  // A refusal must come before the source has given up bytes that nobody would get.
  withVectors(memory, "mut", vectors, () => undefined);
  if (vectors.total === 0 || stream.source === undefined) return 0;
  const bytes = stream.source(vectors.total);
  if (bytes.length > vectors.total) {
    throw new RangeError(`a stream gave ${bytes.length} bytes where ${vectors.total} were asked`);
  }
  withVectors(memory, "mut", vectors, (views) => scatter(bytes, views));
  return bytes.length;
}

/**
 * Writes at most as many bytes as the guest has memory: buffers may overlap, and 64 KiB of a guest's could name 4 GiB for
 * the host to copy. What is left is a short write.
 */
function writeStream(memory: GuestAccess, stream: Stream, vectors: Vectors): number {
  const length = Math.min(vectors.total, memory.base().length);
  const bytes = withVectors(memory, "shared", vectors, (views) => gather(views, length));
  if (bytes.length !== 0) stream.sink?.(bytes);
  return bytes.length;
}

function readFile(memory: GuestAccess, file: OpenFile, vectors: Vectors, position: number): number {
  if (file.seekable) requireReachable(position, 0, "EOVERFLOW");
  return withVectors(memory, "mut", vectors, (views) =>
    views.length === 0 ? 0 : file.readv(views, file.seekable ? position : undefined),
  );
}

function writeFile(
  memory: GuestAccess,
  file: OpenFile,
  vectors: Vectors,
  position: number,
): number {
  if (file.seekable) requireReachable(position, vectors.total, "EFBIG");
  return withVectors(memory, "shared", vectors, (views) =>
    views.length === 0 ? 0 : file.writev(views, file.seekable ? position : undefined),
  );
}

export function fdRead(
  { memory, fds }: Context,
  fd: number,
  iovs: number,
  count: number,
  out: number,
): void {
  const from = fds.io(fd, Right.fd_read);
  const vectors = readVectors(memory, iovs, count);
  let read: number;
  if (from.kind === "stream") {
    read = readStream(memory, from, vectors);
  } else {
    read = readFile(memory, from, vectors, from.offset);
    from.offset += read;
  }
  memory.writeU32(out, read);
}

export function fdWrite(
  { memory, fds }: Context,
  fd: number,
  iovs: number,
  count: number,
  out: number,
): void {
  const to = fds.io(fd, Right.fd_write);
  const vectors = readVectors(memory, iovs, count);
  let written: number;
  if (to.kind === "stream") {
    written = writeStream(memory, to, vectors);
  } else {
    const at = (to.flags & FdFlag.append) !== 0 && to.seekable ? to.size : to.offset;
    written = writeFile(memory, to, vectors, at);
    if (written !== 0) to.offset = at + written;
  }
  memory.writeU32(out, written);
}

export function fdPread(
  { memory, fds }: Context,
  fd: number,
  iovs: number,
  count: number,
  offset: bigint,
  out: number,
): void {
  const file = fds.file(fd, Right.fd_read | Right.fd_seek);
  if (!file.seekable) fail("ESPIPE");
  const vectors = readVectors(memory, iovs, count);
  memory.writeU32(out, readFile(memory, file, vectors, asPosition(offset)));
}

/** Writes at `offset` even where the file appends, as POSIX wants it. */
export function fdPwrite(
  { memory, fds }: Context,
  fd: number,
  iovs: number,
  count: number,
  offset: bigint,
  out: number,
): void {
  const file = fds.file(fd, Right.fd_write | Right.fd_seek);
  if (!file.seekable) fail("ESPIPE");
  const vectors = readVectors(memory, iovs, count);
  memory.writeU32(out, writeFile(memory, file, vectors, asPosition(offset)));
}

function base(file: OpenFile, whence: number): number {
  switch (whence) {
    case Whence.set:
      return 0;
    case Whence.cur:
      return file.offset;
    default:
      return file.size;
  }
}

/** Asking where the file stands needs less than moving: `fd_tell` is enough for it. */
export function fdSeek(
  { memory, fds }: Context,
  fd: number,
  offset: bigint,
  whence: number,
  out: number,
): void {
  const asksOnly = whence === Whence.cur && offset === 0n;
  const file = asksOnly ? seekable(fds.file(fd, 0)) : seekable(fds.file(fd, Right.fd_seek));
  if (asksOnly) requireTell(file);
  const target = BigInt(base(file, whence)) + offset;
  if (target < 0n) fail("EINVAL");
  if (target > MAX_OFFSET) fail("EOVERFLOW");
  file.offset = Number(target);
  memory.writeU64(out, target);
}

export function fdTell({ memory, fds }: Context, fd: number, out: number): void {
  const file = seekable(fds.file(fd, 0));
  requireTell(file);
  memory.writeU64(out, BigInt(file.offset));
}

function seekable(file: OpenFile): OpenFile {
  return file.seekable ? file : fail("ESPIPE");
}

/** `fd_seek` implies `fd_tell`. */
function requireTell(file: OpenFile): void {
  if ((file.rights & (Right.fd_tell | Right.fd_seek)) === 0) fail("ENOTCAPABLE");
}
