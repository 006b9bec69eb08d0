/**
 * Nodes: their type, where they come from, and where they and all below them go.
 *
 * PT-32: a node's `nrChildren` is the number of its entries that are present, so a node whose word says 0 is empty and need not be
 * looked at. What an open cursor has just made and removed in mode `single` it may not have been told yet: the word is then what it
 * was, and the cursor tells it before it looks itself, moves to another node or is closed (`Position.note`). PT-33: a node taken out of its table is marked stray and leaves with everything below it; nobody frees it while
 * somebody holds a handle on it, and then its last handle does.
 *
 * @see OSTD `mm/page_table/node/mod.rs`, `PageTablePageMeta`, `on_drop`
 * @module
 */

import type { Frame, FrameMeta, FrameTable } from "@memkit/frame-meta";
import { allocNode, type storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import { tableEntry } from "../format/codec.js";
import type { PageTableConfig } from "../format/config.js";
import { hex } from "../page-table-error.js";
import { ABSENT, EntryCoder, LEAF, PAGES, TABLE } from "./entry-coder.js";
import type { Locks } from "./locks.js";
import { CHILDREN, LEVEL_SHIFT, type NodeMemory, STRAY } from "./node-memory.js";
import { References } from "./references.js";
import type { Lost } from "./release-failed.js";
import { TableError } from "./table-error.js";

/** The metadata of a node of a table of configuration `C`. OSTD `PageTablePageMeta<C>`. */
export interface PageTablePageMeta<C extends PageTableConfig = PageTableConfig>
  extends FrameMeta<typeof storedPageTablePageMeta, false> {
  /** For the type checker alone: nodes of different configurations are different types. */
  readonly "~config"?: C;
}

const ENTRIES = 512;

/** The nodes of one configuration in one table of frames. */
export class NodeStore {
  readonly frames: FrameTable;
  readonly config: PageTableConfig;
  readonly memory: NodeMemory;
  readonly coder: EntryCoder;
  readonly references: References;
  readonly type: PageTablePageMeta;
  /** The locks of all nodes in these frames. */
  readonly locks: Locks;
  /** The root's level. */
  readonly levels: number;
  /** Whether a leaf may hold its frame. */
  readonly tracks: boolean;
  /** The answer of {@link NodeStore.read}. */
  lo: number;
  hi: number;

  constructor(memory: NodeMemory, config: PageTableConfig, type: PageTablePageMeta, locks: Locks) {
    const { frames } = memory;
    this.frames = frames;
    this.config = config;
    this.memory = memory;
    this.coder = new EntryCoder(config.format);
    this.references = new References(frames);
    this.type = type;
    this.locks = locks;
    this.levels = config.format.paging.levels;
    this.tracks = config.items === "tracked";
    this.lo = 0;
    this.hi = 0;
    frames.bind(type);
  }

  /** Reads an entry of a node that this agent may not have locked. @returns `false` if it had to wait: where it was may be gone */
  read(words: Int32Array, at: number, _meta: number): boolean {
    this.lo = words[at]!;
    this.hi = words[at + 1]!;
    return true;
  }

  /** Changes an entry of the node with this metadata, whose lock the caller has. */
  put(words: Int32Array, at: number, _meta: number, lo: number, hi: number): void {
    words[at + 1] = hi;
    words[at] = lo;
  }

  /**
   * Changes a leaf of the node with this metadata, whose lock the caller has, unless a processor has set bits of it since it was read.
   *
   * @param _seen - the leaf's lower word, as the caller has read it
   * @returns `false` where it is another now, {@link NodeStore.lo}: nothing has changed then
   */
  swap(
    words: Int32Array,
    at: number,
    meta: number,
    _seen: number,
    lo: number,
    hi: number,
  ): boolean {
    this.put(words, at, meta, lo, hi);
    return true;
  }

  /** Makes entries from `at` to `stop` that are nothing leaves of frames in a row. */
  putRun(
    words: Int32Array,
    at: number,
    stop: number,
    _meta: number,
    lo: number,
    hi: number,
    step: number,
  ): void {
    for (let i = at, next = lo; i < stop; i += 2) {
      words[i + 1] = hi;
      words[i] = next;
      next = (next + step) | 0;
    }
  }

  /** Makes an entry lead to the table in frame `pfn`. */
  link(words: Int32Array, at: number, meta: number, pfn: number): void {
    const { lo, hi } = tableEntry(this.config.format, pfn);
    this.put(words, at, meta, lo, hi);
  }

  /** Makes a leaf one that leads to the table in frame `pfn`, as {@link NodeStore.swap} does. */
  relink(words: Int32Array, at: number, meta: number, seen: number, pfn: number): boolean {
    const { lo, hi } = tableEntry(this.config.format, pfn);
    return this.swap(words, at, meta, seen, lo, hi);
  }

  /** Clears an entry of a node that goes, before what it holds does. */
  protected blank(_words: Int32Array, _at: number, _meta: number): void {
    // Nobody looks at it any more.
  }

  /** Writes the metadata word of a node. */
  setMeta(meta: number, word: number): void {
    this.memory.slotWords[meta] = word;
  }

  /**
   * A new node: one reference, which its entry will be. It is locked by this agent: until an entry leads to it that is all that
   * says whose it is.
   *
   * @param zeroed - `false` for who writes every entry
   * @param stray - whether it will be in no table for a while: a root
   * @throws `FrameError` `no-memory`, `no-allocator`; {@link PageTableError} `unsupported-memory` for a frame that no entry can name
   */
  alloc(level: number, zeroed = true, stray = false): number {
    const pfn = allocNode(this.frames, this.type, level, stray, this.locks.mark, zeroed);
    if (this.coder.names(pfn)) return pfn;
    this.free(pfn);
    const what = `frame ${hex(pfn)} is beyond what an entry of ${this.coder.format.name} can name`;
    throw new TableError({ code: "unsupported-memory", what });
  }

  /** A root that was made as a stray node, with all that is below it, becomes a table. */
  finish(root: number): void {
    const { memory } = this;
    memory.locate(root, this.levels);
    this.setMeta(memory.meta, memory.slotWords[memory.meta]! & ~STRAY);
    this.locks.release(root);
  }

  /** Entries that are a node's own: of the root only those of the configuration. */
  firstEntry(level: number): number {
    return level === this.levels ? this.config.topLevelIndexRange[0] : 0;
  }

  /** One past the last of them. */
  endEntry(level: number): number {
    return level === this.levels ? this.config.topLevelIndexRange[1] + 1 : ENTRIES;
  }

  /**
   * Ends the reference on a node that no entry leads to any more; with the last one all that is below it goes, too.
   *
   * @param errors - takes what frames threw that could not be let go
   * @returns base pages that were mapped below it
   */
  dropTree(pfn: number, level: number, errors: Lost[]): number {
    const { frames } = this;
    const { slots } = frames;
    this.strand(pfn, level);
    if (slots.countOf(pfn) > 1) {
      slots.dec(pfn); // who holds it has its contents, too
      frames.ledger?.release(slots.geometry.slotOf(pfn), "path");
      return this.countPages(pfn, level);
    }
    const pages = this.dropEntries(pfn, level, errors);
    this.free(pfn);
    return pages;
  }

  /** Marks a node as taken out of its table. */
  protected strand(pfn: number, level: number): void {
    const { memory } = this;
    memory.locate(pfn, level);
    this.setMeta(memory.meta, memory.slotWords[memory.meta]! | STRAY);
  }

  /** Marks a node, and those below it, that a caller is given. */
  strandTree(pfn: number, level: number): void {
    this.strand(pfn, level);
  }

  /** Ends a table that {@link NodeStore.strandTree} has marked. @throws `FrameError` `drop-failed`, {@link PageTableError} `release-failed` */
  dropStray(node: Frame, _level: number): void {
    node.drop();
  }

  /** Ends what is below a node whose last handle has gone. */
  endNode(pfn: number, level: number, errors: Lost[]): void {
    this.dropEntries(pfn, level, errors);
  }

  /** Frees nodes that nobody can see any more. @returns those that somebody may still see */
  collect(): number {
    return 0;
  }

  /** Says of a node that goes whose it is, before no entry leads to it. */
  protected claim(_pfn: number): void {
    // Nobody asks.
  }

  /** Ends everything below a node, which is empty then. @returns base pages that were mapped */
  dropEntries(pfn: number, level: number, errors: Lost[]): number {
    const { memory, coder } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    const children = slotWords[meta]! & CHILDREN;
    let pages = 0;
    if (level === 1) {
      pages = children;
      if (this.tracks) this.dropLeaves(words, base, meta, children, errors);
    } else {
      let left = children;
      const end = this.endEntry(level);
      for (let i = this.firstEntry(level); left > 0 && i < end; i += 1) {
        const lo = words[base + 2 * i]!;
        const hi = words[base + 2 * i + 1]!;
        const kind = coder.kind(lo, hi, level);
        if (kind === ABSENT) continue;
        left -= 1;
        const child = kind === TABLE ? coder.childOf(lo, hi) : -1;
        if (child >= 0) this.claim(child);
        this.blank(words, base + 2 * i, meta);
        if (child >= 0) pages += this.dropTree(child, level - 1, errors);
        else {
          pages += PAGES[level]!;
          if (coder.isTracked(lo, hi)) {
            const first = coder.frameOf(lo, hi, level);
            this.references.releaseAll(first, PAGES[level]!, errors);
          }
        }
      }
    }
    this.setMeta(meta, slotWords[meta]! & ~CHILDREN);
    return pages;
  }

  /** {@link NodeStore.dropEntries} of base pages: small integers only. */
  private dropLeaves(
    words: Int32Array,
    base: number,
    meta: number,
    children: number,
    errors: Lost[],
  ): void {
    const { coder, references } = this;
    let left = children;
    for (let i = 0; left > 0 && i < ENTRIES; i += 1) {
      const at = base + 2 * i;
      const lo = words[at]!;
      const hi = words[at + 1]!;
      if (coder.kind(lo, hi, 1) === ABSENT) continue;
      left -= 1;
      this.blank(words, at, meta);
      if (coder.isTracked(lo, hi)) references.release(coder.childOf(lo, hi), errors);
    }
  }

  /** Frees a node that is empty and that no entry leads to. */
  free(pfn: number): void {
    const { slots, ledger, allocator } = this.frames;
    if (ledger !== undefined || allocator === undefined || slots.countOf(pfn) !== 1) {
      this.references.giveFrame(pfn).drop();
      return;
    }
    // What a drop comes to for a frame whose type has nothing to do: it is empty, and nobody else has it.
    slots.dec(pfn);
    allocator.add(pfn);
    slots.tryRelease(pfn);
  }

  /** Base pages that are mapped below a node. */
  countPages(pfn: number, level: number): number {
    const { memory, coder } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    const children = slotWords[meta]! & CHILDREN;
    if (level === 1 || children === 0) return children;
    let pages = 0;
    let left = children;
    for (let i = this.firstEntry(level); left > 0 && i < this.endEntry(level); i += 1) {
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      const kind = coder.kind(lo, hi, level);
      if (kind !== ABSENT) left -= 1;
      if (kind === LEAF) pages += PAGES[level]!;
      else if (kind === TABLE) pages += this.countPages(coder.childOf(lo, hi), level - 1);
    }
    return pages;
  }

  /** Whether there is a leaf below a node. */
  hasLeaf(pfn: number, level: number): boolean {
    const { memory, coder } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    if ((slotWords[meta]! & CHILDREN) === 0) return false;
    for (let i = this.firstEntry(level); i < this.endEntry(level); i += 1) {
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      const kind = coder.kind(lo, hi, level);
      if (kind === LEAF || (kind === TABLE && this.hasLeaf(coder.childOf(lo, hi), level - 1))) {
        return true;
      }
    }
    return false;
  }

  /** Notes `count` more (or fewer) present entries in the node that was located last. */
  count(meta: number, count: number): void {
    this.setMeta(meta, this.memory.slotWords[meta]! + count);
  }

  /** Writes the metadata word of a fresh node of `level` with so many entries. */
  setChildren(meta: number, level: number, children: number): void {
    this.setMeta(meta, (level << LEVEL_SHIFT) | children);
  }
}

/** A handle on a node as one of its configuration's. */
export type NodeFrame<C extends PageTableConfig = PageTableConfig> = Frame<PageTablePageMeta<C>>;
