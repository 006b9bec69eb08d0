/**
 * The numbers of Linux's memory calls, the same on x64 and arm64.
 *
 * @see Linux `include/uapi/asm-generic/mman-common.h`, `mman.h`, `include/uapi/linux/{mman,memfd,fcntl,uio}.h`,
 * `asm-generic/{errno-base,unistd}.h`; glibc and musl `bits/confname.h`, `unistd.h`
 *
 * @module
 */

import type { Access } from "./driver.js";

const PROT_READ = 1;
const PROT_WRITE = 2;

/** `PROT_*` */
export const PROTECTION: Readonly<Record<Access, number>> = {
  none: 0,
  read: PROT_READ,
  "read-write": PROT_READ | PROT_WRITE,
};

export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;

export const MADV_DONTNEED = 4;
export const MADV_HUGEPAGE = 14;

/** System calls that older C libraries have no function for; the numbers are those of the table all new calls share. */
export const SYS_PIDFD_OPEN = 434;
export const SYS_PROCESS_MADVISE = 440;

/** `UIO_MAXIOV`: the most ranges in one call. */
export const MAX_RANGES = 1024;

export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;

/** `F_LINUX_SPECIFIC_BASE + 9` */
export const F_ADD_SEALS = 1033;
/** `F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE` */
export const EVERY_SEAL: number = 0x1 | 0x2 | 0x4 | 0x8;

export const SC_PAGESIZE = 30;

/** What `mmap`, `munmap`, `mprotect`, `madvise`, `memfd_create`, `pwrite` and `fcntl` say of themselves. */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: "EPERM",
  4: "EINTR",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  14: "EFAULT",
  16: "EBUSY",
  17: "EEXIST",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  28: "ENOSPC",
  38: "ENOSYS",
};

export const ENOMEM = 12;

/** `ENOMEM` for 12, `E?` and the number for one that is not in the list. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES[errno] ?? `E?${errno}`;
}
