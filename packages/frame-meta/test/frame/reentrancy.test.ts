/** FM-9 FM-15 FM-17 FM-20 FM-21 FM-36: types that use the handle which they are asked about, and ends that nobody can refuse. */
import { atomic, struct, u32 } from "@memkit/core";
import { type DropContext, defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { inTransit } from "@memkit/frame-meta/agents";
import { allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { type CursorMut, LinkedList, linkMeta } from "@memkit/frame-meta/list";
import { checkInvariants } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { inMode, MODES } from "../slot/modes.js";
import { causesOf, mock, PAGE, refusalOf, rigOf } from "./support.js";

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return "none";
};

/** A type that runs `ask` when a frame of it is to end. */
const asking = (ask: (context: DropContext) => boolean) =>
  linkMeta(
    defineFrameMeta({
      name: "asking",
      layout: struct(["id", u32]),
      onDropPre: (context) => ask(context as unknown as DropContext),
    }),
  );
const valueFor = (id: number) => ({ next: 0, prev: 0, inner: { id } });

describe.each(MODES)("onDropPre, %s", (mode) => {
  const uses: readonly (readonly [string, (frame: Frame) => unknown])[] = [
    ["send", (frame) => frame.send()],
    ["intoRaw", (frame) => frame.intoRaw()],
    ["clone", (frame) => frame.clone()],
    ["drop", (frame) => frame.drop()],
    ["Segment.fromFrame", (frame) => Segment.fromFrame(frame)],
    ["UniqueFrame.tryFrom", (frame) => UniqueFrame.tryFrom(frame)],
  ];
  it.each(uses)("FM-15: finds the handle ended: %s", (_, use) => {
    const { table, ledger } = rigOf(mode);
    const codes: unknown[] = [];
    let agreed = false;
    const type = asking(() => {
      codes.push(codeOf(() => use(frame)));
      return agreed;
    });
    const frame = Frame.fromUnused(table, PAGE, type, valueFor(1));
    expect(refusalOf(() => frame.drop()).code).toBe("drop-refused");
    expect([frame.dropped, frame.referenceCount]).toEqual([false, 1]);
    agreed = true;
    frame.drop();
    expect(codes).toEqual(["used-after-drop", "used-after-drop"]);
    expect([frame.dropped, table.slots.countOf(1)]).toEqual([true, -1]);
    expect([inTransit(table), ledger.report(), checkInvariants(table).violations]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it("FM-17: a unique frame that is asked can be given no other life", () => {
    const { table } = rigOf(mode);
    const codes: unknown[] = [];
    const type = asking(() => {
      codes.push(codeOf(() => unique.repurpose(mock, { value: 1, touched: 0 })));
      codes.push(codeOf(() => new LinkedList(table, type).pushBack(unique)));
      codes.push(codeOf(() => unique.intoShared()));
      codes.push(codeOf(() => unique.metaMut));
      return true;
    });
    const unique = UniqueFrame.fromUnused(table, PAGE, type, valueFor(1));
    unique.drop();
    expect(codes).toEqual(Array(4).fill("used-after-drop"));
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("FM-21: finds the list ended that is being dropped, and its cursors", () => {
    const { table } = rigOf(mode);
    const codes: unknown[] = [];
    let agreed = false;
    const type = asking(({ meta }) => {
      if ((meta as unknown as { id: number }).id !== 2) return true;
      codes.push(codeOf(() => list.popFront()));
      codes.push(codeOf(() => cursor?.takeCurrent()));
      codes.push(codeOf(() => list.drop()));
      return agreed;
    });
    const list = new LinkedList(table, type);
    for (const id of [1, 2, 3]) {
      list.pushBack(UniqueFrame.fromUnused(table, id * PAGE, type, valueFor(id)));
    }
    const cursor: CursorMut<typeof type> = list.cursorFront();
    expect(refusalOf(() => list.drop()).code).toBe("drop-refused");
    expect(codes).toEqual(["used-after-drop", "cursor-stale", "used-after-drop"]);
    expect([list.dropped, list.size, cursor.currentPaddr]).toEqual([false, 3, PAGE]);
    expect(checkInvariants(table).violations).toEqual([]);
    agreed = true;
    list.drop();
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("refuses the end of the frame that withLock held: then its handle is there again", () => {
    const { table, ledger } = rigOf(mode);
    let agreed = false;
    const type = defineFrameMeta({
      name: "locked",
      layout: struct(["lock", atomic(u32)]),
      lock: "lock",
      onDropPre: () => agreed,
    });
    const frame = Frame.fromUnused(table, PAGE, type, { lock: 0 });
    expect(refusalOf(() => frame.withLock(() => frame.drop())).code).toBe("drop-refused");
    expect([frame.dropped, frame.referenceCount]).toEqual([false, 1]);
    agreed = true;
    frame.withLock(() => frame.drop());
    expect([frame.dropped, table.slots.countOf(1), ledger.report()]).toEqual([true, -1, []]);
  });
});

describe.each(MODES)("a segment that cannot be built, %s", (mode) => {
  const mine = new Error("no value for the fourth");
  const metaOf = (paddr: number) => {
    if (paddr === 4 * PAGE) throw mine;
    return {};
  };

  it("FM-20: gives back what it has claimed, whatever the type says to that", () => {
    const { table, freed, ledger } = rigOf(mode);
    const type = defineFrameMeta({ name: "no", layout: struct(), onDropPre: () => false });
    expect(() => Segment.fromUnused(table, PAGE, 8 * PAGE, type, metaOf)).toThrow(mine);
    expect([freed, ledger.report()]).toEqual([[1, 2, 3], []]);
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("FM-12: says why also where a teardown throws", () => {
    const { table, freed } = rigOf(mode);
    const bad = new Error("cannot flush");
    const type = defineFrameMeta({
      name: "bad",
      layout: struct(),
      onDrop: () => {
        throw bad;
      },
    });
    const run = () => Segment.fromUnused(table, PAGE, 8 * PAGE, type, metaOf);
    expect(causesOf(run)).toEqual([mine, bad, bad, bad]);
    expect(freed.length).toBe(3);
  });

  it("FM-23: so does one of the allocator's choice", () => {
    const memory = { buffer: new SharedArrayBuffer(16 * PAGE) };
    const table = FrameTable.create(inMode(mode, { memory }));
    const allocator = createBuddy(table);
    const type = defineFrameMeta({ name: "no", layout: struct(), onDropPre: () => false });
    expect(() => allocSegment(table, 8, type, metaOf)).toThrow(mine);
    expect(allocator.stats()).toMatchObject({ taken: 0, free: 16 });
    allocator.flush();
    expect(allocator.stats().largest).toBe(16);
  });
});

it("FM-12: a ledger that has lost count keeps no frame, and no drop after it", () => {
  const { table, ledger, freed } = rigOf("single");
  const type = defineFrameMeta({
    name: "clears",
    layout: struct(["clear", u32]),
    onDrop: ({ meta, paddr }) => {
      if (meta.clear === 1) ledger.clear(0, paddr / PAGE); // as a reap of this agent, which lives
    },
  });
  const list = [1, 2, 3].map((pfn) =>
    Frame.fromUnused(table, pfn * PAGE, type, { clear: pfn === 2 ? 1 : 0 }),
  );
  const holder = defineFrameMeta({
    name: "holder",
    layout: struct(),
    onDrop: () => {
      for (const frame of list) frame.drop();
    },
  });
  const causes = causesOf(() => Frame.fromUnused(table, 5 * PAGE, holder, {}).drop());
  expect(causes).toEqual([expect.objectContaining({ code: "not-in-ledger" })]);
  expect([1, 2, 3, 5].map((pfn) => table.slots.countOf(pfn))).toEqual([-1, -1, -1, -1]);
  Frame.fromUnused(table, 6 * PAGE, type, { clear: 0 }).drop();
  expect([freed.length, table.slots.countOf(6)]).toEqual([5, -1]);
});
