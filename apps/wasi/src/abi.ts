/**
 * The types of preview1, in core's layout language: sizes, offsets and numbers are computed from these descriptions and
 * nowhere written down a second time.
 *
 * Cases and flags are listed in the order of `typenames.witx`, which is what numbers them. That the results are the ones
 * the ABI's own documents state is asserted in test/abi.test.ts.
 *
 * @module
 */

import { enumeration, flags, ptr, struct, u8, u16, u32, u64, variant } from "@memkit/core";
import { ERRNO_NAMES } from "./errno.js";
import { RIGHT_NAMES } from "./rights.js";

export const errno = enumeration(u16, ERRNO_NAMES).named("errno");
export const rights = flags(u64, RIGHT_NAMES).named("rights");

export const clockid = enumeration(u32, [
  "realtime",
  "monotonic",
  "process_cputime_id",
  "thread_cputime_id",
]).named("clockid");
export const ClockId = clockid.cases;

export const whence = enumeration(u8, ["set", "cur", "end"]).named("whence");
export const Whence = whence.cases;

export const advice = enumeration(u8, [
  "normal",
  "sequential",
  "random",
  "willneed",
  "dontneed",
  "noreuse",
]).named("advice");

const filetype = enumeration(u8, [
  "unknown",
  "block_device",
  "character_device",
  "directory",
  "regular_file",
  "socket_dgram",
  "socket_stream",
  "symbolic_link",
]).named("filetype");
export const FileType = filetype.cases;

export const fdflags = flags(u16, ["append", "dsync", "nonblock", "rsync", "sync"]).named(
  "fdflags",
);
export const FdFlag = fdflags.bits;

export const oflags = flags(u16, ["creat", "directory", "excl", "trunc"]).named("oflags");
export const OFlag = oflags.bits;

export const fstflags = flags(u16, ["atim", "atim_now", "mtim", "mtim_now"]).named("fstflags");
export const FstFlag = fstflags.bits;

export const lookupflags = flags(u32, ["symlink_follow"]).named("lookupflags");
export const LookupFlag = lookupflags.bits;

/** A buffer to be filled or written out. */
export const iovec = struct(["buf", ptr(u8)], ["buf_len", u32]).named("iovec");

export const prestat = variant(u8, [["dir", struct(["pr_name_len", u32])]]).named("prestat");

export const fdstat = struct(
  ["fs_filetype", filetype],
  ["fs_flags", fdflags],
  ["fs_rights_base", rights],
  ["fs_rights_inheriting", rights],
).named("fdstat");

export const filestat = struct(
  ["dev", u64],
  ["ino", u64],
  ["filetype", filetype],
  ["nlink", u64],
  ["size", u64],
  ["atim", u64],
  ["mtim", u64],
  ["ctim", u64],
).named("filestat");

/** The name's bytes follow it, and the next entry follows those, unaligned. */
export const dirent = struct(
  ["d_next", u64],
  ["d_ino", u64],
  ["d_namlen", u32],
  ["d_type", filetype],
).named("dirent");

const subclockflags = flags(u16, ["abstime"]).named("subclockflags");
export const SubClockFlag = subclockflags.bits;

const subscriptionClock = struct(
  ["id", clockid],
  ["timeout", u64],
  ["precision", u64],
  ["flags", subclockflags],
).named("subscription_clock");

const subscriptionFd = struct(["file_descriptor", u32]).named("subscription_fd_readwrite");

const subscriptionU = variant(u8, [
  ["clock", subscriptionClock],
  ["fd_read", subscriptionFd],
  ["fd_write", subscriptionFd],
]).named("subscription_u");

export const subscription = struct(["userdata", u64], ["u", subscriptionU]).named("subscription");

const eventtype = enumeration(u8, ["clock", "fd_read", "fd_write"]).named("eventtype");
export const EventType = eventtype.cases;

const eventFd = struct(
  ["nbytes", u64],
  ["flags", flags(u16, ["hangup"]).named("eventrwflags")],
).named("event_fd_readwrite");

export const event = struct(
  ["userdata", u64],
  ["error", errno],
  ["type", eventtype],
  ["fd_readwrite", eventFd],
).named("event");
