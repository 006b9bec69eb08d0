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
import { hostFunction as fn, type HostFunction, type Param } from "./signature.js";

const FD: Param<"fd"> = ["fd", "fd"];
const PATH: readonly [Param<"ptr">, Param<"size">] = [
  ["path", "ptr"],
  ["path_len", "size"],
];
const VECTORS: readonly [Param<"ptr">, Param<"size">] = [
  ["iovs", "ptr"],
  ["iovs_len", "size"],
];
const BUFFER: readonly [Param<"ptr">, Param<"size">] = [
  ["buf", "ptr"],
  ["buf_len", "size"],
];
const TIMES: readonly [Param<"timestamp">, Param<"timestamp">, Param<"fstflags">] = [
  ["atim", "timestamp"],
  ["mtim", "timestamp"],
  ["fst_flags", "fstflags"],
];
const OLD_PATH: readonly [Param<"ptr">, Param<"size">] = [
  ["old_path", "ptr"],
  ["old_path_len", "size"],
];
const NEW_PATH: readonly [Param<"fd">, Param<"ptr">, Param<"size">] = [
  ["new_fd", "fd"],
  ["new_path", "ptr"],
  ["new_path_len", "size"],
];
/** Where a result goes. */
const out = <N extends string>(name: N): Param<"ptr"> => [name, "ptr"];

/** All of preview1. */
export const FUNCTIONS: readonly HostFunction[] = [
  fn("args_get", [out("argv"), out("argv_buf")], argsGet),
  fn("args_sizes_get", [out("argc"), out("argv_buf_size")], argsSizesGet),
  fn("environ_get", [out("environ"), out("environ_buf")], environGet),
  fn("environ_sizes_get", [out("environc"), out("environ_buf_size")], environSizesGet),
  fn("clock_res_get", [["id", "clockid"], out("resolution")], clockResGet),
  fn("clock_time_get", [["id", "clockid"], ["precision", "timestamp"], out("time")], clockTimeGet),
  fn(
    "fd_advise",
    [FD, ["offset", "filesize"], ["len", "filesize"], ["advice", "advice"]],
    fdAdvise,
  ),
  fn("fd_allocate", [FD, ["offset", "filesize"], ["len", "filesize"]], fdAllocate),
  fn("fd_close", [FD], fdClose),
  fn("fd_datasync", [FD], fdDatasync),
  fn("fd_fdstat_get", [FD, out("stat")], fdFdstatGet),
  fn("fd_fdstat_set_flags", [FD, ["flags", "fdflags"]], fdFdstatSetFlags),
  fn(
    "fd_fdstat_set_rights",
    [FD, ["fs_rights_base", "rights"], ["fs_rights_inheriting", "rights"]],
    fdFdstatSetRights,
  ),
  fn("fd_filestat_get", [FD, out("stat")], fdFilestatGet),
  fn("fd_filestat_set_size", [FD, ["size", "filesize"]], fdFilestatSetSize),
  fn("fd_filestat_set_times", [FD, ...TIMES], fdFilestatSetTimes),
  fn("fd_pread", [FD, ...VECTORS, ["offset", "filesize"], out("nread")], fdPread),
  fn("fd_prestat_get", [FD, out("prestat")], fdPrestatGet),
  fn("fd_prestat_dir_name", [FD, ...PATH], fdPrestatDirName),
  fn("fd_pwrite", [FD, ...VECTORS, ["offset", "filesize"], out("nwritten")], fdPwrite),
  fn("fd_read", [FD, ...VECTORS, out("nread")], fdRead),
  fn("fd_readdir", [FD, ...BUFFER, ["cookie", "dircookie"], out("bufused")], fdReaddir),
  fn("fd_renumber", [FD, ["to", "fd"]], fdRenumber),
  fn("fd_seek", [FD, ["offset", "filedelta"], ["whence", "whence"], out("newoffset")], fdSeek),
  fn("fd_sync", [FD], fdSync),
  fn("fd_tell", [FD, out("offset")], fdTell),
  fn("fd_write", [FD, ...VECTORS, out("nwritten")], fdWrite),
  fn("path_create_directory", [FD, ...PATH], pathCreateDirectory),
  fn("path_filestat_get", [FD, ["flags", "lookupflags"], ...PATH, out("stat")], pathFilestatGet),
  fn(
    "path_filestat_set_times",
    [FD, ["flags", "lookupflags"], ...PATH, ...TIMES],
    pathFilestatSetTimes,
  ),
  fn("path_link", [FD, ["old_flags", "lookupflags"], ...OLD_PATH, ...NEW_PATH], pathLink),
  fn(
    "path_open",
    [
      FD,
      ["dirflags", "lookupflags"],
      ...PATH,
      ["oflags", "oflags"],
      ["fs_rights_base", "rights"],
      ["fs_rights_inheriting", "rights"],
      ["fdflags", "fdflags"],
      out("opened_fd"),
    ],
    pathOpen,
  ),
  fn("path_readlink", [FD, ...PATH, ...BUFFER, out("bufused")], pathReadlink),
  fn("path_remove_directory", [FD, ...PATH], pathRemoveDirectory),
  fn("path_rename", [FD, ...OLD_PATH, ...NEW_PATH], pathRename),
  fn("path_symlink", [...OLD_PATH, FD, ...PATH], pathSymlink),
  fn("path_unlink_file", [FD, ...PATH], pathUnlinkFile),
  fn(
    "poll_oneoff",
    [out("in"), out("out"), ["nsubscriptions", "size"], out("nevents")],
    pollOneoff,
  ),
  fn("proc_exit", [["rval", "exitcode"]], procExit),
  fn("proc_raise", [["sig", "ignored"]]),
  fn("sched_yield", [], schedYield),
  fn("random_get", [...BUFFER], randomGet),
  fn("sock_accept", [FD, ["flags", "ignored"], out("accepted_fd")], noSocket),
  fn(
    "sock_recv",
    [FD, ...VECTORS, ["ri_flags", "ignored"], out("ro_datalen"), out("ro_flags")],
    noSocket,
  ),
  fn("sock_send", [FD, ...VECTORS, ["si_flags", "ignored"], out("so_datalen")], noSocket),
  fn("sock_shutdown", [FD, ["how", "ignored"]], noSocket),
];
