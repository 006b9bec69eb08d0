import { Frame, FrameError, FrameTable } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { LinkedList } from "@memkit/frame-meta/list";
import { checkInvariants } from "@memkit/frame-meta/model";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeaderWord, SlotWord } from "../../src/slot/layout.js";
import { linked, linkedOf, mock, mockOf, PAGE, refusalOf } from "../frame/support.js";

const FRAMES = 16;

/** A table with a frame of every kind, and raw handles of those that can have one. */
function scene(mode: "single" | "shared") {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
  const table = FrameTable.create({ memory, mode, types: 8, agents: 2, transits: 2 });
  const allocator = createBuddy(table);
  const shared = allocFrame(table, mock, mockOf(11));
  const raws = [shared.clone().intoRaw(), shared.intoRaw()];
  const unique = UniqueFrame.fromUnused(table, 5 * PAGE, mock, mockOf(22)).intoRaw();
  const segment = Segment.fromUnused(table, 8 * PAGE, 12 * PAGE, mock, () => mockOf(33)).intoRaw();
  const list = new LinkedList(table, linked);
  for (const pfn of [13, 14]) {
    list.pushBack(UniqueFrame.fromUnused(table, pfn * PAGE, linked, linkedOf(pfn)));
  }
  return { memory, table, allocator, raws, unique, segment, list };
}

describe.each(["single", "shared"] as const)("%s", (mode) => {
  it("FM-29: opens as it was saved: handles, metadata, types, what is free", () => {
    const { memory, table, raws, unique, segment } = scene(mode);
    const bytes = saveTable(table);
    const later = openTable(bytes, { memory, mode });
    expect(later.buffer).not.toBe(table.buffer);
    later.bind(mock);
    const allocator = createBuddy(later);
    expect(allocator.stats()).toMatchObject({ frames: FRAMES, taken: 8 });
    const [a, b] = raws.map((raw) => Frame.fromRaw(later, raw)) as [Frame, Frame];
    expect([a.referenceCount, a.equals(b)]).toEqual([2, true]);
    expect(a.tryAs(mock)?.meta.value).toBe(11);
    expect(UniqueFrame.fromRaw(later, unique).tryAs(mock)?.meta.value).toBe(22);
    Segment.fromRaw(later, segment).drop();
    a.drop();
    b.drop();
    expect(allocator.stats().taken).toBe(3);
    expect(checkInvariants(later).violations).toEqual([]);
    // And the table that was saved is as it was.
    expect(saveTable(table)).toEqual(bytes);
  });

  it("saves nothing that somebody is at work on", () => {
    const { table } = scene(mode);
    table.slots.tryClaim(3);
    expect(refusalOf(() => saveTable(table))).toMatchObject({ code: "not-at-rest", pfn: 3 });
    table.slots.tryRelease(3);
    const frame = Frame.fromUnused(table, 4 * PAGE, mock, mockOf(1));
    frame.send();
    expect(refusalOf(() => saveTable(table))).toMatchObject({ code: "not-at-rest", pfn: -1 });
  });
});

describe("hostile bytes", () => {
  const { memory, table } = scene("single");
  const good = saveTable(table);
  const { parts } = table.slots;
  const open = (bytes: Uint8Array) => openTable(bytes, { memory });
  const forged = (word: number, value: number) => {
    const bytes = good.slice();
    new Int32Array(bytes.buffer)[word] = value;
    return bytes;
  };
  const slotWord = (slot: number, word: number) => table.slots.wordOf(slot, word);

  it.each([
    ["magic", 0, 1, "header-mismatch"],
    ["version", HeaderWord.version, 99, "header-mismatch"],
    ["mode", HeaderWord.mode, 2, "header-mismatch"],
    ["word layout", HeaderWord.wordLayout, 0, "header-mismatch"],
    ["banks", HeaderWord.banks, 2, "header-mismatch"],
    ["frames", HeaderWord.frames, 17, "corrupt-table"],
    ["types", HeaderWord.types, 9, "header-mismatch"],
    ["no types", HeaderWord.types, 0, "invalid-option"],
    ["lists", HeaderWord.lastList, -1, "corrupt-table"],
    ["parked beyond", HeaderWord.parked, 99, "corrupt-table"],
    ["parked below", HeaderWord.parked, -1, "corrupt-table"],
    ["parked, not busy", HeaderWord.parked, 3, "corrupt-table"],
    ["a range", parts.ranges, 1, "header-mismatch"],
    ["a type's state", parts.types, 1, "corrupt-table"],
    ["a type's state", parts.types, -2, "corrupt-table"],
    ["a name of 0 bytes", parts.types + 3, 0, "corrupt-table"],
    ["a name of 97 bytes", parts.types + 3, 97, "corrupt-table"],
    ["a name of -1 bytes", parts.types + 3, -1, "corrupt-table"],
    ["a name of 2 GiB", parts.types + 3, 2 ** 31 - 1, "corrupt-table"],
    ["an overflown count", slotWord(0, SlotWord.count), -3, "corrupt-table"],
    ["a busy frame", slotWord(0, SlotWord.count), 0, "corrupt-table"],
    ["an unused frame with a type", slotWord(0, SlotWord.count), -1, "corrupt-table"],
    ["a shared frame without", slotWord(3, SlotWord.count), 1, "corrupt-table"],
    ["a type that is none", slotWord(0, SlotWord.type), 7, "corrupt-table"],
    ["a use that is none", slotWord(0, SlotWord.usage), 9, "corrupt-table"],
    ["a generation", slotWord(0, SlotWord.generation), -1, "corrupt-table"],
    ["a list of a shared frame", slotWord(0, SlotWord.list), 1, "corrupt-table"],
    ["a list of nobody's", slotWord(5, SlotWord.list), 40, "corrupt-table"],
    ["a link of a list", slotWord(13, 0), 99, "corrupt-table"],
    ["a link of a list", slotWord(13, 1), 15, "corrupt-table"],
    ["lists", HeaderWord.lastList, 0, "corrupt-table"],
    ["a link", slotWord(3, SlotWord.nextParked), 1, "corrupt-table"],
  ] as const)("with another %s are refused", (_, word, value, code) => {
    expect(refusalOf(() => open(forged(word, value))).code).toBe(code);
  });

  it("of another length are refused", () => {
    for (const length of [0, 1, 4, 64, good.length - 64, good.length - 1]) {
      expect(refusalOf(() => open(good.slice(0, length))).code).toBe("header-mismatch");
    }
    expect(refusalOf(() => open(new Uint8Array([...good, ...new Uint8Array(64)]))).code).toBe(
      "header-mismatch",
    );
  });

  it("with the agents, the reap and the allocator of another run are of this one", () => {
    let bytes = good;
    for (let word = parts.agents; word < parts.types; word += 1) {
      bytes = bytes.slice();
      new Int32Array(bytes.buffer)[word] = -1;
    }
    new Int32Array(bytes.buffer)[HeaderWord.reaper] = 3;
    const later = openTable(bytes, { memory }, { agent: 1 });
    expect(createBuddy(later).stats().taken).toBe(8);
  });

  it("FM-29: of any kind give a FrameError or a table that keeps its invariants", () => {
    const words = good.length / 4;
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(words - 1),
            fc.oneof(
              fc.integer(),
              fc.integer({ min: -3, max: 20 }),
              fc.constantFrom(2 ** 31 - 1, -(2 ** 31)),
            ),
          ),
          { minLength: 1, maxLength: 4 },
        ),
        (changes) => {
          const bytes = good.slice();
          for (const [word, value] of changes) new Int32Array(bytes.buffer)[word] = value;
          let later: FrameTable;
          try {
            later = open(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError);
            return;
          }
          expect(checkInvariants(later).violations).toEqual([]);
          const allocator = createBuddy(later);
          const { free } = allocator.stats();
          for (let n = 0; n < free; n += 1) allocFrame(later, mock, mockOf(n));
          expect(allocator.stats().free).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
