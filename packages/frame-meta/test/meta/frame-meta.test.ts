import { aligned, array, atomic, bool8, struct, u8, u16, u32, u64 } from "@memkit/core";
import {
  attachSlots,
  createSlots,
  defineFrameMeta,
  Frame,
  FrameTable,
  PageUsage,
  unitMeta,
} from "@memkit/frame-meta";
import { type LinkMeta, linkMeta } from "@memkit/frame-meta/list";
import { storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { internType, typeName } from "../../src/meta/directory.js";
import { USAGE_NAMES } from "../../src/meta/usage.js";
import { SlotWord } from "../../src/slot/layout.js";
import { PAGE, refusalOf } from "../frame/support.js";
import { attachmentTo, inMode, MODES } from "../slot/modes.js";

const memory = { buffer: new ArrayBuffer(8 * PAGE) };

describe("FM-10: what fits a slot", () => {
  it("40 bytes do, 41 do not", () => {
    expect(defineFrameMeta({ name: "40", layout: struct(["b", array(u8, 40)]) }).layout.size).toBe(
      40,
    );
    const layout = struct(["b", array(u8, 41)]);
    // @ts-expect-error: 41 bytes do not compile
    const define = () => defineFrameMeta({ name: "41", layout });
    expect(refusalOf(define)).toEqual({
      code: "meta-does-not-fit",
      type: "41",
      what: "size",
      got: 41,
      max: 40,
    });
  });

  it("an alignment of 64 does where the size does, 128 does not", () => {
    const wide = struct(["b", aligned(128, u8)]);
    // @ts-expect-error: too large and too aligned
    expect(refusalOf(() => defineFrameMeta({ name: "wide", layout: wide })).code).toBe(
      "meta-does-not-fit",
    );
    const empty = struct(["none", aligned(128, array(u8, 0))]);
    // @ts-expect-error: aligned to 128
    expect(refusalOf(() => defineFrameMeta({ name: "none", layout: empty }))).toMatchObject({
      what: "alignment",
      got: 128,
      max: 64,
    });
  });

  it("32 bytes inside a link, aligned to 8", () => {
    const fits = defineFrameMeta({ name: "32", layout: struct(["b", array(u64, 4)]) });
    expect(linkMeta(fits).layout.size).toBe(40);
    expect(linkMeta(fits)).toBe(linkMeta(fits));
    const large = defineFrameMeta({ name: "33", layout: struct(["b", array(u8, 33)]) });
    // @ts-expect-error: 33 bytes
    expect(refusalOf(() => linkMeta(large))).toMatchObject({ what: "size", got: 33, max: 32 });
    const coarse = defineFrameMeta({ name: "a16", layout: struct(["b", aligned(16, u8)]) });
    // @ts-expect-error: aligned to 16
    expect(refusalOf(() => linkMeta(coarse))).toMatchObject({ what: "alignment", got: 16, max: 8 });
  });

  it("names have 1 to 96 bytes", () => {
    const layout = struct();
    expect(defineFrameMeta({ name: "é".repeat(48), layout }).name).toHaveLength(48);
    for (const [name, bytes] of [
      ["", 0],
      ["é".repeat(49), 98],
    ] as const) {
      expect(refusalOf(() => defineFrameMeta({ name, layout }))).toEqual({
        code: "invalid-type-name",
        bytes,
      });
    }
  });
});

describe.each(MODES)("the directory, %s", (mode) => {
  const layout = struct(["a", u32]);
  const type = defineFrameMeta({ name: "t", layout });

  it("FM-11: one number for one type, in whatever order agents ask", () => {
    const options = inMode(mode, { memory });
    const slots = createSlots(options);
    const other = attachSlots(attachmentTo(options, slots.words.buffer));
    const second = defineFrameMeta({ name: "u", layout });
    expect([internType(slots, type), internType(slots, second)]).toEqual([1, 2]);
    expect([internType(other, second), internType(other, type)]).toEqual([2, 1]);
    expect([typeName(other, 1), typeName(other, 2), typeName(other, 3)]).toEqual([
      "t",
      "u",
      undefined,
    ]);
    expect([typeName(other, 0), typeName(other, 1.5), typeName(other, 99)]).toEqual(
      Array(3).fill(undefined),
    );
  });

  it("FM-11: name, layout, untypedness and usage make the type; what it does does not", () => {
    const slots = createSlots(inMode(mode, { memory }));
    const same = defineFrameMeta({
      name: "t",
      layout: struct(["a", u32]),
      onDrop: () => undefined,
    });
    const others = [
      defineFrameMeta({ name: "t2", layout }),
      defineFrameMeta({ name: "t", layout: struct(["b", u32]) }),
      defineFrameMeta({ name: "t", layout: struct(["a", u16], ["b", u16]) }),
      defineFrameMeta({ name: "t", layout: struct(["a", atomic(u32)]) }),
      defineFrameMeta({ name: "t", layout: struct(["a", array(u32, 1)]) }),
      defineFrameMeta({ name: "t", layout, isUntyped: true }),
      defineFrameMeta({ name: "t", layout, usage: "Kernel" }),
    ];
    expect(internType(slots, type)).toBe(1);
    expect(internType(slots, same)).toBe(1);
    expect(others.map((other) => internType(slots, other))).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it("is full after as many types as it was made for", () => {
    const slots = createSlots(inMode(mode, { memory, types: 1 }));
    internType(slots, type);
    const second = defineFrameMeta({ name: "u", layout });
    expect(refusalOf(() => internType(slots, second))).toEqual({
      code: "directory-full",
      type: "u",
      capacity: 1,
    });
    expect(internType(slots, type)).toBe(1);
  });

  it("waits for an entry that is being written", () => {
    const slots = createSlots(inMode(mode, { memory }));
    if (mode === "single") return; // nobody else is there to write
    const entry = slots.parts.types;
    slots.words[entry] = 1;
    const { wait } = Atomics;
    let waits = 0;
    Object.defineProperty(Atomics, "wait", {
      configurable: true,
      writable: true,
      value: () => {
        waits += 1;
        if (waits === 3) slots.words[entry] = 0; // its writer has died and somebody cleaned up
        throw new TypeError("this agent cannot wait");
      },
    });
    try {
      expect(internType(slots, type)).toBe(1);
    } finally {
      Object.defineProperty(Atomics, "wait", { configurable: true, writable: true, value: wait });
    }
    expect(waits).toBe(3);
  });
});

describe("metadata in its slot", () => {
  it("says its usage and type; and is a case of the union by its type", () => {
    const table = FrameTable.create({ memory });
    const node = defineFrameMeta({
      name: "node",
      layout: storedPageTablePageMeta,
      usage: "PageTable",
    });
    const owned = defineFrameMeta({ name: "owned", layout: struct(["owner", u32]) });
    const raw = defineFrameMeta({ name: "raw", layout: struct(["a", u8]), isUntyped: true });
    const value = { nrChildren: 3, stray: true, level: 2, lock: 1 };
    const frame = Frame.fromUnused(table, PAGE, node, value);
    const word = (pfn: number, at: number) =>
      table.slots.words[table.slots.countIndexOf(pfn) - SlotWord.count + at];
    expect(word(1, SlotWord.usage)).toBe(PageUsage.PageTable);
    expect(word(1, SlotWord.type)).toBe(table.bind(node));
    expect(frame.dynMeta).toEqual({ tag: "PTNode", node: value });
    expect(USAGE_NAMES[PageUsage.MMIO]).toBe("MMIO");

    const bytes = new Uint8Array(40);
    bytes.set([1, 2, 0, 0]);
    expect(Frame.fromUnused(table, 2 * PAGE, owned, { owner: 0x201 }).dynMeta).toEqual({
      tag: "Empty",
      bytes,
    });
    expect(Frame.fromUnused(table, 3 * PAGE, raw, { a: 1 }).dynMeta.tag).toBe("Untyped");
    expect(Frame.fromUnused(table, 4 * PAGE, unitMeta, {}).dynMeta.tag).toBe("Empty");
    const link: LinkMeta = linkMeta(owned);
    const linked = UniqueFrame.fromUnused(table, 5 * PAGE, linkMeta(owned), {
      next: 3,
      prev: 0,
      inner: { owner: 7 },
    });
    expect(link.inner.name).toBe("owned");
    const slot = new Uint8Array(32);
    slot[0] = 7;
    expect(linked.dynMeta).toEqual({ tag: "FrameLink", link: { next: 2, prev: undefined, slot } });
  });

  it("FM-8: views go down into records and arrays, and no further than they may", () => {
    const table = FrameTable.create({ memory });
    const type = defineFrameMeta({
      name: "deep",
      layout: struct(
        ["inner", struct(["x", u16], ["flag", bool8])],
        ["list", array(u16, 3)],
        ["records", array(struct(["y", u8]), 2)],
        ["count", atomic(u32)],
      ),
    });
    const value = {
      inner: { x: 1, flag: true },
      list: [1, 2, 3],
      records: [{ y: 4 }, { y: 5 }],
      count: 6,
    };
    const unique = UniqueFrame.fromUnused(table, PAGE, type, value);
    const mut = unique.metaMut;
    mut.inner.x = 10;
    mut.list.set(2, 30);
    mut.records.get(1).y = 50;
    mut.count.add(1);
    expect(() => {
      (mut as { inner: unknown }).inner = {};
    }).toThrow(TypeError);
    const { meta } = unique;
    expect([meta.inner.x, meta.inner.flag, meta.list.get(2), meta.list.length]).toEqual([
      10,
      true,
      30,
      3,
    ]);
    expect([meta.records.get(0).y, meta.records.get(1).y, meta.count.load()]).toEqual([4, 50, 7]);
    expect("set" in meta.list).toBe(false);
    expect(() => {
      (meta.inner as { x: number }).x = 1;
    }).toThrow(TypeError);
    expect(() => {
      (meta.records.get(0) as { y: number }).y = 1;
    }).toThrow(TypeError);
    const { list, records } = mut;
    unique.drop();
    for (const use of [
      () => list.get(0),
      () => list.set(0, 1),
      () => records.get(0),
      () => meta.inner,
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: "used-after-drop", what: "metadata" }));
    }
  });
});
