/**
 * Records of WASI preview 1 that a host reads and writes most, as layouts, and the names of their emitted codecs.
 *
 * The codecs are in `src/fixtures/wasi-codecs.ts`, written by `npx vitest run --project bench records -u`; the test behind that
 * name compares the file with what `emit` gives today.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
 * @module
 */

import {
  enumeration,
  flags,
  type Layout,
  ptr,
  type Struct,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "@memkit/core";

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
const fdflags = flags(u16, ["append", "dsync", "nonblock", "rsync", "sync"]).named("fdflags");

export const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");

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

export const dirent = struct(
  ["next", u64],
  ["ino", u64],
  ["namlen", u32],
  ["type", filetype],
).named("dirent");

const fdstat = struct(
  ["filetype", filetype],
  ["flags", fdflags],
  ["rights_base", u64],
  ["rights_inheriting", u64],
).named("fdstat");

const prestat = variant(u8, [["dir", struct(["name_len", u32])]]).named("prestat");

/** Everything that has a codec. Two of them are measured by nobody: they make the others' process an ordinary one. */
export const records: Readonly<Record<string, Layout>> = {
  Iovec: iovec,
  Filestat: filestat,
  Dirent: dirent,
  Fdstat: fdstat,
  Prestat: prestat,
} satisfies Record<string, Layout | Struct>;

/** A value of each, by the same name. */
export const values: Readonly<Record<string, unknown>> = {
  Iovec: { buf: 64, len: 8 },
  Filestat: {
    dev: 1n,
    ino: 2n,
    filetype: 4,
    nlink: 1n,
    size: 4096n,
    atim: 1n,
    mtim: 2n,
    ctim: 3n,
  },
  Dirent: { next: 1n, ino: 2n, namlen: 3, type: 4 },
  Fdstat: { filetype: 4, flags: 1, rights_base: 1n, rights_inheriting: 2n },
  Prestat: { tag: "dir", value: { name_len: 5 } },
};
