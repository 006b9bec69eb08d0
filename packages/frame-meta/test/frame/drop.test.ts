/** The last drop: what types are told, what happens when they throw, come back, refuse, or drop more than a stack holds. */
import { struct, u32, u64Number, VmReader } from "@memkit/core";
import {
  type DropContext,
  defineFrameMeta,
  Frame,
  FrameError,
  FrameTable,
} from "@memkit/frame-meta";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { type ReadableDropContext, withReader, writerOf } from "@memkit/frame-meta/untyped";
import { describe, expect, it } from "vitest";
import { attachmentTo, inMode, MODES } from "../slot/modes.js";
import { causesOf, mock, mockOf, PAGE, refusalOf, rigOf, untyped } from "./support.js";

/** Frames that hold the frames from `first` to `last`, by raw handle: a tree in the metadata. */
const treeOf = (onDrop: (context: DropContext, first: number, count: number) => void) => {
  const layout = struct(["first", u32], ["count", u32]);
  return defineFrameMeta({
    name: "tree",
    layout,
    onDrop: (context) => onDrop(context as DropContext, context.meta.first, context.meta.count),
  });
};

const dropAt = (table: FrameTable, pfn: number) => {
  // The parent holds one handle on each child; here it comes by address, with the one that it adds taken off again.
  const child = Frame.fromInUse(table, pfn * PAGE);
  table.slots.dec(pfn);
  table.ledger?.release(pfn, "handle");
  child.drop();
};

describe.each(MODES)("the last drop, %s", (mode) => {
  it("tells the type: its metadata, the bytes, the table and the address; for the call only", () => {
    const { table } = rigOf(mode);
    const seen: unknown[] = [];
    let kept: ReadableDropContext | undefined;
    let keptMeta: { owner: number } | undefined;
    const type = defineFrameMeta({
      name: "told",
      layout: struct(["owner", u32]),
      isUntyped: true,
      onDrop: withReader((context) => {
        const { meta, reader, table: told, paddr } = context;
        seen.push(meta.owner, reader.remain, reader.readVal(u32), told === table, paddr);
        meta.owner = 3; // its own to write
        seen.push(table.slots.countOf(2), refusalOf(() => Frame.fromInUse(table, 2 * PAGE)).code);
        kept = context as ReadableDropContext;
        keptMeta = meta;
      }),
    });
    const frame = Frame.fromUnused(table, 2 * PAGE, type, { owner: 5 });
    writerOf(frame).write(new VmReader(Uint8Array.of(1, 2, 3, 4)));
    const clone = frame.clone();
    frame.drop();
    expect(seen).toEqual([]);
    clone.drop();
    expect(seen).toEqual([5, PAGE, 0x04030201, true, 2 * PAGE, 0, "busy"]);
    for (const use of [() => kept?.meta, () => kept?.reader, () => keptMeta?.owner]) {
      expect(use).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    }
  });

  it("FM-12: an onDrop that throws does not keep the frame; the handle has ended", () => {
    const { table, freed, ledger } = rigOf(mode);
    const error = new Error("cannot flush");
    const type = defineFrameMeta({
      name: "thrower",
      layout: struct(),
      onDrop: () => {
        throw error;
      },
    });
    const frame = Frame.fromUnused(table, PAGE, type, {});
    expect(causesOf(() => frame.drop())).toEqual([error]);
    expect([frame.dropped, table.slots.countOf(1), freed]).toEqual([true, -1, [1]]);
    expect(ledger.report()).toEqual([]);
    const segment = Segment.fromUnused(table, PAGE, 4 * PAGE, type, () => ({}));
    expect(causesOf(() => segment.drop())).toEqual([error, error, error]);
    expect([segment.dropped, freed.length]).toEqual([true, 4]);
    const unique = UniqueFrame.fromUnused(table, PAGE, type, {});
    expect(refusalOf(() => unique.drop())).toEqual({ code: "drop-failed", frames: 1, failed: 1 });
    const last = Frame.fromUnused(table, PAGE, mock, mockOf(0));
    last.drop(); // nothing is left over from the failures before
  });

  it("FM-12: 5 levels of 512 children are no 5 levels of stack, and none is lost", () => {
    const levels = 5;
    const fan = 512;
    const frames = 1 + levels * fan;
    const { table, freed, ledger } = rigOf(mode, frames);
    let depth = 0;
    let deepest = 0;
    const tree = treeOf(({ table: told }, first, count) => {
      depth += 1;
      deepest = Math.max(deepest, depth);
      for (let i = 0; i < count; i += 1) dropAt(told, first + i);
      depth -= 1;
    });
    for (let pfn = 0; pfn < frames; pfn += 1) {
      // The last child of each level has the next level's children; the others are leaves.
      const level = Math.ceil(pfn / fan);
      const inner = pfn === level * fan && level < levels;
      const value = { first: pfn + 1, count: inner ? fan : 0 };
      Frame.fromUnused(table, pfn * PAGE, tree, value).intoRaw();
      ledger.move(pfn, "raw", "handle");
    }
    dropAt(table, 0);
    expect(freed.length).toBe(frames);
    expect(new Set(freed).size).toBe(frames);
    expect(deepest).toBe(1);
    expect(ledger.report()).toEqual([]);
  });

  it("FM-12: a chain of 100,000 frames, where every second one throws, ends in one error", () => {
    const frames = 100_000;
    const memory = { buffer: new SharedArrayBuffer(frames * PAGE) };
    const table = FrameTable.create(inMode(mode, { memory }));
    const chain = defineFrameMeta({
      name: "chain",
      layout: struct(["next", u64Number]),
      onDrop: ({ meta, table: told, paddr }) => {
        const { next } = meta;
        if (next !== 0) Frame.fromRaw(told, next).drop();
        if ((paddr / PAGE) % 2 === 1) throw new Error(`frame ${paddr / PAGE}`);
      },
    });
    let next = 0;
    for (let pfn = frames - 1; pfn > 0; pfn -= 1) {
      next = Frame.fromUnused(table, pfn * PAGE, chain, { next }).intoRaw();
    }
    const head = Frame.fromRaw(table, next);
    let error: unknown;
    try {
      head.drop();
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ code: "drop-failed", frames: frames - 1, failed: frames / 2 });
    for (const pfn of [1, 2, 777, frames - 1]) expect(table.slots.countOf(pfn)).toBe(-1);
  });

  it("an onDrop may come back: claim another frame, drop others, but not get its own again", () => {
    const { table, freed } = rigOf(mode);
    const seen: string[] = [];
    const type = defineFrameMeta({
      name: "reentrant",
      layout: struct(["depth", u32]),
      onDrop: ({ meta, table: told, paddr }) => {
        seen.push(refusalOf(() => Frame.fromInUse(told, paddr)).code);
        seen.push(refusalOf(() => Frame.fromUnused(told, paddr, mock, mockOf(0))).code);
        const { depth } = meta;
        if (depth === 0) return;
        const next = Frame.fromUnused(told, paddr + PAGE, type, { depth: depth - 1 });
        next.drop();
        expect(told.slots.countOf(paddr / PAGE + 1)).toBe(0); // later, when this call is over
      },
    });
    Frame.fromUnused(table, PAGE, type, { depth: 3 }).drop();
    expect(seen).toEqual(Array(8).fill("busy"));
    expect(freed).toEqual([1, 2, 3, 4]);
  });

  it("onDropPre refuses and the handle stays; or throws, and the same", () => {
    const { table, freed } = rigOf(mode);
    let answer: boolean | Error = false;
    const type = defineFrameMeta({
      name: "asked",
      layout: struct(["pins", u32]),
      onDropPre: ({ meta }) => {
        if (answer instanceof Error) throw answer;
        return answer || meta.pins === 99;
      },
    });
    const frame = Frame.fromUnused(table, PAGE, type, { pins: 1 });
    const clone = frame.clone();
    clone.drop(); // not the last one: nobody is asked
    expect(refusalOf(() => frame.drop())).toEqual({ code: "drop-refused", pfn: 1 });
    expect([frame.dropped, frame.referenceCount]).toEqual([false, 1]);
    answer = new RangeError("asked too often");
    expect(() => frame.drop()).toThrow(answer);
    const unique = UniqueFrame.tryFrom(frame)!;
    expect(() => unique.drop()).toThrow(answer);
    expect(table.slots.countOf(1)).toBe(-2);
    answer = false;
    expect(refusalOf(() => unique.resetAsUnused()).code).toBe("drop-refused");
    unique.metaMut.pins = 99;
    unique.drop();
    expect([table.slots.countOf(1), freed]).toEqual([-1, [1]]);
  });

  it("a refusal inside an onDrop is the parent's to see", () => {
    const { table } = rigOf(mode);
    const child = defineFrameMeta({ name: "child", layout: struct(), onDropPre: () => false });
    const kept = Frame.fromUnused(table, 2 * PAGE, child, {});
    const parent = defineFrameMeta({
      name: "parent",
      layout: struct(),
      onDrop: () => kept.drop(),
    });
    const [cause] = causesOf(() => Frame.fromUnused(table, PAGE, parent, {}).drop());
    expect(cause).toMatchObject({ code: "drop-refused", pfn: 2 });
    expect([kept.dropped, kept.referenceCount, table.slots.countOf(1)]).toEqual([false, 1, -1]);
  });

  it("a free set that throws does not keep the frame either", () => {
    const memory = { buffer: new SharedArrayBuffer(2 * PAGE) };
    const error = new Error("full");
    const add = () => {
      throw error;
    };
    const table = FrameTable.create(inMode(mode, { memory }), { freeSet: { add } });
    const frame = Frame.fromUnused(table, PAGE, mock, mockOf(1));
    expect(causesOf(() => frame.drop())).toEqual([error]);
    expect(table.slots.countOf(1)).toBe(-1);
  });

  describe("FM-13: a type that this agent has not bound", () => {
    const two = () => {
      const buffer = new SharedArrayBuffer(4 * PAGE);
      const options = inMode(mode, { memory: { buffer } });
      const maker = FrameTable.create(options);
      const attachment = attachmentTo(options, maker.buffer);
      return { maker, other: FrameTable.attach(attachment) };
    };

    it("parks the frame with what it has, until an agent binds and drains", () => {
      const { maker, other } = two();
      const dropped: number[] = [];
      const type = defineFrameMeta({
        name: "far",
        layout: struct(["owner", u32]),
        onDrop: ({ meta }) => {
          dropped.push(meta.owner);
        },
      });
      for (const pfn of [1, 2, 3])
        Frame.fromUnused(maker, pfn * PAGE, type, { owner: pfn }).intoRaw();
      for (const pfn of [1, 2, 3]) {
        const frame = Frame.fromInUse(other, pfn * PAGE);
        expect(refusalOf(() => frame.meta)).toEqual({ code: "type-not-bound", pfn, type: 1 });
        other.slots.dec(pfn);
        frame.drop();
      }
      expect([1, 2, 3].map((pfn) => maker.slots.countOf(pfn))).toEqual([0, 0, 0]);
      expect(refusalOf(() => Frame.fromUnused(maker, PAGE, mock, mockOf(0))).code).toBe("busy");
      expect(other.drain()).toBe(0); // still not bound there
      expect(dropped).toEqual([]);
      expect(maker.drain()).toBe(3);
      expect(dropped.sort()).toEqual([1, 2, 3]);
      expect(maker.drain()).toBe(0);
      expect(Frame.fromUnused(other, 2 * PAGE, untyped, { value: 1 }).meta.value).toBe(1);
    });

    it("asks when it drains; what is refused stays parked, what throws is reported", () => {
      const { maker, other } = two();
      let answer: boolean | Error = false;
      const type = defineFrameMeta({
        name: "far-asked",
        layout: struct(),
        onDropPre: () => {
          if (answer instanceof Error) throw answer;
          return answer;
        },
      });
      Frame.fromUnused(maker, PAGE, type, {}).intoRaw();
      const frame = Frame.fromInUse(other, PAGE);
      other.slots.dec(1);
      frame.drop();
      expect(maker.drain()).toBe(0);
      answer = new Error("no");
      expect(causesOf(() => maker.drain())).toEqual([answer]);
      expect(maker.slots.countOf(1)).toBe(0);
      answer = true;
      expect(maker.drain()).toBe(1);
      expect(maker.slots.countOf(1)).toBe(-1);
    });
  });

  it("an error is a FrameError with one sentence", () => {
    const error = new FrameError({ code: "drop-failed", frames: 5, failed: 2 });
    expect(error.message).toContain("2 errors in ending 5 frames");
  });
});
