/**
 * The host's clocks, in nanoseconds.
 *
 * @module
 */

import { ClockId } from "./abi.js";
import { fail } from "./errno.js";

const NS_PER_MS = 1_000_000n;
const NS_PER_US = 1_000n;

/** The time by a clock; ENOTSUP for the one of a thread, which Node 20 cannot read. */
export function now(clock: number): bigint {
  switch (clock) {
    case ClockId.realtime:
      return BigInt(Date.now()) * NS_PER_MS;
    case ClockId.monotonic:
      return process.hrtime.bigint();
    case ClockId.process_cputime_id: {
      const { user, system } = process.cpuUsage();
      return BigInt(user + system) * NS_PER_US;
    }
    default:
      return fail("ENOTSUP");
  }
}

/** The smallest step of a clock. */
export function resolution(clock: number): bigint {
  switch (clock) {
    case ClockId.realtime:
      return NS_PER_MS; // Date.now()
    case ClockId.monotonic:
      return 1n; // clock_getres(CLOCK_MONOTONIC) with high-resolution timers
    case ClockId.process_cputime_id:
      return NS_PER_US; // getrusage counts microseconds
    default:
      return fail("ENOTSUP");
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread until the monotonic clock shows `due`, never less. */
export function sleepUntil(due: bigint): void {
  for (let left = due - now(ClockId.monotonic); left > 0n; left = due - now(ClockId.monotonic)) {
    Atomics.wait(nobody, 0, 0, Number(left) / Number(NS_PER_MS));
  }
}
