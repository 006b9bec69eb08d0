/**
 * What every host call of one guest works on.
 *
 * @module
 */

import type { FdTable } from "./fd-table.js";
import type { GuestAccess } from "./guest-access.js";

/** The state of one guest. */
export interface Context {
  readonly memory: GuestAccess;
  readonly fds: FdTable;
  /** UTF-8, each with the NUL that ends it. */
  readonly args: readonly Uint8Array[];
  /** `KEY=value` as UTF-8, each with the NUL that ends it. */
  readonly environ: readonly Uint8Array[];
}
