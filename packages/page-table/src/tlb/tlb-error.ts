/**
 * `PageTableError` where caches and logs throw it: what each of their options may be.
 *
 * @module
 */

import type { ErrorClass } from "@memkit/core/error";
import { type PageTableErrorDetail, pageTableError, shown } from "../page-table-error.js";

const WANTED: Readonly<Record<string, string>> = {
  entries: "give a power of two in 1..2^20",
  ways: "give a power of two that is not above the entries",
  asid: "give an integer in 0..65535",
  agents: "give an integer in 1..1024, the same in every agent of a log",
  agent:
    "give an integer from 0 on, below the number of agents, that no other has; detach one that died first",
  words: "give an Int32Array of as many words as shootdownWords says",
  pages: "give an integer above 0",
  rights: "give SR .. UX, or-ed",
  level: "give the level of a leaf, 1..5",
  word: "give the halves of an address, 32 bits each",
  ticket: "give what publish or detach has returned, of this log",
};

/** @internal */
export const PageTableError: ErrorClass<PageTableErrorDetail> =
  /* @__PURE__ */ pageTableError<"invalid-tlb">({
    "invalid-tlb": (d) =>
      `${shown(d.got)} will not do for the option "${d.option}": ${WANTED[d.option]}`,
  });
