/**
 * The scenarios on slots and frames, in a short form for the suite and a long one for the script.
 *
 * @module
 */

import { REF_COUNT_MAX } from "@memkit/frame-meta";
import type { Scenario } from "@memkit/interleave";
import { initScenario } from "./attach.js";
import {
  bump,
  claim,
  claimUnique,
  clone,
  contains,
  drain,
  drop,
  dropPinned,
  dropPlain,
  dropUnbound,
  dropUnique,
  insert,
  join,
  repurpose,
  take,
  toShared,
  toUnique,
  write,
} from "./operations.js";
import {
  rawClaim,
  rawDec,
  rawInc,
  rawPublish,
  rawPublishUnique,
  rawRelease,
  rawScenario,
  rawSeize,
  rawToShared,
  rawToUnique,
} from "./raw.js";
import { type Held, type Lib, type Op, scenarioOf, type TypeName, type World } from "./world.js";

/** `suite`: explored by every `npm test`. `long`: by `npm run explore`. */
type Form = "suite" | "long";

/** A scenario by name, for any version of the code. */
export interface Entry {
  readonly name: string;
  readonly form: Form;
  readonly build: (lib: Lib) => Scenario<never, never, never>;
}

/** Erases what only the scenario's own functions know about each other. */
const entry = <S, A, M>(
  form: Form,
  name: string,
  build: (lib: Lib) => Scenario<S, A, M>,
): Entry => ({ name, form, build: build as unknown as Entry["build"] });

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
): Entry => entry(form, name, (lib) => rawScenario(lib, count, handles, threads));

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
  entry("suite", "attach, init", (lib) => initScenario(lib, "claim")),

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
