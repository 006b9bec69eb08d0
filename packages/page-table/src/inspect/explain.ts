/**
 * Tables in words: one walk step by step, and a whole address space as a list.
 *
 * @module
 */

import { kindOf, propertyOf } from "../format/codec.js";
import { frameOf } from "../format/format.js";
import { ACCESSED, cachePolicyOf, DIRTY, GLOBAL } from "../format/property.js";
import { rightsText } from "../format/rights.js";
import { hiOf, joinVa, loOf, type VirtualAddress } from "../virtual-address.js";
import { reasonName } from "../walk/reason.js";
import type { Step, Walker } from "../walk/walker.js";
import { Budget, checkWalker, type Found, rangesOf, type ScanOptions, scanned } from "./scan.js";

const SIZES = ["", "4 KiB", "2 MiB", "1 GiB", "512 GiB", "256 TiB"];

/** Walks that a line of a dump takes the time of: 4 us, where a walk takes 0.4 (Node 20). */
const LINE = 8;

const hex = (n: number | bigint): string => `0x${n.toString(16)}`;

function entryText(walker: Walker, { level, table, index, lo, hi }: Step): string {
  const { format } = walker;
  const kind = kindOf(format, lo, hi, level);
  const word = hex(joinVa(hi, lo));
  const frame = hex(frameOf(format, lo, hi));
  const where = `level ${level}, entry ${index} of frame ${hex(table)}: ${word}`;
  if (kind === "table") return `${where}, a table in frame ${frame}`;
  if (kind === "absent") return `${where}, ${(lo | hi) === 0 ? "empty" : "not present"}`;
  const prop = propertyOf(format, lo, hi, level);
  const flags = [
    prop & ACCESSED ? "accessed" : "",
    prop & DIRTY ? "dirty" : "",
    prop & GLOBAL ? "global" : "",
    cachePolicyOf(prop),
    kind === "no-access" ? "no access" : "",
  ];
  return `${where}, a page of ${SIZES[level]} in frame ${frame}: ${flags.filter(Boolean).join(", ")}`;
}

/**
 * One translation in words, a line for each entry and one for the outcome.
 *
 * @throws {@link PageTableError} `invalid-vaddr`, `invalid-argument`
 *
 * @example
 * ```ts
 * import { x86Format } from "@memkit/page-table/format";
 * import { explain } from "@memkit/page-table/inspect";
 * import { Walker } from "@memkit/page-table/walk";
 *
 * const root = new Uint8Array(4096);
 * new DataView(root.buffer).setUint32(0, 0x9003, true);
 * const memory = { page: (pfn: number) => (pfn === 1 ? root : "absent" as const) };
 * const walker = new Walker({ format: x86Format(), memory, root: 1 });
 * const [head, entry, outcome] = explain(walker, 0x1234).split("\n");
 * head; // => "0x1234 in x86-64, root in frame 0x1"
 * entry; // => "  level 4, entry 0 of frame 0x1: 0x9003, a table in frame 0x9"
 * outcome; // => "  ends at level 3: outside, frame 0x9"
 * ```
 */
export function explain(walker: Walker, va: VirtualAddress): string {
  checkWalker(walker);
  const [hi, lo] = [hiOf(va), loOf(va)];
  const found = walker.walk(hi, lo);
  const { reason, level, pfn, offset, rights, software, format } = walker;
  const root = ((hi & 0x80_0000) !== 0 ? walker.high : walker.low).root;
  const name = software === undefined ? "" : ` (${software.name})`;
  const lost = reasonName(reason);
  const outcome =
    found > 0
      ? `is byte ${hex(offset)} of frame ${hex(pfn)}, ${rightsText(rights)}${name}`
      : `ends at level ${level}: ${lost}${name}${
          lost === "outside" || lost === "page-missing" ? `, frame ${hex(pfn)}` : ""
        }`;
  return [
    `${hex(joinVa(hi, lo))} in ${format.name}, ${root < 0 ? "no root" : `root in frame ${hex(root)}`}`,
    ...walker.steps(hi, lo).map((step) => `  ${entryText(walker, step)}`),
    `  ${outcome}`,
  ].join("\n");
}

/** First and last address, as a dump's line begins. */
function rangeText(va: bigint, pages: number): string {
  const last = va + BigInt(pages) * 4096n - 1n;
  return [va, last].map((end) => end.toString(16).padStart(16, "0")).join("-");
}

/** A dump's line for what a walk could not get past; undefined for what is plainly not there. */
function lostText({ kind, va, pages, pfn, lo, hi, level }: Found): string | undefined {
  if (kind === "mapped" || kind === "software" || kind === "disabled") return undefined;
  const unread = kind === "outside" || kind === "page-missing";
  const what = unread
    ? `a table in frame ${hex(pfn)}`
    : `entry ${hex(joinVa(hi, lo))} of level ${level}`;
  return `${rangeText(va, pages)}  ${kind}: ${what}`;
}

/**
 * The mappings as a table: a line for each run of pages of one size with consecutive frames and the same rights, and one for each
 * table that cannot be read and each entry that is malformed. As long as the budget allows, so that cyclic tables do not fill the memory
 * with lines.
 *
 * @throws {@link PageTableError} `walk-budget`; as {@link scan}
 */
export function dump(walker: Walker, options: ScanOptions = {}): string {
  const ranges = rangesOf(walker, options);
  const budget = new Budget(options.budget);
  const lines: string[] = [];
  const add = (line: string): void => {
    budget.spend(LINE);
    lines.push(line);
  };
  let run: { first: Found; pages: number } | undefined;
  const flush = (): void => {
    if (run === undefined) return;
    const { first, pages } = run;
    const range = rangeText(first.va, pages);
    const count = `${pages / 2 ** (9 * first.level - 9)} x ${SIZES[first.level]}`;
    add(`${range}  ${rightsText(first.rights)}  ${count} from frame ${hex(first.pfn)}`);
  };
  for (const one of scanned(walker, ranges, budget)) {
    if (one.kind !== "mapped") {
      const lost = lostText(one);
      if (lost === undefined) continue;
      flush();
      run = undefined;
      add(lost);
      continue;
    }
    const joins =
      run !== undefined &&
      one.level === run.first.level &&
      one.rights === run.first.rights &&
      one.pfn === run.first.pfn + run.pages &&
      one.va === run.first.va + BigInt(run.pages) * 4096n;
    if (run !== undefined && joins) run.pages += one.pages;
    else {
      flush();
      run = { first: one, pages: one.pages };
    }
  }
  flush();
  return lines.join("\n");
}
