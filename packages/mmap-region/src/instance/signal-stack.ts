/**
 * lucet's rules for the stack that signal handlers run on, which it asks about when an instance is run, not when its region is
 * made: a host that brings a signal stack of its own may have one of any size in its limits.
 *
 * Here the handlers are the engine's, on a stack of the engine's. The rules are kept so that limits which lucet would refuse
 * are refused.
 *
 * @see lucet `lucet-runtime-internals/src/alloc/mod.rs`, `validate_sigstack_size`
 *
 * @module
 */

import { RegionError } from "../region-error.js";

/** `MINSIGSTKSZ` of Linux on x64, `include/uapi/asm-generic/signal.h`. */
const MINSIGSTKSZ = 2048;

/** What lucet's own handler needs when it is compiled without optimization. */
const DEBUG_MINIMUM = 12 * 1024;

/** @throws {@link RegionError} `invalid-argument` with lucet's message as its `reason` */
export function requireSignalStack(size: number, debugAssertions: boolean): void {
  if (size < MINSIGSTKSZ) {
    throw refused(size, "signal stack size must be at least MINSIGSTKSZ (defined in <signal.h>)");
  }
  if (debugAssertions && size < DEBUG_MINIMUM) {
    throw refused(size, "signal stack size must be at least 12KiB for debug builds");
  }
}

function refused(value: number, reason: string): RegionError {
  return new RegionError({ code: "invalid-argument", argument: "signalStackSize", value, reason });
}
