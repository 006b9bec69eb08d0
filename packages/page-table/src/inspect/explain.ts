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

/** Pages of one size with consecutive frames and the same rights. */
interface Run {
  readonly first: Found;
  pages: number;
}

function runText({ first, pages }: Run): string {
  const count = `${pages / 2 ** (9 * first.level - 9)} x ${SIZES[first.level]}`;
  const range = rangeText(first.va, pages);
  return `${range}  ${rightsText(first.rights)}  ${count} from frame ${hex(first.pfn)}`;
}

function continues({ first, pages }: Run, { level, rights, pfn, va }: Found): boolean {
  return (
    level === first.level &&
    rights === first.rights &&
    pfn === first.pfn + pages &&
    va === first.va + BigInt(pages) * 4096n
  );
}

/**
 * The mappings as a table: a line for each run of pages of one size with consecutive frames and the same rights, and one for each
 * table that cannot be read and each entry that is malformed. As long as the budget allows, so that cyclic tables do not fill the memory
 * with lines.
 *
 * @throws {@link PageTableError} `walk-budget`, whose `text` is the lines up to its `va`; as {@link scan}
 *
 * @example
 * ```ts
 * import { PageTableError } from "@memkit/page-table";
 * import { x86Format } from "@memkit/page-table/format";
 * import { dump, rawImage } from "@memkit/page-table/inspect";
 * import { Walker } from "@memkit/page-table/walk";
 *
 * const bytes = new Uint8Array(8192);
 * const entries = new DataView(bytes.buffer);
 * for (let at = 0; at < 4096; at += 8) entries.setUint32(at, 3, true); // the table is its own, 512 times
 * const walker = new Walker({ format: x86Format(), memory: rawImage(bytes), root: 0 });
 * let lines: string[] = [];
 * try {
 *   dump(walker, { budget: 1000 });
 * } catch (error) {
 *   if (!(error instanceof PageTableError && error.code === "walk-budget")) throw error;
 *   lines = [...(error.text ?? "").split("\n"), `cut at 0x${error.va.toString(16)}`];
 * }
 * lines.at(-2); // => "000000000006e000-000000000006efff  SRWX U---  1 x 4 KiB from frame 0x0"
 * lines.at(-1); // => "cut at 0x6f000"
 * ```
 */
export function dump(walker: Walker, options: ScanOptions = {}): string {
  const ranges = rangesOf(walker, options);
  const lines: string[] = [];
  let run: Run | undefined;
  /** Ends the run: its line was paid for when it began. */
  const end = (): void => {
    if (run !== undefined) lines.push(runText(run));
    run = undefined;
  };
  const text = (): string => {
    end();
    return lines.join("\n");
  };
  const budget = new Budget(options.budget, text);
  const pay = ({ va }: Found): void => budget.spend(Number(va >> 12n), LINE);
  for (const one of scanned(walker, ranges, budget)) {
    if (one.kind !== "mapped") {
      const lost = lostText(one);
      if (lost === undefined) continue;
      pay(one);
      end();
      lines.push(lost);
    } else if (run !== undefined && continues(run, one)) {
      run.pages += one.pages;
    } else {
      pay(one);
      end();
      run = { first: one, pages: one.pages };
    }
  }
  return text();
}
