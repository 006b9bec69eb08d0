/** FM-10, FM-11: types that only JavaScript can make are refused, and looking for a type makes none. */
import { array, atomic, struct, u32 } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable, slotTableBytes, unitMeta } from "@memkit/frame-meta";
import { inTransit } from "@memkit/frame-meta/agents";
import {
  allocFrame,
  allocSegment,
  allocUnique,
  attachBuddy,
  createBuddy,
} from "@memkit/frame-meta/alloc";
import { LinkedList, linkMeta } from "@memkit/frame-meta/list";
import { FrameLedger, reprOf } from "@memkit/frame-meta/model";
import { allocNode, storedPageTablePageMeta } from "@memkit/frame-meta/pt-node";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it, vi } from "vitest";
import { PAGE, refusalOf } from "../frame/support.js";

const define = defineFrameMeta as unknown as (definition: object) => unknown;
const layout = struct(["a", u32], ["b", atomic(u32)]);

describe("defineFrameMeta", () => {
  it.each([
    ["layout", {}],
    ["layout", { layout: u32 }],
    ["layout", { layout: array(u32, 2) }],
    ["layout", { layout: null }],
    ["usage", { layout, usage: "Unused" }],
    ["usage", { layout, usage: "MMIO" }],
    ["usage", { layout, usage: "constructor" }],
    ["lock", { layout, lock: "a" }],
    ["lock", { layout, lock: "c" }],
  ] as const)("refuses another %s: %o", (option, definition) => {
    expect(refusalOf(() => define({ name: "odd", ...definition }))).toMatchObject({
      code: "invalid-option",
      option,
    });
  });
});

describe("what defineFrameMeta has not made is no type", () => {
  const good = defineFrameMeta({ name: "good", layout });
  const node = defineFrameMeta({ name: "node", layout: storedPageTablePageMeta });
  const ODD: Readonly<Record<string, unknown>> = {
    nothing: undefined,
    null: null,
    "a number": 5,
    "a name": "good",
    "an empty object": {},
    "a definition": { name: "good", layout },
    "a layout": layout,
    "a type without hash": { ...good, hash: undefined },
    "a type out of JSON": { ...good, hash: String(good.hash) },
    "a type with another name": { ...good, name: "x".repeat(500) },
    "a type with another layout": { ...good, layout: struct(["a", array(u32, 99)]) },
    "a link of its own making": { ...linkMeta(good) },
    "what has no prototype": Object.create(null),
  };
  const value = { a: 1, b: 0 };
  const WAYS: Readonly<Record<string, (table: FrameTable, type: never) => unknown>> = {
    bind: (table, type) => table.bind(type),
    "Frame.fromUnused": (table, type) => Frame.fromUnused(table, PAGE, type, value as never),
    "UniqueFrame.fromUnused": (table, type) =>
      UniqueFrame.fromUnused(table, PAGE, type, value as never),
    "Segment.fromUnused": (table, type) =>
      Segment.fromUnused(table, PAGE, 3 * PAGE, type, () => value as never),
    allocFrame: (table, type) => allocFrame(table, type, value as never),
    allocUnique: (table, type) => allocUnique(table, type, value as never),
    allocSegment: (table, type) => allocSegment(table, 3, type, () => value as never),
    allocNode: (table, type) => allocNode(table, type, 1, false, 0),
    LinkedList: (table, type) => new LinkedList(table, type),
    linkMeta: (_table, type) => linkMeta(type),
    reprOf: (_table, type) => reprOf(type),
    "frame.tryAs": (table, type) => Frame.fromInUse(table, 0).tryAs(type),
    "frame.tryAs of a type that is not bound": (table, type) =>
      Frame.fromInUse(attached(table), 0).tryAs(type),
    repurpose: (table, type) => held.get(table)?.repurpose(type, value as never),
  };
  const held = new WeakMap<FrameTable, UniqueFrame>();
  const memory = { buffer: new SharedArrayBuffer(16 * PAGE) };
  const attached = ({ buffer, mode }: FrameTable) => FrameTable.attach({ memory, buffer, mode });

  it.each(Object.keys(WAYS))("for %s, which changes nothing", (way) => {
    for (const mode of ["single", "shared"] as const) {
      for (const [what, type] of Object.entries(ODD)) {
        const table = FrameTable.create({ memory, mode, types: 3 });
        Frame.fromUnused(table, 0, unitMeta, {});
        held.set(table, UniqueFrame.fromUnused(table, 15 * PAGE, unitMeta, {}));
        const takes = way.startsWith("alloc") ? createBuddy(table) : undefined;
        const words = table.slots.words.slice();
        const taken = takes?.stats().taken;
        // A tryAs has a handle of its own, which is the one change.
        if (way.startsWith("frame.tryAs")) words[table.slots.countIndexOf(0)]! += 1;
        const run = () => WAYS[way]?.(table, type as never);
        expect(refusalOf(run), what).toMatchObject({ code: "invalid-option", option: "type" });
        expect(table.slots.words, what).toEqual(words);
        expect(takes?.stats().taken, what).toBe(taken);
        expect([table.bind(good), table.bind(node)], what).toEqual([2, 3]); // nobody waits for ever
        if (mode === "shared") {
          const there = attached(table);
          expect([there.bind(node), there.bind(good)], what).toEqual([3, 2]);
        }
      }
    }
  });

  it("of another copy of this package it is one", async () => {
    vi.resetModules();
    const copy = await import("../../src/index.js");
    expect(copy.defineFrameMeta).not.toBe(defineFrameMeta);
    const table = FrameTable.create({ memory });
    expect(table.bind(copy.defineFrameMeta({ name: "good", layout }))).toBe(table.bind(good));
  });
});

it("allocators refuse what is no table, and frames that are no numbers", () => {
  const invalid = (run: () => unknown, option: string) =>
    expect(refusalOf(run)).toMatchObject({ code: "invalid-option", option });
  for (const odd of [undefined, null, 5, {}] as never[]) {
    invalid(() => allocFrame(odd, unitMeta, {}), "table");
    invalid(() => allocUnique(odd, unitMeta, {}), "table");
    invalid(() => allocSegment(odd, 2, unitMeta, () => ({})), "table");
    invalid(() => allocNode(odd, unitMeta as never, 1, false, 0), "table");
    invalid(() => createBuddy(odd), "table");
    invalid(() => attachBuddy(odd, { buffer: new ArrayBuffer(64) }), "table");
  }
  const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * PAGE) } });
  for (const odd of [{ firstPfn: 1n }, { frames: 1n }, { frames: "1" }] as never[]) {
    const range = { firstPfn: 1, frames: 1, kind: "reserved" as const, ...(odd as object) };
    invalid(() => createBuddy(table, { map: [range] }), "map");
  }
  const allocator = createBuddy(table);
  const pfn = allocator.alloc();
  for (const odd of [BigInt(pfn), String(pfn), undefined, null, Symbol("pfn")] as never[]) {
    invalid(() => allocator.add(odd), "pfn");
    invalid(() => allocator.add(odd, 2), "pfn");
    invalid(() => allocator.takeAt(odd), "pfn");
  }
  const four = 4096n as never;
  invalid(() => allocator.add(pfn, four), "frames");
  invalid(() => allocator.alloc(four), "frames");
  invalid(() => allocator.alloc(1, { align: four }), "align");
  invalid(() => allocator.alloc(1, { below: four }), "below");
  expect(allocator.stats().taken).toBe(1);
  allocator.add(pfn);
});

it("tryAs puts no type into the directory, and finds what another agent has put there", () => {
  const memory = { buffer: new SharedArrayBuffer(4 * PAGE) };
  const table = FrameTable.create({ memory, mode: "shared", types: 2 });
  const type = defineFrameMeta({ name: "mine", layout });
  const frame = Frame.fromUnused(table, 0, type, { a: 7, b: 0 });
  const segment = Segment.fromUnused(table, PAGE, 3 * PAGE, type, () => ({ a: 8, b: 0 }));
  table.bind(unitMeta); // and the directory is full
  const other = defineFrameMeta({ name: "other", layout });
  expect([frame.tryAs(other), segment.tryAs(other)]).toEqual([undefined, undefined]);
  expect(refusalOf(() => table.bind(other)).code).toBe("directory-full");
  const there = FrameTable.attach({ memory, buffer: table.buffer });
  const same = defineFrameMeta({ name: "mine", layout });
  const found = Frame.fromInUse(there, 0);
  expect(found.tryAs(unitMeta)).toBeUndefined();
  expect(found.tryAs(same)?.meta.a).toBe(7);
});

it("a list is of a type that linkMeta has made", () => {
  const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(PAGE) } });
  const list = () => new LinkedList(table, unitMeta as never);
  expect(refusalOf(list)).toMatchObject({ code: "invalid-option", option: "type" });
});

it("what is no memory is refused as PhysicalMemory does", () => {
  for (const memory of [undefined, null, 5, {}]) {
    expect(() => slotTableBytes({ memory: memory as never })).toThrow(
      expect.objectContaining({ code: "invalid-source" }),
    );
  }
});

it("FM-36: a send that the ledger refuses leaves handles, entries and records as they were", () => {
  const ledger = new FrameLedger({ frames: 4 });
  const memory = { buffer: new ArrayBuffer(4 * PAGE) };
  const table = FrameTable.create({ memory, transits: 1 }, { ledger });
  const segment = Segment.fromUnused(table, 0, 3 * PAGE, unitMeta, () => ({}));
  ledger.release(2, "segment"); // somebody has lost count
  expect(() => segment.send()).toThrow(expect.objectContaining({ code: "not-in-ledger" }));
  expect([segment.dropped, inTransit(table), ledger.count(0, "segment")]).toEqual([false, [], 1]);
  ledger.acquire(2, "segment");
  const token = segment.send();
  expect(Segment.receive(table, token).frames).toBe(3);
});
