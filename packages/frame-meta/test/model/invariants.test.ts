/** Every predicate is shown something that it must see: the bytes that it reads, written over. */
import { struct } from "@memkit/core";
import { defineFrameMeta, Frame, unitMeta } from "@memkit/frame-meta";
import { LinkedList } from "@memkit/frame-meta/list";
import {
  checkInvariants,
  metadataOf,
  metadataToPerms,
  ownerOf,
  SLOT_INVARIANTS,
  view,
} from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { HeaderWord, SlotWord } from "../../src/slot/layout.js";
import { linked, linkedOf, mock, mockOf, PAGE, rigOf } from "../frame/support.js";
import { MODES } from "../slot/modes.js";

describe.each(MODES)("checkInvariants, %s", (mode) => {
  /** Frame 1 shared twice, 2 unique, 3..4 a segment, 5..7 a list, 8 mapped once, 9 parked, the rest unused. */
  const full = () => {
    const rig = rigOf(mode);
    const { table, ledger } = rig;
    const shared = Frame.fromUnused(table, PAGE, mock, mockOf(1));
    shared.clone();
    UniqueFrame.fromUnused(table, 2 * PAGE, mock, mockOf(2));
    Segment.fromUnused(table, 3 * PAGE, 5 * PAGE, mock, () => mockOf(3));
    const list = new LinkedList(table, linked);
    for (const pfn of [5, 6, 7]) {
      list.pushBack(UniqueFrame.fromUnused(table, pfn * PAGE, linked, linkedOf(pfn)));
    }
    Frame.fromUnused(table, 8 * PAGE, mock, mockOf(8));
    ledger.move(8, "handle", "path");
    const { slots } = table;
    slots.tryClaim(9);
    slots.words[slots.wordOf(9, SlotWord.type)] = table.bind(unitMeta);
    slots.words[HeaderWord.parked] = 10;
    const word = (slot: number, at: number) => slots.wordOf(slot, at);
    return { ...rig, shared, list, words: slots.words, word };
  };
  const idsOf = (rig: ReturnType<typeof full>) => [
    ...new Set(checkInvariants(rig.table).violations.map(({ id }) => id)),
  ];

  it("finds nothing where nothing is wrong", () => {
    const rig = full();
    expect(checkInvariants(rig.table)).toEqual({ violations: [], racing: [] });
  });

  type Attack = [id: string, what: string, attack: (rig: ReturnType<typeof full>) => unknown];
  const attacks: Attack[] = [
    ["S1", "a type in an unused slot", ({ words, word }) => (words[word(10, SlotWord.type)] = 1)],
    ["S1", "a list in an unused slot", ({ words, word }) => (words[word(10, SlotWord.list)] = 7)],
    ["S1", "a use of an unused slot", ({ words, word }) => (words[word(10, SlotWord.usage)] = 2)],
    ["S1", "a mapping of an unused frame", ({ ledger }) => ledger.acquire(10, "path")],
    [
      "S2",
      "a unique slot without a type",
      ({ words, word }) => (words[word(2, SlotWord.type)] = 0),
    ],
    ["S2", "a mapping of a unique frame", ({ ledger }) => ledger.acquire(2, "path")],
    [
      "S3",
      "a shared slot without a type",
      ({ words, word }) => (words[word(1, SlotWord.type)] = 0),
    ],
    ["S3", "a shared slot in a list", ({ words, word }) => (words[word(1, SlotWord.list)] = 9)],
    ["S4", "a count of -3", ({ words, word }) => (words[word(1, SlotWord.count)] = -3)],
    ["S4", "a count of -2^31", ({ words, word }) => (words[word(2, SlotWord.count)] = -(2 ** 31))],
    ["S5", "a busy slot in a list", ({ words, word }) => (words[word(9, SlotWord.list)] = 9)],
    ["R1", "another number of frames", ({ words }) => (words[HeaderWord.frames]! += 1)],
    ["R3", "a parked frame beyond the end", ({ words }) => (words[HeaderWord.parked] = 99)],
    [
      "R3",
      "a ring of parked frames",
      ({ words, word }) => (words[word(9, SlotWord.nextParked)] = 10),
    ],
    ["R3", "a link beyond the end", ({ words, word }) => (words[word(6, SlotWord.storage)] = 99)],
    ["R4", "another magic", ({ words }) => (words[HeaderWord.magic] = 0)],
    ["R4", "another version", ({ words }) => (words[HeaderWord.version]! += 1)],
    ["R4", "another word layout", ({ words }) => (words[HeaderWord.wordLayout]! += 1)],
    ["R4", "more banks", ({ words }) => (words[HeaderWord.banks]! += 1)],
    ["R4", "more devices", ({ words }) => (words[HeaderWord.mmio]! += 1)],
    [
      "R4",
      "a type that nobody interned",
      ({ words, word }) => (words[word(1, SlotWord.type)] = 60),
    ],
    ["R4", "a use that there is not", ({ words, word }) => (words[word(1, SlotWord.usage)] = 7)],
    ["R4", "a device's use", ({ words, word }) => (words[word(1, SlotWord.usage)] = 6)],
    [
      "R4",
      "a generation of 2^20",
      ({ words, word }) => (words[word(1, SlotWord.generation)] = 2 ** 20),
    ],
    ["K1", "a count too high", ({ words, word }) => (words[word(1, SlotWord.count)] = 3)],
    ["K1", "a count too low", ({ words, word }) => (words[word(1, SlotWord.count)] = 1)],
    ["K1", "a mapping that nobody counted", ({ ledger }) => ledger.acquire(1, "path")],
    [
      "K2",
      "a handle on an unused frame",
      ({ words, word }) => (words[word(1, SlotWord.count)] = -1),
    ],
    ["K3", "a busy frame that nobody parked", ({ words }) => (words[HeaderWord.parked] = 0)],
    ["K3", "a shared frame of nobody", ({ ledger }) => ledger.release(8, "path")],
    ["F1", "a handle on a unique frame", ({ ledger }) => ledger.acquire(2, "handle")],
    [
      "G1",
      "a unique frame in a segment",
      ({ words, word }) => (words[word(3, SlotWord.count)] = -2),
    ],
    ["G1", "a segment without a use", ({ words, word }) => (words[word(3, SlotWord.usage)] = 0)],
    ["U1", "two owners", ({ ledger }) => ledger.acquire(2, "unique")],
    ["U1", "an owner of a shared frame", ({ words, word }) => (words[word(2, SlotWord.count)] = 1)],
    ["U1", "an owner and a list", ({ words, word }) => (words[word(2, SlotWord.list)] = 9)],
    ["L1", "a shared frame in a list", ({ words, word }) => (words[word(5, SlotWord.count)] = 1)],
    ["L1", "a link past a member", ({ words, word }) => (words[word(5, SlotWord.storage)] = 8)],
    [
      "L1",
      "a link back to nobody",
      ({ words, word }) => (words[word(6, SlotWord.storage + 1)] = 0),
    ],
    ["L1", "a member of no list", ({ words, word }) => (words[word(6, SlotWord.list)] = 0)],
    ["L1", "a member of another list", ({ words, word }) => (words[word(7, SlotWord.list)] = 3)],
    [
      "L1",
      "a ring",
      ({ words, word }) => {
        words[word(7, SlotWord.storage)] = 6;
        words[word(5, SlotWord.storage + 1)] = 8;
      },
    ],
  ];
  it.each(attacks)("%s sees %s", (id, _what, attack) => {
    const rig = full();
    attack(rig);
    expect(idsOf(rig)).toContain(id);
  });

  it("S6 sees a slot beside the table, or between two places", () => {
    const { holds } = SLOT_INVARIANTS.find(({ id }) => id === "S6")!;
    const rig = full();
    const model = view(ownerOf(rig.table, 1));
    const range = [64, 64 + 16 * 64] as const;
    const facts = { ...model, slot: 1, range, paths: 0, parked: false, holders: undefined };
    for (const [slotVaddr, good] of [
      [64, true],
      [128, true],
      [0, false],
      [64 + 16 * 64, false],
      [72, false],
    ] as const) {
      expect(holds({ ...facts, slotVaddr })).toBe(good);
    }
  });

  it("R2 sees a memory that changed its banks", () => {
    const rig = full();
    const { geometry } = rig.table.slots;
    Object.assign(geometry, { slotOf: () => 3 });
    expect(idsOf(rig)).toContain("R2");
  });

  it("R1 sees a table that goes on behind its last slot", () => {
    const rig = full();
    const longer = new Int32Array(new SharedArrayBuffer(rig.words.byteLength + 64));
    longer.set(rig.words);
    Object.assign(rig.table.slots, { words: longer });
    expect(checkInvariants(rig.table).violations).toEqual([
      { id: "R1", slot: -1, pfn: -1, what: "the table does not end where its last slot does" },
    ]);
  });

  it("R5 sees what has not been given back", () => {
    const { table } = rigOf(mode);
    const frame = Frame.fromUnused(table, PAGE, mock, mockOf(0));
    const leaks = checkInvariants(table, { atEnd: true }).violations;
    expect(leaks).toEqual([
      { id: "R5", slot: 1, pfn: 1, what: "agent 0 still has 1 of kind handle" },
    ]);
    frame.drop();
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("tells slots apart that move while they are looked at", () => {
    const rig = full();
    const { slots } = rig.table;
    const { load } = slots;
    let looks = 0;
    Object.assign(slots, {
      load(index: number) {
        // Somebody clones frame 1 between two looks at it.
        if (index === slots.wordOf(1, SlotWord.count)) looks += 1;
        if (looks === 2) slots.words[slots.wordOf(1, SlotWord.count)] = 3;
        return load.call(slots, index);
      },
    });
    expect(checkInvariants(rig.table)).toEqual({ violations: [], racing: [1] });
  });

  it("asks for mappings where the ledger does not know them", () => {
    const { table } = rigOf(mode);
    UniqueFrame.fromUnused(table, PAGE, mock, mockOf(0));
    const pathsOf = (slot: number) => new Set(slot === 1 ? ["0.1.2.3"] : []);
    expect(checkInvariants(table, { pathsOf }).violations.map(({ id }) => id)).toEqual(["S2"]);
    expect(ownerOf(table, 1, pathsOf(1)).pathsInPt.size).toBe(1);
  });

  it("F2: a frame that is still mapped does not lose its last handle", () => {
    const { table, ledger } = rigOf(mode);
    const frame = Frame.fromUnused(table, PAGE, mock, mockOf(0));
    ledger.acquire(1, "path");
    expect(() => frame.drop()).toThrow(expect.objectContaining({ code: "drop-refused", pfn: 1 }));
    expect([frame.dropped, table.slots.countOf(1)]).toEqual([false, 1]);
    ledger.release(1, "path");
    frame.drop();
  });
});

describe("the model", () => {
  it("has what the words say", () => {
    const { table } = rigOf("single");
    expect(view(ownerOf(table, 3))).toMatchObject({
      status: "UNUSED",
      storage: { init: false },
      refCount: -1,
      vtablePtr: { init: false },
      inList: 0,
      usage: "Unused",
    });
    const kernel = defineFrameMeta({ name: "kernel", layout: struct(), usage: "Kernel" });
    Frame.fromUnused(table, 3 * PAGE, kernel, {});
    const owner = ownerOf(table, 3);
    expect(view(owner)).toMatchObject({ status: "SHARED", refCount: 1, usage: "Kernel" });
    expect(owner.slotVaddr % 64).toBe(0);
    table.slots.tryClaim(4);
    expect(view(ownerOf(table, 4)).status).toBe("UNDER_CONSTRUCTION");
    table.slots.words[table.slots.countIndexOf(4)] = -5;
    expect(view(ownerOf(table, 4)).status).toBe("OVERFLOW");
  });

  it("FM-19: cells are metadata of their type and back, and of no other type's case", () => {
    const { table } = rigOf("single");
    Frame.fromUnused(table, PAGE, mock, mockOf(42));
    const { innerPerms } = ownerOf(table, 1);
    const metadata = metadataOf(mock, innerPerms);
    expect(metadata).toMatchObject({ metadata: mockOf(42), refCount: 1, inList: 0 });
    expect(metadataToPerms(mock, metadata!)).toEqual(innerPerms);
    expect(metadataOf(linked, innerPerms)).toBeUndefined();
    expect(metadataOf(mock, ownerOf(table, 2).innerPerms)).toBeUndefined();
  });

  it("shows a slot of a type that this agent has not bound as bytes", () => {
    const { table } = rigOf("shared", 2);
    table.slots.tryClaim(1);
    table.slots.tryPublish(1, 5, 2);
    expect(ownerOf(table, 1).innerPerms.storage).toMatchObject({
      init: true,
      value: { tag: "Empty" },
    });
  });
});
