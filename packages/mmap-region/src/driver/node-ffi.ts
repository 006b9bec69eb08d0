/**
 * The C library through Node's own `node:ffi` (26.1 behind a flag, 26.10 without).
 *
 * It takes and returns 64-bit integers as bigints, and it prints an `ExperimentalWarning` when it is loaded.
 *
 * @see Node.js API, "Foreign Function Interface"
 *
 * @module
 */

import type { Libc } from "./libc.js";
import { nodeBuiltin } from "./node-builtin.js";

type Kind = "int32" | "int64" | "uint64";
type Call = (...values: (number | bigint)[]) => number | bigint;

/** What this module uses of `node:ffi`. */
interface NodeFfi {
  dlopen(
    path: null,
    definitions: Readonly<Record<string, { return: Kind; arguments: readonly Kind[] }>>,
  ): { readonly functions: Readonly<Record<string, Call>> };
  toArrayBuffer(address: bigint, length: number, copy: false): ArrayBuffer;
  getRawPointer(buffer: ArrayBuffer): number | bigint;
  getInt32(address: bigint): number;
}

/** Return type first. `__errno_location` is what `errno` stands for in glibc and in musl. */
const SIGNATURES = {
  mmap: ["int64", "uint64", "uint64", "int32", "int32", "int32", "int64"],
  munmap: ["int32", "uint64", "uint64"],
  mprotect: ["int32", "uint64", "uint64", "int32"],
  madvise: ["int32", "uint64", "uint64", "int32"],
  memfd_create: ["int32", "uint64", "int32"],
  pwrite: ["int64", "int32", "uint64", "uint64", "int64"],
  fcntl: ["int32", "int32", "int32", "int32"],
  ioctl: ["int32", "int32", "uint64", "uint64"],
  close: ["int32", "int32"],
  sysconf: ["int64", "int32"],
  syscall: ["int64", "int64", "int64", "int64", "int64", "int64", "int64"],
  __errno_location: ["uint64"],
} as const satisfies Readonly<Record<string, readonly [Kind, ...Kind[]]>>;

/** Throws when the module is not there, disabled, or forbidden (`--permission` without `--allow-ffi`). */
export function bindNodeFfi(): Libc {
  const ffi = nodeBuiltin("node:ffi") as NodeFfi | undefined;
  if (ffi === undefined) throw new Error("this Node has no node:ffi");
  const definitions = Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, [returned, ...taken]]) => [
      name,
      { return: returned, arguments: taken },
    ]),
  );
  const call = ffi.dlopen(null, definitions).functions as Record<keyof typeof SIGNATURES, Call>;
  const { mmap, munmap, mprotect, madvise, memfd_create, pwrite, fcntl, ioctl, close } = call;
  const { sysconf, syscall } = call;
  return {
    name: "node:ffi",
    mmap: (address, length, protection, flags, fd, offset) =>
      Number(mmap(BigInt(address), BigInt(length), protection, flags, fd, BigInt(offset))),
    munmap: (address, length) => Number(munmap(BigInt(address), BigInt(length))),
    mprotect: (address, length, protection) =>
      Number(mprotect(BigInt(address), BigInt(length), protection)),
    madvise: (address, length, advice) => Number(madvise(BigInt(address), BigInt(length), advice)),
    memfd_create: (name, flags) => Number(memfd_create(BigInt(name), flags)),
    pwrite: (fd, bytes, length, offset) =>
      Number(pwrite(fd, BigInt(bytes), BigInt(length), BigInt(offset))),
    fcntl: (fd, command, argument) => Number(fcntl(fd, command, argument)),
    ioctl: (fd, request, argument) => Number(ioctl(fd, BigInt(request), BigInt(argument))),
    close: (fd) => Number(close(fd)),
    sysconf: (name) => Number(sysconf(name)),
    syscall: (...values) => Number(syscall(...values.map(BigInt))),
    errno: () => ffi.getInt32(BigInt(call.__errno_location())),
    view: (address, length) => ffi.toArrayBuffer(BigInt(address), length, false),
    addressOf: (buffer) => Number(ffi.getRawPointer(buffer)),
  };
}
