/**
 * `clock_*`.
 *
 * @module
 */

import { now, resolution } from "../clocks.js";
import type { Context } from "../context.js";

export function clockResGet(context: Context, clock: number, out: number): void {
  context.memory.writeU64(out, resolution(clock));
}

/** The precision that the guest would be content with is not needed: every clock is read as finely as it goes. */
export function clockTimeGet(
  context: Context,
  clock: number,
  _precision: bigint,
  out: number,
): void {
  context.memory.writeU64(out, now(clock));
}
