/** Frames for page-table nodes are those that `allocFrame` gives, to the word, with an entry's reference for a handle. */
import { CoreError } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { checkInvariants } from "@memkit/frame-meta/model";
import { allocNode, storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import { describe, expect, it } from "vitest";
import { SlotWord } from "../../src/slot/layout.js";
import { ALLOC_MODES, allocRig, memoryOf, PAGE, refusalOf } from "./support.js";

const node = defineFrameMeta({ name: "node", layout: storedPageTablePageMeta, usage: "PageTable" });

describe.each(ALLOC_MODES)("allocNode, %s", (mode) => {
  it("FM-40: writes the words that the layout would", () => {
    const { table, ledger } = allocRig(mode);
    const cases = [
      [1, false, 0],
      [5, true, 1],
      [255, true, 2 ** 32 - 1],
    ] as const;
    for (const [level, stray, lock] of cases) {
      const pfn = allocNode(table, node, level, stray, lock);
      const frame = allocFrame(table, node, { nrChildren: 0, stray, level, lock });
      const { geometry, words } = table.slots;
      const slot = (pfn: number) => {
        const at = table.slots.wordOf(geometry.slotOf(pfn), 0);
        return words.slice(at, at + SlotWord.generation); // which says how many lives before it had
      };
      expect(slot(pfn)).toEqual(slot(frame.paddr / PAGE));
      expect(ledger.count(geometry.slotOf(pfn), "path")).toBe(1);
      ledger.move(geometry.slotOf(pfn), "path", "raw"); // an entry's reference becomes a handle
      ledger.move(geometry.slotOf(pfn), "raw", "handle");
      expect(checkInvariants(table).violations).toEqual([]);
      const handle = Frame.fromInUse(table, pfn * PAGE);
      expect(handle.dynMeta).toEqual({
        tag: "PTNode",
        node: { nrChildren: 0, stray, level, lock },
      });
      handle.drop();
      frame.drop();
    }
  });

  it("FM-28: zeroes the frame, and no other, unless asked not to", () => {
    const { table } = allocRig(mode, [[3, 16]]);
    const bytes = new Uint8Array(table.memory.banks[0]!.source.buffer).fill(0xaa);
    const zeros = () => bytes.filter((b) => b === 0).length;
    allocNode(table, node, 1, false, 0, false);
    expect(zeros()).toBe(0);
    const at = (allocNode(table, node, 1, false, 0) - 3) * PAGE;
    expect(bytes.subarray(at, at + PAGE).every((b) => b === 0)).toBe(true);
    expect(zeros()).toBe(PAGE);
  });

  it("changes nothing where it cannot", () => {
    const { table, allocator, ledger } = allocRig(mode, [[0, 2]]);
    const bad = [
      [256, 0, "level"],
      [-1, 0, "level"],
      [0.5, 0, "level"],
      [1, -1, "lock"],
      [1, 2 ** 32, "lock"],
      [1, Number.NaN, "lock"],
    ] as const;
    for (const [level, lock, path] of bad) {
      const run = () => allocNode(table, node, level, false, lock);
      expect(run).toThrow(CoreError);
      expect(run).toThrow(expect.objectContaining({ code: "value-out-of-range", path }));
    }
    expect(allocator.stats().taken).toBe(0);
    for (const pfn of [0, 1]) table.slots.tryClaim(pfn); // behind the allocator's back
    for (const pfn of [0, 1]) table.slots.tryPublish(pfn, table.bind(node), 3);
    const claimed = refusalOf(() => allocNode(table, node, 1, false, 0));
    expect(claimed).toMatchObject({ code: "in-use" });
    for (const pfn of [0, 1]) table.slots.tryDec(pfn);
    for (const pfn of [0, 1]) table.slots.tryRelease(pfn);
    expect(ledger.report()).toEqual([]);
    const bare = FrameTable.create({ memory: memoryOf([[0, 2]]) });
    expect(refusalOf(() => allocNode(bare, node, 1, false, 0)).code).toBe("no-allocator");
    const full = FrameTable.create({ memory: memoryOf([[0, 2]]), types: 1 });
    createBuddy(full);
    full.bind(defineFrameMeta({ name: "other", layout: storedPageTablePageMeta }));
    expect(refusalOf(() => allocNode(full, node, 1, false, 0)).code).toBe("directory-full");
    expect(full.allocator?.alloc()).toBeGreaterThanOrEqual(0);
  });

  it("is right where who is asked for memory makes a node", () => {
    const made: number[] = [];
    const { table } = allocRig(mode, [[0, 3]], {
      onExhausted: () => {
        if (made.length > 0) return false;
        held.pop()?.drop();
        held.pop()?.drop();
        made.push(allocNode(table, node, 4, true, 9));
        return true;
      },
    });
    const held = [1, 2, 3].map(() =>
      allocFrame(table, node, { nrChildren: 0, stray: false, level: 1, lock: 0 }),
    );
    made.push(allocNode(table, node, 2, false, 7));
    const found = made.map((pfn) => Frame.fromInUse(table, pfn * PAGE).dynMeta);
    expect(found).toEqual([
      { tag: "PTNode", node: { nrChildren: 0, stray: true, level: 4, lock: 9 } },
      { tag: "PTNode", node: { nrChildren: 0, stray: false, level: 2, lock: 7 } },
    ]);
    expect(refusalOf(() => allocNode(table, node, 1, false, 0)).code).toBe("no-memory");
  });
});
