/**
 * `FrameError` with the sentences of allocators.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import { type FrameErrorDetail, frameError } from "../frame-error.js";
import { hex } from "../table-error.js";

export const FrameError: ErrorClass<FrameErrorDetail> = /* @__PURE__ */ frameError<
  "no-memory" | "not-taken"
>({
  "no-memory": (d) =>
    `no ${d.frames} free frames in a row at a multiple of ${hex(d.align ?? 4096)}${d.below === undefined ? "" : ` below ${hex(d.below)}`}`,
  "not-taken": (d) => `frame ${hex(d.pfn)} is free already: it was given back twice`,
});
