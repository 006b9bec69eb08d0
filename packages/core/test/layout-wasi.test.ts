/**
 * Every type of WASI preview 1, against the offsets that wasi-libc asserts for its `wasi/api.h`.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
 * @module
 */

import { describe, expect, it } from "vitest";
import {
  enumeration,
  flags,
  handle,
  i64,
  type Layout,
  ptr,
  type Struct,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "../src/layout.js";

const many = (n: number): string[] => Array.from({ length: n }, (_, i) => `n${i}`);

const size = u32;
const timestamp = u64;
const errno = enumeration(u16, many(77));
const clockid = enumeration(u32, many(4));
const filetype = enumeration(u8, many(8));
const eventtype = enumeration(u8, ["clock", "fd_read", "fd_write"]);
const rights = flags(u64, many(30));
const fdflags = flags(u16, many(5));
const subclockflags = flags(u16, many(1));
const eventrwflags = flags(u16, many(1));

const iovec = struct(["buf", ptr(u8)], ["buf_len", size]);
const prestat_dir = struct(["pr_name_len", size]);
const prestat = variant(u8, [["dir", prestat_dir]]);
const fdstat = struct(
  ["fs_filetype", filetype],
  ["fs_flags", fdflags],
  ["fs_rights_base", rights],
  ["fs_rights_inheriting", rights],
);
const filestat = struct(
  ["dev", u64],
  ["ino", u64],
  ["filetype", filetype],
  ["nlink", u64],
  ["size", u64],
  ["atim", timestamp],
  ["mtim", timestamp],
  ["ctim", timestamp],
);
const dirent = struct(["d_next", u64], ["d_ino", u64], ["d_namlen", u32], ["d_type", filetype]);
const subscription_clock = struct(
  ["id", clockid],
  ["timeout", timestamp],
  ["precision", timestamp],
  ["flags", subclockflags],
);
const subscription_fd_readwrite = struct(["file_descriptor", handle]);
const subscription_u = variant(u8, [
  ["clock", subscription_clock],
  ["fd_read", subscription_fd_readwrite],
  ["fd_write", subscription_fd_readwrite],
]);
const subscription = struct(["userdata", u64], ["u", subscription_u]);
const event_fd_readwrite = struct(["nbytes", u64], ["flags", eventrwflags]);
const event = struct(
  ["userdata", u64],
  ["error", errno],
  ["type", eventtype],
  ["fd_readwrite", event_fd_readwrite],
);

interface Row {
  readonly name: string;
  readonly type: Layout;
  readonly size: number;
  readonly align: number;
}

const sizes: readonly Row[] = [
  { name: "size", type: size, size: 4, align: 4 },
  { name: "filesize", type: u64, size: 8, align: 8 },
  { name: "filedelta", type: i64, size: 8, align: 8 },
  { name: "fd", type: handle, size: 4, align: 4 },
  { name: "errno", type: errno, size: 2, align: 2 },
  { name: "clockid", type: clockid, size: 4, align: 4 },
  { name: "whence", type: enumeration(u8, many(3)), size: 1, align: 1 },
  { name: "filetype", type: filetype, size: 1, align: 1 },
  { name: "advice", type: enumeration(u8, many(6)), size: 1, align: 1 },
  { name: "eventtype", type: eventtype, size: 1, align: 1 },
  { name: "preopentype", type: enumeration(u8, many(1)), size: 1, align: 1 },
  { name: "signal", type: enumeration(u8, many(31)), size: 1, align: 1 },
  { name: "rights", type: rights, size: 8, align: 8 },
  { name: "fdflags", type: fdflags, size: 2, align: 2 },
  { name: "oflags", type: flags(u16, many(4)), size: 2, align: 2 },
  { name: "fstflags", type: flags(u16, many(4)), size: 2, align: 2 },
  { name: "riflags", type: flags(u16, many(2)), size: 2, align: 2 },
  { name: "roflags", type: flags(u16, many(1)), size: 2, align: 2 },
  { name: "siflags", type: flags(u16, many(0)), size: 2, align: 2 },
  { name: "subclockflags", type: subclockflags, size: 2, align: 2 },
  { name: "eventrwflags", type: eventrwflags, size: 2, align: 2 },
  { name: "lookupflags", type: flags(u32, many(1)), size: 4, align: 4 },
  { name: "sdflags", type: flags(u8, many(2)), size: 1, align: 1 },
  { name: "iovec", type: iovec, size: 8, align: 4 },
  { name: "prestat", type: prestat, size: 8, align: 4 },
  { name: "fdstat", type: fdstat, size: 24, align: 8 },
  { name: "filestat", type: filestat, size: 64, align: 8 },
  { name: "dirent", type: dirent, size: 24, align: 8 },
  { name: "subscription", type: subscription, size: 48, align: 8 },
  { name: "subscription_u", type: subscription_u, size: 40, align: 8 },
  { name: "subscription_clock", type: subscription_clock, size: 32, align: 8 },
  { name: "subscription_fd_readwrite", type: subscription_fd_readwrite, size: 4, align: 4 },
  { name: "event", type: event, size: 32, align: 8 },
  { name: "event_fd_readwrite", type: event_fd_readwrite, size: 16, align: 8 },
];

const offsets: readonly { name: string; type: Struct; at: Readonly<Record<string, number>> }[] = [
  { name: "iovec", type: iovec, at: { buf: 0, buf_len: 4 } },
  {
    name: "fdstat",
    type: fdstat,
    at: { fs_filetype: 0, fs_flags: 2, fs_rights_base: 8, fs_rights_inheriting: 16 },
  },
  {
    name: "filestat",
    type: filestat,
    at: { dev: 0, ino: 8, filetype: 16, nlink: 24, size: 32, atim: 40, mtim: 48, ctim: 56 },
  },
  { name: "dirent", type: dirent, at: { d_next: 0, d_ino: 8, d_namlen: 16, d_type: 20 } },
  {
    name: "subscription_clock",
    type: subscription_clock,
    at: { id: 0, timeout: 8, precision: 16, flags: 24 },
  },
  { name: "subscription", type: subscription, at: { userdata: 0, u: 8 } },
  { name: "event", type: event, at: { userdata: 0, error: 8, type: 10, fd_readwrite: 16 } },
  { name: "event_fd_readwrite", type: event_fd_readwrite, at: { nbytes: 0, flags: 8 } },
];

describe("WASI preview 1", () => {
  it.each(sizes)("$name takes $size bytes aligned to $align", ({ type, size, align }) => {
    expect({ size: type.size, align: type.align }).toEqual({ size, align });
  });

  it.each(offsets)("$name has its fields where wasi-libc has them", ({ type, at }) => {
    expect(Object.fromEntries(type.fields.map(({ name, offset }) => [name, offset]))).toEqual(at);
  });

  it("puts the payloads of prestat and subscription_u at 4 and 8", () => {
    expect(prestat.payloadOffset).toBe(4);
    expect(subscription_u.payloadOffset).toBe(8);
  });

  it("puts a subscription's clock fields at 16, 24, 32 and 40", () => {
    const dv = new DataView(new ArrayBuffer(48));
    const clock = { id: 1, timeout: 0x11n, precision: 0x22n, flags: 1 };
    const value = { userdata: 7n, u: { tag: "clock", value: clock } } as const;
    subscription.write(dv, 0, value);
    expect(dv.getUint8(8)).toBe(0);
    expect(dv.getUint32(16, true)).toBe(1);
    expect(dv.getBigUint64(24, true)).toBe(0x11n);
    expect(dv.getBigUint64(32, true)).toBe(0x22n);
    expect(dv.getUint16(40, true)).toBe(1);
    expect(subscription.read(dv, 0)).toEqual(value);
  });

  it("puts a subscription's file descriptor at 16, whatever the case (CORE-16)", () => {
    const dv = new DataView(new ArrayBuffer(48));
    subscription.write(dv, 0, {
      userdata: 0n,
      u: { tag: "fd_write", value: { file_descriptor: 9 } },
    });
    expect(dv.getUint8(8)).toBe(2);
    expect(dv.getUint32(16, true)).toBe(9);
  });

  it("widens the pointers of wasm64 and nothing else", () => {
    const wide = iovec.for("wasm64");
    expect([wide.size, wide.align, wide.offsetOf("buf_len"), wide.target]).toEqual([
      16,
      8,
      8,
      "wasm64",
    ]);
    expect(iovec.for("wasm64")).toBe(wide);
    expect(wide.for("wasm32")).toBe(iovec);
    expect(filestat.for("wasm64")).toBe(filestat);
  });
});
