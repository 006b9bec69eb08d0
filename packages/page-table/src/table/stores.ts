/**
 * Which nodes are whose: the type of a configuration's nodes, and for each table of frames its nodes and locks, of the kind that its
 * mode needs.
 *
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import { type DropContext, defineFrameMeta, type FrameTable } from "@memkit/frame-meta";
import { storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import type { PageTableConfig } from "../format/config.js";
import { type Locks, SingleLocks } from "./locks.js";
import { nodeMemoryOf } from "./node-memory.js";
import { NodeStore, type PageTablePageMeta, releaseFailed } from "./node-store.js";
import { sharedOf, takeOver } from "./reap.js";
import { SharedLocks } from "./shared-locks.js";
import { SharedNodeStore } from "./shared-store.js";

/** Ends what a node's entries hold when its last handle has gone. */
function onDrop(config: PageTableConfig, type: () => PageTablePageMeta) {
  return ({ meta, table, paddr }: DropContext<typeof storedPageTablePageMeta>): void => {
    if (meta.nrChildren === 0) return;
    const errors: unknown[] = [];
    storeOf(table, config, type()).endNode(paddr / PAGE_SIZE, meta.level, errors);
    if (errors.length > 0) throw releaseFailed(errors);
  };
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

/** What is kept for a table of frames. */
interface Kept {
  readonly locks: Locks;
  readonly stores: Map<PageTableConfig, NodeStore>;
}

const kept = new WeakMap<FrameTable, Kept>();

function storeOf(frames: FrameTable, config: PageTableConfig, type: PageTablePageMeta): NodeStore {
  const single = frames.mode === "single";
  let of = kept.get(frames);
  let store = of?.stores.get(config);
  if (store !== undefined) return store;
  const memory = nodeMemoryOf(frames);
  if (of === undefined) {
    of = { locks: single ? new SingleLocks() : new SharedLocks(frames), stores: new Map() };
    kept.set(frames, of);
    const { stores } = of;
    if (!single) frames.onReap = (dead) => takeOver(sharedOf(stores.values()), dead);
  }
  const Store = single ? NodeStore : SharedNodeStore;
  store = new Store(memory, config, type, of.locks);
  of.stores.set(config, store);
  return store;
}

/** The nodes of a configuration in a table of frames. @throws {@link PageTableError} `unsupported-memory`, `access-width` */
export function nodeStoreOf(frames: FrameTable, config: PageTableConfig): NodeStore {
  return storeOf(frames, config, nodeMetaOf(config));
}
