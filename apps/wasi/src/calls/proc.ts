/**
 * `proc_exit`, `sched_yield`, `random_get`.
 *
 * @module
 */

import { randomFillSync } from "node:crypto";
import { GuestError } from "@memkit/guest-memory";
import { trap } from "@memkit/guest-memory/instance";
import type { Context } from "../context.js";
import { withBuffer } from "../io-vectors.js";

/** Ends the guest by a real trap: an exception could be caught by the guest, which would then run on. */
export function procExit(_context: Context, status: number): void {
  trap(new GuestError({ code: "exit", status }));
}

/** There is one thread and it is running. */
export function schedYield(): void {
  // Nobody to yield to.
}

/** `crypto.randomFillSync` takes at most 2^31 - 1 bytes at once. */
const RANDOM_CHUNK = 0x7fff_ffff;

export function randomGet(context: Context, buffer: number, length: number): void {
  withBuffer(context.memory, buffer, length, (bytes) => {
    for (let at = 0; at < length; at += RANDOM_CHUNK) {
      randomFillSync(bytes, at, Math.min(RANDOM_CHUNK, length - at));
    }
  });
}
