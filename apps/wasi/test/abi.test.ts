/** The layouts, against the figures that the ABI's own documents and wasi-libc's assertions state. */

import { expect, it } from "vitest";
import {
  dirent,
  EventType,
  event,
  FdFlag,
  FileType,
  fdstat,
  filestat,
  iovec,
  OFlag,
  prestat,
  subscription,
} from "../src/abi.js";
import { ERRNO_NAMES, Errno } from "../src/errno.js";
import { RIGHT_NAMES, Right } from "../src/rights.js";

const offsets = (layout: { fields: readonly { name: string; offset: number }[] }) =>
  Object.fromEntries(layout.fields.map(({ name, offset }) => [name, offset]));

it.each([
  [iovec, 8, 4],
  [prestat, 8, 4],
  [fdstat, 24, 8],
  [filestat, 64, 8],
  [dirent, 24, 8],
  [subscription, 48, 8],
  [event, 32, 8],
])("sizes and alignments", (layout, size, align) => {
  expect([layout.size, layout.align]).toEqual([size, align]);
});

it("offsets", () => {
  expect(offsets(iovec)).toEqual({ buf: 0, buf_len: 4 });
  expect(prestat.payloadOffset).toBe(4);
  expect(offsets(fdstat)).toEqual({
    fs_filetype: 0,
    fs_flags: 2,
    fs_rights_base: 8,
    fs_rights_inheriting: 16,
  });
  expect(offsets(filestat)).toEqual({
    dev: 0,
    ino: 8,
    filetype: 16,
    nlink: 24,
    size: 32,
    atim: 40,
    mtim: 48,
    ctim: 56,
  });
  expect(offsets(dirent)).toEqual({ d_next: 0, d_ino: 8, d_namlen: 16, d_type: 20 });
  expect(offsets(event)).toEqual({ userdata: 0, error: 8, type: 10, fd_readwrite: 16 });
});

it("a clock's subscription has its fields at 16, 24, 32 and 40, where one host had the flags at 36", () => {
  const dv = new DataView(new ArrayBuffer(48));
  const value = { id: 1, timeout: 2n, precision: 3n, flags: 1 };
  subscription.write(dv, 0, { userdata: 9n, u: { tag: "clock", value } });
  expect(dv.getUint32(16, true)).toBe(1);
  expect(dv.getBigUint64(24, true)).toBe(2n);
  expect(dv.getBigUint64(32, true)).toBe(3n);
  expect(dv.getUint16(40, true)).toBe(1);
});

it("numbers of errnos, rights, types and flags", () => {
  expect(ERRNO_NAMES.length).toBe(77);
  const { EBADF, EFAULT, EINVAL, ENOENT, ENOSYS, EPERM, EXDEV, ENOTCAPABLE } = Errno;
  expect([EBADF, EFAULT, EINVAL, ENOENT, ENOSYS, EPERM, EXDEV, ENOTCAPABLE]).toEqual([
    8, 21, 28, 44, 52, 63, 75, 76,
  ]);
  expect(RIGHT_NAMES.length).toBe(30);
  expect([Right.fd_write, Right.path_open, Right.fd_readdir, Right.sock_accept]).toEqual([
    2 ** 6,
    2 ** 13,
    2 ** 14,
    2 ** 29,
  ]);
  expect([FileType.directory, FileType.symbolic_link, EventType.fd_write]).toEqual([3, 7, 2]);
  expect([FdFlag.append, FdFlag.sync, OFlag.creat, OFlag.trunc]).toEqual([1, 16, 1, 8]);
});
