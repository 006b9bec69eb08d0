/** FM-10, FM-11: types that only JavaScript can make are refused, and looking for a type makes none. */
import { array, atomic, struct, u32 } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable, slotTableBytes, unitMeta } from "@memkit/frame-meta";
import { inTransit } from "@memkit/frame-meta/agents";
import { LinkedList } from "@memkit/frame-meta/list";
import { FrameLedger } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { describe, expect, it } from "vitest";
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
