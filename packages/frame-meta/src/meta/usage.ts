/**
 * What a frame is used for, by the names and numbers of vostd's `PageUsage`. The number is in the slot's usage word.
 *
 * @module
 */

/** `MMIO` is never in a slot: a device's frames have none. */
export const PageUsage = {
  /** Nobody's. Only an unused frame can be given another use. */
  Unused: 0,
  /** Reserved or unusable. */
  Reserved: 1,
  /** Untyped memory, or memory with metadata of its own. */
  Frame: 2,
  /** A page-table node. */
  PageTable: 3,
  /** Metadata of other frames. */
  Meta: 4,
  /** A kernel's code and data. */
  Kernel: 5,
  /** A device. Untracked: not counted, but no allocator may hand it out. */
  MMIO: 6,
} as const;

/** A name of {@link PageUsage}. */
export type PageUsageName = keyof typeof PageUsage;

/** A use that a frame with metadata can have. */
export type FrameUsage = Exclude<PageUsageName, "Unused" | "MMIO">;

/** The names, by number. */
export const USAGE_NAMES: readonly PageUsageName[] = /* @__PURE__ */ Object.keys(
  PageUsage,
) as PageUsageName[];
