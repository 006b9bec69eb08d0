import { struct } from "@memkit/core";
import { defineFrameMeta, type FrameTable } from "@memkit/frame-meta";
import { LinkedList, linkMeta } from "@memkit/frame-meta/list";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { HeaderWord } from "../../src/slot/layout.js";
import { MODES } from "../slot/modes.js";
import { linked, linkedOf, mock, PAGE, refusalOf, rigOf } from "./support.js";

describe.each(MODES)("LinkedList, %s", (mode) => {
  const frameAt = (table: FrameTable, pfn: number) =>
    UniqueFrame.fromUnused(table, pfn * PAGE, linked, linkedOf(pfn));
  const make = (...pfns: number[]) => {
    const rig = rigOf(mode);
    const list = new LinkedList(rig.table, linked);
    for (const pfn of pfns) list.pushBack(frameAt(rig.table, pfn));
    return { ...rig, list };
  };
  const valuesOf = (list: LinkedList<typeof linked>) => {
    const values: number[] = [];
    const cursor = list.cursorFront();
    for (; !cursor.atGhost; cursor.moveNext()) values.push(cursor.currentMeta?.value ?? -1);
    return values;
  };

  it("FM-21: pushes and pops at both ends, and is walked to the ghost and round", () => {
    const { list, table, ledger } = make();
    expect([list.size, list.id, list.cursorFront().atGhost]).toEqual([0, 0, true]);
    list.pushFront(frameAt(table, 1));
    list.pushFront(frameAt(table, 2));
    list.pushBack(frameAt(table, 3));
    expect(valuesOf(list)).toEqual([2, 1, 3]);
    expect(ledger.report().map(({ kind }) => kind)).toEqual(["list", "list", "list"]);
    const cursor = list.cursorBack();
    expect(cursor.currentPaddr).toBe(3 * PAGE);
    cursor.moveNext();
    expect([cursor.atGhost, cursor.currentMeta, cursor.currentPaddr]).toEqual([
      true,
      undefined,
      undefined,
    ]);
    cursor.moveNext();
    expect(cursor.currentMeta?.value).toBe(2);
    expect(list.popFront()?.meta.inner.value).toBe(2);
    expect(list.popBack()?.meta.inner.value).toBe(3);
    expect(list.size).toBe(1);
    expect(list.popFront()?.meta.inner.value).toBe(1);
    expect([list.popFront(), list.popBack(), list.size]).toEqual([undefined, undefined, 0]);
  });

  it("FM-21: knows its members by address", () => {
    const { list, table } = make(1, 2);
    frameAt(table, 3);
    const other = new LinkedList(table, linked);
    other.pushBack(frameAt(table, 4));
    expect(other.id).toBe(list.id + 1);
    for (const [paddr, inside] of [
      [PAGE, true],
      [2 * PAGE, true],
      [3 * PAGE, false],
      [4 * PAGE, false],
      [5 * PAGE, false],
      [PAGE + 1, false],
      [99 * PAGE, false],
      [Number.NaN, false],
    ] as const) {
      expect(list.contains(paddr)).toBe(inside);
      expect(list.cursorAt(paddr)?.currentPaddr).toBe(inside ? paddr : undefined);
    }
    expect(new LinkedList(table, linked).contains(6 * PAGE)).toBe(false); // id 0 is in every slot
  });

  it("inserts before a member and at the ghost, and takes from anywhere", () => {
    const { list, table } = make(3, 1);
    const cursor = list.cursorAt(3 * PAGE)!;
    cursor.insertBefore(frameAt(table, 2));
    expect(cursor.currentPaddr).toBe(3 * PAGE);
    cursor.moveNext();
    cursor.insertBefore(frameAt(table, 4));
    cursor.moveNext();
    cursor.insertBefore(frameAt(table, 5));
    expect([cursor.atGhost, valuesOf(list)]).toEqual([true, [2, 3, 4, 1, 5]]);
    expect(cursor.takeCurrent()).toBeUndefined();
    cursor.movePrev();
    cursor.movePrev();
    cursor.movePrev();
    const middle = cursor.takeCurrent();
    expect([middle?.paddr, cursor.currentPaddr]).toEqual([4 * PAGE, PAGE]);
    const front = list.cursorFront().takeCurrent();
    const back = list.cursorBack().takeCurrent();
    expect([front?.paddr, back?.paddr, list.size]).toEqual([2 * PAGE, 5 * PAGE, 2]);
    expect(valuesOf(list)).toEqual([3, 1]);
    expect([middle?.meta.next, middle?.meta.prev]).toEqual([0, 0]);
    list.pushBack(middle!);
    expect(valuesOf(list)).toEqual([3, 1, 4]);
  });

  it("writes through a cursor; what it gave out ends with the next change", () => {
    const { list } = make(1, 2);
    const cursor = list.cursorFront();
    const meta = cursor.currentMeta!;
    meta.value = 11;
    expect(valuesOf(list)).toEqual([11, 2]);
    const late = list.cursorBack();
    list.popBack();
    expect(() => meta.value).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    for (const use of [
      () => cursor.moveNext(),
      () => cursor.currentMeta,
      () => late.takeCurrent(),
    ]) {
      expect(refusalOf(use)).toEqual({ code: "cursor-stale", list: list.id });
    }
  });

  it("refuses frames that it cannot hold, and the handle stays", () => {
    const { list, table } = make(1);
    const plain = UniqueFrame.fromUnused(table, 2 * PAGE, mock, { value: 0, touched: 0 });
    expect(refusalOf(() => list.pushBack(plain as never))).toMatchObject({
      code: "type-mismatch",
      pfn: 2,
    });
    const foreign = frameAt(rigOf(mode).table, 3);
    expect(refusalOf(() => list.pushBack(foreign)).code).toBe("foreign-frame");
    expect([plain.dropped, foreign.dropped, list.size]).toEqual([false, false, 1]);
    const mine = frameAt(table, 4);
    const raw = mine.intoRaw();
    list.pushBack(UniqueFrame.fromRaw(table, raw) as never);
    expect(refusalOf(() => UniqueFrame.fromRaw(table, raw))).toEqual({
      code: "in-list",
      pfn: 4,
      list: list.id,
    });
    const last = frameAt(table, 5);
    table.slots.words[HeaderWord.lastList] = 2 ** 31 - 1;
    const another = new LinkedList(table, linked);
    expect(refusalOf(() => another.pushBack(last))).toEqual({ code: "no-more-lists" });
    expect(last.dropped).toBe(false);
    list.pushBack(last); // a list that has an id needs none
  });

  it("frees every frame when it is dropped", () => {
    const { list, table, freed, ledger } = make(1, 2, 3);
    const cursor = list.cursorFront();
    list.drop();
    list[Symbol.dispose]();
    expect(freed.sort()).toEqual([1, 2, 3]);
    expect([1, 2, 3].map((pfn) => table.slots.countOf(pfn))).toEqual([-1, -1, -1]);
    expect(ledger.report()).toEqual([]);
    expect(() => list.size).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    expect(() => list.drop()).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    expect(refusalOf(() => cursor.moveNext()).code).toBe("cursor-stale");
    expect(() => list.pushBack(frameAt(table, 4))).toThrow(
      expect.objectContaining({ code: "used-after-drop" }),
    );
  });

  it("stays as it was where a type refuses its end", () => {
    const { table, freed } = rigOf(mode);
    let stubborn = true;
    const seen: number[] = [];
    const type = linkMeta(
      defineFrameMeta({
        name: "stubborn",
        layout: struct(),
        onDropPre: ({ paddr }) => !(stubborn && paddr === 2 * PAGE),
        onDrop: ({ paddr }) => {
          seen.push(paddr / PAGE);
        },
      }),
    );
    const list = new LinkedList(table, type);
    for (const pfn of [1, 2, 3]) {
      const value = { next: 0, prev: 0, inner: {} };
      list.pushBack(UniqueFrame.fromUnused(table, pfn * PAGE, type, value));
    }
    expect(refusalOf(() => list.drop())).toEqual({ code: "drop-refused", pfn: 2 });
    expect([list.size, list.contains(PAGE), freed, seen]).toEqual([3, true, [], []]);
    expect([1, 2, 3].map((pfn) => table.slots.countOf(pfn))).toEqual([-2, -2, -2]);
    stubborn = false;
    list.drop();
    expect(seen.sort()).toEqual([1, 2, 3]);
  });
});
