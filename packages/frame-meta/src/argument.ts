/**
 * Arguments that are not of the kind that is needed: what callers give whom no type checker warns.
 *
 * Objects are known by what they can do, not by their class: a program may have loaded two copies of this package.
 *
 * @module
 */

import type { FrameTable } from "./frame/table.js";
import { FrameError } from "./frame-error.js";

/** @throws {@link FrameError} `invalid-option` */
export function refuseOption(option: string, got: unknown): never {
  // An object is not asked for its text: its code is not ours to run.
  const shown = Object(got) === got ? typeof got : String(got);
  throw new FrameError({ code: "invalid-option", option, got: shown });
}

/** What must be an object, and have this method. @throws {@link FrameError} `invalid-option` */
export function objectOf<T extends object>(option: string, value: T, method?: keyof T): T {
  const isObject = typeof value === "object" && value !== null;
  if (isObject && (method === undefined || typeof value[method] === "function")) return value;
  return refuseOption(option, value);
}

/** What must be a table. @throws {@link FrameError} `invalid-option` */
export function tableOf(table: FrameTable): FrameTable {
  return table?.slots === undefined ? refuseOption("table", table) : table;
}
