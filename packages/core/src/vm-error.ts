/**
 * `CoreError` with the sentences of readers and writers.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "./core-error.js";
import type { ErrorClass } from "./error.js";
import { hex, overflows } from "./memory-error.js";

export const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<
  "address-overflow" | "too-short" | "not-a-single-access" | "page-fault" | "not-the-same-place"
>({
  "address-overflow": overflows,
  "too-short": (d) => `${d.needed} bytes are needed and ${d.remain} remain`,
  "not-a-single-access": (d) =>
    `${d.type} has ${d.size} bytes: only 1, 2, 4 or 8 can be accessed at once`,
  "page-fault": (d) => `the byte at ${hex(d.at)} cannot be accessed`,
  "not-the-same-place": () =>
    "the reader and the writer do not stand on the same byte of the same memory",
});
