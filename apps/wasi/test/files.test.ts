/** What the file calls do when nothing is wrong with their arguments: POSIX, as preview1 cuts it. */

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { BUFFER, OUT, VECTORS } from "./fixtures.js";
import {
  ALL,
  makeGuest,
  mustOpen,
  onPath,
  onPaths,
  open,
  READ_WRITE,
  stat,
  type TestGuest,
  temporaryDirectory,
} from "./harness.js";

const CREATE = 1;
const DIRECTORY = 2;
const EXCLUSIVE = 4;
const TRUNCATE = 8;
const APPEND = 1;
const [SET, CUR, END] = [0, 1, 2];

let directory: string;
let guest: TestGuest;

beforeEach(() => {
  directory = temporaryDirectory();
  guest = makeGuest({ preopens: [{ host: directory, guest: "/data" }] });
});

const host = (name: string): string => path.join(directory, name);
const u32 = (at: number): number => guest.dv().getUint32(at, true);
const u64 = (at: number): bigint => guest.dv().getBigUint64(at, true);

function write(fd: number, text: string): unknown {
  guest.vectors(VECTORS, [BUFFER, guest.put(BUFFER, text)]);
  return guest.call("fd_write", fd, VECTORS, 1, OUT);
}

function read(fd: number, length = 64): string {
  guest.vectors(VECTORS, [BUFFER, length]);
  expect(guest.call("fd_read", fd, VECTORS, 1, OUT)).toBe("ESUCCESS");
  return Buffer.from(guest.bytes().slice(BUFFER, BUFFER + u32(OUT))).toString();
}

function seek(fd: number, offset: bigint, whence: number): unknown {
  const errno = guest.call("fd_seek", fd, offset, whence, OUT);
  return errno === "ESUCCESS" ? u64(OUT) : errno;
}

describe("path_open", () => {
  it("creates, refuses to create, creates exclusively, truncates", () => {
    expect(open(guest, "f")).toBe("ENOENT");
    expect(open(guest, "f", { oflags: CREATE | EXCLUSIVE })).toBeTypeOf("number");
    expect(open(guest, "f", { oflags: CREATE | EXCLUSIVE })).toBe("EEXIST");
    fs.writeFileSync(host("f"), "content");
    expect(open(guest, "f", { oflags: CREATE })).toBeTypeOf("number");
    expect(fs.readFileSync(host("f"), "utf8")).toBe("content");
    expect(open(guest, "f", { oflags: TRUNCATE, rights: 0n })).toBeTypeOf("number");
    expect(fs.readFileSync(host("f"), "utf8")).toBe("");
  });

  it("of directories", () => {
    fs.mkdirSync(host("d"));
    fs.writeFileSync(host("f"), "");
    expect(open(guest, "d", { oflags: DIRECTORY })).toBeTypeOf("number");
    expect(open(guest, "d", { rights: 0n })).toBeTypeOf("number");
    expect(open(guest, "d/", { rights: 0n })).toBeTypeOf("number");
    expect(open(guest, "d")).toBe("EISDIR"); // for writing
    expect(open(guest, "f", { oflags: DIRECTORY })).toBe("ENOTDIR");
    expect(open(guest, "f/")).toBe("ENOTDIR");
    expect(open(guest, "f///")).toBe("ENOTDIR");
    expect(open(guest, "f/x")).toBe("ENOTDIR");
    expect(open(guest, "d", { oflags: CREATE | EXCLUSIVE, rights: 0n })).toBe("EEXIST");
    expect(open(guest, "x", { oflags: CREATE | DIRECTORY })).toBe("EINVAL");
  });

  it("gives the lowest free descriptor, and EMFILE when the table is full, with nothing leaked", () => {
    const first = mustOpen(guest, "f", { oflags: CREATE });
    const second = mustOpen(guest, "f");
    expect([first, second]).toEqual([4, 5]);
    guest.call("fd_close", first);
    expect(mustOpen(guest, "f")).toBe(4);
    while (typeof open(guest, "f", { rights: 0n }) === "number");
    expect(open(guest, "new", { oflags: CREATE })).toBe("EMFILE");
    expect(fs.existsSync(host("new"))).toBe(false);
    expect(guest.host.openDescriptors).toBe(1024);
  });

  it("never hands down a right that the directory has not", () => {
    fs.mkdirSync(host("d"));
    const dir = mustOpen(guest, "d", { oflags: DIRECTORY, rights: ALL, inheriting: 2n });
    expect(open(guest, "f", { dir, oflags: CREATE, rights: READ_WRITE })).toBe("ENOTCAPABLE");
    expect(fs.existsSync(host("d/f"))).toBe(false);
    expect(open(guest, "f", { dir, oflags: CREATE, rights: 2n })).toBeTypeOf("number");
    const blind = mustOpen(guest, "d", { oflags: DIRECTORY, rights: 1n << 13n, inheriting: ALL });
    expect(open(guest, "g", { dir: blind, oflags: CREATE })).toBe("ENOTCAPABLE");
    expect(open(guest, "f", { dir: blind, oflags: TRUNCATE })).toBe("ENOTCAPABLE");
    expect(onPath(guest, "path_create_directory", "e", blind)).toBe("ENOTCAPABLE");
  });

  it.runIf(process.platform !== "win32")("of a pipe does not wait for its other end", () => {
    // A guest cannot make one, but the host may have put one there.
    expect(spawnSync("mkfifo", [host("fifo")]).status).toBe(0);
    expect(open(guest, "fifo", { rights: 2n })).toBeTypeOf("number");
  });
});

describe("rights", () => {
  it("decide what a descriptor can do, whatever the host opened", () => {
    fs.writeFileSync(host("f"), "abc");
    const reader = mustOpen(guest, "f", { rights: 2n });
    expect(write(reader, "x")).toBe("EBADF");
    expect(read(reader)).toBe("abc");
    expect(seek(reader, 0n, SET)).toBe("ENOTCAPABLE");
    expect(guest.call("fd_filestat_get", reader, OUT)).toBe("ENOTCAPABLE");
    const writer = mustOpen(guest, "f", { rights: 64n });
    guest.vectors(VECTORS, [BUFFER, 4]);
    expect(guest.call("fd_read", writer, VECTORS, 1, OUT)).toBe("EBADF");
    expect(write(writer, "xyz")).toBe("ESUCCESS");
  });

  it("can be given away, not gained", () => {
    const fd = mustOpen(guest, "f", { oflags: CREATE });
    expect(guest.call("fd_fdstat_set_rights", fd, 2n, 0n)).toBe("ESUCCESS");
    expect(write(fd, "x")).toBe("EBADF");
    expect(guest.call("fd_fdstat_set_rights", fd, 2n | 64n, 0n)).toBe("ENOTCAPABLE");
    guest.call("fd_fdstat_get", fd, OUT);
    expect([u64(OUT + 8), u64(OUT + 16)]).toEqual([2n, 0n]);
  });
});

describe("offsets", () => {
  it("move by reading, writing and seeking; fd_pread and fd_pwrite leave them", () => {
    const fd = mustOpen(guest, "f", { oflags: CREATE });
    write(fd, "0123456789");
    expect(seek(fd, 0n, CUR)).toBe(10n);
    expect(seek(fd, -3n, END)).toBe(7n);
    expect(read(fd, 2)).toBe("78");
    expect(seek(fd, -4n, CUR)).toBe(5n);
    expect(seek(fd, -6n, CUR)).toBe("EINVAL");
    expect(seek(fd, 1n << 62n, SET)).toBe("EOVERFLOW");
    expect(guest.call("fd_tell", fd, OUT)).toBe("ESUCCESS");
    expect(u64(OUT)).toBe(5n);
    guest.vectors(VECTORS, [BUFFER, 3]);
    expect(guest.call("fd_pread", fd, VECTORS, 1, 1n, OUT)).toBe("ESUCCESS");
    expect(Buffer.from(guest.bytes().slice(BUFFER, BUFFER + 3)).toString()).toBe("123");
    guest.put(BUFFER, "ABC");
    expect(guest.call("fd_pwrite", fd, VECTORS, 1, 20n, OUT)).toBe("ESUCCESS");
    expect(guest.call("fd_pread", fd, VECTORS, 1, -1n, OUT)).toBe("EINVAL");
    expect(seek(fd, 0n, CUR)).toBe(5n);
    expect(fs.readFileSync(host("f"), "utf8")).toBe(`0123456789${"\0".repeat(10)}ABC`);
    expect(seek(fd, 100n, SET)).toBe(100n);
    expect(read(fd)).toBe("");
  });

  it("several buffers are filled and written in order", () => {
    const fd = mustOpen(guest, "f", { oflags: CREATE });
    guest.put(BUFFER, "abcdefgh");
    guest.vectors(VECTORS, [BUFFER + 4, 4], [BUFFER, 0], [BUFFER, 4]);
    expect(guest.call("fd_write", fd, VECTORS, 3, OUT)).toBe("ESUCCESS");
    expect([u32(OUT), fs.readFileSync(host("f"), "utf8")]).toEqual([8, "efghabcd"]);
    seek(fd, 0n, SET);
    guest.vectors(VECTORS, [BUFFER + 16, 3], [BUFFER + 32, 16]);
    expect(guest.call("fd_read", fd, VECTORS, 2, OUT)).toBe("ESUCCESS");
    expect(Buffer.from(guest.bytes().slice(BUFFER + 16, BUFFER + 19)).toString()).toBe("efg");
    expect(Buffer.from(guest.bytes().slice(BUFFER + 32, BUFFER + 37)).toString()).toBe("habcd");
  });

  it("more buffers than the system takes at once (IOV_MAX, 1024) are no error", () => {
    const count = 3000;
    const fd = mustOpen(guest, "f", { oflags: CREATE });
    guest.put(
      0x8000,
      Uint8Array.from({ length: count }, (_, i) => i),
    );
    guest.vectors(VECTORS, ...Array.from({ length: count }, (_, i) => [0x8000 + i, 1] as const));
    expect(guest.call("fd_write", fd, VECTORS, count, 0)).toBe("ESUCCESS");
    expect(u32(0)).toBe(count);
    expect(fs.readFileSync(host("f"))).toEqual(
      Buffer.from(guest.bytes().slice(0x8000, 0x8000 + count)),
    );
    seek(fd, 0n, SET);
    expect(guest.call("fd_read", fd, VECTORS, count, 0)).toBe("ESUCCESS");
    expect(u32(0)).toBeGreaterThanOrEqual(1024); // a short read is a read
    expect(seek(fd, 0n, CUR)).toBe(BigInt(u32(0)));
  });

  it("appending writes at the end whatever the offset is, and can be switched", () => {
    fs.writeFileSync(host("f"), "abc");
    const fd = mustOpen(guest, "f", { rights: ALL, fdflags: APPEND });
    expect(write(fd, "d")).toBe("ESUCCESS");
    seek(fd, 0n, SET);
    fs.appendFileSync(host("f"), "e"); // somebody else
    expect(write(fd, "f")).toBe("ESUCCESS");
    expect(fs.readFileSync(host("f"), "utf8")).toBe("abcdef");
    expect(seek(fd, 0n, CUR)).toBe(6n);
    expect(guest.call("fd_fdstat_set_flags", fd, 0)).toBe("ESUCCESS");
    seek(fd, 0n, SET);
    write(fd, "X");
    expect(fs.readFileSync(host("f"), "utf8")).toBe("Xbcdef");
    expect(guest.call("fd_fdstat_set_flags", fd, 16)).toBe("EINVAL"); // sync cannot be added
  });

  /** Files as long as that exist in memory only: the limit of ext4 is 2^44 bytes. */
  const inMemory = "/dev/shm";

  it.runIf(fs.existsSync(inMemory))(
    "end at 2^53 - 1; nothing beyond is read or written elsewhere",
    () => {
      const own = fs.mkdtempSync(path.join(inMemory, "memkit-wasi-test-"));
      onTestFinished(() => fs.rmSync(own, { recursive: true, force: true }));
      const last = 2n ** 53n - 1n;
      guest = makeGuest({ preopens: [{ host: own, guest: "/data" }] });
      const fd = mustOpen(guest, "f", { oflags: CREATE, rights: ALL, fdflags: APPEND });
      expect(guest.call("fd_filestat_set_size", fd, last - 4n)).toBe("ESUCCESS");
      expect(write(fd, "12345")).toBe("EFBIG");
      expect(write(fd, "1234")).toBe("ESUCCESS");
      expect(write(fd, "5")).toBe("EFBIG");
      expect(guest.call("fd_pwrite", fd, VECTORS, 1, last, OUT)).toBe("EFBIG");
      expect(seek(fd, -4n, END)).toBe(last - 4n);
      expect(read(fd)).toBe("1234");
      expect(read(fd)).toBe("");
      fs.truncateSync(path.join(own, "f"), Number(last)); // what a host may do, a guest may find
      spawnSync("truncate", ["-s", "+9", path.join(own, "f")]);
      expect(read(fd, 9)).toBe("\0".repeat(9));
      expect(guest.call("fd_read", fd, VECTORS, 1, OUT)).toBe("EOVERFLOW");
      expect(write(fd, "5")).toBe("EFBIG");
      expect(seek(fd, 0n, SET)).toBe(0n);
      expect(read(fd, 1)).toBe("\0");
    },
  );

  it("streams have none", () => {
    expect(seek(1, 0n, CUR)).toBe("ESPIPE");
    expect(guest.call("fd_tell", 0, OUT)).toBe("ESPIPE");
    expect(guest.call("fd_allocate", 1, 0n, 1n)).toBe("ESPIPE");
    guest.call("fd_fdstat_get", 1, OUT);
    expect(guest.bytes()[OUT], "a character device without seek or tell: a terminal").toBe(2);
    expect(u64(OUT + 8) & ((1n << 2n) | (1n << 5n))).toBe(0n);
  });
});

describe("sizes and times", () => {
  it("set_size grows and cuts, allocate only grows", () => {
    const fd = mustOpen(guest, "f", { oflags: CREATE, rights: ALL });
    write(fd, "abcdef");
    expect(guest.call("fd_filestat_set_size", fd, 3n)).toBe("ESUCCESS");
    expect(guest.call("fd_allocate", fd, 0n, 2n)).toBe("ESUCCESS");
    expect(fs.readFileSync(host("f"), "utf8")).toBe("abc");
    expect(guest.call("fd_allocate", fd, 2n, 4n)).toBe("ESUCCESS");
    expect(fs.statSync(host("f")).size).toBe(6);
    expect(guest.call("fd_allocate", fd, 0n, 0n)).toBe("EINVAL");
    expect(guest.call("fd_filestat_set_size", fd, 1n << 60n)).toBe("EFBIG");
  });

  it("filestat tells what the system tells", () => {
    fs.writeFileSync(host("f"), "abc");
    fs.linkSync(host("f"), host("g"));
    const fd = mustOpen(guest, "f", { rights: ALL });
    expect(stat(guest, "f", OUT)).toBe("ESUCCESS");
    const byPath = guest.bytes().slice(OUT, OUT + 64);
    expect(guest.call("fd_filestat_get", fd, OUT)).toBe("ESUCCESS");
    expect(guest.bytes().slice(OUT, OUT + 64)).toEqual(byPath);
    const { dev, ino, mtimeNs } = fs.statSync(host("f"), { bigint: true });
    expect([
      u64(OUT),
      u64(OUT + 8),
      guest.bytes()[OUT + 16],
      u64(OUT + 24),
      u64(OUT + 32),
      u64(OUT + 48),
    ]).toEqual([dev, ino, 4, 2n, 3n, mtimeNs]);
  });

  it("times are set to within a microsecond, whole seconds exactly; what is not mentioned stays; both ways at once is EINVAL", () => {
    fs.writeFileSync(host("f"), "");
    fs.mkdirSync(host("d"));
    const length = guest.put(0x8000, "f");
    const set = (atim: bigint, mtim: bigint, flags: number): unknown =>
      guest.call("path_filestat_set_times", 3, 0, 0x8000, length, atim, mtim, flags);
    const expectTimes = (atim: bigint, mtim: bigint): void => {
      const { atimeNs, mtimeNs } = fs.statSync(host("f"), { bigint: true });
      for (const off of [atimeNs - atim, mtimeNs - mtim]) {
        expect(Number(off < 0n ? -off : off)).toBeLessThan(1000);
      }
    };
    expect(set(1_700_000_000_123_456_789n, 1_600_000_000_000_001_000n, 1 | 4)).toBe("ESUCCESS");
    expectTimes(1_700_000_000_123_456_789n, 1_600_000_000_000_001_000n);
    expect(set(0n, 5_000_000n, 4)).toBe("ESUCCESS");
    expectTimes(1_700_000_000_123_456_789n, 5_000_000n);
    for (let i = 0n; i < 1000n; i += 7n) {
      const time = 1_700_000_000_000_000_000n + i * 999_983n * 1000n;
      set(time, time, 1 | 4);
      expectTimes(time, time);
    }
    expect(set(0n, 1_600_000_001_000_000_000n, 4)).toBe("ESUCCESS");
    expect(fs.statSync(host("f"), { bigint: true }).mtimeNs).toBe(1_600_000_001_000_000_000n);
    expect(set(0n, 0n, 4 | 8)).toBe("EINVAL");
    expect(set(0n, 0n, 1 | 2)).toBe("EINVAL");
    expect(set(0n, 0n, 8)).toBe("ESUCCESS");
    expect(Math.abs(Date.now() - fs.statSync(host("f")).mtimeMs)).toBeLessThan(60_000);
    const dir = mustOpen(guest, "d", { oflags: DIRECTORY, rights: ALL });
    expect(guest.call("fd_filestat_set_times", dir, 0n, 1_000_000_000n, 4)).toBe("ESUCCESS");
    expect(fs.statSync(host("d")).mtimeMs).toBe(1000);
    expect(guest.call("fd_filestat_set_times", 1, 0n, 0n, 4)).toBe("ENOTCAPABLE");
    expect(guest.call("fd_sync", dir)).toBe("ESUCCESS");
  });
});

describe("directories", () => {
  interface Listed {
    next: bigint;
    name: string;
    type: number;
  }

  /** The whole entries in a buffer of `length` bytes, and how much of it was used. */
  function readdir(
    fd: number,
    length: number,
    cookie: bigint,
  ): { entries: Listed[]; used: number } {
    expect(guest.call("fd_readdir", fd, BUFFER, length, cookie, OUT)).toBe("ESUCCESS");
    const used = u32(OUT);
    const entries: Listed[] = [];
    let at = BUFFER;
    const end = BUFFER + used;
    while (at + 24 <= end && at + 24 + u32(at + 16) <= end) {
      const nameLength = u32(at + 16);
      const name = Buffer.from(guest.bytes().slice(at + 24, at + 24 + nameLength)).toString();
      entries.push({ next: u64(at), name, type: guest.bytes()[at + 20] ?? -1 });
      at += 24 + nameLength;
    }
    return { entries, used };
  }

  it("are listed with . and .., types, and cookies", () => {
    fs.writeFileSync(host("file"), "");
    fs.mkdirSync(host("dir"));
    fs.symlinkSync("file", host("link"));
    const { entries, used } = readdir(3, 4096, 0n);
    expect(entries.slice(0, 2).map(({ name }) => name)).toEqual([".", ".."]);
    expect(entries.map(({ name, type }) => `${name} ${type}`).sort()).toEqual([
      ". 3",
      ".. 3",
      "dir 3",
      "file 4",
      "link 7",
    ]);
    expect(used).toBeLessThan(4096);
    expect(readdir(3, 4096, entries[4]?.next ?? 0n)).toEqual({ entries: [], used: 0 });
    expect(readdir(3, 4096, -1n)).toEqual({ entries: [], used: 0 });
    expect(readdir(3, 0, 0n)).toEqual({ entries: [], used: 0 });
  });

  it.each([24, 25, 30, 64, 100, 257])(
    "are read whole through a buffer of %i bytes and more",
    (length) => {
      const names = Array.from({ length: 40 }, (_, i) => `n${"x".repeat(i % 7)}${i}`);
      for (const name of names) fs.writeFileSync(host(name), "");
      const seen: string[] = [];
      let cookie = 0n;
      let size = length;
      for (;;) {
        const { entries, used } = readdir(3, size, cookie);
        expect(used).toBeLessThanOrEqual(size);
        seen.push(...entries.map(({ name }) => name));
        const last = entries[entries.length - 1];
        if (used < size) break;
        if (last === undefined)
          size += 8; // not even one entry fitted: as a libc does, try with more
        else cookie = last.next;
      }
      expect(seen.sort()).toEqual([".", "..", ...names].sort());
    },
  );

  it("a cookie goes on where it was, whatever is removed and made meanwhile", () => {
    const names = Array.from({ length: 20 }, (_, i) => `f${i}`);
    for (const name of names) fs.writeFileSync(host(name), "");
    const first = readdir(3, 200, 0n);
    for (const { name } of first.entries.slice(2)) fs.unlinkSync(host(name));
    fs.writeFileSync(host("later"), "");
    const rest = readdir(3, 8192, first.entries[first.entries.length - 1]?.next ?? 0n);
    const seen = [...first.entries, ...rest.entries].map(({ name }) => name);
    expect(seen.sort()).toEqual([".", "..", ...names].sort());
  });

  it("are made, removed, and not removed when full", () => {
    expect(onPath(guest, "path_create_directory", "d")).toBe("ESUCCESS");
    expect(onPath(guest, "path_create_directory", "d")).toBe("EEXIST");
    expect(onPath(guest, "path_create_directory", "d/e/")).toBe("ESUCCESS");
    expect(onPath(guest, "path_remove_directory", "d")).toBe("ENOTEMPTY");
    expect(onPath(guest, "path_unlink_file", "d/e")).toBe("EISDIR");
    expect(onPath(guest, "path_unlink_file", "d/e/")).toBe("EISDIR");
    expect(onPath(guest, "path_remove_directory", "d/e/")).toBe("ESUCCESS");
    expect(onPath(guest, "path_remove_directory", ".")).toBe("EINVAL");
    expect(onPath(guest, "path_create_directory", ".")).toBe("EEXIST");
    fs.writeFileSync(host("f"), "");
    expect(onPath(guest, "path_remove_directory", "f")).toBe("ENOTDIR");
    expect(onPath(guest, "path_unlink_file", "f/")).toBe("ENOTDIR");
    expect(onPath(guest, "path_unlink_file", "f")).toBe("ESUCCESS");
  });

  it("rename: over files, over empty directories, not over full ones, not into itself", () => {
    fs.writeFileSync(host("a"), "a");
    fs.writeFileSync(host("b"), "b");
    expect(onPaths(guest, "path_rename", "a", "b")).toBe("ESUCCESS");
    expect(fs.readFileSync(host("b"), "utf8")).toBe("a");
    fs.mkdirSync(host("d/sub"), { recursive: true });
    fs.mkdirSync(host("e"));
    expect(onPaths(guest, "path_rename", "b", "e")).toBe("EISDIR");
    expect(onPaths(guest, "path_rename", "e", "b")).toBe("ENOTDIR");
    expect(onPaths(guest, "path_rename", "e", "d")).toBe("ENOTEMPTY");
    expect(onPaths(guest, "path_rename", "d", "d/sub/x")).toBe("EINVAL");
    expect(onPaths(guest, "path_rename", "d/", "e/")).toBe("ESUCCESS");
    expect(onPaths(guest, "path_rename", "b/", "c")).toBe("ENOTDIR");
    expect(onPaths(guest, "path_rename", "b", "c/")).toBe("ENOTDIR");
    expect(onPaths(guest, "path_rename", ".", "c")).toBe("EBUSY");
    expect(onPaths(guest, "path_rename", "nothing", "c")).toBe("ENOENT");
  });
});

describe("links", () => {
  it("hard ones: to a file, not over anything, not to a directory, never through a symlink", () => {
    fs.writeFileSync(host("f"), "x");
    fs.mkdirSync(host("d"));
    fs.symlinkSync("f", host("s"));
    expect(onPaths(guest, "path_link", "f", "g")).toBe("ESUCCESS");
    expect(onPaths(guest, "path_link", "f", "g")).toBe("EEXIST");
    expect(onPaths(guest, "path_link", "f", "f")).toBe("EEXIST");
    expect(onPaths(guest, "path_link", "d", "h")).toBe("EPERM");
    expect(onPaths(guest, "path_link", "f", "h/")).toBe("ENOENT");
    expect(onPaths(guest, "path_link", "f/", "h")).toBe("ENOTDIR");
    expect(onPaths(guest, "path_link", "s", "t")).toBe("ESUCCESS");
    expect(fs.lstatSync(host("t")).isSymbolicLink()).toBe(true);
    const [a, b] = [guest.put(0x8000, "s"), guest.put(0x8100, "u")];
    expect(guest.call("path_link", 3, 1, 0x8000, a, 3, 0x8100, b)).toBe("EINVAL");
  });

  it("symbolic ones: made, read, cut off where the buffer ends", () => {
    expect(onPaths(guest, "path_symlink", "target", "s")).toBe("ESUCCESS");
    expect(onPaths(guest, "path_symlink", "target", "s")).toBe("EEXIST");
    expect(onPaths(guest, "path_symlink", "target", "new/")).toBe("ENOENT");
    expect(onPaths(guest, "path_symlink", "", "empty")).toBe("ENOENT");
    const length = guest.put(0x8000, "s");
    guest.put(BUFFER, "..........");
    expect(guest.call("path_readlink", 3, 0x8000, length, BUFFER, 10, OUT)).toBe("ESUCCESS");
    expect(Buffer.from(guest.bytes().slice(BUFFER, BUFFER + 10)).toString()).toBe("target....");
    expect(guest.call("path_readlink", 3, 0x8000, length, BUFFER + 0x100, 4, OUT)).toBe("ESUCCESS");
    expect(u32(OUT)).toBe(4);
    fs.writeFileSync(host("f"), "");
    const file = guest.put(0x8100, "f");
    expect(guest.call("path_readlink", 3, 0x8100, file, BUFFER, 4, OUT)).toBe("EINVAL");
  });
});

describe("descriptors", () => {
  it("renumber closes what was there", () => {
    fs.writeFileSync(host("a"), "a");
    fs.writeFileSync(host("b"), "b");
    const [a, b] = [mustOpen(guest, "a"), mustOpen(guest, "b")];
    expect(guest.call("fd_renumber", a, b)).toBe("ESUCCESS");
    expect(guest.call("fd_close", a)).toBe("EBADF");
    expect(read(b)).toBe("a");
    expect(guest.call("fd_renumber", b, a)).toBe("EBADF");
    expect(guest.call("fd_renumber", b, 3)).toBe("ESUCCESS");
    expect(guest.call("fd_prestat_get", 3, OUT)).toBe("EBADF");
  });

  it("preopened directories tell their names", () => {
    expect(guest.call("fd_prestat_get", 3, OUT)).toBe("ESUCCESS");
    expect([u32(OUT) & 0xff, u32(OUT + 4)]).toEqual([0, 5]);
    expect(guest.call("fd_prestat_dir_name", 3, BUFFER, 4)).toBe("ENAMETOOLONG");
    expect(guest.call("fd_prestat_dir_name", 3, BUFFER, 6)).toBe("ESUCCESS");
    expect(Buffer.from(guest.bytes().slice(BUFFER, BUFFER + 5)).toString()).toBe("/data");
    expect(guest.call("fd_prestat_get", 4, OUT)).toBe("EBADF");
    expect(guest.call("fd_prestat_get", 0, OUT)).toBe("EBADF");
  });
});

describe("poll_oneoff", () => {
  const [SUBS, EVENTS] = [0x5000, 0x6000];
  function clock(i: number, id: number, timeout: bigint, flags: number): void {
    const at = SUBS + 48 * i;
    guest.put(at, new Uint8Array(48));
    guest.dv().setBigUint64(at, BigInt(100 + i), true);
    guest.dv().setUint32(at + 16, id, true);
    guest.dv().setBigUint64(at + 24, timeout, true);
    guest.dv().setUint16(at + 40, flags, true);
  }
  function descriptor(i: number, type: number, fd: number): void {
    const at = SUBS + 48 * i;
    guest.put(at, new Uint8Array(48));
    guest.dv().setBigUint64(at, BigInt(100 + i), true);
    guest.bytes()[at + 8] = type;
    guest.dv().setUint32(at + 16, fd, true);
  }
  const poll = (count: number): unknown => guest.call("poll_oneoff", SUBS, EVENTS, count, OUT);
  const event = (i: number): unknown[] => {
    const at = EVENTS + 32 * i;
    return [u64(at), guest.dv().getUint16(at + 8, true), guest.bytes()[at + 10], u64(at + 16)];
  };

  it.each([
    ["relative", 1, false],
    ["absolute, monotonic", 1, true],
    ["absolute, real time", 0, true],
  ])("sleeps until a clock: %s", (_what, id, absolute) => {
    guest.call("clock_time_get", id, 0n, OUT);
    clock(0, id, (absolute ? u64(OUT) : 0n) + 30_000_000n, absolute ? 1 : 0);
    clock(1, 1, 10_000_000_000n, 0);
    const started = performance.now();
    expect(poll(2)).toBe("ESUCCESS");
    const elapsed = performance.now() - started;
    expect(elapsed).toBeGreaterThan(25);
    expect(elapsed).toBeLessThan(5000);
    expect([u32(OUT), event(0)]).toEqual([1, [100n, 0, 0, 0n]]);
  });

  it("files are ready at once, and bad descriptors tell so in their events", () => {
    fs.writeFileSync(host("f"), "abcdef");
    const fd = mustOpen(guest, "f", { rights: ALL });
    read(fd, 2);
    clock(0, 1, 10_000_000_000n, 0);
    descriptor(1, 1, fd);
    descriptor(2, 2, 1);
    descriptor(3, 1, 77);
    descriptor(4, 1, 1);
    expect(poll(5)).toBe("ESUCCESS");
    expect(u32(OUT)).toBe(4);
    expect([event(0), event(1), event(2), event(3)]).toEqual([
      [101n, 0, 1, 4n],
      [102n, 0, 2, 0n],
      [103n, 8, 1, 0n],
      [104n, 8, 1, 0n],
    ]);
  });

  it("nothing to wait for is EINVAL; the clock of a thread is told in its event", () => {
    expect(poll(0)).toBe("EINVAL");
    clock(0, 3, 0n, 0);
    expect(poll(1)).toBe("ESUCCESS");
    expect(event(0)).toEqual([100n, 58, 0, 0n]);
  });
});

it("clocks go forward and have a resolution", () => {
  for (const id of [0, 1, 2]) {
    expect(guest.call("clock_res_get", id, OUT)).toBe("ESUCCESS");
    expect(u64(OUT)).toBeGreaterThan(0n);
    guest.call("clock_time_get", id, 0n, OUT);
    const first = u64(OUT);
    guest.call("clock_time_get", id, 0n, OUT);
    expect(u64(OUT)).toBeGreaterThanOrEqual(first);
  }
  expect(guest.call("clock_time_get", 3, 0n, OUT)).toBe("ENOTSUP");
});

it("random bytes differ", () => {
  guest.call("random_get", BUFFER, 32);
  const first = guest.bytes().slice(BUFFER, BUFFER + 32);
  guest.call("random_get", BUFFER, 32);
  expect(guest.bytes().slice(BUFFER, BUFFER + 32)).not.toEqual(first);
});
