/** The end of an agent in peace, and reaps that are asked for oddly. */
import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { reap } from "@memkit/frame-meta/agents";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import { expect, it } from "vitest";
import { PAGE, refusalOf } from "../frame/support.js";

const memory = { buffer: new SharedArrayBuffer(16 * PAGE) };

it("an agent that has left gives its record away once, and can make no step with it", () => {
  const table = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const allocator = createBuddy(table);
  const frame = Frame.fromUnused(table, PAGE, unitMeta, {});
  allocator.close();
  table.agent?.leave();
  const next = FrameTable.attach({ memory, buffer: table.buffer }, { agent: 0 });
  table.agent?.leave(); // not the next one's
  const third = () => FrameTable.attach({ memory, buffer: table.buffer }, { agent: 0 });
  expect(refusalOf(third).code).toBe("agent-taken");
  for (const use of [() => frame.clone(), () => frame.drop(), () => frame.send()]) {
    expect(use).toThrow(expect.objectContaining({ code: "used-after-drop" }));
  }
  expect([frame.dropped, frame.referenceCount]).toEqual([false, 1]);
  next.pin();
  expect(() => table.pin()).toThrow(expect.objectContaining({ code: "used-after-drop" }));
  expect(refusalOf(() => next.agent?.leave()).code).toBe("agent-pinned");
  next.unpin();
  next.agent?.leave();
  expect(third().agent?.id).toBe(0);
  expect(allocator.stats().taken).toBe(1); // waits for the lock without a record
});

it("a reap counts an agent that is named twice once, and refuses a patience that is none", () => {
  const ledger = new FrameLedger({ frames: 16, agents: 2 });
  const table = FrameTable.create({ memory, mode: "shared" }, { ledger, agent: 0 });
  table.bind(unitMeta);
  const theirs = new FrameLedger({ frames: 16, agents: 2, agent: 1, buffer: ledger.buffer });
  const there = FrameTable.attach({ memory, buffer: table.buffer }, { ledger: theirs, agent: 1 });
  Frame.fromUnused(there, PAGE, unitMeta, {});
  for (const patience of [Number.NaN, -1]) {
    expect(refusalOf(() => reap(table, [1], { patience }))).toMatchObject({ option: "patience" });
  }
  const { agents, frames } = reap(table, [1, 1]);
  expect(agents).toEqual([1]);
  expect(frames).toEqual([{ pfn: 1, held: { handle: 1 }, outcome: "ended" }]);
});
