/**
 * What holds for every slot by itself, as vostd's proofs have it: each predicate with its id.
 *
 * @see vostd `meta_owners.rs` `MetaSlotOwner::inv` (S), `frame_specs.rs` (F1), `unique.rs` (U1), `segment.rs` (G1) and
 * `embedding/mod.rs` (K)
 * @module
 */

import type { MetaSlotStatus } from "../ref-count.js";
import { META_SLOT_SIZE } from "../slot/layout.js";
import type { HolderKind } from "./frame-ledger.js";
import type { MetaSlotModel } from "./meta-slot.js";

/** How many of each kind hold a frame, of all agents together. */
export type Holders = Readonly<Record<HolderKind, number>>;

/** Everything that is known about a slot. */
export interface SlotFacts extends MetaSlotModel {
  readonly slot: number;
  /** Where slots may lie in the buffer, in bytes: the first, and the end of the last. */
  readonly range: readonly [number, number];
  /** Places where the frame is mapped. */
  readonly paths: number;
  /** Whether it waits for an agent that knows its type. */
  readonly parked: boolean;
  /** By the ledger; `undefined` without one, and then what is said about holders is not checked. */
  readonly holders: Holders | undefined;
}

/** A predicate over one slot. */
export interface SlotInvariant {
  readonly id: string;
  readonly what: string;
  /** Whether a slot with these facts keeps it. */
  holds(facts: SlotFacts): boolean;
}

const when = (status: MetaSlotStatus, then: (facts: SlotFacts) => boolean) => (facts: SlotFacts) =>
  facts.status !== status || then(facts);

const built = ({ storage, vtablePtr }: SlotFacts): boolean => storage.init && vtablePtr.init;
const unmapped = ({ usage, paths }: SlotFacts): boolean => usage === "MMIO" || paths === 0;

/** Handles, mappings and segments: what a shared count is made of. A handle that has become a number is one still. */
const countedIn = ({ handle, raw, segment, path }: Holders): number =>
  handle + raw + segment + path;
/** Who ends it. */
const endingIn = ({ busy, ending }: Holders): number => busy + ending;
const allIn = (holders: Holders): number =>
  countedIn(holders) + holders.unique + holders.list + endingIn(holders);

/** A predicate about holders, which needs a ledger to say anything. */
const withHolders =
  (then: (facts: SlotFacts, holders: Holders) => boolean) =>
  (facts: SlotFacts): boolean =>
    facts.holders === undefined || then(facts, facts.holders);

/** Every predicate about one slot, in the order of the ids. */
export const SLOT_INVARIANTS: readonly SlotInvariant[] = [
  {
    id: "S1",
    what: "an unused slot has no metadata, no type, no use, is in no list and mapped nowhere",
    holds: when(
      "UNUSED",
      (facts) =>
        !facts.storage.init &&
        !facts.vtablePtr.init &&
        facts.inList === 0 &&
        facts.usage === "Unused" &&
        unmapped(facts),
    ),
  },
  {
    id: "S2",
    what: "a unique slot has metadata and a type, and is mapped nowhere",
    holds: when("UNIQUE", (facts) => built(facts) && unmapped(facts)),
  },
  {
    id: "S3",
    what: "a shared slot has metadata and a type, and is in no list",
    holds: when("SHARED", (facts) => built(facts) && facts.inList === 0),
  },
  { id: "S4", what: "no slot is in the overflow band", holds: when("OVERFLOW", () => false) },
  {
    id: "S5",
    what: "a slot under construction is in no list",
    holds: when("UNDER_CONSTRUCTION", ({ inList }) => inList === 0),
  },
  {
    id: "S6",
    what: "a slot lies in the metadata range, at a multiple of 64",
    holds: ({ slotVaddr, range: [start, end] }) =>
      slotVaddr >= start && slotVaddr < end && slotVaddr % META_SLOT_SIZE === 0,
  },
  {
    id: "K1",
    what: "a shared count is the number of handles, mappings and segments",
    holds: withHolders(
      ({ status, refCount }, holders) => status !== "SHARED" || refCount === countedIn(holders),
    ),
  },
  {
    id: "K2",
    what: "nobody holds an unused frame",
    holds: withHolders(({ status }, holders) => status !== "UNUSED" || allIn(holders) === 0),
  },
  {
    id: "K3",
    what: "a frame that is neither unused nor unique has a holder, is being ended, or is parked",
    holds: withHolders(
      ({ status, parked }, holders) =>
        status === "UNUSED" ||
        status === "UNIQUE" ||
        parked ||
        countedIn(holders) > 0 ||
        (status === "UNDER_CONSTRUCTION" && endingIn(holders) > 0),
    ),
  },
  {
    id: "F1",
    what: "a frame with a handle on it is shared",
    holds: withHolders(({ status }, { handle }) => handle === 0 || status === "SHARED"),
  },
  {
    id: "G1",
    what: "a frame in a segment is shared, and of some use",
    holds: withHolders(
      ({ status, usage }, { segment }) =>
        segment === 0 || (status === "SHARED" && usage !== "Unused" && usage !== "MMIO"),
    ),
  },
  {
    id: "U1",
    what: "a unique frame has one holder: a handle and then it is in no list, or the list that it is in",
    holds: withHolders(({ status, inList }, holders) => {
      const { unique, list, raw } = holders;
      if (status !== "UNIQUE") return unique === 0 && list === 0;
      return allIn(holders) === 1 && (inList === 0 ? unique + raw === 1 : list === 1);
    }),
  },
];
