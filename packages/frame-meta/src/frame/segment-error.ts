/**
 * `FrameError` with the sentences of segments.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import { type FrameErrorDetail, frameError } from "../frame-error.js";
import { hex } from "../table-error.js";

export const FrameError: ErrorClass<FrameErrorDetail> = /* @__PURE__ */ frameError<
  "empty-segment" | "reversed-range" | "offset-out-of-bound"
>({
  "empty-segment": (d) => `no frame from ${hex(d.start)} to ${hex(d.end)}: at least one is needed`,
  "reversed-range": (d) => `the range from ${hex(d.start)} ends before it starts, at ${hex(d.end)}`,
  "offset-out-of-bound": (d) =>
    `bytes ${hex(d.start)} to ${hex(d.end)} are not inside a segment of ${hex(d.size)} bytes`,
});
