/**
 * The functions of the C library that a driver calls, as numbers in and numbers out.
 *
 * Addresses lie below 2^47 on x64 and 2^48 on arm64, so a number holds them exactly.
 *
 * @module
 */

import type { NativeDriverName } from "./driver.js";

/** What one way of calling C must offer. The functions are those of the manual pages, section 2. */
export interface Libc {
  readonly name: NativeDriverName;
  /** @returns -1 for `MAP_FAILED` */
  mmap(
    address: number,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): number;
  munmap(address: number, length: number): number;
  mprotect(address: number, length: number, protection: number): number;
  madvise(address: number, length: number, advice: number): number;
  /** @param name - The address of a C string */
  memfd_create(name: number, flags: number): number;
  pwrite(fd: number, bytes: number, length: number, offset: number): number;
  /** Variadic in C; integer arguments are passed as to an ordinary function on Linux x64 and arm64. */
  fcntl(fd: number, command: number, argument: number): number;
  /** Variadic in C, as `fcntl`. @param argument - An address */
  ioctl(fd: number, request: number, argument: number): number;
  close(fd: number): number;
  sysconf(name: number): number;
  /** Variadic in C, as `fcntl`. */
  syscall(number: number, a: number, b: number, c: number, d: number, e: number): number;
  /** The number of the error of the last call. Must be asked at once. */
  errno(): number;
  /** A buffer over the bytes at the address. */
  view(address: number, length: number): ArrayBuffer;
  addressOf(buffer: ArrayBuffer): number;
}
