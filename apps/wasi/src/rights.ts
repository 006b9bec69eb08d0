/**
 * The rights of a descriptor: which calls it may be used for, and which rights what is opened through it may have.
 *
 * Rights are a u64 in the ABI, but only 30 bits are defined, so the host keeps them as a number: one `&` per call and
 * no bigint, but where a guest hands them over. A request with an undefined bit is refused at the boundary (EINVAL), never masked.
 *
 * Source: `typenames.witx`, `$rights`; a bit's number is its place in the list.
 *
 * @module
 */

import { fail } from "./errno.js";

export const RIGHT_NAMES = [
  "fd_datasync",
  "fd_read",
  "fd_seek",
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "fd_advise",
  "fd_allocate",
  "path_create_directory",
  "path_create_file",
  "path_link_source",
  "path_link_target",
  "path_open",
  "fd_readdir",
  "path_readlink",
  "path_rename_source",
  "path_rename_target",
  "path_filestat_get",
  "path_filestat_set_size",
  "path_filestat_set_times",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "path_symlink",
  "path_remove_directory",
  "path_unlink_file",
  "poll_fd_readwrite",
  "sock_shutdown",
  "sock_accept",
] as const;

export type RightName = (typeof RIGHT_NAMES)[number];

/** Each right's bit. */
export const Right: Readonly<Record<RightName, number>> = Object.freeze(
  Object.fromEntries(RIGHT_NAMES.map((name, bit) => [name, 2 ** bit])) as Record<RightName, number>,
);

function union(...names: readonly RightName[]): number {
  return names.reduce((all, name) => all | Right[name], 0);
}

const ANY_DESCRIPTOR = union("fd_fdstat_set_flags", "fd_filestat_get", "poll_fd_readwrite");

/** What applies to a regular file. */
export const FILE_RIGHTS: number =
  ANY_DESCRIPTOR |
  union("fd_datasync", "fd_read", "fd_seek", "fd_sync", "fd_tell", "fd_write", "fd_advise") |
  union("fd_allocate", "fd_filestat_set_size", "fd_filestat_set_times");

/** What applies to a directory. */
export const DIRECTORY_RIGHTS: number =
  union("fd_fdstat_set_flags", "fd_filestat_get", "fd_sync", "fd_readdir", "fd_advise") |
  union("path_create_directory", "path_create_file", "path_link_source", "path_link_target") |
  union("path_open", "path_readlink", "path_rename_source", "path_rename_target") |
  union("path_filestat_get", "path_filestat_set_size", "path_filestat_set_times") |
  union("path_symlink", "path_remove_directory", "path_unlink_file", "fd_filestat_set_times");

/** What a directory hands down to what is opened through it, unless it was narrowed. */
export const INHERITABLE_RIGHTS: number = FILE_RIGHTS | DIRECTORY_RIGHTS;

/**
 * A stream that can be read. It lacks `fd_seek` and `fd_tell`: that is how a guest's libc tells a terminal from a file
 * (`isatty` of wasi-libc).
 */
export const READ_STREAM_RIGHTS: number = ANY_DESCRIPTOR | Right.fd_read;
/** A stream that can be written. */
export const WRITE_STREAM_RIGHTS: number = ANY_DESCRIPTOR | Right.fd_write;

/** Having any of these means that the host must open the file for writing. */
export const WRITING_RIGHTS: number = union(
  "fd_datasync",
  "fd_write",
  "fd_allocate",
  "fd_filestat_set_size",
);

const ACCESS_MODE = Right.fd_read | Right.fd_write;

/**
 * Ends the host call unless all of `needed` are held.
 *
 * A missing `fd_read` or `fd_write` is EBADF, what POSIX's read and write say of a descriptor that was not opened for
 * them and what portable programs expect; every other missing right is ENOTCAPABLE.
 */
export function requireRights(held: number, needed: number): void {
  const missing = needed & ~held;
  if (missing === 0) return;
  fail((missing & ACCESS_MODE) !== 0 ? "EBADF" : "ENOTCAPABLE");
}
