/**
 * Nodes: their type, where they come from, and where they and all below them go.
 *
 * PT-32: a node's `nrChildren` is the number of its entries that are present, so a node whose word says 0 is empty and need not be
 * looked at. PT-33: a node taken out of its table is marked stray and leaves with everything below it; nobody frees it while
 * somebody holds a handle on it, and then its last handle does.
 *
 * @see OSTD `mm/page_table/node/mod.rs`, `PageTablePageMeta`, `on_drop`
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import {
  type DropContext,
  defineFrameMeta,
  type Frame,
  type FrameMeta,
  type FrameTable,
  storedPageTablePageMeta,
} from "@memkit/frame-meta";
import { allocFrame } from "@memkit/frame-meta/alloc";
import type { PageTableConfig } from "../format/config.js";
import { ABSENT, EntryCoder, LEAF, PAGES, TABLE } from "./entry-coder.js";
import { CHILDREN, LEVEL_SHIFT, type NodeMemory, nodeMemoryOf, STRAY } from "./node-memory.js";
import { References } from "./references.js";
import { TableError } from "./table-error.js";

/** The metadata of a node of a table of configuration `C`. OSTD `PageTablePageMeta<C>`. */
export interface PageTablePageMeta<C extends PageTableConfig = PageTableConfig>
  extends FrameMeta<typeof storedPageTablePageMeta, false> {
  /** For the type checker alone: nodes of different configurations are different types. */
  readonly "~config"?: C;
}

const ENTRIES = 512;
const NOT_ZEROED = Object.freeze({ zeroed: false });

/** A leaf that was found below a node. */
export interface FoundLeaf {
  /** Pages from the node's first page. */
  readonly page: number;
  readonly pfn: number;
  readonly level: number;
}

/** The nodes of one configuration in one table of frames. */
export class NodeStore {
  readonly frames: FrameTable;
  readonly config: PageTableConfig;
  readonly memory: NodeMemory;
  readonly coder: EntryCoder;
  readonly references: References;
  readonly type: PageTablePageMeta;
  /** The root's level. */
  readonly levels: number;
  /** Whether a leaf may hold its frame. */
  readonly tracks: boolean;

  constructor(frames: FrameTable, config: PageTableConfig, type: PageTablePageMeta) {
    this.frames = frames;
    this.config = config;
    this.memory = nodeMemoryOf(frames);
    this.coder = new EntryCoder(config.format);
    this.references = new References(frames);
    this.type = type;
    this.levels = config.format.paging.levels;
    this.tracks = config.items === "tracked";
    frames.bind(type);
  }

  /**
   * A new node: one reference, which its entry will be.
   *
   * @param zeroed - `false` for who writes every entry
   * @throws `FrameError` `no-memory`, `no-allocator`
   */
  alloc(level: number, zeroed = true): number {
    const { frames, type } = this;
    const meta = { nrChildren: 0, stray: false, level, lock: 0 };
    const frame = zeroed
      ? allocFrame(frames, type, meta)
      : allocFrame(frames, type, meta, NOT_ZEROED);
    const pfn = frame.paddr / PAGE_SIZE;
    this.references.take(frame);
    return pfn;
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
  dropTree(pfn: number, level: number, errors: unknown[]): number {
    const { memory, frames } = this;
    const { slots } = frames;
    memory.locate(pfn, level);
    const { meta } = memory;
    memory.slotWords[meta] = memory.slotWords[meta]! | STRAY;
    if (slots.countOf(pfn) > 1) {
      slots.dec(pfn); // who holds it has its contents, too
      frames.ledger?.release(slots.geometry.slotOf(pfn), "path");
      return this.countPages(pfn, level);
    }
    const pages = this.dropEntries(pfn, level, errors);
    this.free(pfn);
    return pages;
  }

  /** Ends everything below a node, which is empty then. @returns base pages that were mapped */
  dropEntries(pfn: number, level: number, errors: unknown[]): number {
    const { memory, coder } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    const children = slotWords[meta]! & CHILDREN;
    let pages = 0;
    if (level === 1 && !this.tracks) pages = children;
    else if (children > 0) {
      const end = this.endEntry(level);
      for (let i = this.firstEntry(level); i < end; i += 1) {
        const lo = words[base + 2 * i]!;
        const hi = words[base + 2 * i + 1]!;
        const kind = coder.kind(lo, hi, level);
        if (kind === TABLE) pages += this.dropTree(coder.childOf(lo, hi), level - 1, errors);
        else if (kind === LEAF) {
          pages += PAGES[level]!;
          if (coder.isTracked(lo, hi)) {
            const first = coder.frameOf(lo, hi, level);
            this.references.releaseAll(first, PAGES[level]!, errors);
          }
        }
      }
    }
    slotWords[meta] = slotWords[meta]! & ~CHILDREN;
    return pages;
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
    for (let i = this.firstEntry(level); i < this.endEntry(level); i += 1) {
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      const kind = coder.kind(lo, hi, level);
      if (kind === LEAF) pages += PAGES[level]!;
      else if (kind === TABLE) pages += this.countPages(coder.childOf(lo, hi), level - 1);
    }
    return pages;
  }

  /** The first leaf below a node. */
  firstLeaf(pfn: number, level: number): FoundLeaf | undefined {
    const { memory, coder } = this;
    memory.locate(pfn, level);
    const { words, base, meta, slotWords } = memory;
    if ((slotWords[meta]! & CHILDREN) === 0) return undefined;
    for (let i = this.firstEntry(level); i < this.endEntry(level); i += 1) {
      const lo = words[base + 2 * i]!;
      const hi = words[base + 2 * i + 1]!;
      const kind = coder.kind(lo, hi, level);
      if (kind === ABSENT) continue;
      const page = i * PAGES[level]!;
      if (kind === LEAF) return { page, pfn: coder.frameOf(lo, hi, level), level };
      const found = this.firstLeaf(coder.childOf(lo, hi), level - 1);
      if (found !== undefined) return { ...found, page: page + found.page };
    }
    return undefined;
  }

  /** Notes `count` more (or fewer) present entries in the node that was located last. */
  count(meta: number, count: number): void {
    const { slotWords } = this.memory;
    slotWords[meta] = slotWords[meta]! + count;
  }

  /** The metadata word of a fresh node of `level` with so many entries. */
  setChildren(meta: number, level: number, children: number): void {
    this.memory.slotWords[meta] = (level << LEVEL_SHIFT) | children;
  }
}

/** Ends what a node's entries hold when its last handle has gone. */
function onDrop(config: PageTableConfig, type: () => PageTablePageMeta) {
  return ({ meta, table, paddr }: DropContext<typeof storedPageTablePageMeta>): void => {
    if (meta.nrChildren === 0) return;
    const errors: unknown[] = [];
    storeOf(table, config, type()).dropEntries(paddr / PAGE_SIZE, meta.level, errors);
    if (errors.length > 0) throw releaseFailed(errors);
  };
}

/** What is thrown where the mappings are gone and not all of their frames. */
export function releaseFailed(errors: readonly unknown[]): Error {
  const cause = new AggregateError(errors, `${errors.length} frames could not be let go`);
  return new TableError({ code: "release-failed", failed: errors.length }, { cause });
}

const types = new WeakMap<PageTableConfig, PageTablePageMeta>();

/** The type of the nodes of a configuration. */
export function nodeMetaOf<C extends PageTableConfig>(config: C): PageTablePageMeta<C> {
  let type = types.get(config);
  if (type === undefined) {
    const made: PageTablePageMeta = defineFrameMeta({
      name: `page-table node: ${config.format.name}, ${config.name}, ${config.items}`,
      layout: storedPageTablePageMeta,
      usage: "PageTable",
      onDrop: onDrop(config, () => made),
    });
    type = made;
    types.set(config, type);
  }
  return type as PageTablePageMeta<C>;
}

const stores = new WeakMap<FrameTable, Map<PageTableConfig, NodeStore>>();

function storeOf(frames: FrameTable, config: PageTableConfig, type: PageTablePageMeta): NodeStore {
  let ofFrames = stores.get(frames);
  if (ofFrames === undefined) {
    ofFrames = new Map();
    stores.set(frames, ofFrames);
  }
  let store = ofFrames.get(config);
  if (store === undefined) {
    store = new NodeStore(frames, config, type);
    ofFrames.set(config, store);
  }
  return store;
}

/** The nodes of a configuration in a table of frames. @throws {@link PageTableError} `unsupported-memory` */
export function nodeStoreOf(frames: FrameTable, config: PageTableConfig): NodeStore {
  return storeOf(frames, config, nodeMetaOf(config));
}

/** A handle on a node as one of its configuration's. */
export type NodeFrame<C extends PageTableConfig = PageTableConfig> = Frame<PageTablePageMeta<C>>;
