/**
 * What the system answered, as an error of ours.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { Libc } from "./libc.js";
import { errnoName } from "./linux-abi.js";

/** The error of the last call of the C library. Nothing may run between that call and this one. */
export function systemCallFailed(
  libc: Libc,
  call: string,
  address: number,
  length: number,
): RegionError {
  const errno = libc.errno();
  return new RegionError({
    code: "system-call-failed",
    call,
    errno,
    errnoName: errnoName(errno),
    address,
    length,
  });
}
