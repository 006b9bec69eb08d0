/**
 * Snapshots: an instance as it was, again and again, in microseconds.
 *
 * @module
 */

export { discard } from "./snapshot/discard.js";
export {
  type GuardOptions,
  type GuardRange,
  guard,
  guardProblem,
  guardsOf,
  renewGuards,
} from "./snapshot/guards.js";
export type { Guest } from "./snapshot/guest.js";
export type { Image } from "./snapshot/image.js";
export { loadImage, saveImage } from "./snapshot/image-file.js";
export { track } from "./snapshot/instance-state.js";
export type { Lease } from "./snapshot/lease.js";
export type { Choice, EngineName, SnapshotOptions } from "./snapshot/options.js";
export { type ImagePoolOptions, Pool } from "./snapshot/pool.js";
export {
  type CheckoutOptions,
  type CheckoutSignal,
  type DiscardReason,
  isTrap,
  type Member,
  type PoolMetrics,
  type PoolOptions,
  type ResetMetrics,
} from "./snapshot/pool-options.js";
export { snapshot } from "./snapshot/snapshot.js";
export { watchTable } from "./snapshot/table-watch.js";
export type { InstanceTarget, MemoryTarget, TableTarget } from "./snapshot/targets.js";
