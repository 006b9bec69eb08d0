/**
 * The scenarios on slots and frames, in a short form for the suite and a long one for the script.
 *
 * @module
 */

import { REF_COUNT_MAX } from "@memkit/frame-meta";
import type { Entry as Named, Scenario } from "@memkit/interleave";
import { alloc, dropAny } from "./allocator.js";
import { initScenario } from "./attach.js";
import {
  bump,
  claim,
  claimUnique,
  clone,
  contains,
  drain,
  drainNone,
  drop,
  dropAngry,
  dropPinned,
  dropPlain,
  dropRaw,
  dropUnbound,
  dropUnique,
  dropUniquePinned,
  insert,
  join,
  repurpose,
  roundTrip,
  take,
  toShared,
  toUnique,
  write,
} from "./operations.js";
import {
  rawClaim,
  rawDec,
  rawDecTooMany,
  rawInc,
  rawPublish,
  rawPublishUnique,
  rawRelease,
  rawScenario,
  rawSeize,
  rawToShared,
  rawToUnique,
} from "./raw.js";
import {
  bumping,
  type ReapStep,
  type ReapWorld,
  reapScenario,
  receiveFirst,
  repurposing,
  sendLast,
} from "./reap.js";
import { drop as dropReceived, receive, send, transitScenario } from "./transit.js";
import { type Held, type Lib, type Op, scenarioOf, type TypeName, type World } from "./world.js";

/** `suite`: explored by every `npm test`. `long`: by `npm run explore`. */
/** A scenario by name, for any version of the code. */
export type Entry = Named<Lib>;
type Form = Entry["form"];

/** Erases what only the scenario's own functions know about each other. */
const entry = <S, A, M>(
  form: Form,
  name: string,
  build: (lib: Lib) => Scenario<S, A, M> | readonly Scenario<S, A, M>[],
): Entry => ({
  name,
  form,
  build: (lib) => [build(lib)].flat() as unknown as ReturnType<Entry["build"]>,
});

/** On one frame of type `type`; each thread is what it holds at the start and what it does. */
type ThreadOf = readonly [held: Held, ...operations: Op[]];
function frames(
  form: Form,
  name: string,
  type: TypeName,
  threads: readonly ThreadOf[],
  more: Partial<World> = {},
): Entry {
  const world: World = { slots: 1, type, held: threads.map(([held]) => held), ...more };
  const operations = threads.map(([, ...of]) => of);
  return entry(form, name, (lib) => scenarioOf(lib, world, operations));
}

const nothing: Held = {};
const one: Held = { frames: [0] };
const alone: Held = { uniques: [0] };

const raw = (
  form: Form,
  name: string,
  count: number,
  handles: readonly number[],
  threads: Parameters<typeof rawScenario>[3],
): Entry =>
  entry(form, name, (lib) => rawScenario(lib, count, handles, threads, name.startsWith("kernel")));

/** All moments at which an agent can die that does so many accesses. */
const upTo = (accesses: number): number[] => Array.from({ length: accesses + 1 }, (_, i) => i);

type Deaths = readonly number[];
type StepsOf = readonly [held: Held, ...steps: ReapStep[]];
/** Thread 0 dies after so many accesses, for each number; another reaps it, a third goes on. */
const reaping = (
  form: Form,
  name: string,
  deaths: Deaths,
  [victim, ...dying]: StepsOf,
  [bystander, ...living]: StepsOf,
  more: Omit<ReapWorld, "held"> = {},
): Entry =>
  entry(form, name, (lib) => {
    const world = { ...more, held: [victim, bystander] } as const;
    return deaths.map((after) => reapScenario(lib, after, world, dying, living));
  });

const transit = (
  form: Form,
  name: string,
  handles: readonly number[],
  threads: Parameters<typeof transitScenario>[2],
): Entry => entry(form, name, (lib) => transitScenario(lib, handles, threads));

export const entries: readonly Entry[] = [
  // The raw storey, to the letter.
  raw(
    "suite",
    "raw: claim and release, twice",
    -1,
    [0, 0],
    [
      [rawClaim, rawPublish, rawDec, rawRelease],
      [rawClaim, rawPublish, rawDec, rawRelease],
    ],
  ),
  raw(
    "suite",
    "raw: claim, inc, last dec",
    1,
    [1, 0, 0],
    [
      [rawDec, rawRelease],
      [rawInc, rawDec, rawRelease],
      [rawClaim, rawPublish],
    ],
  ),
  raw(
    "suite",
    "raw: unique and shared",
    1,
    [1, 0, 0],
    [[rawToUnique, rawToShared, rawDec, rawRelease], [rawInc, rawDec, rawRelease], [rawClaim]],
  ),
  raw(
    "suite",
    "raw: seize a unique one",
    -1,
    [0, 0],
    [
      [rawClaim, rawPublishUnique, rawSeize, rawRelease],
      [rawInc, rawClaim, rawPublish, rawDec],
    ],
  ),
  raw(
    "suite",
    "raw: the last count",
    REF_COUNT_MAX - 1,
    [0, 0, 1],
    [[rawInc, rawInc], [rawInc], [rawDec]],
  ),
  raw(
    "suite",
    "raw: a drop too many",
    0,
    [0, 0, 0],
    [[rawRelease], [rawDecTooMany], [rawClaim, rawPublish]],
  ),
  raw(
    "long",
    "raw: everything at once",
    1,
    [1, 0, 0],
    [
      [rawToUnique, rawSeize, rawRelease, rawClaim, rawPublish],
      [rawInc, rawToUnique, rawToShared, rawDec, rawRelease],
      [rawClaim, rawPublishUnique, rawToShared, rawDec],
    ],
  ),

  // The kernel, by its twin.
  raw(
    "suite",
    "kernel: claim, inc, last dec",
    1,
    [1, 0, 0],
    [
      [rawDec, rawRelease],
      [rawInc, rawDec, rawRelease],
      [rawClaim, rawPublish],
    ],
  ),
  raw(
    "suite",
    "kernel: the last count",
    REF_COUNT_MAX - 1,
    [0, 0, 1],
    [[rawInc, rawInc], [rawInc], [rawDec]],
  ),
  frames(
    "suite",
    "kernel: fromInUse, last drop, reuse",
    "page",
    [
      [one, drop(0)],
      [nothing, join(0), drop(0)],
      [nothing, claim(0, 9)],
    ],
    { kernel: true },
  ),
  raw(
    "long",
    "kernel: everything at once",
    1,
    [1, 0, 0],
    [
      [rawToUnique, rawSeize, rawRelease, rawClaim, rawPublish],
      [rawInc, rawToUnique, rawToShared, rawDec, rawRelease],
      [rawClaim, rawPublishUnique, rawToShared, rawDec],
    ],
  ),

  // Frames, by address.
  frames("suite", "fromUnused, fromUnused", "page", [
    [nothing, claim(0, 7), drop(0)],
    [nothing, claim(0, 9), drop(0)],
  ]),
  frames("suite", "fromUnused, fromInUse", "page", [
    [nothing, claim(0, 7), drop(0)],
    [nothing, join(0), drop(0)],
  ]),
  frames("suite", "fromUnused, fromUnused, without onDrop", "plain", [
    [nothing, claim(0, 7, "plain"), dropPlain(0)],
    [nothing, claim(0, 9, "plain"), dropPlain(0)],
  ]),
  frames("suite", "fromInUse, last drop, reuse", "page", [
    [one, drop(0)],
    [nothing, join(0), drop(0)],
    [nothing, claim(0, 9)],
  ]),
  frames("suite", "clone, drop", "page", [
    [one, clone(0), drop(0), drop(0)],
    [one, clone(0), drop(0), drop(0)],
  ]),
  frames("suite", "drop, drop, reuse", "page", [
    [one, drop(0)],
    [one, drop(0)],
    [nothing, claim(0, 9)],
  ]),
  frames("suite", "shared to unique and back", "page", [
    [one, toUnique(0), write(0, 5), toShared(0), drop(0)],
    [nothing, join(0), drop(0)],
  ]),
  frames("suite", "shared to unique, drop", "page", [
    [one, toUnique(0), write(0, 5)],
    [one, drop(0)],
    [nothing, join(0)],
  ]),
  frames("suite", "repurpose", "page", [
    [nothing, claimUnique(0, 5), repurpose(0, 6), toShared(0)],
    [nothing, join(0), drop(0)],
  ]),
  frames("suite", "drop of a unique one, reuse", "page", [
    [alone, dropUnique(0), claim(0, 7)],
    [nothing, claim(0, 9), drop(0)],
  ]),
  frames("suite", "list insert, take", "linked", [
    [alone, insert(0), take(0), dropUnique(0)],
    [nothing, contains(0), claimUnique(0, 9, "linked"), insert(0), take(0)],
  ]),
  frames("suite", "meta-lock, drop", "counter", [
    [one, bump(0), dropPlain(0)],
    [one, bump(0), dropPlain(0)],
  ]),
  frames("suite", "onDropPre refuses, fromInUse", "pinned", [
    [one, dropPinned(0)],
    [nothing, join(0), dropPinned(0)],
  ]),
  frames("suite", "onDropPre throws, fromInUse", "angry", [
    [one, dropAngry(0)],
    [nothing, join(0), dropAngry(0)],
  ]),
  frames("suite", "onDropPre refuses a unique one, fromInUse", "pinned", [
    [alone, dropUniquePinned(0), toShared(0)],
    [nothing, join(0)],
  ]),
  frames("suite", "stale raw handle, reuse", "page", [
    [one, dropRaw(0)],
    [nothing, claim(0, 9), roundTrip(0), drop(0)],
  ]),
  frames(
    "suite",
    "bind, last drop",
    "page",
    [
      [one, dropUnbound(0)],
      [nothing, drain(), drain()],
    ],
    { binds: [false, false] },
  ),
  frames(
    "suite",
    "two last drops, bind",
    "page",
    [
      [{ frames: [0] }, dropUnbound(0)],
      [{ frames: [1] }, dropUnbound(1)],
      [nothing, drain()],
    ],
    { slots: 2, binds: [false, false, false] },
  ),
  frames(
    "suite",
    "last drop, drain by who does not know the type",
    "page",
    [
      [one, dropUnbound(0)],
      [nothing, drainNone(), drain()],
    ],
    { binds: [false, false] },
  ),
  frames(
    "suite",
    "last drop, drain of what is to stay",
    "pinned",
    [
      [one, dropUnbound(0)],
      [nothing, drainNone("pinned")],
    ],
    { binds: [false, false] },
  ),
  entry("suite", "attach, init", (lib) => initScenario(lib, "claim")),

  // Through the allocator, and by address beside it.
  frames(
    "suite",
    "alloc, free: no cache",
    "page",
    [
      [nothing, alloc(7), dropAny],
      [nothing, alloc(9), dropAny],
    ],
    { cache: 0 },
  ),
  frames(
    "suite",
    "alloc, free: a cache of one",
    "page",
    [
      [nothing, alloc(7), dropAny],
      [nothing, alloc(9)],
    ],
    { cache: 1 },
  ),
  frames(
    "long",
    "alloc, free, both: a cache of one",
    "page",
    [
      [nothing, alloc(7), dropAny],
      [nothing, alloc(9), dropAny],
    ],
    { cache: 1 },
  ),
  frames(
    "suite",
    "alloc, claim by address",
    "page",
    [
      [nothing, alloc(7), dropAny],
      [nothing, claim(0, 9), drop(0)],
    ],
    { cache: 1 },
  ),
  frames(
    "suite",
    "last drop, claim by address",
    "page",
    [
      [one, drop(0)],
      [nothing, claim(0, 9), drop(0)],
    ],
    { cache: 0 },
  ),
  frames(
    "suite",
    "last drop, alloc, fromInUse",
    "page",
    [
      [one, drop(0)],
      [nothing, alloc(9)],
      [nothing, join(0)],
    ],
    { cache: 0 },
  ),
  frames(
    "long",
    "last drop, alloc, claim by address",
    "page",
    [
      [one, drop(0)],
      [nothing, alloc(9), dropAny],
      [nothing, claim(0, 7), drop(0)],
    ],
    { cache: 1 },
  ),
  frames(
    "long",
    "alloc, free: two frames, two at a time",
    "page",
    [
      [nothing, alloc(7), alloc(8), dropAny, dropAny],
      [nothing, alloc(9), dropAny],
    ],
    { cache: 1, slots: 2, limits: { states: 8_000_000 } },
  ),

  // From agent to agent.
  transit(
    "suite",
    "send, receive, receive",
    [1, 0, 0],
    [[send], [receive(0, 1), dropReceived], [receive(0, 1), dropReceived]],
  ),
  transit(
    "long",
    "send, receive and send on, receive",
    [1, 0, 0],
    [[send], [receive(0, 1), send], [receive(0, 1), receive(0, 3), dropReceived]],
  ),
  transit(
    "long",
    "two sent, both received",
    [1, 1, 0],
    [[send], [send], [receive(0, 1), receive(1, 1), dropReceived]],
  ),

  // The dead, and who goes on: reap against each class of operations, which the dead one was in the middle of, or the living.
  reaping("suite", "reap, claim", [6, 10], [nothing, claim(0, 7)], [nothing, join(0)]),
  reaping("suite", "reap, last drop", [6, 9], [one, drop(0)], [nothing, claim(0, 9)]),
  reaping(
    "long",
    "reap fromUnused, fromUnused",
    upTo(15),
    [nothing, claim(0, 7)],
    [nothing, claim(0, 9), drop(0)],
  ),
  reaping("long", "reap last drop, fromInUse", upTo(30), [one, drop(0)], [nothing, join(0)]),
  reaping(
    "long",
    "reap last drop, fromUnused",
    upTo(30),
    [one, drop(0)],
    [nothing, claim(0, 9), drop(0)],
  ),
  reaping("long", "reap fromInUse, last drop", upTo(12), [nothing, join(0)], [one, drop(0)]),
  reaping("long", "reap drop, drop", upTo(12), [one, drop(0)], [one, drop(0)]),
  reaping("long", "reap clone, drop", upTo(10), [one, clone(0)], [one, drop(0)]),
  reaping("long", "reap drop, clone", upTo(10), [one, drop(0)], [one, clone(0), drop(0)]),
  reaping(
    "long",
    "reap to unique and back, fromInUse",
    upTo(20),
    [one, toUnique(0), toShared(0)],
    [nothing, join(0)],
  ),
  reaping(
    "long",
    "reap drop, to unique and back",
    upTo(12),
    [one, drop(0)],
    [one, toUnique(0), write(0, 5), toShared(0)],
  ),
  reaping(
    "long",
    "reap unique fromUnused, repurpose",
    upTo(25),
    [nothing, claimUnique(0, 7), repurposing(repurpose(0, 8))],
    [nothing, join(0)],
  ),
  reaping(
    "long",
    "reap unique drop, unique fromUnused",
    upTo(30),
    [alone, dropUnique(0)],
    [nothing, claimUnique(0, 9), dropUnique(0)],
  ),
  reaping(
    "long",
    "reap list insert and take, fromUnused and list",
    upTo(30),
    [alone, insert(0), take(0)],
    [nothing, claimUnique(0, 9, "linked"), insert(0)],
    { type: "linked" },
  ),
  reaping("long", "reap alloc, alloc", upTo(25), [nothing, alloc(7)], [nothing, alloc(9)], {
    cache: 1,
  }),
  reaping("long", "reap alloc, free", upTo(25), [nothing, alloc(7)], [one, drop(0)], { cache: 1 }),
  reaping("long", "reap free, alloc", upTo(35), [one, drop(0)], [nothing, alloc(9)], { cache: 1 }),
  reaping(
    "long",
    "reap free, fromUnused, no cache",
    upTo(35),
    [one, drop(0)],
    [nothing, claim(0, 9)],
    { cache: 0 },
  ),
  reaping(
    "long",
    "reap last drop of a type that the reaper does not know, bind",
    upTo(30),
    [one, drop(0)],
    [nothing, drain()],
    { binds: false },
  ),
  reaping("long", "reap send, receive", upTo(18), [one, sendLast], [nothing, receiveFirst]),
  reaping("long", "reap send, fromInUse", upTo(18), [one, sendLast], [nothing, join(0)]),
  reaping(
    "long",
    "reap receive, receive",
    upTo(12),
    [nothing, receiveFirst],
    [nothing, receiveFirst, drop(0)],
    { sent: true },
  ),
  reaping(
    "long",
    "reap withLock, withLock",
    upTo(25),
    [one, bumping(bump(0))],
    [one, bumping(bump(0))],
    { type: "counter" },
  ),

  // Three threads, or more of each.
  frames("long", "three times fromUnused and drop", "page", [
    [nothing, claim(0, 7), drop(0)],
    [nothing, claim(0, 9), drop(0)],
    [nothing, claim(0, 11), drop(0)],
  ]),
  frames("long", "fromInUse, last drop, reuse, all the way", "page", [
    [one, drop(0), claim(0, 7)],
    [nothing, join(0), drop(0)],
    [nothing, claim(0, 9), drop(0)],
  ]),
  frames("long", "clone, drop, fromInUse", "page", [
    [one, clone(0), drop(0), drop(0)],
    [one, drop(0)],
    [nothing, join(0), drop(0)],
  ]),
  frames("long", "shared to unique and back, both", "page", [
    [one, toUnique(0), write(0, 5), toShared(0), drop(0)],
    [one, toUnique(0), write(0, 6), toShared(0), drop(0)],
    [nothing, join(0), drop(0)],
  ]),
  frames("long", "unique, fromUnused, fromInUse", "page", [
    [alone, repurpose(0, 3), dropUnique(0)],
    [nothing, claim(0, 9), drop(0)],
    [nothing, join(0), drop(0)],
  ]),
  frames("long", "lists, reuse, fromInUse", "linked", [
    [alone, insert(0), take(0), dropUnique(0)],
    [nothing, claimUnique(0, 9, "linked"), insert(0), take(0), dropUnique(0)],
    [nothing, join(0), claim(0, 11, "linked")],
  ]),
  frames("long", "meta-lock, three drops", "counter", [
    [one, bump(0), dropPlain(0)],
    [one, bump(0), dropPlain(0)],
    [one, dropPlain(0)],
  ]),
  frames("long", "onDropPre refuses, fromInUse, reuse", "pinned", [
    [one, dropPinned(0)],
    [nothing, join(0), dropPinned(0)],
    [nothing, join(0), claim(0, 9, "pinned")],
  ]),
  frames(
    "long",
    "two last drops, two that bind",
    "page",
    [
      [{ frames: [0] }, dropUnbound(0)],
      [{ frames: [1] }, dropUnbound(1)],
      [nothing, drain()],
      [nothing, drain()],
    ],
    { slots: 2, binds: [false, false, false, false] },
  ),
  entry("long", "attach, init, and on", (lib) => initScenario(lib, "drop")),
];
