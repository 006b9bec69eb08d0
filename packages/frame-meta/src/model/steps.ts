/**
 * What a step may do to a table: the pre- and postconditions of vostd's proofs, over pictures taken before and after.
 *
 * F2: the last handle goes only where the frame is mapped nowhere. F3: a drop takes 1 off the count, and the last one leaves
 * the slot unused; no other slot moves. F4: a claim changes its slot only, and gives it a use; one that failed changes nothing.
 * F5: a slot is torn down only where it had metadata and was in no list.
 *
 * @see vostd `frame_specs.rs`, `meta_specs.rs`
 * @module
 */

import { tableOf } from "../argument.js";
import type { FrameTable } from "../frame/table.js";
import { type MetaSlotModel, ownerOf, view } from "./meta-slot.js";

/** What was done. */
export type Step =
  /** A frame was claimed, or not: `ok` says which. */
  | { readonly kind: "fromUnused"; readonly slot: number; readonly ok: boolean }
  /** A shared handle was dropped; `paths` is where its frame was mapped. Its `onDrop` must have dropped nothing. */
  | { readonly kind: "drop"; readonly slot: number; readonly ok: boolean; readonly paths: number };

/** A predicate that a step broke. */
export interface StepViolation {
  readonly id: "F2" | "F3" | "F4" | "F5";
  readonly slot: number;
  readonly what: string;
}

/** Every slot at one moment. */
export function snapshot(table: FrameTable): readonly MetaSlotModel[] {
  return Array.from({ length: tableOf(table).slots.frames }, (_, slot) =>
    view(ownerOf(table, slot)),
  );
}

/** What the step broke. */
export function checkStep(
  step: Step,
  before: readonly MetaSlotModel[],
  after: readonly MetaSlotModel[],
): StepViolation[] {
  const found: StepViolation[] = [];
  const moved = before.flatMap((was, slot) => (same(was, after[slot]!) ? [] : [slot]));
  const { slot, kind, ok } = step;
  const [was, is] = [before[slot]!, after[slot]!];
  const must = (id: StepViolation["id"], holds: boolean, what: string): void => {
    if (!holds) found.push({ id, slot, what });
  };
  const id = kind === "drop" ? "F3" : "F4";
  const others = moved.filter((at) => at !== slot);
  must(id, others.length === 0, `slots ${others.join(", ")} moved too`);
  if (!ok) {
    must(id, moved.length === 0, "it failed and changed something");
    return found;
  }
  if (kind === "fromUnused") {
    must("F4", was.status === "UNUSED", `it claimed a frame that was ${was.status}`);
    must("F4", is.usage !== "Unused" && is.vtablePtr.init, "the frame has no use or no type");
    return found;
  }
  must("F3", was.status === "SHARED", `it dropped a handle on a frame that was ${was.status}`);
  if (was.refCount > 1) {
    must(
      "F3",
      is.refCount === was.refCount - 1,
      `the count went from ${was.refCount} to ${is.refCount}`,
    );
    must(
      "F3",
      is.usage === was.usage && is.slotVaddr === was.slotVaddr,
      "more than the count moved",
    );
    return found;
  }
  must(
    "F2",
    step.paths === 0,
    `the last handle went while the frame was mapped ${step.paths} times`,
  );
  must("F3", is.status === "UNUSED", `the last handle left the frame ${is.status}`);
  must(
    "F5",
    was.storage.init && was.inList === 0,
    "it was torn down without metadata, or in a list",
  );
  return found;
}

function same(a: MetaSlotModel, b: MetaSlotModel): boolean {
  return text(a) === text(b);
}

function text(model: MetaSlotModel): string {
  return JSON.stringify(model, (_key, value: unknown) =>
    value instanceof Uint8Array ? Array.from(value) : value,
  );
}
