/**
 * Arguments that are not of the kind that is needed: what callers give whom no type checker warns.
 *
 * Asked where an object is taken in, never in a hot loop; what takes bare numbers says "caller must" instead. Objects are known by what
 * they can do, not by their class: a program may have loaded two copies of this package.
 *
 * @module
 */

import { pageTableError, shown } from "./page-table-error.js";

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-argument">({
  "invalid-argument": (d) => `${d.got} is no ${d.argument}: give ${d.wanted}`,
});

/** @throws {@link PageTableError} `invalid-argument` */
export function refuseArgument(argument: string, got: unknown, wanted: string): never {
  throw new PageTableError({ code: "invalid-argument", argument, got: shown(got), wanted });
}

/**
 * Proves that `value` is an object, which has these methods.
 *
 * @throws {@link PageTableError} `invalid-argument`
 */
export function checkObject(
  argument: string,
  value: unknown,
  wanted: string,
  ...methods: readonly string[]
): void {
  if (typeof value !== "object" || value === null || methods.some((name) => !can(value, name))) {
    refuseArgument(argument, value, wanted);
  }
}

/** Whether an object has a method of this name. */
export function can(value: object, method: string): boolean {
  return typeof (value as { readonly [name: string]: unknown })[method] === "function";
}
