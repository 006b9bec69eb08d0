/**
 * Kinds of access by name, for callers that have names. What is none of them is refused: taken for the nearest one, a fetch that is
 * misspelt would be judged as a read.
 *
 * @module
 */

import { pageTableError, shown } from "../page-table-error.js";
import { EXECUTE_ACCESS, READ_ACCESS, WRITE_ACCESS } from "./dialect.js";

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-access">({
  "invalid-access": (d) =>
    `no access is of kind "${d.kind}" and mode "${d.mode}": it is to "read", "write" or "execute", for "user" or "supervisor"`,
});

/** What an access does. */
export type AccessKind = "read" | "write" | "execute";

/** @throws {@link PageTableError} `invalid-access` */
export function refuseAccess(kind: unknown, mode: unknown): never {
  throw new PageTableError({ code: "invalid-access", kind: shown(kind), mode: shown(mode) });
}

/**
 * The kind as a number, 0..2: the low two bits of a request, and by how much a right to read, the user's or a property's, is shifted
 * to be the right that it needs.
 *
 * @throws {@link PageTableError} `invalid-access`
 */
export function kindOfAccess(kind: AccessKind, mode: "user" | "supervisor" = "user"): number {
  switch (kind) {
    case "read":
      return READ_ACCESS;
    case "write":
      return WRITE_ACCESS;
    case "execute":
      return EXECUTE_ACCESS;
    default:
      return refuseAccess(kind, mode);
  }
}
