/**
 * The model of a slot and of a table: pictures, invariants, and the ledger of who holds what.
 *
 * @module
 */

export { type Repr, reprOf } from "./meta/repr.js";
export {
  checkInvariants,
  holdersOf,
  type InvariantOptions,
  type InvariantReport,
  type Violation,
} from "./model/check.js";
export {
  FrameLedger,
  type FrameLedgerOptions,
  HOLDER_KINDS,
  type HolderEntry,
  type HolderKind,
} from "./model/frame-ledger.js";
export {
  type MemContents,
  type Metadata,
  type MetadataInnerPerms,
  type MetaSlotModel,
  type MetaSlotOwner,
  metadataOf,
  metadataToPerms,
  ownerOf,
  view,
} from "./model/meta-slot.js";
export {
  type Holders,
  SLOT_INVARIANTS,
  type SlotFacts,
  type SlotInvariant,
} from "./model/slot-invariants.js";
export { checkStep, type Step, type StepViolation, snapshot } from "./model/steps.js";
