/**
 * The host's own standard input, output and error, read and written at once and in full.
 *
 * @module
 */

import * as fs from "node:fs";
import { systemErrorCode } from "./errno.js";

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** How long to wait, in milliseconds, for a pipe that another process set to non-blocking. Short beside a human. */
const RETRY_MS = 1;

/** Runs `attempt` until it is not refused with EAGAIN. */
function insist<T>(attempt: () => T): T {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN") throw error;
      Atomics.wait(nobody, 0, 0, RETRY_MS);
    }
  }
}

function writeTo(fd: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      at += insist(() => fs.writeSync(fd, bytes, at));
    }
  };
}

/** The most to read at once, in bytes: what a pipe holds on Linux (pipe(7)). */
const READ_AT_MOST = 65_536;

/** Reads what there is, at most `max` bytes; nothing at the end of the input. */
export function standardInput(max: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(max, READ_AT_MOST));
  return bytes.subarray(
    0,
    insist(() => fs.readSync(0, bytes)),
  );
}

export const standardOutput: (bytes: Uint8Array) => void = writeTo(1);
export const standardError: (bytes: Uint8Array) => void = writeTo(2);
