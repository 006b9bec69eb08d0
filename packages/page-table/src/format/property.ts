/**
 * What a mapping allows, in one number that no architecture owns: OSTD `PageProperty`.
 *
 *      bit  14..12    8      7       6      5     4      3      2  1  0
 *          | cache  | AVAIL2 AVAIL1 GLOBAL USER  DIRTY  ACCESSED  X  W  R |
 *
 * A number because a cursor carries it in a field and a loop over 65,536 pages must not allocate. None of READ, WRITE and
 * EXECUTE is a mapping nobody may use (PROT_NONE): it exists, has a frame, and the hardware does not see it.
 *
 * @see OSTD `mm/page_prop.rs`, whose flags keep their meaning
 * @module
 */

import { hex, pageTableError, shown } from "../page-table-error.js";

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-property">({
  "invalid-property": (d) =>
    `flags ${hex(d.flags)} and the cache policy "${d.cache}" make no property: or READ .. AVAIL2, and take one of CACHE_POLICIES`,
});

/** The page may be read. */
export const READ = 1;
/** The page may be written. */
export const WRITE = 2;
/** Instructions may be fetched from the page. */
export const EXECUTE = 4;
/** The hardware (or whoever stands in for it) has used the mapping. */
export const ACCESSED = 8;
/** The hardware has written through the mapping. */
export const DIRTY = 16;
/** The mapping is for user mode. */
export const USER = 32;
/** The mapping is the same in every address space: a flush of one leaves it alone. */
export const GLOBAL = 64;
/** Ours: the item is tracked, its frame is counted. OSTD `PrivilegedPageFlags::AVAIL1`. */
export const AVAIL1 = 128;
/**
 * Free for the owner of a table that is never forked. In one that is it marks what is copied on write: give it to no tracked page, for
 * its program may then write to it. OSTD `PageFlags::AVAIL2`.
 */
export const AVAIL2 = 256;

/** All of these. */
const FLAGS = 0x1ff;

/** Where the cache policy starts in a property. */
export const CACHE_SHIFT = 12;

/** How accesses through the mapping are cached, by its number in a property. OSTD `CachePolicy`, and x86's UC-. */
export const CACHE_POLICIES = [
  "write-back",
  "write-through",
  "write-combining",
  "write-protect",
  "uncacheable",
  "uncached-minus",
] as const;

/** A policy's name. `uncached-minus` is x86's UC-: uncacheable unless an MTRR says write-combining. */
export type CachePolicy = (typeof CACHE_POLICIES)[number];

/**
 * A property from flags and a cache policy.
 *
 * @param flags - Any of {@link READ} .. {@link AVAIL2}, or-ed
 * @throws {@link PageTableError} `invalid-property` for other bits, and for no policy's name
 *
 * @example
 * ```ts
 * import { cachePolicyOf, pageProperty, READ, USER } from "@memkit/page-table/format";
 *
 * const prop = pageProperty(READ | USER, "uncacheable");
 * prop; // => 0x4021
 * cachePolicyOf(prop); // => "uncacheable"
 * ```
 */
export function pageProperty(flags: number, cache: CachePolicy = "write-back"): number {
  const policy = CACHE_POLICIES.indexOf(cache);
  if (policy < 0 || typeof flags !== "number" || (flags & FLAGS) !== flags) {
    const name = typeof cache === "string" ? cache : shown(cache);
    throw new PageTableError({ code: "invalid-property", flags, cache: name });
  }
  return flags | (policy << CACHE_SHIFT);
}

/** The cache policy of a property, or undefined for what is none. */
export function cachePolicyOf(prop: number): CachePolicy | undefined {
  return typeof prop === "number" ? CACHE_POLICIES[prop >>> CACHE_SHIFT] : undefined;
}
