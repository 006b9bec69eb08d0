/**
 * What an agent that died has left in tables: locks, nodes half-changed, nodes made or taken out for nothing.
 *
 * While frame-meta's `reap` has stopped the table, this agent puts its own mark in the place of those of the dead. When agents go on
 * it has time: nobody else changes a node that is locked.
 *
 *     an entry half-written      nothing: what it was to be, or had been, is not known
 *     the number of entries      counted anew, but where nothing has been counted of a node that no entry leads to: it was the pieces
 *                                of a huge page, which holds its frames still
 *     a node that no entry leads to, and no root    taken out: it was not in the table yet, or not any more
 *     a root whose last handle was being dropped     it is ended, with a ledger, which knows of it
 *     any other                  unlocked
 *
 * PT-58: after a reap no lock word has a mark of the dead, and every node of theirs is in a table, unlocked and whole, or stray and the
 * reaper's. A frame that one of them was just mapping or unmapping may stay counted: one for each of the dead.
 *
 * @module
 */

import { ABSENT, TABLE } from "./entry-coder.js";
import {
  CHILDREN,
  LEVEL_SHIFT,
  LOCK_WORD,
  STRAY,
  USAGE_WORD,
  VERSION_WORD,
} from "./node-memory.js";
import type { NodeStore } from "./node-store.js";
import { type Lost, releaseFailed } from "./release-failed.js";
import { markOf } from "./shared-locks.js";
import type { SharedNodeStore } from "./shared-store.js";

/** A node of the dead. */
interface Left {
  readonly store: SharedNodeStore;
  readonly pfn: number;
  readonly meta: number;
  readonly level: number;
  /** Whether it had entries, by its own count. */
  readonly counted: boolean;
}

/** Takes over the nodes of dead agents, of configurations that this agent has opened. @returns what repairs them */
export function takeOver(stores: readonly SharedNodeStore[], dead: readonly number[]): () => void {
  const marks = new Set(dead.map(markOf));
  const left: Left[] = [];
  const linked = new Set<number>();
  const ending: Left[] = [];
  for (const node of stores.flatMap((store) => [...nodesOf(store)])) {
    const { store, meta } = node;
    const { slots, agent } = store.frames;
    const lock = slots.load(meta + LOCK_WORD);
    const theirs = marks.has(Math.abs(lock));
    if (isEnding(node)) {
      ending.push(node);
      continue;
    }
    // One in which nothing is counted is being filled, by who lives: what it leads to is his, too, and not to be looked at.
    if (theirs || node.counted) for (const child of childrenOf(node)) linked.add(child);
    if (!theirs) continue;
    slots.store(meta + LOCK_WORD, Math.sign(lock) * markOf(agent!.id));
    left.push(node);
  }
  return () => repair(left, linked, ending);
}

/** Whether one of the dead was ending a table, as the ledger knows: its root becomes unused, and nothing below it is done by frame-meta. */
function isEnding({ store, pfn }: Left): boolean {
  const { slots, agent, ledger } = store.frames;
  const slot = slots.geometry.slotOf(pfn);
  return ledger !== undefined && ledger.countOf(agent!.id, slot, "ending") > 0;
}

function* nodesOf(store: SharedNodeStore): Generator<Left> {
  const { slots, types } = store.frames;
  for (let slot = 0; slot < slots.frames; slot += 1) {
    const meta = slots.wordOf(slot, 0);
    if (slots.words[meta + USAGE_WORD] === 0 || types.typeAt(slot) !== store.type) continue;
    const pfn = slots.geometry.pfnOf(slot);
    const word = slots.load(meta);
    yield { store, pfn, meta, level: word >>> LEVEL_SHIFT, counted: (word & CHILDREN) !== 0 };
  }
}

/** The nodes that entries of this one lead to. Who lives may have made entries and not counted them yet: all are looked at. */
function childrenOf({ store, pfn, level }: Left): number[] {
  if (level === 1) return [];
  const { memory, coder } = store;
  memory.locate(pfn, level);
  const { words, base } = memory;
  const found: number[] = [];
  for (let i = store.firstEntry(level); i < store.endEntry(level); i += 1) {
    const lo = Atomics.load(words, base + 2 * i);
    const hi = Atomics.load(words, base + 2 * i + 1);
    if (coder.kind(lo, hi, level) === TABLE) found.push(coder.childOf(lo, hi));
  }
  return found;
}

function repair(left: readonly Left[], linked: ReadonlySet<number>, ending: readonly Left[]): void {
  for (const node of left) if (linked.has(node.pfn) || !isUnfinished(node)) mend(node);
  const errors: Lost[] = [];
  for (const { store, pfn, level } of ending) store.endNode(pfn, level, errors);
  for (const { store, pfn, meta, level } of left) {
    const { slots } = store.frames;
    const stray = (slots.load(meta) & STRAY) !== 0;
    const root = level === store.levels && !stray;
    // What nobody counts is being ended by the reap itself, with what is below it.
    if (linked.has(pfn) || root || slots.countOf(pfn) <= 0) continue;
    store.dropTree(pfn, level, errors);
  }
  for (const { store, meta } of left) {
    const { slots, agent } = store.frames;
    slots.swap(meta + LOCK_WORD, markOf(agent!.id), 0);
  }
  for (const store of new Set(left.map((node) => node.store))) store.collect();
  if (errors.length > 0) throw releaseFailed(errors);
}

/** Whether what a node holds may be counted elsewhere: it was being made, and nothing in it has been counted yet. */
function isUnfinished({ store, meta, level }: Left): boolean {
  const word = store.frames.slots.load(meta);
  return level < store.levels && (word & (STRAY | CHILDREN)) === 0;
}

/**
 * Makes a node whole: no entry that is half of one, the right number of them, and an even version. In some formats the upper word
 * alone looks like an entry: while the version is odd, one without a lower word is a half.
 */
function mend({ store, pfn, meta, level }: Left): void {
  const { memory, coder } = store;
  const { slots } = store.frames;
  memory.locate(pfn, level);
  const { words, base } = memory;
  const version = slots.load(meta + VERSION_WORD);
  const changing = (version & 1) !== 0;
  let present = 0;
  for (let i = store.firstEntry(level); i < store.endEntry(level); i += 1) {
    const lo = words[base + 2 * i]!;
    const hi = words[base + 2 * i + 1]!;
    const absent = coder.kind(lo, hi, level) === ABSENT;
    if (lo === 0 && hi !== 0 && (absent || changing)) Atomics.store(words, base + 2 * i + 1, 0);
    else if (!absent) present += 1;
  }
  store.setMeta(meta, (slots.load(meta) & ~CHILDREN) | present);
  if (changing) slots.store(meta + VERSION_WORD, (version + 1) | 0);
}

/** The stores of shared memory among these. */
export function sharedOf(stores: Iterable<NodeStore>): SharedNodeStore[] {
  return [...stores].filter((store): store is SharedNodeStore => "limbo" in store);
}
