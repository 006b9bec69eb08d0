/**
 * Looks at a table as bytes, in any state of a schedule: what hangs in it, what it maps, and that no node and no frame is lost.
 *
 * @module
 */

import type { Outcomes } from "@memkit/interleave";
import { ACCESSED, DIRTY, EXECUTE, READ, WRITE } from "@memkit/page-table/format";
import type { PageTable } from "@memkit/page-table/table";

/** Of a property, what scenarios look at: what may be done with a page, and whether a processor has. */
export const ACCESS: number = READ | WRITE | EXECUTE | ACCESSED | DIRTY;
/** By page: the frame it is mapped to, and these bits. */
export type Pages = Record<number, readonly [pfn: number, access: number]>;

interface Node {
  readonly pfn: number;
  /** The upper word of the entry that leads to it. */
  readonly hi: number;
  readonly level: number;
  readonly page: number;
}

const VERSION_WORD = 2;
const USAGE_WORD = 11;
interface Leaf {
  readonly page: number;
  readonly lo: number;
  readonly hi: number;
  readonly level: number;
}

/** Scenarios use the first few entries of a node, and nobody looks at the others. */
export const ENTRIES = 9;
/** Entries of the root. */
export const TOP = 4;

const usageAt = ({ frames }: PageTable, pfn: number): number =>
  frames.slots.words[frames.slots.wordOf(pfn, USAGE_WORD)]!;

/** The nodes of the table, from the root on, and its leaves. */
function look(table: PageTable) {
  const { store, rootPfn, frames } = table;
  const { coder, memory } = store;
  const nodes: Node[] = [{ pfn: rootPfn, hi: 0, level: store.levels, page: 0 }];
  const leaves: Leaf[] = [];
  const wrong: string[] = [];
  for (const { pfn, level, page } of nodes) {
    const word = frames.slots.words[frames.slots.wordOf(pfn, 0)]!;
    if (usageAt(table, pfn) !== usageAt(table, rootPfn) || word >>> 24 !== level) {
      wrong.push(`an entry leads to frame ${pfn}, which is no table of level ${level}`);
      continue;
    }
    if ((word & 0x1_0000) !== 0) wrong.push(`node ${pfn} is stray, and an entry leads to it`);
    if (frames.slots.countOf(pfn) < 1) wrong.push(`nobody holds node ${pfn}`);
    const { words } = memory;
    const entries = level === store.levels ? TOP : ENTRIES;
    for (let i = 0; i < entries; i += 1) {
      const lo = words[pfn * 1024 + 2 * i]!;
      const hi = words[pfn * 1024 + 2 * i + 1]!;
      const at = page + i * 512 ** (level - 1);
      const kind = coder.kind(lo, hi, level);
      if (kind === 0) continue;
      if (kind === 1) leaves.push({ page: at, lo, hi, level });
      else nodes.push({ pfn: coder.childOf(lo, hi), hi, level: level - 1, page: at });
    }
  }
  return { nodes, leaves, wrong };
}

/** PT-30 PT-33: in every state an entry leads to a node that is somebody's, and not stray. */
export const nodesHold = (table: PageTable): string | undefined =>
  look(table).wrong.join("; ") || undefined;

/**
 * PT-52 PT-55: every node is free, in the table and unlocked, or stray and some agent's to free.
 *
 * @param spare - frames that may be neither: one for each of the dead, who was building it or giving it back, and that is busy still
 */
export function nodesAreSomewhere(table: PageTable, spare = 0): string | undefined {
  const { slots } = table.frames;
  let left = spare;
  const inTable = new Set(look(table).nodes.map(({ pfn }) => pfn));
  for (let pfn = 0; pfn < slots.frames; pfn += 1) {
    if (usageAt(table, pfn) !== usageAt(table, table.rootPfn)) continue;
    const lock = slots.words[slots.wordOf(pfn, 1)]!;
    if (inTable.has(pfn) && lock !== 0) return `node ${pfn} is locked by ${lock}`;
    if (inTable.has(pfn) || lock < 0) continue;
    left -= 1;
    if (left < 0 || slots.words[slots.countIndexOf(pfn)] !== 0) {
      return `node ${pfn} is in no table, and nobody's`;
    }
  }
  return undefined;
}

/** PT-55: of the nodes that are stray none is forgotten: they are as many as `collect` has said. */
export function straysAreKnown(table: PageTable, outcomes: Outcomes): string | undefined {
  const last = outcomes.flatMap((of) => of.at(-1)?.value ?? []);
  const told = last.find((value) => typeof value === "object" && "stray" in value);
  if (told === undefined) return undefined;
  const { slots } = table.frames;
  const stray = Array.from({ length: slots.frames }, (_, pfn) => pfn).filter(
    (pfn) =>
      usageAt(table, pfn) === usageAt(table, table.rootPfn) &&
      slots.words[slots.wordOf(pfn, 1)]! < 0,
  );
  const { stray: said } = told as { readonly stray: number };
  return stray.length === said ? undefined : `${stray.length} nodes are stray, and not ${said}`;
}

/**
 * PT-31: at the end a frame's count is its mappings, for every handle has been dropped.
 *
 * @param spare - frames whose counts may be left over, one for each of the dead: of a mapping, and of the handle that it was becoming
 */
export function countsAreMappings(table: PageTable, spare = 0): string | undefined {
  const { slots } = table.frames;
  const { coder } = table.store;
  const counted = new Map<number, number>();
  for (const { lo, hi, level } of look(table).leaves) {
    const pfn = coder.frameOf(lo, hi, level);
    counted.set(pfn, (counted.get(pfn) ?? 0) + 1);
  }
  let left = spare;
  for (let pfn = 0; pfn < slots.frames; pfn += 1) {
    const mapped = counted.get(pfn) ?? 0;
    if (usageAt(table, pfn) === usageAt(table, table.rootPfn)) {
      if (mapped > 0) return `node ${pfn} is mapped`;
      continue;
    }
    const over = Math.max(slots.words[slots.countIndexOf(pfn)]!, 0) - mapped;
    if (over < 0) return `frame ${pfn} is mapped ${mapped} times, and counted ${mapped + over}`;
    left -= Math.ceil(over / 2);
  }
  return left < 0 ? `counts of ${spare - left} frames that are no mapping's` : undefined;
}

/** Entries as sets have them. */
export const entriesOf = (pages: Pages): string[] =>
  Object.entries(pages).map((entry) => JSON.stringify(entry));

/**
 * PT-56: in every state a processor, which asks for no version, finds what an operation has written, or nothing.
 *
 * @param may - Entries that the operations make
 */
export function wordsFit(table: PageTable, may: ReadonlySet<string>): string | undefined {
  const { coder } = table.store;
  const { nodes, leaves } = look(table);
  const half = nodes.find(({ hi }) => (hi & ~coder.hiMask) !== 0);
  if (half !== undefined) return `the entry that leads to node ${half.pfn} is half a page's`;
  const valid = leaves.filter(({ lo }) => (lo & coder.valid) !== 0);
  const found = pagesOf(table, valid);
  const mixed = entriesOf(found).find((entry) => !may.has(entry));
  return mixed && `nobody has mapped ${mixed}`;
}

/** At the end no entry is being changed: who reads one would wait for ever. */
export function versionsAreEven(table: PageTable): string | undefined {
  const { slots } = table.frames;
  const odd = look(table).nodes.find(
    ({ pfn }) => (slots.words[slots.wordOf(pfn, VERSION_WORD)]! & 1) !== 0,
  );
  return odd && `an entry of node ${odd.pfn} is being changed`;
}

/** What is mapped: of a huge page, the pages that scenarios look at. */
export const contents = (table: PageTable): Pages => pagesOf(table, look(table).leaves);

function pagesOf(table: PageTable, leaves: readonly Leaf[]): Pages {
  const { coder } = table.store;
  const found: Pages = {};
  for (const { page, lo, hi, level } of leaves) {
    const access = coder.propertyOf(lo, hi, level) & ACCESS;
    const pages = level === 1 ? 1 : ENTRIES;
    const pfn = coder.frameOf(lo, hi, level);
    for (let i = 0; i < pages; i += 1) {
      found[page + i] = [pfn + i, access];
    }
  }
  return found;
}
