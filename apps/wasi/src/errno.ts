/**
 * The 77 errno values of preview1, and the way from a failed host call to one of them.
 *
 * The order is the ABI: an errno's number is its index (`typenames.witx`, `$errno`). Names are POSIX's, because that is
 * what Node's system errors carry in `code` and what a reader knows.
 *
 * @module
 */

/** The names in the order of their numbers. */
export const ERRNO_NAMES = [
  "ESUCCESS",
  "E2BIG",
  "EACCES",
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EAGAIN",
  "EALREADY",
  "EBADF",
  "EBADMSG",
  "EBUSY",
  "ECANCELED",
  "ECHILD",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EDEADLK",
  "EDESTADDRREQ",
  "EDOM",
  "EDQUOT",
  "EEXIST",
  "EFAULT",
  "EFBIG",
  "EHOSTUNREACH",
  "EIDRM",
  "EILSEQ",
  "EINPROGRESS",
  "EINTR",
  "EINVAL",
  "EIO",
  "EISCONN",
  "EISDIR",
  "ELOOP",
  "EMFILE",
  "EMLINK",
  "EMSGSIZE",
  "EMULTIHOP",
  "ENAMETOOLONG",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENFILE",
  "ENOBUFS",
  "ENODEV",
  "ENOENT",
  "ENOEXEC",
  "ENOLCK",
  "ENOLINK",
  "ENOMEM",
  "ENOMSG",
  "ENOPROTOOPT",
  "ENOSPC",
  "ENOSYS",
  "ENOTCONN",
  "ENOTDIR",
  "ENOTEMPTY",
  "ENOTRECOVERABLE",
  "ENOTSOCK",
  "ENOTSUP",
  "ENOTTY",
  "ENXIO",
  "EOVERFLOW",
  "EOWNERDEAD",
  "EPERM",
  "EPIPE",
  "EPROTO",
  "EPROTONOSUPPORT",
  "EPROTOTYPE",
  "ERANGE",
  "EROFS",
  "ESPIPE",
  "ESRCH",
  "ESTALE",
  "ETIMEDOUT",
  "ETXTBSY",
  "EXDEV",
  "ENOTCAPABLE",
] as const;

/** A name from the table: `"ENOENT"`. */
export type ErrnoName = (typeof ERRNO_NAMES)[number];

/** The number of each errno: `Errno.ENOENT` is 44. */
export const Errno: Readonly<Record<ErrnoName, number>> = Object.freeze(
  Object.fromEntries(ERRNO_NAMES.map((name, number) => [name, number])) as Record<
    ErrnoName,
    number
  >,
);

/** Two names for one thing: what libuv calls the errors that preview1 has under another name. */
const ALIASES: Readonly<Record<string, ErrnoName>> = {
  EOPNOTSUPP: "ENOTSUP",
  EWOULDBLOCK: "EAGAIN",
  ESHUTDOWN: "EPIPE",
};

/**
 * What a host call throws to make the guest see an errno.
 *
 * Not an `Error`: no stack is taken, so a guest that probes 1,000 absent files costs 1,000 objects and not 1,000 stack
 * traces. It never leaves the host: the dispatcher turns it into the function's result.
 */
export class Failure {
  readonly errno: number;

  constructor(name: ErrnoName) {
    this.errno = Errno[name];
  }
}

/** Ends the current host call with an errno. */
export function fail(name: ErrnoName): never {
  throw new Failure(name);
}

/** The libuv name that a system error of Node carries (`"ENOENT"`), or `undefined` for any other value. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  return typeof code === "string" && typeof syscall === "string" ? code : undefined;
}

/**
 * The errno for what a host call threw: a {@link Failure} says it itself, a system error of Node says it by name.
 * `undefined` means that this is no answer for a guest, but a fault of the host.
 */
export function errnoOf(error: unknown): number | undefined {
  if (error instanceof Failure) return error.errno;
  const code = systemErrorCode(error);
  if (code === undefined) return undefined;
  const name = ALIASES[code] ?? code;
  return name in Errno ? Errno[name as ErrnoName] : Errno.EIO;
}
