import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { PAGE, refusalOf } from "../frame/support.js";

describe("FM-18: FrameLedger", () => {
  it("counts by agent, frame and kind, in memory that agents share", () => {
    const mine = new FrameLedger({ frames: 4, agents: 2 });
    const theirs = new FrameLedger({ frames: 4, agents: 2, agent: 1, buffer: mine.buffer });
    mine.acquire(2, "handle");
    theirs.acquire(2, "handle");
    theirs.acquire(3, "raw");
    expect([mine.count(2, "handle"), theirs.count(2, "handle"), mine.count(3, "raw")]).toEqual([
      2, 2, 1,
    ]);
    expect(mine.report()).toEqual([
      { agent: 0, slot: 2, kind: "handle", count: 1 },
      { agent: 1, slot: 2, kind: "handle", count: 1 },
      { agent: -1, slot: 3, kind: "raw", count: 1 },
    ]);
    expect(() => mine.release(3, "unique")).toThrow(
      expect.objectContaining({ code: "not-in-ledger", kind: "unique", id: 3 }),
    );
    mine.move(3, "raw", "unique"); // any agent may take it up
    expect(() => theirs.release(3, "unique")).toThrow(
      expect.objectContaining({ code: "not-in-ledger" }),
    );
    expect(() => theirs.move(3, "raw", "handle")).toThrow(
      expect.objectContaining({ code: "not-in-ledger", kind: "raw" }),
    );
    mine.release(3, "unique");
    expect(mine.count(3, "raw")).toBe(0);
  });

  it("refuses words of another size, and agents that there are not", () => {
    const buffer = new ArrayBuffer(8);
    expect(refusalOf(() => new FrameLedger({ frames: 4, buffer })).code).toBe("invalid-option");
    for (const agent of [-1, 1, 0.5]) {
      expect(refusalOf(() => new FrameLedger({ frames: 1, agent }))).toMatchObject({
        code: "invalid-option",
        option: "agent",
      });
    }
  });

  it("follows a handle that goes to another agent as a number", () => {
    const memory = { buffer: new SharedArrayBuffer(2 * PAGE) };
    const mine = new FrameLedger({ frames: 2, agents: 2 });
    const theirs = new FrameLedger({ frames: 2, agents: 2, agent: 1, buffer: mine.buffer });
    const table = FrameTable.create({ memory, mode: "shared" }, { ledger: mine });
    const other = FrameTable.attach({ buffer: table.buffer, memory }, { ledger: theirs });
    other.bind(unitMeta);
    const raw = UniqueFrame.fromUnused(table, PAGE, unitMeta, {}).intoRaw();
    const unique = UniqueFrame.fromRaw(other, raw);
    expect(mine.report()).toEqual([{ agent: 1, slot: 1, kind: "unique", count: 1 }]);
    expect(checkInvariants(table).violations).toEqual([]);
    unique.intoShared().drop();
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
    expect(Frame.fromUnused(table, PAGE, unitMeta, {}).referenceCount).toBe(1);
  });
});
