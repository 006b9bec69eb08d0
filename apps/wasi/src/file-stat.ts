/**
 * What a file is: the record a guest gets, and setting its times.
 *
 * @module
 */

import type { BigIntStats } from "node:fs";
import type { ValueOf } from "@memkit/core";
import { FileType, FstFlag, type filestat } from "./abi.js";
import { fileTypeOf } from "./descriptor.js";
import { fail } from "./errno.js";

type FileStat = ValueOf<typeof filestat>;

/** The record for what the system says. Devices and inodes of some systems are signed: taken as u64. */
export function fileStatOf(stats: BigIntStats): FileStat {
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
  return {
    dev: u64(stats.dev),
    ino: u64(stats.ino),
    filetype: fileTypeOf(Number(stats.mode)),
    nlink: u64(stats.nlink),
    size: u64(stats.size),
    atim: u64(stats.atimeNs),
    mtim: u64(stats.mtimeNs),
    ctim: u64(stats.ctimeNs),
  };
}

/** The record for a stream, which has none of a file's properties but its type. */
export const STREAM_STAT: FileStat = Object.freeze({
  dev: 0n,
  ino: 0n,
  filetype: FileType.character_device,
  nlink: 1n,
  size: 0n,
  atim: 0n,
  mtim: 0n,
  ctim: 0n,
});

/** Times in seconds, as Node takes them. */
export interface Times {
  readonly atime: number;
  readonly mtime: number;
}

/** What libuv makes of the part of a second in a double: whole microseconds, as in Node 20 (newer ones keep more). */
function microseconds(time: number): number {
  return Math.trunc(((time - Math.trunc(time)) * 1e9) / 1000);
}

/**
 * Nanoseconds as Node's seconds, rounded down to whole microseconds. Node hands a double to libuv, which cuts it off;
 * a double just below the microsecond would become the one before, so the next double is taken then. Whole seconds are
 * exact; near the present, doubles are 238 ns apart.
 */
function seconds(ns: bigint): number {
  const wanted = ns / 1000n;
  const time = Number(wanted) / 1e6;
  const exact = Number(wanted % 1_000_000n);
  const below = microseconds(time) !== exact && time !== Math.trunc(time);
  return below ? time * (1 + Number.EPSILON) : time;
}

function chosen(given: bigint, flags: number, set: number, setNow: number, kept: bigint): number {
  if ((flags & set) !== 0 && (flags & setNow) !== 0) fail("EINVAL");
  if ((flags & set) !== 0) return seconds(given);
  return seconds((flags & setNow) !== 0 ? BigInt(Date.now()) * 1_000_000n : kept);
}

/** Which times `flags` ask for; a time that they do not mention is set to what it is. */
export function timesOf(stats: BigIntStats, atim: bigint, mtim: bigint, flags: number): Times {
  return {
    atime: chosen(atim, flags, FstFlag.atim, FstFlag.atim_now, stats.atimeNs),
    mtime: chosen(mtim, flags, FstFlag.mtim, FstFlag.mtim_now, stats.mtimeNs),
  };
}
