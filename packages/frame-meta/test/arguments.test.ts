/** What callers give whom no type checker warns: options that are no object, and what is no table. */
import {
  attachSlots,
  createSlots,
  defineFrameMeta,
  Frame,
  FrameTable,
  slotTableBytes,
  unitMeta,
} from "@memkit/frame-meta";
import { inTransit, reap } from "@memkit/frame-meta/agents";
import {
  allocFrame,
  allocSegment,
  allocUnique,
  attachBuddy,
  createBuddy,
} from "@memkit/frame-meta/alloc";
import { LinkedList, linkMeta } from "@memkit/frame-meta/list";
import { checkInvariants, FrameLedger, ownerOf, snapshot } from "@memkit/frame-meta/model";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { PAGE, refusalOf } from "./frame/support.js";

const FRAMES = 16;
const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
const nothing = () => ({});
const tableOf = (agent = 0) => FrameTable.create({ memory, mode: "shared" }, { agent });
const withBuddy = () => {
  const table = tableOf();
  return { table, allocator: createBuddy(table) };
};

/** Calls of which one argument is given here; `refused` is what the error says of it. */
type Calls = Readonly<Record<string, (odd: never) => unknown>>;

function refuse(calls: Calls, odds: readonly unknown[], refused: string): void {
  it.each(Object.keys(calls))("%s", (name) => {
    for (const odd of odds) {
      const run = () => calls[name]?.(odd as never);
      expect(refusalOf(run), typeof odd).toMatchObject({ code: "invalid-option", option: refused });
    }
  });
}

const NO_OBJECTS = [null, 5, "shared", Symbol("options"), true];
/** Where nothing given does not mean the usual. */
const NOTHING_TOO = [...NO_OBJECTS, undefined];

describe("options that are no object are refused:", () => {
  refuse({ createSlots, slotTableBytes, attachSlots }, NOTHING_TOO, "options");
  refuse(
    {
      "FrameTable.create": (odd) => FrameTable.create(odd),
      "FrameTable.attach": (odd) => FrameTable.attach(odd),
      FrameLedger: (odd) => new FrameLedger(odd),
      attachBuddy: (odd) => attachBuddy(tableOf(), odd),
      openTable: (odd) => openTable(saveTable(tableOf()), odd),
    },
    NOTHING_TOO,
    "options",
  );
  refuse(
    {
      createBuddy: (odd) => createBuddy(tableOf(), odd),
      allocFrame: (odd) => allocFrame(withBuddy().table, unitMeta, {}, odd),
      allocUnique: (odd) => allocUnique(withBuddy().table, unitMeta, {}, odd),
      allocSegment: (odd) => allocSegment(withBuddy().table, 2, unitMeta, nothing, odd),
      checkInvariants: (odd) => checkInvariants(tableOf(), odd),
      reap: (odd) => reap(tableOf(), [], odd),
    },
    NO_OBJECTS,
    "options",
  );
  refuse({ alloc: (odd) => withBuddy().allocator.alloc(1, odd) }, NO_OBJECTS, "placement");
  refuse(
    {
      "FrameTable.create": (odd) => FrameTable.create({ memory }, odd),
      "FrameTable.attach": (odd) => FrameTable.attach({ memory, buffer: tableOf().buffer }, odd),
      openTable: (odd) => openTable(saveTable(tableOf()), { memory, mode: "shared" }, odd),
    },
    NO_OBJECTS,
    "extras",
  );
  refuse({ defineFrameMeta }, NOTHING_TOO, "definition");
  const sent = () => ({ table: tableOf(), token: 0 });
  refuse(
    {
      "Frame.receive": (odd) => Frame.receive(sent().table, odd),
      "UniqueFrame.receive": (odd) => UniqueFrame.receive(sent().table, odd),
      "Segment.receive": (odd) => Segment.receive(sent().table, odd),
    },
    NOTHING_TOO,
    "token",
  );
  refuse({ use: (odd) => tableOf().use(odd) }, NOTHING_TOO, "allocator");
});

describe("what is no table is refused:", () => {
  const linked = linkMeta(unitMeta);
  refuse(
    {
      "Frame.fromUnused": (odd) => Frame.fromUnused(odd, 0, unitMeta, {}),
      "Frame.fromInUse": (odd) => Frame.fromInUse(odd, 0),
      "Frame.fromRaw": (odd) => Frame.fromRaw(odd, 0),
      "Frame.receive": (odd) => Frame.receive(odd, { transit: 0, ticket: 1 }),
      "UniqueFrame.fromUnused": (odd) => UniqueFrame.fromUnused(odd, 0, unitMeta, {}),
      "UniqueFrame.fromRaw": (odd) => UniqueFrame.fromRaw(odd, 0),
      "UniqueFrame.receive": (odd) => UniqueFrame.receive(odd, { transit: 0, ticket: 1 }),
      "Segment.fromUnused": (odd) => Segment.fromUnused(odd, 0, PAGE, unitMeta, nothing),
      "Segment.fromRaw": (odd) => Segment.fromRaw(odd, [0]),
      "Segment.fromRaw of nothing": (odd) => Segment.fromRaw(odd, []),
      "Segment.receive": (odd) => Segment.receive(odd, { transit: 0, ticket: 1 }),
      LinkedList: (odd) => new LinkedList(odd, linked),
      saveTable,
      checkInvariants,
      snapshot,
      ownerOf: (odd) => ownerOf(odd, 0),
      inTransit,
      reap: (odd) => reap(odd, []),
    },
    [...NOTHING_TOO, {}, createSlots({ memory })],
    "table",
  );
});

describe("what options are made of is refused where it is of another kind:", () => {
  refuse(
    {
      createSlots: (kernel) => createSlots({ memory, kernel }),
      attachSlots: (kernel) => attachSlots({ memory, kernel }),
    },
    [null, 5, {}, memory],
    "kernel",
  );
  refuse(
    {
      createSlots: (buffer) => createSlots({ memory, buffer }),
      attachBuddy: (buffer) => attachBuddy(tableOf(), { buffer }),
    },
    [5, {}, memory, new Uint8Array(64), "buffer"],
    "buffer",
  );
  refuse(
    {
      attachSlots: (buffer) => attachSlots({ memory, buffer }),
      attachBuddy: (buffer) => attachBuddy(tableOf(), { buffer }),
    },
    [undefined, null],
    "buffer",
  );
  refuse(
    {
      create: (ledger) => FrameTable.create({ memory }, { ledger }),
    },
    [null, 5, {}],
    "ledger",
  );
  refuse({ map: (map) => createBuddy(tableOf(), { map }) }, [null, 5, {}], "map");
  refuse({ "map's range": (one) => createBuddy(tableOf(), { map: [one] }) }, NOTHING_TOO, "map");
  refuse(
    {
      createBuddy: (onExhausted) => createBuddy(tableOf(), { onExhausted }),
      attachBuddy: (onExhausted) => {
        const { table, allocator } = withBuddy();
        const there = FrameTable.attach({ memory, buffer: table.buffer });
        return attachBuddy(there, { buffer: allocator.buffer, onExhausted });
      },
    },
    [null, 5, {}],
    "onExhausted",
  );
  refuse({ openTable: (bytes) => openTable(bytes, { memory }) }, [...NOTHING_TOO, {}], "bytes");
  refuse({ reap: (agents) => reap(tableOf(), agents) }, [...NOTHING_TOO, {}], "agents");
});

it("who is refused has changed nothing", () => {
  const buffer = new ArrayBuffer(slotTableBytes({ memory }));
  const before = new Uint8Array(buffer).fill(0xaa).slice();
  expect(refusalOf(() => FrameTable.create({ memory, buffer }, null as never)).code).toBe(
    "invalid-option",
  );
  expect(new Uint8Array(buffer)).toEqual(before);

  const { table, allocator } = withBuddy();
  const words = table.slots.words.slice();
  for (const run of [
    () => allocFrame(table, unitMeta, {}, null as never),
    () => allocator.alloc(2, null as never),
    () => table.use(null as never),
    () => reap(table, null as never),
  ]) {
    refusalOf(run);
    expect(table.slots.words).toEqual(words);
    expect(allocator.stats().taken).toBe(0);
  }
});

it("says what was given, and looks into nothing", () => {
  const hostile = Object.create(null) as never;
  expect(refusalOf(() => Frame.fromInUse(hostile, 0))).toMatchObject({ got: "object" });
  expect(() => createSlots(null as never)).toThrow("options cannot be null");
  expect(() => createSlots("x" as never)).toThrow("options cannot be x");
  expect(() => Frame.fromInUse(undefined as never, 0)).toThrow("table cannot be undefined");
  const layout = Object.create(null) as never;
  expect(refusalOf(() => defineFrameMeta({ name: "odd", layout }))).toMatchObject({
    option: "layout",
    got: "object",
  });
});
