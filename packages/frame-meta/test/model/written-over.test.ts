/** R3, R4: words of the table that somebody has written over are found out, however large, and nothing else breaks on them. */
import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { describe, expect, it } from "vitest";
import { HeaderWord } from "../../src/slot/layout.js";
import { PAGE, refusalOf } from "../frame/support.js";
import { inMode, MODES } from "../slot/modes.js";

describe.each(MODES)("%s", (mode) => {
  const tableWith = () => {
    const memory = { buffer: new SharedArrayBuffer(16 * PAGE) };
    const table = FrameTable.create(inMode(mode, { memory, transits: 3 }));
    Frame.fromUnused(table, PAGE, unitMeta, {}).send();
    Segment.fromUnused(table, 4 * PAGE, 7 * PAGE, unitMeta, () => ({})).send();
    return table;
  };

  it("is well before", () => {
    expect(checkInvariants(tableWith()).violations).toEqual([]);
  });

  const { parts } = tableWith().slots;
  const cases: readonly (readonly [string, number, string])[] = [
    ["mode", HeaderWord.mode, "R4"],
    ["types", HeaderWord.types, "R4"],
    ["agents", HeaderWord.agents, "R4"],
    ["transits", HeaderWord.transits, "R4"],
    ["allocator", HeaderWord.allocator, "R4"],
    ["first bank", parts.ranges, "R4"],
    ["length of a type's name", parts.types + 3, "R4"],
    ["slot on its way", parts.transits + 3, "R3"],
    ["frames on their way", parts.transits + 4, "R3"],
    ["first of a segment on its way", parts.transits + 8 + 3, "R3"],
    ["frames of a segment on its way", parts.transits + 8 + 4, "R3"],
  ];
  it.each(cases)("finds another %s", (_, word, id) => {
    for (const value of [2 ** 31 - 1, 2 ** 20, 777, -1, -(2 ** 31)]) {
      const table = tableWith();
      table.slots.words[word] = value;
      const found = checkInvariants(table).violations.map((one) => one.id);
      expect([value, found.includes(id)]).toEqual([value, true]);
    }
  });

  it("finds a number of lists below 0", () => {
    const table = tableWith();
    table.slots.words[HeaderWord.lastList] = -1;
    expect(checkInvariants(table).violations.map(({ id }) => id)).toEqual(["R4"]);
  });
});

describe("FM-18: a ledger", () => {
  it.each([
    ["frames", { frames: 0.5 }],
    ["frames", { frames: -1 }],
    ["frames", { frames: Number.NaN }],
    ["frames", { frames: 2 ** 53 }],
    ["agents", { frames: 4, agents: 0 }],
    ["agents", { frames: 4, agents: 1.5 }],
    ["agent", { frames: 4, agents: 2, agent: 2 }],
    ["buffer", { frames: 4, buffer: new ArrayBuffer(4) }],
    ["buffer", { frames: 4, buffer: new ArrayBuffer(256, { maxByteLength: 512 }) }],
  ] as const)("with other %s is refused: %o", (option, options) => {
    expect(refusalOf(() => new FrameLedger(options))).toMatchObject({
      code: "invalid-option",
      option,
    });
  });

  it("that is larger than memory is refused", () => {
    const run = () => new FrameLedger({ frames: 2 ** 40, agents: 8 });
    expect(refusalOf(run).code).toBe("table-too-large");
  });

  it("of another table is refused before anything is counted in it", () => {
    const memory = { buffer: new SharedArrayBuffer(16 * PAGE) };
    for (const frames of [15, 17]) {
      const ledger = new FrameLedger({ frames });
      expect(refusalOf(() => FrameTable.create({ memory }, { ledger }))).toMatchObject({
        code: "invalid-option",
        option: "ledger",
      });
    }
    const buffer = new ArrayBuffer(16 * 2 * 8 * 4);
    const ledger = new FrameLedger({ frames: 16, buffer });
    const shared = () => FrameTable.create({ memory, mode: "shared" }, { ledger, agent: 0 });
    expect(refusalOf(shared).code).toBe("invalid-option");
    expect(FrameTable.create({ memory }, { ledger }).ledger).toBe(ledger);
  });
});
