/** FM-18 FM-29: a table that was opened again, with a ledger, and without the kernel that it had. */
import { Frame, FrameTable } from "@memkit/frame-meta";
import { reap } from "@memkit/frame-meta/agents";
import { LinkedList } from "@memkit/frame-meta/list";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { openTable, saveTable } from "@memkit/frame-meta/save";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { HeaderWord } from "../../src/slot/layout.js";
import { linked, linkedOf, mock, mockOf, PAGE, refusalOf } from "../frame/support.js";
import { inMode, MODES } from "../slot/modes.js";

const FRAMES = 16;

describe.each(MODES)("made in mode %s", (made) => {
  const mode = made === "single" ? "single" : "shared";
  const saved = () => {
    const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
    const table = FrameTable.create(inMode(made, { memory }));
    const frame = Frame.fromUnused(table, PAGE, mock, mockOf(1));
    const raws = [frame.clone().intoRaw(), frame.intoRaw()];
    const unique = UniqueFrame.fromUnused(table, 2 * PAGE, mock, mockOf(2)).intoRaw();
    const segment = Segment.fromUnused(table, 4 * PAGE, 7 * PAGE, mock, () => mockOf(3)).intoRaw();
    return { memory, table, raws, unique, segment };
  };

  it("tells an empty ledger of every handle", () => {
    const { memory, table, raws, unique, segment } = saved();
    const ledger = new FrameLedger({ frames: FRAMES, agents: 2 });
    const later = openTable(saveTable(table), { memory, mode }, { ledger, agent: 0 });
    later.bind(mock);
    expect(ledger.count(1, "raw")).toBe(2);
    expect(checkInvariants(later).violations).toEqual([]);
    for (const raw of raws) Frame.fromRaw(later, raw).drop();
    expect(() => Frame.fromRaw(later, raws[0]!)).toThrow(
      expect.objectContaining({ code: "stale-handle" }),
    );
    UniqueFrame.fromRaw(later, unique).drop();
    Segment.fromRaw(later, segment).drop();
    expect(checkInvariants(later, { atEnd: true }).violations).toEqual([]);
  });

  it("so it can be reaped exactly", () => {
    const { memory, table, raws } = saved();
    const ledger = new FrameLedger({ frames: FRAMES, agents: 2 });
    const later = openTable(saveTable(table), { memory, mode }, { ledger, agent: 0 });
    later.bind(mock);
    if (mode === "single") return;
    const { buffer } = ledger;
    const theirs = new FrameLedger({ frames: FRAMES, agents: 2, agent: 1, buffer });
    const there = FrameTable.attach({ memory, buffer: later.buffer }, { ledger: theirs, agent: 1 });
    Frame.fromRaw(there, raws[0]!);
    expect(reap(later, [1]).frames).toEqual([{ pfn: 1, held: { handle: 1 }, outcome: "released" }]);
    expect(Frame.fromRaw(later, raws[1]!).referenceCount).toBe(1);
  });

  it("takes a ledger that was kept as it is", () => {
    const { memory, table } = saved();
    const ledger = new FrameLedger({ frames: FRAMES });
    ledger.acquire(1, "raw");
    const later = openTable(saveTable(table), { memory, mode }, { ledger });
    expect(ledger.count(1, "raw")).toBe(1);
    expect(checkInvariants(later).violations.some(({ id }) => id === "K1")).toBe(true);
  });

  it("a frame that was in a list is nobody's to take, and the ledger has it", () => {
    const { memory, table } = saved();
    const list = new LinkedList(table, linked);
    list.pushBack(UniqueFrame.fromUnused(table, 9 * PAGE, linked, linkedOf(1)));
    const ledger = new FrameLedger({ frames: FRAMES });
    const later = openTable(saveTable(table), { memory, mode }, { ledger });
    expect(checkInvariants(later).violations).toEqual([]);
    expect(ledger.count(9, "list")).toBe(1);
  });
});

it("a table of a kernel is opened as a shared one, and as nothing else", () => {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
  const bytes = saveTable(FrameTable.create(inMode("kernel", { memory })));
  expect(openTable(bytes, { memory, mode: "shared" }).mode).toBe("shared");
  expect(refusalOf(() => openTable(bytes, { memory })).code).toBe("header-mismatch");
});

it("nothing is saved while an agent is in a step, reaps, or sends", () => {
  const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
  const table = FrameTable.create({ memory, mode: "shared" }, { agent: 3 });
  const { words, parts } = table.slots;
  const refused = () => refusalOf(() => saveTable(table));
  table.pin();
  expect(refused()).toMatchObject({ code: "not-at-rest", what: "agent 3 is in a step" });
  table.unpin();
  words[HeaderWord.reaper] = 4;
  expect(refused()).toMatchObject({ code: "not-at-rest", what: "it is being reaped" });
  words[HeaderWord.reaper] = 0;
  words[parts.transits] = -1; // a sender without a number has taken the record
  expect(refused()).toMatchObject({ code: "not-at-rest", what: "a handle is on its way" });
  words[parts.transits] = 0;
  expect(saveTable(table).length).toBe(words.byteLength);
});
