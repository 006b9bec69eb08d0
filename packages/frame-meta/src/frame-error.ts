/**
 * `FrameError`: what can go wrong with a frame's metadata.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core/error";
import { describeTableError, isTableErrorDetail, type TableErrorDetail } from "./table-error.js";

/** Why a count word refused to move: the state that it was found in. */
export type RefusedState = "unused" | "unique" | "busy" | "overflow" | "in-use";

/** Every `code` of {@link FrameError} with the fields that come with it. */
export type FrameErrorDetail =
  | TableErrorDetail
  /**
   * The state of the word does not allow this step; `word` is what was found there. `pfn` is the frame, where the word is a
   * slot's.
   */
  | {
      readonly code: RefusedState;
      readonly index: number;
      readonly word: number;
      readonly pfn?: number;
    }
  /** An increment of `REF_COUNT_MAX`: one more would leave the states that mean "shared". */
  | {
      readonly code: "count-at-max";
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

const REFUSED: Readonly<Record<RefusedState, string>> = {
  unused: "is unused: nobody holds this frame (used after its last drop, or never claimed)",
  unique: "is uniquely owned: turn it into a shared one before counting",
  busy: "is busy: it is being built or torn down and has no holder (dropped twice?)",
  overflow: "is in the overflow band, which no legal operation enters: the slot is corrupt",
  "in-use": "is shared: only an unused frame can be claimed",
};

const hex = (word: number): string => `0x${(word >>> 0).toString(16).padStart(8, "0")}`;

/** The word, and the frame that it is the count of where that is known. */
function place(detail: { readonly index: number; readonly pfn?: number }): string {
  const { index, pfn } = detail;
  return pfn === undefined ? `count word ${index}` : `the count of frame 0x${pfn.toString(16)}`;
}

function describe(detail: FrameErrorDetail): string {
  if (isTableErrorDetail(detail)) return describeTableError(detail);
  switch (detail.code) {
    case "count-at-max":
      return `${place(detail)} is at its maximum, ${detail.word}: drop a handle before cloning another`;
    case "out-of-bound":
      return detail.pfn === undefined
        ? `no count word ${detail.index}: the array has ${detail.length}`
        : `no bank has frame ${detail.pfn}: the memory has ${detail.length} frames`;
    case "not-a-word":
      return `${detail.got} is not a 32-bit signed integer, so no count word`;
    case "count-too-wide":
      return `the 64-bit count 0x${detail.got.toString(16)} does not fit the 32-bit word: only its sign extension does`;
    default:
      return `${place(detail)} (${hex(detail.word)}) ${REFUSED[detail.code]}`;
  }
}

/** What `@memkit/frame-meta` throws. */
export const FrameError: ErrorClass<FrameErrorDetail> = defineError<FrameErrorDetail>(
  "@memkit/frame-meta/FrameError",
  describe,
);
export type FrameError = ErrorOf<FrameErrorDetail>;
