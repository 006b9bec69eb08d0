/**
 * The 46 functions as text: which are there, and what they take. What `--functions` prints and README.md shows.
 *
 * @module
 */

import { FUNCTIONS } from "./functions.js";

/** A Markdown table with a row for each function of preview1. */
export function functionTable(): string {
  const rows = FUNCTIONS.map(({ name, params, call }) => {
    const list = params.map(([param]) => param).join(", ");
    return `| \`${name}\` | ${list} | ${call === undefined ? "ENOSYS" : "yes"} |`;
  });
  return ["| function | parameters | implemented |", "|---|---|---|", ...rows, ""].join("\n");
}
