import { struct, VmReader, VmWriter } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable, REF_COUNT_MAX, unitMeta } from "@memkit/frame-meta";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { readerOf, writerOf } from "@memkit/frame-meta/untyped";
import { describe, expect, it } from "vitest";
import { inMode, MODES, twoBanks } from "../slot/modes.js";
import { mock, mockOf, PAGE, refusalOf, rigOf, untyped } from "./support.js";

describe.each(MODES)("Segment, %s", (mode) => {
  const make = (frames = 4) => {
    const rig = rigOf(mode);
    const end = (2 + frames) * PAGE;
    const metaOf = (paddr: number) => mockOf(paddr / PAGE);
    return { ...rig, segment: Segment.fromUnused(rig.table, 2 * PAGE, end, mock, metaOf) };
  };
  const counts = (table: FrameTable, first: number, count: number) =>
    Array.from({ length: count }, (_, i) => table.slots.countOf(first + i));

  it("FM-20: has a size and an end, and one handle on each frame", () => {
    const { segment, table, ledger } = make();
    expect([segment.frames, segment.size, segment.start, segment.end]).toEqual([
      4,
      4 * PAGE,
      2 * PAGE,
      6 * PAGE,
    ]);
    expect(counts(table, 1, 6)).toEqual([-1, 1, 1, 1, 1, -1]);
    expect(ledger.report().map(({ kind }) => kind)).toEqual(Array(4).fill("segment"));
    segment.drop();
    expect(counts(table, 1, 6)).toEqual(Array(6).fill(-1));
    expect(ledger.report()).toEqual([]);
    expect(() => segment.frames).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    segment[Symbol.dispose]();
  });

  it("refuses what is no range of unused frames, in OSTD's order", () => {
    const { table } = make();
    const from = (start: number, end: number) =>
      refusalOf(() => Segment.fromUnused(table, start, end, unitMeta, () => ({})));
    expect(from(1, 0).code).toBe("not-aligned");
    expect(from(0, 1).code).toBe("not-aligned");
    expect(from(100 * PAGE, 99 * PAGE).code).toBe("out-of-bound");
    expect(from(10 * PAGE, 17 * PAGE)).toMatchObject({ code: "out-of-bound", pfn: 16 });
    expect(from(10 * PAGE, 2 ** 53)).toMatchObject({ code: "out-of-bound" });
    expect(from(10 * PAGE, Number.POSITIVE_INFINITY).code).toBe("not-aligned");
    expect(from(10 * PAGE, 10 * PAGE).code).toBe("empty-segment");
    expect(from(10 * PAGE, 9 * PAGE).code).toBe("reversed-range");
    expect(from(0, 4 * PAGE).code).toBe("in-use");
  });

  it("stays in one bank", () => {
    const table = FrameTable.create(inMode(mode, { memory: twoBanks() }));
    const end = 0x80001 * PAGE;
    expect(
      refusalOf(() => Segment.fromUnused(table, 0x10 * PAGE, end, unitMeta, () => ({}))),
    ).toMatchObject({ code: "out-of-bound", pfn: 0x14 });
    const all = Segment.fromUnused(table, 0x80000 * PAGE, 0x80004 * PAGE, unitMeta, () => ({}));
    expect(all.end).toBe(0x80004 * PAGE);
    const empty = all.slice(4 * PAGE, 4 * PAGE);
    expect([empty.start, empty.end]).toEqual([0x80004 * PAGE, 0x80004 * PAGE]);
  });

  it.each([0, 1, 2, 3])("FM-20: where frame %i cannot be had, those before it are freed", (k) => {
    const { table, freed, ledger } = rigOf(mode);
    const blocker = UniqueFrame.fromUnused(table, (4 + k) * PAGE, mock, mockOf(0));
    const build = () =>
      Segment.fromUnused(table, 4 * PAGE, 8 * PAGE, mock, (paddr) => mockOf(paddr));
    expect(refusalOf(build)).toMatchObject({ code: "unique", pfn: 4 + k });
    expect(freed.sort()).toEqual([4, 5, 6, 7].slice(0, k));
    blocker.drop();
    const thrower = (paddr: number) => {
      if (paddr === (4 + k) * PAGE) throw new RangeError("no metadata for this one");
      return mockOf(0);
    };
    expect(() => Segment.fromUnused(table, 4 * PAGE, 8 * PAGE, mock, thrower)).toThrow(RangeError);
    expect(counts(table, 4, 4)).toEqual([-1, -1, -1, -1]);
    expect(ledger.report()).toEqual([]);
  });

  it("splits in two without moving a count", () => {
    const { segment, table } = make(2);
    for (const [offset, code] of [
      [0, "offset-out-of-bound"],
      [2 * PAGE, "offset-out-of-bound"],
      [-PAGE, "offset-out-of-bound"],
      [5, "not-aligned"],
      [Number.NaN, "not-aligned"],
    ] as const) {
      expect(refusalOf(() => segment.split(offset)).code).toBe(code);
    }
    const [low, high] = segment.split(PAGE);
    expect([low.frames, high.frames, high.start]).toEqual([1, 1, 3 * PAGE]);
    expect(counts(table, 2, 2)).toEqual([1, 1]);
    expect(segment.dropped).toBe(true);
    low.drop();
    expect(counts(table, 2, 2)).toEqual([-1, 1]);
    high.drop();
  });

  it("slices with one more handle on each frame, or on none", () => {
    const { segment, table } = make(4);
    const middle = segment.slice(PAGE, 3 * PAGE);
    expect(middle.start).toBe(3 * PAGE);
    expect(counts(table, 2, 4)).toEqual([1, 2, 2, 1]);
    const empty = segment.slice(2 * PAGE, 2 * PAGE);
    expect([empty.frames, empty.size, empty.start, empty.end]).toEqual([0, 0, 4 * PAGE, 4 * PAGE]);
    empty.drop();
    for (const [start, end, code] of [
      [0, 5 * PAGE, "offset-out-of-bound"],
      [3 * PAGE, 2 * PAGE, "offset-out-of-bound"],
      [-PAGE, 0, "offset-out-of-bound"],
      [0, 2 ** 53, "offset-out-of-bound"],
      [1, PAGE, "not-aligned"],
      [0, 0.5, "not-aligned"],
    ] as const) {
      expect(refusalOf(() => segment.slice(start, end)).code).toBe(code);
    }
    table.slots.words[table.slots.countIndexOf(4)] = REF_COUNT_MAX;
    expect(refusalOf(() => segment.clone())).toMatchObject({ code: "count-at-max", pfn: 4 });
    expect(counts(table, 2, 4)).toEqual([1, 2, REF_COUNT_MAX, 1]);
  });

  it("clones, and is iterated by taking frames from the front", () => {
    const { segment, table, ledger } = make(3);
    const clone = segment.clone();
    const values: number[] = [];
    for (const frame of clone) {
      values.push(frame.meta.value);
      if (values.length === 2) break;
    }
    expect(values).toEqual([2, 3]);
    expect([clone.frames, clone.start]).toEqual([1, 4 * PAGE]);
    expect(counts(table, 2, 3)).toEqual([2, 2, 2]);
    clone.takeFirst()?.drop();
    expect(clone.takeFirst()).toBeUndefined();
    expect(ledger.count(2, "handle")).toBe(1);
    clone.drop();
    segment.drop();
    expect(counts(table, 2, 3)).toEqual([1, 1, -1]);
  });

  it("comes from a frame, and is cast by type", () => {
    const { table } = make(2);
    const frame = Frame.fromUnused(table, 9 * PAGE, mock, mockOf(9));
    const one = Segment.fromFrame(frame);
    expect([one.frames, one.start, frame.dropped]).toEqual([1, 9 * PAGE, true]);
    expect(one.tryAs(mock)).toBe(one);
    expect(one.tryAs(untyped)).toBeUndefined();
    expect(one.tryAsUntyped()).toBeUndefined();
  });

  it("an empty one is of every type, and looks at no frame", () => {
    const { segment } = make(2);
    const empty = segment.slice(2 * PAGE, 2 * PAGE); // behind it is an unused frame
    expect(empty.tryAs(untyped)).toBe(empty);
    expect(readerOf(empty.tryAsUntyped()!).remain).toBe(0);
    expect(writerOf(empty.tryAsUntyped()!).avail).toBe(0);
  });

  it("reads and writes untyped memory across its frames", () => {
    const { table } = rigOf(mode);
    const segment = Segment.fromUnused(table, PAGE, 3 * PAGE, untyped, () => ({ value: 0 }));
    expect([readerOf(segment).remain, writerOf(segment).avail]).toEqual([2 * PAGE, 2 * PAGE]);
    const writer = writerOf(segment);
    writer.skip(PAGE - 128).write(new VmReader(new Uint8Array(256).fill(0xbb)));
    const back = new Uint8Array(256);
    readerOf(segment.slice(0, 2 * PAGE))
      .skip(PAGE - 128)
      .read(new VmWriter(back));
    expect(back.every((b) => b === 0xbb)).toBe(true);
    const typed = make(1).segment as unknown as typeof segment;
    expect(refusalOf(() => readerOf(typed)).code).toBe("not-untyped");
  });

  it("FM-14: goes through numbers and back, all of them or none", () => {
    const { segment, table, ledger } = make(3);
    const raws = segment.intoRaw();
    expect(counts(table, 2, 3)).toEqual([1, 1, 1]);
    const [a = 0, b = 0, c = 0] = raws;
    expect(refusalOf(() => Segment.fromRaw(table, [a, c])).code).toBe("out-of-bound");
    expect(refusalOf(() => Segment.fromRaw(table, [a, b, -1])).code).toBe("not-a-raw-handle");
    expect(ledger.report().every(({ kind }) => kind === "raw")).toBe(true);
    const back = Segment.fromRaw(table, raws);
    expect([back.frames, back.start]).toEqual([3, 2 * PAGE]);
    back.drop();
    expect(ledger.report()).toEqual([]);
    expect(Segment.fromRaw(table, []).frames).toBe(0);
  });

  it("drops all or none where a type refuses one", () => {
    const { table, freed } = rigOf(mode);
    let refused: number | undefined = 3 * PAGE;
    const picky = defineFrameMeta({
      name: "picky",
      layout: struct(),
      onDropPre: ({ paddr }) => paddr !== refused,
    });
    const segment = Segment.fromUnused(table, PAGE, 5 * PAGE, picky, () => ({}));
    const shared = segment.slice(0, PAGE);
    expect(refusalOf(() => segment.drop())).toEqual({ code: "drop-refused", pfn: 3 });
    expect(counts(table, 1, 4)).toEqual([2, 1, 1, 1]);
    expect([segment.frames, segment.start, freed]).toEqual([4, PAGE, []]);
    refused = undefined;
    segment.drop();
    expect(counts(table, 1, 4)).toEqual([1, -1, -1, -1]);
    shared.drop();
    expect(freed.sort()).toEqual([1, 2, 3, 4]);
  });

  it("covers what is left where another lets go in the middle and the type refuses", () => {
    const { table } = rigOf(mode);
    let shared: Segment | undefined;
    const sneaky = defineFrameMeta({
      name: "sneaky",
      layout: struct(),
      onDropPre: ({ paddr }) => {
        // While the last frame is asked, the other handle on the second one goes.
        if (paddr === 4 * PAGE) shared?.drop();
        return paddr !== 2 * PAGE;
      },
    });
    const segment = Segment.fromUnused(table, PAGE, 5 * PAGE, sneaky, () => ({}));
    shared = segment.slice(PAGE, 2 * PAGE);
    expect(refusalOf(() => segment.drop())).toEqual({ code: "drop-refused", pfn: 2 });
    expect(counts(table, 1, 4)).toEqual([-1, 1, 1, 1]);
    expect([segment.frames, segment.start]).toEqual([3, 2 * PAGE]);
  });
});
