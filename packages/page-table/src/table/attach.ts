/**
 * `attachTable`, `adoptTable`: tables that somebody else has made, in another agent or in a process before this one.
 *
 * Apart from `/table`, since who makes all of its tables needs neither them nor, if it maps no huge items, the code of segments: whoever
 * mapped what is in these tables may have mapped one.
 *
 * @module
 */

import { PAGE_SIZE } from "@memkit/core/address";
import { Frame, type FrameTable } from "@memkit/frame-meta";
import { Segment } from "@memkit/frame-meta/segment";
import { checkObject } from "../argument.js";
import type { PageTableConfig } from "../format/config.js";
import { hasHalfOf, shareRoot } from "./kernel-half.js";
import type { NodeFrame } from "./node-store.js";
import { PageTable } from "./page-table.js";
import { nodeMetaOf, nodeStoreOf } from "./stores.js";
import { TableError } from "./table-error.js";

/**
 * A table that another agent of the same frames has made, by the frame of its root: post it, and the configuration's name.
 *
 * @param kernel - the kernel's table here, where the root has that one's entries, and only there
 * @throws {@link PageTableError} `not-a-table` unless the frame is the root of a table of this configuration, which is of the same
 * type in all agents by all that it says, and of this kernel; `unsupported-memory` as `PageTable.create`; `FrameError` as
 * `Frame.fromInUse`; `CoreError` `used-after-drop`: the kernel. Nothing has changed then.
 *
 * @example
 * ```ts
 * import { FrameTable } from "@memkit/frame-meta";
 * import { attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
 * import { pageProperty, READ, USER, userConfig, x86Format } from "@memkit/page-table/format";
 * import { attachTable, shareTables } from "@memkit/page-table/shared";
 * import { PageTable } from "@memkit/page-table/table";
 *
 * const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
 * const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
 * const allocator = createBuddy(frames);
 * shareTables(frames);
 * const table = PageTable.create(frames, userConfig(x86Format()));
 * table.mapRange(0x40_0000, 2, 7, pageProperty(READ | USER));
 * // In a worker, with frames.buffer, memory.buffer, allocator.buffer and table.rootPfn:
 * const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
 * attachBuddy(there, { buffer: allocator.buffer });
 * shareTables(there);
 * const same = attachTable(there, userConfig(x86Format()), table.rootPfn);
 * same.translate(0x40_1234)?.pfn; // => 8
 * same.unmapRange(0x40_0000, 2); // => 2
 * table.translate(0x40_1234); // => undefined
 * ```
 */
export function attachTable<C extends PageTableConfig>(
  frames: FrameTable,
  config: C,
  rootPfn: number,
  kernel?: PageTable,
): PageTable<C> {
  const store = nodeStoreOf(frames, config);
  if (kernel !== undefined) checkObject("kernel's table", kernel, "a PageTable", "createUser");
  const shared = kernel?.root();
  let found: Frame | undefined;
  try {
    if (typeof rootPfn === "number") found = Frame.fromInUse(frames, rootPfn * PAGE_SIZE);
    const handle = found?.tryAs(nodeMetaOf(config)) as NodeFrame<C> | undefined;
    const isRoot = handle?.meta.level === store.levels && handle.paddr / PAGE_SIZE === rootPfn;
    if (!(isRoot && hasHalfOf({ store, rootPfn }, kernel))) {
      throw new TableError({ code: "not-a-table", pfn: rootPfn });
    }
    store.references.segments = Segment;
    return new PageTable<C>(store, config, handle, shared);
  } catch (error) {
    found?.drop();
    shared?.drop();
    throw error;
  }
}

/**
 * A table in frames that were saved and opened (`@memkit/frame-meta/save`): as {@link attachTable}, and what is returned has the
 * handle on the root that the one had which was saved, and on the kernel's root its. Adopt a table once; an address space that was
 * some processor's when it was saved has one handle more, which nobody has.
 *
 * @throws as {@link attachTable}
 *
 * @example
 * ```ts
 * import { FrameTable } from "@memkit/frame-meta";
 * import { createBuddy } from "@memkit/frame-meta/alloc";
 * import { openTable, saveTable } from "@memkit/frame-meta/save";
 * import { pageProperty, READ, userConfig, x86Format } from "@memkit/page-table/format";
 * import { adoptTable } from "@memkit/page-table/shared";
 * import { PageTable } from "@memkit/page-table/table";
 *
 * const memory = { buffer: new ArrayBuffer(32 * 4096) };
 * const frames = FrameTable.create({ memory });
 * createBuddy(frames);
 * const table = PageTable.create(frames, userConfig(x86Format()));
 * table.mapRange(0x40_0000, 2, 7, pageProperty(READ));
 * const saved = { bytes: saveTable(frames), memory: memory.buffer.slice(0), root: table.rootPfn };
 * // Later, in another process:
 * const later = openTable(saved.bytes, { memory: { buffer: saved.memory } });
 * const allocator = createBuddy(later);
 * const again = adoptTable(later, userConfig(x86Format()), saved.root);
 * again.unmapRange(0x40_0000, 2); // => 2
 * again.drop();
 * allocator.stats().taken; // => 0
 * ```
 */
export function adoptTable<C extends PageTableConfig>(
  frames: FrameTable,
  config: C,
  rootPfn: number,
  kernel?: PageTable,
): PageTable<C> {
  const table = attachTable(frames, config, rootPfn, kernel);
  const { slots, ledger } = frames;
  const shares = kernel !== undefined && shareRoot(kernel.config, config);
  for (const root of shares ? [rootPfn, kernel.rootPfn] : [rootPfn]) {
    ledger?.release(slots.geometry.slotOf(root), "raw");
    slots.dec(root);
  }
  return table;
}
