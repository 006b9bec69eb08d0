/** FM-40: the metadata of a page-table node, written by hand, is what core's layouts would make of it. */
import {
  AtomicCell,
  atomic,
  bool8,
  CoreError,
  type Layout,
  struct,
  u8,
  u16,
  u32,
} from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { LinkedList, linkMeta } from "@memkit/frame-meta/list";
import { storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layoutText, PT_NODE, textHash } from "../../src/meta/layout-text.js";
import { PAGE } from "../frame/support.js";
import { attachmentTo, inMode, MODES } from "../slot/modes.js";

const byHand = storedPageTablePageMeta;
const byCore = struct(["nrChildren", u16], ["stray", bool8], ["level", u8], ["lock", atomic(u32)]);

const u32s = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const value = fc.record({
  nrChildren: fc.nat({ max: 65_535 }),
  stray: fc.boolean(),
  level: fc.nat({ max: 255 }),
  lock: u32s,
});
/** What may be given for a number or a bool, fitting or not. */
const part = fc.oneof(
  u32s,
  fc.constantFrom<unknown>(-1, -0, 0.5, 256, 65_536, 2 ** 32, Number.NaN, 2 ** 53, 1n, "1", null),
  fc.constantFrom<unknown>(undefined, true, false, [], {}, () => 0),
);
const anything = fc.oneof(
  value,
  fc.record({ nrChildren: part, stray: part, level: part, lock: part }, { requiredKeys: [] }),
  part,
);
const offsets = fc.nat({ max: 8 });
const room = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** What a run comes to: its result, or what its error says. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof CoreError) return error.toJSON();
    return String(error);
  }
}

/** What one of two layouts does to a copy of the bytes. */
function on(bytes: Uint8Array, run: (dv: DataView) => unknown): readonly [unknown, Uint8Array] {
  const copy = bytes.slice();
  return [outcome(() => run(new DataView(copy.buffer))), copy];
}

describe("FM-40: by hand as by core", () => {
  it("says the same of itself, so that agents and saved tables agree on the type", () => {
    expect(layoutText(byHand)).toBe(layoutText(byCore));
    expect(textHash(layoutText(byHand))).toBe(PT_NODE);
    const { name, size, align, target } = byCore;
    expect(byHand).toMatchObject({ name, size, align, target });
    for (const { name, offset, type } of byCore.fields) {
      expect(byHand.offsetOf(name as "lock")).toBe(offset);
      const field = byHand.fields.find((field) => field.name === name);
      expect(field?.type.name).toBe(type.name);
    }
    const named = byHand.fields[3]?.type.named("n") as unknown as typeof byHand;
    expect(named.view(new DataView(new ArrayBuffer(4)), 0)).toBeInstanceOf(AtomicCell);
    const missing = (layout: typeof byHand) => outcome(() => layout.offsetOf("version" as "lock"));
    expect(missing(byHand)).toMatchObject({ code: "no-such-field", member: "version" });
    expect([byHand.for("wasm64"), byHand.named("n").name]).toEqual([byHand, "n"]);
    expect(byHand.named("n").size).toBe(8);
  });

  it("writes the same bytes, or refuses for the same reason and writes none", () => {
    fc.assert(
      fc.property(anything, room, offsets, (given, bytes, at) => {
        const write = (layout: Layout) => on(bytes, (dv) => layout.write(dv, at, given));
        expect(write(byHand)).toEqual(write(byCore));
      }),
    );
  });

  it("reads the same value from any bytes, or refuses for the same reason", () => {
    fc.assert(
      fc.property(room, fc.nat({ max: 3 }), offsets, (bytes, stray, at) => {
        bytes[at + 2] = stray;
        const read = (layout: Layout) => on(bytes, (dv) => layout.read(dv, at));
        expect(read(byHand)).toEqual(read(byCore));
      }),
    );
  });

  it("its fields do so by themselves", () => {
    byCore.fields.forEach(({ type: core }, i) => {
      const { type: hand } = byHand.fields[i]!;
      expect(hand.for("wasm64")).toBe(hand);
      expect(hand.named("n").name).toBe("n");
      fc.assert(
        fc.property(part, room, offsets, (given, bytes, at) => {
          const write = (layout: Layout) => on(bytes, (dv) => layout.write(dv, at, given));
          const read = (layout: Layout) => on(bytes, (dv) => layout.named("n").read(dv, at));
          expect(write(hand)).toEqual(write(core));
          expect(read(hand)).toEqual(read(core));
        }),
      );
    });
  });

  it("opens its place after the last getter, and says what is wrong there first", () => {
    /** What is asked and answered when the layout writes to two sites. */
    const use = (layout: Layout, wrong: unknown, right: (said: unknown[]) => unknown) => {
      const said: unknown[] = [];
      const dv = new DataView(new ArrayBuffer(16));
      const words = { u64: new BigUint64Array(0), i64: new BigInt64Array(0) };
      const open = (at: number, size: number, align: number) => {
        said.push([at, size, align]);
        return dv;
      };
      const refuse = (): never => {
        throw new RangeError("no such place");
      };
      layout.writeTo({ ...words, open }, 8, right(said));
      said.push(outcome(() => layout.writeTo({ ...words, open }, 8, wrong)));
      said.push(outcome(() => layout.writeTo({ ...words, open: refuse }, 8, wrong)));
      return [said, new Uint8Array(dv.buffer)];
    };
    const record = (said: unknown[]) => ({
      get nrChildren() {
        said.push("nrChildren");
        return 3;
      },
      stray: true,
      level: 1,
      get lock() {
        said.push("lock");
        return 7;
      },
    });
    const misfit = { nrChildren: 1, stray: true, level: 1, lock: -1 };
    const whole = use(byHand, misfit, record);
    expect(whole).toEqual(use(byCore, misfit, record));
    expect(whole[0]?.slice(0, 3)).toEqual(["nrChildren", "lock", [8, 8, 4]]);
    byCore.fields.forEach(({ name, type: core }, i) => {
      const one = (): unknown => name === "stray" || 1;
      expect(use(byHand.fields[i]!.type, -1, one)).toEqual(use(core, -1, one));
    });
  });

  it("its view has the same setters and getters, and moves on", () => {
    const names = ["nrChildren", "stray", "level"] as const;
    fc.assert(
      fc.property(room, fc.constantFrom(...names), part, offsets, (bytes, name, given, at) => {
        const use = (layout: typeof byHand) =>
          on(bytes, (dv) => {
            const view = layout.view(dv, 0);
            view.seat(dv, at);
            (view as unknown as Record<string, unknown>)[name] = given;
            return view[name];
          });
        expect(use(byHand)).toEqual(use(byCore));
      }),
    );
  });

  it("its view's lock is core's cell", () => {
    const use = (layout: typeof byHand) =>
      on(new Uint8Array(16), (dv) => {
        const view = layout.view(dv, 0);
        const { lock } = view;
        lock.store(2 ** 32 - 1);
        view.seat(dv, 8);
        expect(view.lock).toBe(lock);
        const odd = outcome(() => layout.view(dv, 1).lock);
        return [view.lock.add(5), lock.load(), outcome(() => lock.store(-1)), odd];
      });
    expect(use(byHand)).toEqual(use(byCore));
    expect(byHand.view(new DataView(new ArrayBuffer(8)), 0).lock).toBeInstanceOf(AtomicCell);
  });
});

const meta = { nrChildren: 3, stray: true, level: 2, lock: 7 };
const typed = defineFrameMeta({ name: "node", layout: byHand, usage: "PageTable", lock: "lock" });
const coreTyped = defineFrameMeta({
  name: "node",
  layout: byCore,
  usage: "PageTable",
  lock: "lock",
});
const wrong = defineFrameMeta({
  name: "node",
  layout: struct(["nrChildren", u16], ["stray", bool8], ["level", u8], ["lock", u32]),
  usage: "PageTable",
});

describe.each(MODES)("FM-40: in a slot, %s", (mode) => {
  const memory = { buffer: new SharedArrayBuffer(8 * PAGE) };

  it("is one type with core's for every agent, and none with another layout", () => {
    const options = inMode(mode, { memory });
    const table = FrameTable.create(options);
    const frame = Frame.fromUnused(table, PAGE, typed, meta);
    expect(frame.dynMeta).toEqual({ tag: "PTNode", node: meta });
    const there = FrameTable.attach(attachmentTo(options, table.buffer));
    expect(there.bind(coreTyped)).toBe(table.bind(typed));
    const found = Frame.fromInUse(there, PAGE).tryAs(coreTyped);
    expect(found?.dynMeta).toEqual({ tag: "PTNode", node: meta });
    expect(found?.meta.lock.add(1)).toBe(7);
    expect(frame.meta.lock.load()).toBe(8);
    expect(found?.tryAs(wrong)).toBeUndefined();
    const words = (pfn: number) => table.slots.words.slice(table.slots.wordOf(pfn, 0)).slice(0, 10);
    frame.meta.lock.store(7);
    Frame.fromUnused(there, 2 * PAGE, coreTyped, meta);
    expect(words(1)).toEqual(words(2));
  });

  it("is read, and written by its one owner or under its lock, while its handle lives", () => {
    const table = FrameTable.create(inMode(mode, { memory }));
    const frame = Frame.fromUnused(table, PAGE, typed, { ...meta, lock: 0 });
    const view = frame.meta;
    expect([view.nrChildren, view.stray, view.level, view.lock.load()]).toEqual([3, true, 2, 0]);
    expect(() => Object.assign(view, { level: 3 })).toThrow(TypeError);
    frame.withLock((meta) => {
      meta.level = 4;
      expect(meta.lock.load()).not.toBe(0);
      expect(outcome(() => Object.assign(meta, { level: 256 }))).toMatchObject({
        code: "value-out-of-range",
        type: "u8",
      });
    });
    expect(view.level).toBe(4);
    const unique = UniqueFrame.tryFrom(frame)!;
    unique.metaMut.stray = false;
    expect([unique.meta.stray, outcome(() => view.level)]).toMatchObject([
      false,
      { code: "used-after-drop" },
    ]);
    const { metaMut } = unique;
    unique.drop();
    expect(outcome(() => metaMut.lock)).toMatchObject({ code: "used-after-drop" });
    const refused = () => Frame.fromUnused(table, PAGE, typed, { ...meta, nrChildren: 65_536 });
    expect(outcome(refused)).toMatchObject({ code: "value-out-of-range", path: "nrChildren" });
    expect(table.slots.countOf(1)).toBe(-1);
  });

  it("is in a list as it is out of one", () => {
    const table = FrameTable.create(inMode(mode, { memory }));
    const link = linkMeta(typed);
    const list = new LinkedList(table, link);
    list.pushBack(UniqueFrame.fromUnused(table, PAGE, link, { next: 0, prev: 0, inner: meta }));
    expect(list.popFront()?.meta.inner.nrChildren).toBe(3);
  });
});

it("FM-40: a saved table is opened by who has the type from core, and the other way round", () => {
  const memory = { buffer: new ArrayBuffer(8 * PAGE) };
  for (const [before, after] of [
    [typed, coreTyped],
    [coreTyped, typed],
  ] as const) {
    const table = FrameTable.create({ memory });
    const raw = Frame.fromUnused(table, PAGE, before, meta).intoRaw();
    const later = openTable(saveTable(table), { memory });
    later.bind(wrong);
    later.bind(after);
    const frame = Frame.fromRaw(later, raw);
    expect(frame.tryAs(wrong)).toBeUndefined();
    expect(frame.tryAs(after)?.dynMeta).toEqual({ tag: "PTNode", node: meta });
    frame.drop();
    expect(later.slots.countOf(1)).toBe(-1);
  }
});
