/**
 * For every function of preview1: one call that succeeds, where its pointers are, and which bytes it may change.
 *
 * The bad-input tests break one thing at a time.
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { ALL, makeGuest, mustOpen, type TestGuest, temporaryDirectory } from "./harness.js";

/** One pointer argument. */
export interface Pointer {
  /** Which argument. */
  readonly arg: number;
  /** Bytes accessed for certain when the call goes well; with `length`, per element. */
  readonly size: number;
  readonly align: number;
  /** Which argument says how many elements there are. */
  readonly length?: number;
  /** The bytes are a path. */
  readonly path?: true;
}

export interface Fixture {
  /** The arguments of the call that goes well. `fd` is a file of 64 bytes open for everything. */
  readonly args: (fd: number) => readonly (number | bigint)[];
  readonly pointers: readonly Pointer[];
  /** What the good call may change: (address, length) pairs. */
  readonly writes: readonly (readonly [number, number])[];
  /** What the good call answers, if not ESUCCESS. */
  readonly answer?: string;
}

/** Where things are in the guest's memory. */
const FILE = 0x1000; // "file", 4 bytes
const FRESH = 0x1100; // "fresh", 5 bytes
const LINK = 0x1200; // "link", 4 bytes: a symlink to "file"
const EMPTY = 0x1300; // "empty", 5 bytes: an empty directory
export const VECTORS = 0x2000; // two iovecs of 16 bytes
export const BUFFER = 0x3000;
export const OUT = 0x4000;
const OUT_2 = 0x4100;
export const SUBSCRIPTION = 0x5000; // one, of the monotonic clock, due at once
const EVENT = 0x6000;

const out = (arg: number, size: number): Pointer => ({ arg, size, align: size });
const record = (arg: number, size: number): Pointer => ({ arg, size, align: 8 });
const name = (arg: number): Pointer => ({ arg, size: 1, align: 1, length: arg + 1, path: true });
const buffer = (arg: number): Pointer => ({ arg, size: 1, align: 1, length: arg + 1 });
const iovecs = (arg: number): Pointer => ({ arg, size: 8, align: 4, length: arg + 1 });

const FILLED = [
  [BUFFER, 16],
  [BUFFER + 0x100, 16],
] as const;

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  args_get: {
    args: () => [OUT, BUFFER],
    pointers: [out(0, 4), { arg: 1, size: 5, align: 1 }],
    writes: [
      [OUT, 8],
      [BUFFER, 10],
    ],
  },
  args_sizes_get: {
    args: () => [OUT, OUT_2],
    pointers: [out(0, 4), out(1, 4)],
    writes: [
      [OUT, 4],
      [OUT_2, 4],
    ],
  },
  environ_get: {
    args: () => [OUT, BUFFER],
    pointers: [out(0, 4), { arg: 1, size: 4, align: 1 }],
    writes: [
      [OUT, 4],
      [BUFFER, 4],
    ],
  },
  environ_sizes_get: {
    args: () => [OUT, OUT_2],
    pointers: [out(0, 4), out(1, 4)],
    writes: [
      [OUT, 4],
      [OUT_2, 4],
    ],
  },
  clock_res_get: { args: () => [0, OUT], pointers: [out(1, 8)], writes: [[OUT, 8]] },
  clock_time_get: { args: () => [1, 0n, OUT], pointers: [out(2, 8)], writes: [[OUT, 8]] },
  fd_advise: { args: (fd) => [fd, 0n, 0n, 0], pointers: [], writes: [] },
  fd_allocate: { args: (fd) => [fd, 0n, 128n], pointers: [], writes: [] },
  fd_close: { args: (fd) => [fd], pointers: [], writes: [] },
  fd_datasync: { args: (fd) => [fd], pointers: [], writes: [] },
  fd_fdstat_get: { args: (fd) => [fd, OUT], pointers: [record(1, 24)], writes: [[OUT, 24]] },
  fd_fdstat_set_flags: { args: (fd) => [fd, 1], pointers: [], writes: [] },
  fd_fdstat_set_rights: { args: (fd) => [fd, 0n, 0n], pointers: [], writes: [] },
  fd_filestat_get: { args: (fd) => [fd, OUT], pointers: [record(1, 64)], writes: [[OUT, 64]] },
  fd_filestat_set_size: { args: (fd) => [fd, 8n], pointers: [], writes: [] },
  fd_filestat_set_times: { args: (fd) => [fd, 0n, 0n, 5], pointers: [], writes: [] },
  fd_pread: {
    args: (fd) => [fd, VECTORS, 2, 0n, OUT],
    pointers: [iovecs(1), out(4, 4)],
    writes: [...FILLED, [OUT, 4]],
  },
  fd_prestat_get: { args: () => [3, OUT], pointers: [out(1, 4)], writes: [[OUT, 8]] },
  fd_prestat_dir_name: { args: () => [3, BUFFER, 4], pointers: [buffer(1)], writes: [[BUFFER, 4]] },
  fd_pwrite: {
    args: (fd) => [fd, VECTORS, 2, 0n, OUT],
    pointers: [iovecs(1), out(4, 4)],
    writes: [[OUT, 4]],
  },
  fd_read: {
    args: (fd) => [fd, VECTORS, 2, OUT],
    pointers: [iovecs(1), out(3, 4)],
    writes: [...FILLED, [OUT, 4]],
  },
  fd_readdir: {
    args: () => [3, BUFFER, 64, 0n, OUT],
    pointers: [buffer(1), out(4, 4)],
    writes: [
      [BUFFER, 64],
      [OUT, 4],
    ],
  },
  fd_renumber: { args: (fd) => [fd, fd], pointers: [], writes: [] },
  fd_seek: { args: (fd) => [fd, 1n, 0, OUT], pointers: [out(3, 8)], writes: [[OUT, 8]] },
  fd_sync: { args: (fd) => [fd], pointers: [], writes: [] },
  fd_tell: { args: (fd) => [fd, OUT], pointers: [out(1, 8)], writes: [[OUT, 8]] },
  fd_write: {
    args: (fd) => [fd, VECTORS, 2, OUT],
    pointers: [iovecs(1), out(3, 4)],
    writes: [[OUT, 4]],
  },
  path_create_directory: { args: () => [3, FRESH, 5], pointers: [name(1)], writes: [] },
  path_filestat_get: {
    args: () => [3, 0, FILE, 4, OUT],
    pointers: [name(2), record(4, 64)],
    writes: [[OUT, 64]],
  },
  path_filestat_set_times: {
    args: () => [3, 0, FILE, 4, 0n, 0n, 10],
    pointers: [name(2)],
    writes: [],
  },
  path_link: { args: () => [3, 0, FILE, 4, 3, FRESH, 5], pointers: [name(2), name(5)], writes: [] },
  path_open: {
    args: () => [3, 0, FRESH, 5, 1, ALL, ALL, 0, OUT],
    pointers: [name(2), out(8, 4)],
    writes: [[OUT, 4]],
  },
  path_readlink: {
    args: () => [3, LINK, 4, BUFFER, 64, OUT],
    pointers: [name(1), buffer(3), out(5, 4)],
    writes: [
      [BUFFER, 4],
      [OUT, 4],
    ],
  },
  path_remove_directory: { args: () => [3, EMPTY, 5], pointers: [name(1)], writes: [] },
  path_rename: { args: () => [3, FILE, 4, 3, FRESH, 5], pointers: [name(1), name(4)], writes: [] },
  path_symlink: { args: () => [FILE, 4, 3, FRESH, 5], pointers: [name(0), name(3)], writes: [] },
  path_unlink_file: { args: () => [3, FILE, 4], pointers: [name(1)], writes: [] },
  poll_oneoff: {
    args: () => [SUBSCRIPTION, EVENT, 1, OUT],
    pointers: [
      { arg: 0, size: 48, align: 8, length: 2 },
      { arg: 1, size: 32, align: 8, length: 2 },
      out(3, 4),
    ],
    writes: [
      [EVENT, 32],
      [OUT, 4],
    ],
  },
  proc_exit: { args: () => [0], pointers: [], writes: [], answer: "exit" },
  sched_yield: { args: () => [], pointers: [], writes: [] },
  random_get: { args: () => [BUFFER, 64], pointers: [buffer(0)], writes: [[BUFFER, 64]] },
  sock_accept: { args: (fd) => [fd, 0, OUT], pointers: [], writes: [], answer: "ENOTSOCK" },
  sock_recv: {
    args: (fd) => [fd, VECTORS, 2, 0, OUT, OUT_2],
    pointers: [],
    writes: [],
    answer: "ENOTSOCK",
  },
  sock_send: {
    args: (fd) => [fd, VECTORS, 2, 0, OUT],
    pointers: [],
    writes: [],
    answer: "ENOTSOCK",
  },
  sock_shutdown: { args: (fd) => [fd, 0], pointers: [], writes: [], answer: "ENOTSOCK" },
};

/** A guest in which every fixture's good call goes well, its memory filled with a pattern around the inputs. */
export function stage(): { guest: TestGuest; fd: number; directory: string } {
  const directory = temporaryDirectory();
  fs.writeFileSync(path.join(directory, "file"), Buffer.alloc(64, 0x5a));
  fs.symlinkSync("file", path.join(directory, "link"));
  fs.mkdirSync(path.join(directory, "empty"));
  const guest = makeGuest({
    args: ["prog", "arg"],
    env: { A: "1" },
    preopens: [{ host: directory, guest: "/dir" }],
  });
  const fd = mustOpen(guest, "file", { rights: ALL, inheriting: ALL });
  const bytes = guest.bytes();
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (i * 7 + 13) & 0xff;
  guest.put(FILE, "file");
  guest.put(FRESH, "fresh");
  guest.put(LINK, "link");
  guest.put(EMPTY, "empty");
  guest.vectors(VECTORS, [BUFFER, 16], [BUFFER + 0x100, 16]);
  guest.put(SUBSCRIPTION, new Uint8Array(48));
  guest.dv().setUint32(SUBSCRIPTION + 16, 1, true);
  return { guest, fd, directory };
}
