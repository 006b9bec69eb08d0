/**
 * What is known of a descriptor, and changing it: `fd_fdstat_*`, `fd_prestat_*`, `fd_close`, `fd_renumber`.
 *
 * @module
 */

import { FdFlag, fdstat, prestat } from "../abi.js";
import type { Context } from "../context.js";
import { fail } from "../errno.js";
import { withBuffer } from "../io-vectors.js";
import { Right } from "../rights.js";

export function fdFdstatGet({ memory, fds }: Context, fd: number, out: number): void {
  const { filetype, flags, rights, inheriting } = fds.get(fd, 0);
  memory.write(fdstat, out, {
    fs_filetype: filetype,
    fs_flags: flags,
    fs_rights_base: BigInt(rights),
    fs_rights_inheriting: BigInt(inheriting),
  });
}

const SETTABLE = FdFlag.append | FdFlag.nonblock;

/** As fcntl(F_SETFL): appending and non-blocking can be changed, how writes are made durable cannot. */
export function fdFdstatSetFlags({ fds }: Context, fd: number, flags: number): void {
  const descriptor = fds.get(fd, Right.fd_fdstat_set_flags);
  const fixed = descriptor.flags & ~SETTABLE;
  if ((flags & ~SETTABLE & ~fixed) !== 0) fail("EINVAL");
  descriptor.flags = fixed | (flags & SETTABLE);
}

/** Rights can be given away, never gained. */
export function fdFdstatSetRights(
  { fds }: Context,
  fd: number,
  fsRightsBase: bigint,
  fsRightsInheriting: bigint,
): void {
  const descriptor = fds.get(fd, 0);
  const [base, inheriting] = [Number(fsRightsBase), Number(fsRightsInheriting)];
  const gained = (base & ~descriptor.rights) | (inheriting & ~descriptor.inheriting);
  if (gained !== 0) fail("ENOTCAPABLE");
  descriptor.rights = base;
  descriptor.inheriting = inheriting;
}

/** EBADF for what is no preopened directory: that is how a guest finds the end of the list. */
function preopenName({ fds }: Context, fd: number): Uint8Array {
  const descriptor = fds.get(fd, 0);
  if (descriptor.kind !== "dir") return fail("EBADF");
  return descriptor.preopenName ?? fail("EBADF");
}

export function fdPrestatGet(context: Context, fd: number, out: number): void {
  const name = preopenName(context, fd);
  context.memory.write(prestat, out, { tag: "dir", value: { pr_name_len: name.length } });
}

/** The name without a NUL, as long as fd_prestat_get said. */
export function fdPrestatDirName(
  context: Context,
  fd: number,
  buffer: number,
  length: number,
): void {
  const name = preopenName(context, fd);
  if (length < name.length) fail("ENAMETOOLONG");
  withBuffer(context.memory, buffer, length, (bytes) => bytes.set(name));
}

export function fdClose({ fds }: Context, fd: number): void {
  fds.close(fd);
}

export function fdRenumber({ fds }: Context, from: number, to: number): void {
  fds.renumber(from, to);
}
