import { Frame } from "@memkit/frame-meta";
import { checkStep, type MetaSlotModel, type Step, snapshot } from "@memkit/frame-meta/model";
import { describe, expect, it } from "vitest";
import { mock, mockOf, PAGE, rigOf } from "../frame/support.js";

describe("checkStep", () => {
  const { table } = rigOf("single");
  const free = snapshot(table);
  const first = Frame.fromUnused(table, PAGE, mock, mockOf(1));
  const one = snapshot(table);
  const second = first.clone();
  const two = snapshot(table);
  second.drop();
  first.drop();
  const over = (models: readonly MetaSlotModel[], slot: number, change: Partial<MetaSlotModel>) =>
    models.map((model, at) => (at === slot ? { ...model, ...change } : model));
  const claim: Step = { kind: "fromUnused", slot: 1, ok: true };
  const drop: Step = { kind: "drop", slot: 1, ok: true, paths: 0 };
  const failed = (step: Step): Step => ({ ...step, ok: false });
  const ids = (step: Step, before: readonly MetaSlotModel[], after: readonly MetaSlotModel[]) => [
    ...new Set(checkStep(step, before, after).map(({ id }) => id)),
  ];

  it("finds nothing in what the package does", () => {
    expect(ids(claim, free, one)).toEqual([]);
    expect(ids(failed(claim), one, one)).toEqual([]);
    expect(ids(drop, two, one)).toEqual([]);
    expect(ids(drop, one, free)).toEqual([]);
    expect(ids(failed(drop), free, free)).toEqual([]);
  });
  it("F2: a last drop of what is mapped", () => {
    expect(ids({ ...drop, paths: 1 }, one, free)).toEqual(["F2"]);
  });
  it("F3: a drop that takes more, less, or from somebody else", () => {
    expect(ids(drop, over(two, 1, { refCount: 3 }), one)).toEqual(["F3"]);
    expect(ids(drop, two, over(one, 1, { usage: "Kernel" }))).toEqual(["F3"]);
    expect(ids(drop, two, over(one, 2, { inList: 1 }))).toEqual(["F3"]);
    expect(ids(drop, one, over(one, 1, { refCount: 0, status: "UNDER_CONSTRUCTION" }))).toEqual([
      "F3",
    ]);
    expect(ids(drop, free, free)).toContain("F3");
    expect(ids(failed(drop), two, one)).toEqual(["F3"]);
  });
  it("F4: a claim of what is held, one that moves others, one that fails and changes something", () => {
    expect(ids(claim, two, two)).toEqual(["F4"]);
    expect(ids(claim, free, over(one, 3, { inList: 2 }))).toEqual(["F4"]);
    expect(ids(claim, free, over(one, 1, { usage: "Unused" }))).toEqual(["F4"]);
    expect(ids(claim, free, over(one, 1, { vtablePtr: { init: false } }))).toEqual(["F4"]);
    expect(ids(failed(claim), free, one)).toEqual(["F4"]);
  });
  it("F5: an end without metadata, or in a list", () => {
    expect(ids(drop, over(one, 1, { storage: { init: false } }), free)).toEqual(["F5"]);
    expect(ids(drop, over(one, 1, { inList: 4 }), free)).toEqual(["F5"]);
  });
});
