/**
 * What a request may call: the functions that the interpreter imports are the only way by which a guest reaches JavaScript, so
 * whatever they change there is all that a snapshot of the instance cannot put back.
 *
 * Invariant PR-1: an import that is not in this table is refused, by a trap that no program can catch. A new release of the
 * interpreter may therefore lose abilities by new names, and never gain any. Who could break it: whoever adds a name without
 * having read what its function does.
 *
 * The functions were read in `pyodide.asm.mjs` of Pyodide 314.0.7.
 *
 * @module
 */

/**
 * - `pass`: reads and writes the guest's memory, clocks and random bytes, and leaves nothing behind in JavaScript.
 * - `files`: may change the file system, which lies in JavaScript and is put back by {@link ObjectImage}.
 * - a number: answered so, and never called.
 */
export type Verdict = "pass" | "files" | number;

/** `ENOSYS` of emscripten's `system/lib/libc/musl/arch/emscripten/bits/errno.h`, as system calls return it. */
const NOT_THERE = -52;

/** What `umask` answers: the usual 022. The import would set that of the server's own process. */
const UMASK = 0o022;

const names = (verdict: Verdict, list: string): [string, Verdict][] =>
  list
    .trim()
    .split(/\s+/)
    .map((name) => [name, verdict]);

export const IMPORT_POLICY: ReadonlyMap<string, Verdict> = new Map([
  ...names(
    "pass",
    `clock_res_get clock_time_get emscripten_date_now emscripten_get_now random_get
     _tzset_js _timegm_js _mktime_js _localtime_js _gmtime_js
     environ_sizes_get environ_get emscripten_get_heap_max _emscripten_get_progname
     _Py_emscripten_runtime _PyEM_TrampolineCall_JS __call_sighandler
     __syscall_getcwd __syscall_fstat64 __syscall_stat64 __syscall_newfstatat __syscall_lstat64 __syscall_faccessat
     __syscall_readlinkat __syscall_statfs64 __syscall_fstatfs64 __syscall_fdatasync __syscall_fadvise64
     fd_sync fd_fdstat_get`,
  ),
  ...names(
    "files",
    `__syscall_fcntl64 __syscall_openat __syscall_ioctl __syscall_chdir __syscall_fchdir __syscall_chmod __syscall_fchmod
     __syscall_fchmodat2 __syscall_fchown32 __syscall_fchownat __syscall_dup __syscall_dup3 __syscall_ftruncate64
     __syscall_truncate64 __syscall_getdents64 __syscall_mkdirat __syscall_mknodat __syscall_fallocate __syscall_unlinkat
     __syscall_rmdir __syscall_renameat __syscall_symlinkat __syscall_utimensat
     fd_close fd_read fd_write fd_seek fd_pread fd_pwrite _mmap_js _munmap_js _msync_js`,
  ),
  // Sockets, pipes, timers and processes of the host.
  ...names(
    NOT_THERE,
    `__syscall_accept4 __syscall_bind __syscall_connect __syscall_getpeername __syscall_getsockname __syscall_getsockopt
     __syscall_listen __syscall_recvfrom __syscall_recvmsg __syscall_sendmsg __syscall_sendto __syscall_socket
     __syscall_pipe __syscall_poll _emscripten_system _setitimer_js`,
  ),
  // The heap has its full length before the image is taken (see boot.ts): 0 is a growth that failed, and a MemoryError.
  ...names(0, "emscripten_resize_heap __syscall_getuid32_js _try_fcntl64 _try_shutdown"),
  // `EAI_NONAME` of `netdb.h`: there is nobody to ask for names.
  ...names(-2, "getaddrinfo getnameinfo"),
  ...names(UMASK, "__syscall_umask_js"),
]);
