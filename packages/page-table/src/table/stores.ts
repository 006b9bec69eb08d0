/**
 * Which nodes are whose: the type of a configuration's nodes, and for each table of frames its nodes and locks: those of an agent that is
 * alone, or what `shareTables` has put here instead.
 *
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import { type DropContext, defineFrameMeta, type FrameTable } from "@memkit/frame-meta";
import { storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import { checkObject } from "../argument.js";
import { CursorMut } from "../cursor/cursor-mut.js";
import { checkMade, type PageTableConfig } from "../format/config.js";
import { type Locks, SingleLocks } from "./locks.js";
import { NodeMemory } from "./node-memory.js";
import { NodeStore, type PageTablePageMeta } from "./node-store.js";
import { type Lost, throwIfAny } from "./release-failed.js";
import { TableError } from "./table-error.js";

/** Ends what a node's entries hold when its last handle has gone. */
function onDrop(config: PageTableConfig) {
  return ({ meta, table, paddr }: DropContext<typeof storedPageTablePageMeta>): void => {
    if (meta.nrChildren === 0) return;
    const errors: Lost[] = [];
    nodeStoreOf(table, config).endNode(paddr / PAGE_SIZE, meta.level, errors);
    throwIfAny(errors);
  };
}

const types = new WeakMap<PageTableConfig, PageTablePageMeta>();

/** The type of the nodes of a configuration. */
export function nodeMetaOf<C extends PageTableConfig>(config: C): PageTablePageMeta<C> {
  let type = types.get(config);
  if (type === undefined) {
    checkMade(config);
    const { name, format, items, topLevelIndexRange, topLevelCanUnmap, upperRoot } = config;
    // All that it says: who attaches with another range of entries would count and free what is not its own.
    const parts = [format.name, name, items, topLevelIndexRange, topLevelCanUnmap, upperRoot];
    type = defineFrameMeta({
      name: `page-table node: ${parts}`,
      layout: storedPageTablePageMeta,
      usage: "PageTable",
      onDrop: onDrop(config),
    });
    types.set(config, type);
  }
  return type as PageTablePageMeta<C>;
}

/** What tables in some frames are made of: of one kind where an agent is alone, of another where there are several. */
interface Kind {
  readonly memory: NodeMemory;
  readonly locks: Locks;
  readonly Store: typeof NodeStore;
  /** The class of cursors that write. */
  readonly Writer: typeof CursorMut;
}

/** What is kept for a table of frames. */
interface Kept extends Kind {
  readonly stores: Map<PageTableConfig, NodeStore>;
}

const kept = new WeakMap<FrameTable, Kept>();

/** Whether it is known what tables in these frames are made of. */
export const isKept = (frames: FrameTable): boolean => kept.has(frames);

/** Says what tables in these frames are made of, before there is one. @returns the nodes of each configuration, as it is opened */
export function keep(frames: FrameTable, kind: Kind): ReadonlyMap<PageTableConfig, NodeStore> {
  const stores = new Map<PageTableConfig, NodeStore>();
  kept.set(frames, { ...kind, stores });
  return stores;
}

function keptFor(frames: FrameTable): Kept {
  if (!isKept(frames)) {
    const { mode } = frames;
    if (mode !== "single") {
      const what = `the frames' table is in mode "${mode}": call shareTables(frames) of @memkit/page-table/shared first`;
      throw new TableError({ code: "unsupported-memory", what });
    }
    const memory = new NodeMemory(frames);
    keep(frames, { memory, locks: new SingleLocks(), Store: NodeStore, Writer: CursorMut });
  }
  return kept.get(frames)!;
}

/** The class of cursors that write to tables in these frames. */
export const writerFor = (frames: FrameTable): typeof CursorMut => keptFor(frames).Writer;

/** The nodes of a configuration in a table of frames. @throws {@link PageTableError} `unsupported-memory`, `invalid-argument` */
export function nodeStoreOf(frames: FrameTable, config: PageTableConfig): NodeStore {
  checkObject("table of frames", frames, "a FrameTable", "bind");
  const type = nodeMetaOf(config);
  const { stores, memory, locks, Store } = keptFor(frames);
  let store = stores.get(config);
  if (store === undefined) {
    store = new Store(memory, config, type, locks);
    stores.set(config, store);
  }
  return store;
}
