/**
 * What the kernel says of this process's own pages, for whoever wants to look: access, and which pages hold what.
 *
 * Reading it touches no page. Both files are readable without privileges; where they are not there (another system,
 * `--permission`, a browser) the answers are undefined.
 *
 * @see `man 5 proc`: `/proc/self/maps`; Linux `Documentation/admin-guide/mm/pagemap.rst`
 *
 * @module
 */

import type { Access } from "./driver.js";
import { nodeBuiltin } from "./node-builtin.js";
import type { Segment } from "./page-map.js";

/** What is in an accessible page. */
export type PageState =
  /** No memory: it reads as zeros, or as the image that is mapped there. */
  | "absent"
  /** In memory, but shared with others: the zero page, or a page of an image. It was read, never written. */
  | "clean"
  /** In memory with contents of its own. */
  | "dirty"
  /** Contents of its own, written to swap. */
  | "swapped";

/** A run of pages in one state. */
export interface PageRun {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  readonly state: PageState;
}

/** Bytes of an entry of pagemap, and how many are read at once: those of 16 MiB. */
const ENTRY = 8;
const AT_ONCE = 4096;

/** Bits 56, 61, 62 and 63 of an entry, in its upper half: mapped here only, page of a file, swapped out, in memory. */
const EXCLUSIVE = 1 << 24;
const OF_FILE = 1 << 29;
const SWAPPED = 1 << 30;
const PRESENT = 1 << 31;

function accessOf(rights: string): Access {
  if (rights.startsWith("rw")) return "read-write";
  return rights.startsWith("r") ? "read" : "none";
}

/** The mappings of the process in order, as the fewest segments; undefined where nobody says. */
export function processSegments(): readonly Segment[] | undefined {
  let maps: string;
  try {
    maps = new TextDecoder().decode(nodeBuiltin("node:fs")?.readFileSync("/proc/self/maps"));
  } catch {
    return undefined; // forbidden, or not Linux
  }
  const segments: Segment[] = [];
  for (const [, from, to, rights] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (...)/gm)) {
    const address = Number.parseInt(from!, 16);
    const length = Number.parseInt(to!, 16) - address;
    const access = accessOf(rights!);
    const last = segments.at(-1);
    if (last?.access === access && last.address + last.length === address) {
      segments[segments.length - 1] = { ...last, length: last.length + length };
    } else segments.push({ address, length, access });
  }
  return segments.length === 0 ? undefined : segments;
}

function stateOf(high: number): PageState {
  if ((high & SWAPPED) !== 0) return "swapped";
  if ((high & PRESENT) === 0) return "absent";
  // The zero page is mapped by everybody, so never exclusively; a private copy of an image's page is no page of a file.
  return (high & OF_FILE) === 0 && (high & EXCLUSIVE) !== 0 ? "dirty" : "clean";
}

let pagemap: number | undefined;

/** The pages of a range as the fewest runs; undefined where nobody says. */
export function pageRuns(
  address: number,
  length: number,
  pageSize: number,
): readonly PageRun[] | undefined {
  const fs = nodeBuiltin("node:fs");
  if (fs === undefined) return undefined;
  const runs: PageRun[] = [];
  const entries = new Uint32Array((AT_ONCE * ENTRY) / 4);
  try {
    pagemap ??= fs.openSync("/proc/self/pagemap"); // stays open: looking is done again and again
    const pages = length / pageSize;
    for (let from = 0; from < pages; from += AT_ONCE) {
      const wanted = Math.min(AT_ONCE, pages - from);
      const position = (address / pageSize + from) * ENTRY;
      if (fs.readSync(pagemap, entries, 0, wanted * ENTRY, position) !== wanted * ENTRY) {
        return undefined;
      }
      for (let n = 0; n < wanted; n++) {
        const state = stateOf(entries[2 * n + 1]!);
        const last = runs.at(-1);
        if (last?.state === state) {
          runs[runs.length - 1] = { ...last, length: last.length + pageSize };
        } else runs.push({ address: address + (from + n) * pageSize, length: pageSize, state });
      }
    }
  } catch {
    return undefined; // forbidden, or not Linux
  }
  return runs;
}
