/**
 * `sock_*`: preview1 can use sockets but not make any, and this host hands none out.
 *
 * @module
 */

import type { Context } from "../context.js";
import { fail } from "../errno.js";

/** EBADF for what is not open, ENOTSOCK for what is: the arguments are never looked at. */
export function noSocket(context: Context, fd: number): void {
  context.fds.get(fd, 0);
  fail("ENOTSOCK");
}
