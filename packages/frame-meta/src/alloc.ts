/**
 * Allocating frames: a buddy allocator with a cache for each agent, and handles on what it gives.
 *
 * @module
 */

export { type AllocOptions, allocFrame, allocSegment, allocUnique } from "./alloc/alloc-frame.js";
export type { AllocStats } from "./alloc/alloc-stats.js";
export type { BuddyAllocator, BuddyHooks } from "./alloc/buddy-allocator.js";
export type { ExhaustedRequest, FrameAllocator, Placement } from "./alloc/frame-allocator.js";
export {
  kernelMeta,
  type MemoryKind,
  type MemoryRange,
  reservedMeta,
  unusableMeta,
} from "./alloc/memory-map.js";
export { attachBuddy, type BuddyAttachment, type BuddyOptions, createBuddy } from "./alloc/open.js";
