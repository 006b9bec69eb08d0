/**
 * Regions of real memory.
 *
 * @module
 */

export { type CreateRegionOptions, createRegion } from "./create-region.js";
export { MmapRegion, type MmapRegionOptions, type SharedRegion } from "./mmap-region.js";
export type { MmapSlot } from "./mmap-slot.js";
export { type HeapImage, prepareImage } from "./slot-image.js";
export { type AddrLocation, isFaultFatal, type SlotPart } from "./slot-layout.js";
export type { Slab } from "./slot-space.js";
