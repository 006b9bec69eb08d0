/**
 * `FrameError` with the sentences of who makes or opens the words of a table: slots, an allocator's, a ledger's, a kernel's.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import { type FrameErrorDetail, frameError } from "../frame-error.js";
import { hex } from "../table-error.js";

export const FrameError: ErrorClass<FrameErrorDetail> = /* @__PURE__ */ frameError<
  "header-mismatch" | "table-too-large"
>({
  "header-mismatch": (d) =>
    `no table for this memory: its ${d.part} is ${hex(d.got)}, not ${hex(d.expected)}`,
  "table-too-large": (d) => `the table needs ${d.needed} bytes, more than can be had`,
});
