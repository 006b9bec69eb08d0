/**
 * What part of an address space a page table is for, and what it maps: OSTD `PageTableConfig`.
 *
 * A user's table and the kernel's share one format and differ in the root's entries that are theirs, in whether the tables
 * below those may ever be removed (the kernel's are shared by all), and in what an item is.
 *
 * PT-10: a configuration's addresses are one run without a hole: both ends have the same upper bits. What was proved of it stays so: the
 * range is a copy, and frozen.
 *
 * @see OSTD `PageTableConfig`, `TOP_LEVEL_INDEX_RANGE`, `TOP_LEVEL_CAN_UNMAP`
 * @module
 */

import { checkObject, refuseArgument } from "../argument.js";
import { pageTableError } from "../page-table-error.js";
import { checkFormat } from "./choice.js";
import type { PteFormat } from "./format.js";

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-index-range">({
  "invalid-index-range": (d) =>
    `a table cannot have the root's entries ${d.first} to ${d.last}: give a range in 0..511 within one half`,
});

/** A table's share of the address space. */
export interface PageTableConfig {
  readonly name: string;
  readonly format: PteFormat;
  /** The root's entries that are this table's: `first` to `last`, inclusive, 0..511. */
  readonly topLevelIndexRange: readonly [first: number, last: number];
  /** Whether what hangs below those entries may be removed as a whole. */
  readonly topLevelCanUnmap: boolean;
  /** Whether the root is the one of the upper half (AArch64 TTBR1). Other formats have one root. */
  readonly upperRoot: boolean;
  /** Tracked: a mapping holds a reference to its frame. Untracked: devices, and memory that somebody else counts. */
  readonly items: "tracked" | "untracked";
}

/** Says of an object that {@link pageTableConfig} made it: of all copies of this package, and not of what is spread from it. */
const MADE = Symbol.for("@memkit/page-table/PageTableConfig");
const LAST = 511;
const WANTED = 'userConfig(format), or all of its fields; items are "tracked" or "untracked"';

/**
 * Proves a configuration, and makes one that tables take: of what is spread from it they take nothing.
 *
 * @throws {@link PageTableError} `invalid-index-range` unless 0 <= first <= last <= 511, both in the same half; `invalid-argument` where
 * something else of it is missing, or no such thing
 */
export function pageTableConfig(config: PageTableConfig): PageTableConfig {
  checkConfig(config);
  const range = Object.freeze([...config.topLevelIndexRange] as const);
  const [first, last] = range;
  const whole = [first, last].every((i) => Number.isInteger(i) && i >= 0 && i <= LAST);
  const { canonical } = config.format.paging;
  const oneHalf = canonical === "two-halves" || first >>> 8 === last >>> 8;
  const root = canonical === "two-halves" || !config.upperRoot;
  if (!(whole && first <= last && oneHalf && root)) {
    refuseIndexRange(first, last);
  }
  const made = { ...config, topLevelIndexRange: range };
  return Object.freeze(Object.defineProperty(made, MADE, { value: true }));
}

/** @throws {@link PageTableError} `invalid-index-range` */
export function refuseIndexRange(first: number, last: number): never {
  throw new PageTableError({ code: "invalid-index-range", first, last });
}

/** Proves that a configuration is one that has been proved. @throws {@link PageTableError} `invalid-argument` */
export function checkMade(config: PageTableConfig): void {
  if (!(typeof config === "object" && config !== null && MADE in config)) {
    refuseArgument("configuration", config, "what userConfig or pageTableConfig returns");
  }
}

/** @throws {@link PageTableError} `invalid-argument` */
function checkConfig(config: PageTableConfig): void {
  checkObject("configuration", config, WANTED);
  const { name, format, topLevelIndexRange: range, topLevelCanUnmap, upperRoot, items } = config;
  checkFormat(format);
  const whole =
    typeof name === "string" &&
    Array.isArray(range) &&
    range.length === 2 &&
    typeof topLevelCanUnmap === "boolean" &&
    typeof upperRoot === "boolean" &&
    (items === "tracked" || items === "untracked");
  if (!whole) refuseArgument("configuration", config, WANTED);
}

/**
 * A process's table: the lower half.
 *
 * @throws {@link PageTableError} `invalid-argument`
 *
 * @example
 * ```ts
 * import { kernelConfig, userConfig, vaddrRange, x86Format } from "@memkit/page-table/format";
 *
 * vaddrRange(userConfig(x86Format())); // => [0n, 0x7fff_ffff_ffffn]
 * vaddrRange(kernelConfig(x86Format())); // => [0xffff_8000_0000_0000n, 2n ** 64n - 1n]
 * ```
 */
export function userConfig(
  format: PteFormat,
  items: PageTableConfig["items"] = "tracked",
): PageTableConfig {
  checkFormat(format);
  const two = format.paging.canonical === "two-halves";
  const topLevelIndexRange = [0, two ? LAST : LAST >>> 1] as const;
  const rest = { topLevelIndexRange, topLevelCanUnmap: true, upperRoot: false, items };
  return pageTableConfig({ name: "user", format, ...rest });
}

/** The kernel's table: the upper half, whose top tables every process shares and nobody removes. @throws {@link PageTableError} `invalid-argument` */
export function kernelConfig(
  format: PteFormat,
  items: PageTableConfig["items"] = "untracked",
): PageTableConfig {
  checkFormat(format);
  const two = format.paging.canonical === "two-halves";
  const topLevelIndexRange = [two ? 0 : (LAST + 1) / 2, LAST] as const;
  const rest = { topLevelIndexRange, topLevelCanUnmap: false, upperRoot: two, items };
  return pageTableConfig({ name: "kernel", format, ...rest });
}

/** The first and the last address of a configuration. OSTD `vaddr_range`. @throws {@link PageTableError} `invalid-argument` */
export function vaddrRange(config: PageTableConfig): [first: bigint, last: bigint] {
  checkMade(config);
  const { format, topLevelIndexRange, upperRoot } = config;
  const { vaBits, canonical } = format.paging;
  const shift = BigInt(vaBits - 9);
  const [first, last] = topLevelIndexRange;
  const upper = upperRoot || (canonical === "sign-extended" && first > LAST >>> 1);
  const base = upper ? 2n ** 64n - 2n ** BigInt(vaBits) : 0n;
  return [base + (BigInt(first) << shift), base + (BigInt(last + 1) << shift) - 1n];
}
