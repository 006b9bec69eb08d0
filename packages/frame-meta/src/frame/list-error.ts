/**
 * `FrameError` with the sentences of lists.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import { type FrameErrorDetail, frameError } from "../frame-error.js";
import { hex } from "../table-error.js";

export const FrameError: ErrorClass<FrameErrorDetail> = /* @__PURE__ */ frameError<
  "type-mismatch" | "foreign-frame" | "cursor-stale" | "no-more-lists"
>({
  "type-mismatch": (d) => `frame ${hex(d.pfn)} has type ${d.got}, not ${d.expected}`,
  "foreign-frame": () => "the frame is of another table",
  "cursor-stale": (d) => `list ${d.list} was changed behind this cursor: make a new one`,
  "no-more-lists": () => "2^31-1 lists have been made in this table, and ids are not used twice",
});
