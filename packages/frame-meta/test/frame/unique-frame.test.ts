import { Frame, unitMeta } from "@memkit/frame-meta";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it } from "vitest";
import { MODES } from "../slot/modes.js";
import { mock, mockOf, PAGE, refusalOf, rigOf, untyped } from "./support.js";

describe.each(MODES)("UniqueFrame, %s", (mode) => {
  const make = () => {
    const rig = rigOf(mode);
    return { ...rig, unique: UniqueFrame.fromUnused(rig.table, PAGE, mock, mockOf(1)) };
  };

  it("FM-17: nobody else can have the frame while it lives", () => {
    const { unique, table, ledger } = make();
    expect(table.slots.countOf(1)).toBe(-2);
    expect(ledger.count(1, "unique")).toBe(1);
    expect(refusalOf(() => Frame.fromInUse(table, PAGE)).code).toBe("unique");
    expect(refusalOf(() => Frame.fromUnused(table, PAGE, mock, mockOf(2))).code).toBe("unique");
    expect(unique.meta.value).toBe(1);
  });

  it("FM-8: its owner writes all of the metadata, until it ends", () => {
    const { unique } = make();
    const mut = unique.metaMut;
    mut.value = 7;
    expect(unique.meta.value).toBe(7);
    expect(() => {
      mut.value = -1;
    }).toThrow(expect.objectContaining({ code: "value-out-of-range" }));
    const shared = unique.intoShared();
    expect(() => {
      mut.value = 8; // FM-9: others read it now
    }).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    expect(shared.meta.value).toBe(7);
  });

  it("becomes shared, and unique again where there is one handle only", () => {
    const { unique, table, ledger } = make();
    const shared = unique.intoShared();
    expect(() => unique.drop()).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    const clone = shared.clone();
    expect(UniqueFrame.tryFrom(shared)).toBeUndefined();
    expect(shared.dropped).toBe(false);
    clone.drop();
    const back = UniqueFrame.tryFrom(shared);
    expect(back?.meta.value).toBe(1);
    expect(shared.dropped).toBe(true);
    expect(table.slots.countOf(1)).toBe(-2);
    expect(ledger.report()).toEqual([{ agent: 0, slot: 1, kind: "unique", count: 1 }]);
    back?.drop();
    expect(table.slots.countOf(1)).toBe(-1);
  });

  it("is repurposed without becoming anybody else's", () => {
    const { unique, table, freed } = make();
    const other = unique.repurpose(untyped, { value: 9 });
    expect(unique.dropped).toBe(true);
    expect(other.meta.value).toBe(9);
    expect(other.tryAs(mock)).toBeUndefined();
    expect(other.tryAs(untyped)).toBe(other);
    expect([table.slots.countOf(1), freed.length]).toEqual([-2, 0]);
    expect(() => other.repurpose(mock, mockOf(-1))).toThrow(
      expect.objectContaining({ code: "value-out-of-range" }),
    );
    expect(other.meta.value).toBe(9); // the handle and what it holds have stayed
  });

  it("is reset without a word to the free set; dropped with one", () => {
    const { unique, table, freed } = make();
    unique.resetAsUnused();
    expect([table.slots.countOf(1), freed]).toEqual([-1, []]);
    UniqueFrame.fromUnused(table, PAGE, unitMeta, {}).drop();
    expect([table.slots.countOf(1), freed]).toEqual([-1, [1]]);
  });

  it("FM-14: goes through a number and back", () => {
    const { unique, table } = make();
    const raw = unique.intoRaw();
    expect(refusalOf(() => Frame.fromRaw(table, raw)).code).toBe("unique");
    const back = UniqueFrame.fromRaw(table, raw);
    const shared = back.intoShared();
    const again = shared.intoRaw();
    expect(refusalOf(() => UniqueFrame.fromRaw(table, again)).code).toBe("in-use");
    Frame.fromRaw(table, again).drop();
    expect(refusalOf(() => UniqueFrame.fromRaw(table, raw)).code).toBe("stale-handle");
  });

  it("steps on a slot that somebody wrote over are refused and the handle stays", () => {
    const { unique, table } = make();
    const word = table.slots.countIndexOf(1);
    table.slots.words[word] = -7;
    expect(refusalOf(() => unique.intoShared()).code).toBe("overflow");
    expect(refusalOf(() => unique.drop()).code).toBe("overflow");
    expect(table.slots.words[word]).toBe(-7);
    table.slots.words[word] = 1;
    const shared = Frame.fromInUse(table, PAGE);
    table.slots.words[word] = 0;
    expect(refusalOf(() => UniqueFrame.tryFrom(shared)).code).toBe("busy");
    expect(refusalOf(() => shared.drop()).code).toBe("busy");
    expect([unique.dropped, shared.dropped]).toEqual([false, false]);
  });
});
