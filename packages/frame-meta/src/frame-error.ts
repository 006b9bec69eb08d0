/**
 * `FrameError`: what can go wrong with a frame's metadata.
 *
 * Its sentences stand beside the code that throws them, see core's `defineErrorCases`; here are those of counts and tables, and those
 * that several modules throw.
 *
 * @module
 */

import {
  defineErrorCases,
  type ErrorCases,
  type ErrorClass,
  type ErrorOf,
} from "@memkit/core/error";
import { hex, type TableErrorDetail } from "./table-error.js";

/** Why a count word refused to move: the state that it was found in. */
export type RefusedState = "unused" | "unique" | "busy" | "overflow" | "in-use";

/** Every `code` of {@link FrameError} with the fields that come with it. */
export type FrameErrorDetail =
  | TableErrorDetail
  /**
   * The state of the word does not allow this step; `word` is what was found there. `pfn` is the frame, where the word is a
   * slot's. `count-at-max` is an increment of `REF_COUNT_MAX`: one more would leave the states that mean "shared".
   */
  | {
      readonly code: RefusedState | "count-at-max";
      readonly index: number;
      readonly word: number;
      readonly pfn?: number;
    }
  /** `index` names no word of the array, or no frame of the memory, which has `length` of them. */
  | {
      readonly code: "out-of-bound";
      readonly index: number;
      readonly length: number;
      readonly pfn?: number;
    }
  /** The number is not a 32-bit signed integer, so it cannot be a count word. */
  | { readonly code: "not-a-word"; readonly got: number }
  /** The 64-bit count has no 32-bit counterpart. */
  | { readonly code: "count-too-wide"; readonly got: bigint };

/** The sentence of a count that refuses: its word, and the frame that it is of where that is known, and why. */
const refuses =
  (why: string) =>
  ({
    index,
    pfn,
    word,
  }: {
    readonly index: number;
    readonly pfn?: number;
    readonly word: number;
  }): string =>
    `${pfn === undefined ? `count word ${index}` : `the count of frame ${hex(pfn)}`} (${hex(word >>> 0)}) ${why}`;

/** Adds sentences to {@link FrameError}, and returns it. */
export const frameError: ErrorCases<FrameErrorDetail> =
  /* @__PURE__ */ defineErrorCases<FrameErrorDetail>("@memkit/frame-meta/FrameError", {
    unused: refuses("is unused: used after its last drop, or never claimed"),
    unique: refuses("is unique: share it before counting"),
    busy: refuses("is busy, being built or torn down: dropped twice?"),
    overflow: refuses("is in the overflow band: the slot is corrupt"),
    "in-use": refuses("is shared: only an unused frame can be claimed"),
    "count-at-max": refuses("is at its maximum, 2147483647: drop a handle first"),
    "out-of-bound": ({ pfn, index, length }) =>
      pfn === undefined
        ? `no count word ${index}: the array has ${length}`
        : `no bank has frame ${pfn}: the memory has ${length} frames`,
    "not-a-word": (d) => `${d.got} is not a 32-bit signed integer, so no count word`,
    "not-aligned": (d) => `${hex(d.paddr)} is no multiple of 4096, so no frame's address`,
    mmio: (d) => `frame ${hex(d.pfn)} is a device's: it is not counted`,
    "invalid-option": (d) => `${d.option} cannot be ${d.got}`,
    "no-allocator": () => "this agent does not know the table's allocator: attach to it",
    "has-allocator": () => "the table has an allocator, or a free set, already",
  });

/** What `@memkit/frame-meta` throws. */
export const FrameError: ErrorClass<FrameErrorDetail> = /* @__PURE__ */ frameError({});
export type FrameError = ErrorOf<FrameErrorDetail>;
