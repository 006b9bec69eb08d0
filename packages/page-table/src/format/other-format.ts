/**
 * The refusal of two things whose formats do not fit: a kernel's table and a user's, an address space and a processor, two address
 * spaces that are compared.
 *
 * @module
 */

import { pageTableError } from "../page-table-error.js";
import type { PteFormat } from "./format.js";

const PageTableError = /* @__PURE__ */ pageTableError<"other-format">({
  "other-format": (d) => `this is of format ${d.got}, and has to fit ${d.expected}`,
});

/** @throws {@link PageTableError} `other-format` */
export function refuseFormat(expected: PteFormat, got: PteFormat): never {
  throw new PageTableError({ code: "other-format", expected: expected.name, got: got.name });
}
