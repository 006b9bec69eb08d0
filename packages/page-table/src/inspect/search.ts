/**
 * Looking for mappings: by what they grant, by size, by frame. Hardware tables have no index of any of that: all of them are looked at.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject, refuseArgument } from "../argument.js";
import { checkChoice } from "../format/choice.js";
import { EXECUTE, READ, USER, WRITE } from "../format/property.js";
import { USER_SHIFT } from "../format/rights.js";
import { frame } from "../walk/machine.js";
import type { Walker } from "../walk/walker.js";
import { type Found, mappings, type ScanOptions, scan } from "./scan.js";

/** What to look for: what is all of this. */
export interface Wanted {
  /** READ, WRITE and EXECUTE, or-ed: who may do all of these, the user or the supervisor. With USER: the user may. */
  readonly grants?: number;
  /** The level of the entry. */
  readonly level?: number;
  /** Default: `mapped`. */
  readonly kind?: Found["kind"];
  /**
   * The first frame and the last, which is not below it. Of a mapping only the part with these frames is found; of what is `outside` or `page-missing` that in
   * whose place a table in these frames should be.
   */
  readonly frames?: readonly [first: number, last: number];
}

const KINDS: readonly Found["kind"][] = [
  ...(["mapped", "software", "malformed", "non-canonical", "disabled"] as const),
  ...(["address-size", "page-missing", "outside"] as const),
];

const PERMISSIONS: number = READ | WRITE | EXECUTE;

const FIELDS = "{ grants, level, kind, frames }";

/** @throws {@link PageTableError} `invalid-argument`, `invalid-pfn` */
function checkWanted({ paging }: Walker["format"], wanted: Wanted): void {
  checkObject("search", wanted, FIELDS);
  const { grants = 0, level = 1, kind = "mapped", frames = [0, 0], ...rest } = wanted;
  for (const field of Object.keys(rest)) refuseArgument("field of a search", field, FIELDS);
  if (typeof grants !== "number" || (grants & (PERMISSIONS | USER)) !== grants) {
    refuseArgument("set of rights", grants, "READ, WRITE, EXECUTE and USER, or-ed");
  }
  if (!(Number.isInteger(level) && level >= 1 && level <= paging.levels)) {
    refuseArgument("level", level, `one of 1 to ${paging.levels}`);
  }
  checkChoice("kind", kind, KINDS);
  const range = Array.isArray(frames) && frames.length === 2;
  if (range) for (const end of frames) frame(end);
  if (!(range && frames[0] <= frames[1])) {
    refuseArgument("range of frames", frames, "[first, last], the lower one first");
  }
}

/** Whether one of the modes, or the user, has all of these rights. */
function grantsAll(rights: number, grants: number): boolean {
  const all = grants & PERMISSIONS;
  const user = ((rights >>> USER_SHIFT) & all) === all;
  return (grants & USER) !== 0
    ? user && rights >>> USER_SHIFT !== 0
    : user || (rights & all) === all;
}

/** The part of what was found that is about frames `first` to `last`. */
function within(one: Found, [first, last]: readonly [number, number]): Found | undefined {
  const { kind, pfn, va, pages } = one;
  if (kind === "mapped") {
    const from = Math.max(pfn, first);
    const to = Math.min(pfn + pages - 1, last);
    if (from > to) return undefined;
    const skipped = BigInt(from - pfn) * 4096n;
    return { ...one, va: va + skipped, pages: to - from + 1, pfn: from as Pfn };
  }
  // No other has a frame.
  const table = kind === "outside" || kind === "page-missing";
  return table && pfn >= first && pfn <= last ? one : undefined;
}

/**
 * What `scan` lists that is as wanted, one at a time, from the lowest address to the highest.
 *
 * @throws {@link PageTableError} `invalid-argument`, `invalid-pfn`; as {@link scan}
 *
 * @example
 * ```ts
 * import { EXECUTE, encodeLeaf, pageProperty, READ, riscvFormat, USER, WRITE } from "@memkit/page-table/format";
 * import { search } from "@memkit/page-table/inspect";
 * import { Walker } from "@memkit/page-table/walk";
 *
 * const format = riscvFormat();
 * const root = new Int32Array(1024);
 * const put = (index: number, pfn: number, flags: number) =>
 *   root.set([encodeLeaf(format, pfn, 3, pageProperty(flags)).lo], 2 * index);
 * put(1, 0x40000, READ | WRITE | USER);
 * put(2, 0x80000, READ | EXECUTE | USER);
 * put(3, 0x40000, READ | WRITE | EXECUTE); // the same frames, and injected code could be run
 * const walker = new Walker({ format, memory: { page: () => new Uint8Array(root.buffer) }, root: 0 });
 *
 * const [both, ...more] = search(walker, { grants: WRITE | EXECUTE });
 * [both?.va, more.length]; // => [0xc000_0000n, 0]
 * const here = [...search(walker, { frames: [0x41000, 0x411ff] })]; // who maps these 2 MiB?
 * here.map(({ va, pages }) => [va, pages]); // => [[0x4100_0000n, 512], [0xc100_0000n, 512]]
 * ```
 */
export function search(
  walker: Walker,
  wanted: Wanted,
  options: ScanOptions = {},
): Generator<Found> {
  const all = scan(walker, options);
  checkWanted(walker.format, wanted);
  return matching(all, wanted);
}

function* matching(all: Iterable<Found>, wanted: Wanted): Generator<Found> {
  const { grants = 0, level, kind = "mapped", frames } = wanted;
  for (const one of all) {
    if (one.kind !== kind || (level !== undefined && one.level !== level)) continue;
    if (!grantsAll(one.rights, grants)) continue;
    const part = frames === undefined ? one : within(one, frames);
    if (part !== undefined) yield part;
  }
}

/**
 * Physical to virtual: where a frame is mapped, each with the first address of its 4 KiB page. Of several frames, and who may do what
 * there, {@link search} says it.
 *
 * @throws {@link PageTableError} `invalid-pfn`; as {@link scan}
 */
export function virtualOf(
  walker: Walker,
  pfn: number,
  options: ScanOptions = {},
): Generator<bigint> {
  return addressesOf(mappings(walker, options), frame(pfn));
}

function* addressesOf(all: Iterable<Found>, pfn: Pfn): Generator<bigint> {
  for (const one of all) {
    const part = within(one, [pfn, pfn]);
    if (part !== undefined) yield part.va;
  }
}
