/**
 * What a caller asks for, as the trees understand it.
 *
 * @module
 */

import { PAGE_SIZE } from "@memkit/core";
import { refuseOption } from "../argument.js";
import type { Placement } from "./frame-allocator.js";

/** No wish at all: what a call has that does not say. */
export const ANYWHERE: Placement = Object.freeze({});

/** Of a block that no table has room for. */
const MAX_ORDER = 31;

/**
 * The order of the block that such a run is the start of.
 *
 * @throws {@link FrameError} `invalid-option`
 */
export function orderOf(frames: number, { align = PAGE_SIZE }: Placement): number {
  if (!(Number.isSafeInteger(frames) && frames >= 1)) refuseOption("frames", frames);
  const order = frames <= 2 ** 31 ? 32 - Math.clz32(frames - 1) : MAX_ORDER;
  if (align === PAGE_SIZE) return order;
  const alignOrder = typeof align === "number" ? Math.log2(align / PAGE_SIZE) : Number.NaN;
  if (!(Number.isInteger(alignOrder) && alignOrder >= 0)) refuseOption("align", align);
  return Math.max(order, Math.min(alignOrder, MAX_ORDER));
}

/** The frame that a run must end in front of. @throws {@link FrameError} `invalid-option` */
export function limitOf({ below }: Placement): number {
  if (below === undefined) return Number.POSITIVE_INFINITY;
  if (!(typeof below === "number" && below >= 0)) refuseOption("below", below);
  return Math.floor(below / PAGE_SIZE);
}
