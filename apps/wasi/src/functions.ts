/**
 * The 46 functions of preview1: their parameters, and what runs for them. What has no function gives the guest ENOSYS.
 *
 * This table is the only list there is: the imports object, the command line's `--functions`, the README's table and the
 * bad-input tests are made from it.
 *
 * Source: `wasi_snapshot_preview1.witx`, in its order.
 *
 * @module
 */

import { handle, i64, u32, u64 } from "@memkit/core";
import { advice, clockid, fdflags, fstflags, lookupflags, oflags, rights, whence } from "./abi.js";
import { clockResGet, clockTimeGet } from "./calls/clock.js";
import {
  fdClose,
  fdFdstatGet,
  fdFdstatSetFlags,
  fdFdstatSetRights,
  fdPrestatDirName,
  fdPrestatGet,
  fdRenumber,
} from "./calls/fd-descriptor.js";
import {
  fdAdvise,
  fdAllocate,
  fdDatasync,
  fdFilestatGet,
  fdFilestatSetSize,
  fdFilestatSetTimes,
  fdSync,
} from "./calls/fd-file.js";
import { fdPread, fdPwrite, fdRead, fdSeek, fdTell, fdWrite } from "./calls/fd-io.js";
import { fdReaddir } from "./calls/fd-readdir.js";
import {
  pathCreateDirectory,
  pathFilestatGet,
  pathFilestatSetTimes,
  pathLink,
  pathReadlink,
  pathRemoveDirectory,
  pathRename,
  pathSymlink,
  pathUnlinkFile,
} from "./calls/path.js";
import { pathOpen } from "./calls/path-open.js";
import { pollOneoff } from "./calls/poll.js";
import { procExit, randomGet, schedYield } from "./calls/proc.js";
import { noSocket } from "./calls/sock.js";
import { argsGet, argsSizesGet, environGet, environSizesGet } from "./calls/strings.js";
import { hostFunction as fn, type HostFunction } from "./host-function.js";

/** An address or a length: what is behind it is the function's business. */
const size = u32;
const fd = ["fd", handle] as const;
const path = [
  ["path", size],
  ["path_len", size],
] as const;
const vectors = [
  ["iovs", size],
  ["iovs_len", size],
] as const;
const buffer = [
  ["buf", size],
  ["buf_len", size],
] as const;
const times = [
  ["atim", u64],
  ["mtim", u64],
  ["fst_flags", fstflags],
] as const;
const oldPath = [
  ["old_path", size],
  ["old_path_len", size],
] as const;
const newPath = [
  ["new_fd", handle],
  ["new_path", size],
  ["new_path_len", size],
] as const;
/** Where a result goes. */
const out = <N extends string>(name: N) => [name, size] as const;

/** All of preview1. */
export const FUNCTIONS: readonly HostFunction[] = [
  fn("args_get", [out("argv"), out("argv_buf")], argsGet),
  fn("args_sizes_get", [out("argc"), out("argv_buf_size")], argsSizesGet),
  fn("environ_get", [out("environ"), out("environ_buf")], environGet),
  fn("environ_sizes_get", [out("environc"), out("environ_buf_size")], environSizesGet),
  fn("clock_res_get", [["id", clockid], out("resolution")], clockResGet),
  fn("clock_time_get", [["id", clockid], ["precision", u64], out("time")], clockTimeGet),
  fn("fd_advise", [fd, ["offset", u64], ["len", u64], ["advice", advice]], fdAdvise),
  fn("fd_allocate", [fd, ["offset", u64], ["len", u64]], fdAllocate),
  fn("fd_close", [fd], fdClose),
  fn("fd_datasync", [fd], fdDatasync),
  fn("fd_fdstat_get", [fd, out("stat")], fdFdstatGet),
  fn("fd_fdstat_set_flags", [fd, ["flags", fdflags]], fdFdstatSetFlags),
  fn(
    "fd_fdstat_set_rights",
    [fd, ["fs_rights_base", rights], ["fs_rights_inheriting", rights]],
    fdFdstatSetRights,
  ),
  fn("fd_filestat_get", [fd, out("stat")], fdFilestatGet),
  fn("fd_filestat_set_size", [fd, ["size", u64]], fdFilestatSetSize),
  fn("fd_filestat_set_times", [fd, ...times], fdFilestatSetTimes),
  fn("fd_pread", [fd, ...vectors, ["offset", u64], out("nread")], fdPread),
  fn("fd_prestat_get", [fd, out("prestat")], fdPrestatGet),
  fn("fd_prestat_dir_name", [fd, ...path], fdPrestatDirName),
  fn("fd_pwrite", [fd, ...vectors, ["offset", u64], out("nwritten")], fdPwrite),
  fn("fd_read", [fd, ...vectors, out("nread")], fdRead),
  fn("fd_readdir", [fd, ...buffer, ["cookie", u64], out("bufused")], fdReaddir),
  fn("fd_renumber", [fd, ["to", handle]], fdRenumber),
  fn("fd_seek", [fd, ["offset", i64], ["whence", whence], out("newoffset")], fdSeek),
  fn("fd_sync", [fd], fdSync),
  fn("fd_tell", [fd, out("offset")], fdTell),
  fn("fd_write", [fd, ...vectors, out("nwritten")], fdWrite),
  fn("path_create_directory", [fd, ...path], pathCreateDirectory),
  fn("path_filestat_get", [fd, ["flags", lookupflags], ...path, out("stat")], pathFilestatGet),
  fn(
    "path_filestat_set_times",
    [fd, ["flags", lookupflags], ...path, ...times],
    pathFilestatSetTimes,
  ),
  fn("path_link", [fd, ["old_flags", lookupflags], ...oldPath, ...newPath], pathLink),
  fn(
    "path_open",
    [
      fd,
      ["dirflags", lookupflags],
      ...path,
      ["oflags", oflags],
      ["fs_rights_base", rights],
      ["fs_rights_inheriting", rights],
      ["fdflags", fdflags],
      out("opened_fd"),
    ],
    pathOpen,
  ),
  fn("path_readlink", [fd, ...path, ...buffer, out("bufused")], pathReadlink),
  fn("path_remove_directory", [fd, ...path], pathRemoveDirectory),
  fn("path_rename", [fd, ...oldPath, ...newPath], pathRename),
  fn("path_symlink", [...oldPath, fd, ...path], pathSymlink),
  fn("path_unlink_file", [fd, ...path], pathUnlinkFile),
  fn("poll_oneoff", [out("in"), out("out"), ["nsubscriptions", size], out("nevents")], pollOneoff),
  fn("proc_exit", [["rval", u32]], procExit),
  fn("proc_raise", [["sig", u32]]),
  fn("sched_yield", [], schedYield),
  fn("random_get", [...buffer], randomGet),
  fn("sock_accept", [fd, ["flags", u32], out("accepted_fd")], noSocket),
  fn(
    "sock_recv",
    [fd, ...vectors, ["ri_flags", u32], out("ro_datalen"), out("ro_flags")],
    noSocket,
  ),
  fn("sock_send", [fd, ...vectors, ["si_flags", u32], out("so_datalen")], noSocket),
  fn("sock_shutdown", [fd, ["how", u32]], noSocket),
];
