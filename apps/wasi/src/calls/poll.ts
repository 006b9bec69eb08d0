/**
 * `poll_oneoff`: waits for a clock, or finds out which descriptors are ready.
 *
 * Every descriptor of this host is a file, a directory or a stream whose calls block: as POSIX has it for files, they are
 * always ready. So a poll that asks for any descriptor returns at once, with the clocks that have run out already; one
 * that asks for clocks only sleeps until the first of them.
 *
 * @module
 */

import type { ValueOf } from "@memkit/core";
import { ClockId, EventType, event, SubClockFlag, subscription } from "../abi.js";
import { now, sleepUntil } from "../clocks.js";
import type { Context } from "../context.js";
import { Errno, errnoOf, fail } from "../errno.js";
import { type FdTable, MAX_DESCRIPTORS } from "../fd-table.js";
import { Right } from "../rights.js";

/**
 * The most subscriptions of one call: reading and writing of every descriptor that a guest can have. poll(2) knows the
 * same limit (EINVAL beyond RLIMIT_NOFILE), so that one call cannot make the host remember a whole memory of them.
 */
const MAX_SUBSCRIPTIONS = 2 * MAX_DESCRIPTORS;

type Subscription = ValueOf<typeof subscription>;
type Event = ValueOf<typeof event>;

function eventOf(userdata: bigint, type: number, error: number, nbytes = 0n): Event {
  return { userdata, error, type, fd_readwrite: { nbytes, flags: 0 } };
}

/** A descriptor's event: what cannot be polled is told in the event, the call itself succeeds. */
function fdEvent(fds: FdTable, userdata: bigint, type: number, fd: number): Event {
  const right = type === EventType.fd_read ? Right.fd_read : Right.fd_write;
  try {
    const descriptor = fds.get(fd, Right.poll_fd_readwrite | right);
    const left =
      type === EventType.fd_read && descriptor.kind === "file" && descriptor.seekable
        ? Math.max(0, descriptor.size - descriptor.offset)
        : 0;
    return eventOf(userdata, type, Errno.ESUCCESS, BigInt(left));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return eventOf(userdata, type, errno);
  }
}

/** When a clock subscription is due, by the monotonic clock. */
interface Alarm {
  readonly userdata: bigint;
  readonly due: bigint;
}

const POLLABLE_CLOCKS: readonly number[] = [ClockId.realtime, ClockId.monotonic];

function sort(fds: FdTable, subscriptions: readonly Subscription[]) {
  const started = now(ClockId.monotonic);
  const events: Event[] = [];
  const alarms: Alarm[] = [];
  for (const { userdata, u } of subscriptions) {
    if (u.tag !== "clock") {
      events.push(fdEvent(fds, userdata, EventType[u.tag], u.value.file_descriptor));
    } else if (!POLLABLE_CLOCKS.includes(u.value.id)) {
      events.push(eventOf(userdata, EventType.clock, Errno.ENOTSUP));
    } else {
      const { id, timeout, flags } = u.value;
      const absolute = (flags & SubClockFlag.abstime) !== 0;
      const wait = absolute ? timeout - now(id) : timeout;
      alarms.push({ userdata, due: started + wait });
    }
  }
  return { events, alarms };
}

/** When the first of some alarms, at least one, is due. `Math.min` takes no bigints. */
function earliest([first, ...others]: readonly Alarm[]): bigint {
  let least = (first as Alarm).due;
  for (const { due } of others) {
    if (due < least) least = due;
  }
  return least;
}

export function pollOneoff(
  { memory, fds }: Context,
  input: number,
  output: number,
  count: number,
  out: number,
): void {
  if (count === 0) fail("EINVAL");
  const from = memory.validate(input, count, subscription.size, subscription.align);
  const to = memory.validate(output, count, event.size, event.align);
  if (count > MAX_SUBSCRIPTIONS) fail("EINVAL");
  const subscriptions: Subscription[] = [];
  for (let i = 0; i < count; i += 1) {
    subscriptions.push(memory.read(subscription, from + i * subscription.size));
  }
  const { events, alarms } = sort(fds, subscriptions);
  if (events.length === 0) {
    sleepUntil(earliest(alarms));
  }
  const time = now(ClockId.monotonic);
  for (const { userdata, due } of alarms) {
    if (due <= time) events.push(eventOf(userdata, EventType.clock, Errno.ESUCCESS));
  }
  for (const [i, happened] of events.entries()) memory.write(event, to + i * event.size, happened);
  memory.writeU32(out, events.length);
}
