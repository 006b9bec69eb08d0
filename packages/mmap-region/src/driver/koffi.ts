/**
 * The C library through koffi, an optional peer dependency: installed without a compiler and without scripts.
 *
 * @see https://koffi.dev/
 *
 * @module
 */

import type { Libc } from "./libc.js";

/** Throws whatever koffi's loading throws: not installed, forbidden (`--permission`), no binary for this machine. */
export async function bindKoffi(): Promise<Libc> {
  const { default: koffi } = await import("koffi");
  const process = koffi.load(null); // the C library is part of the process
  // Addresses as `uintptr_t`, for `void *` would come back as a bigint; `intptr_t` makes MAP_FAILED -1.
  const bind = (declaration: string): ((...values: number[]) => number) =>
    process.func(declaration) as (...values: number[]) => number;
  return {
    name: "koffi",
    mmap: bind("intptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)"),
    munmap: bind("int munmap(uintptr_t, size_t)"),
    mprotect: bind("int mprotect(uintptr_t, size_t, int)"),
    madvise: bind("int madvise(uintptr_t, size_t, int)"),
    memfd_create: bind("int memfd_create(uintptr_t, unsigned int)"),
    pwrite: bind("intptr_t pwrite(int, uintptr_t, size_t, int64_t)"),
    fcntl: bind("int fcntl(int, int, int)"),
    ioctl: bind("int ioctl(int, unsigned long, uintptr_t)"),
    close: bind("int close(int)"),
    sysconf: bind("long sysconf(int)"),
    syscall: bind("intptr_t syscall(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t)"),
    errno: () => koffi.errno(),
    view: (address, length) => koffi.view(address, length),
    addressOf: (buffer) => Number(koffi.address(buffer)),
  };
}
