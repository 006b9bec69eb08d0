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

it("FM-39: an agent that is reaped while it lives can make no further step, also when another has its number", () => {
  const table = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const there = FrameTable.attach({ memory, buffer: table.buffer }, { agent: 1 });
  const frame = Frame.fromUnused(there, PAGE, unitMeta, {});
  reap(table, [1]);
  const uses = [
    () => frame.clone(),
    () => frame.drop(),
    () => frame.send(),
    () => Frame.fromUnused(there, 2 * PAGE, unitMeta, {}),
    () => there.pin(),
    () => there.agent?.leave(),
  ];
  const refused = { code: "agent-reaped", agent: 1 };
  for (const use of [...uses, ...uses]) expect(refusalOf(use)).toEqual(refused);
  expect([frame.dropped, frame.referenceCount, table.slots.countOf(2)]).toEqual([false, 1, -1]);
  const next = FrameTable.attach({ memory, buffer: table.buffer }, { agent: 1 });
  for (const use of uses) expect(refusalOf(use)).toEqual(refused);
  next.pin();
  for (const use of uses) expect(refusalOf(use)).toEqual(refused);
  next.unpin();
  Frame.fromUnused(next, 2 * PAGE, unitMeta, {}).drop();
  next.agent?.leave();
  Frame.fromInUse(table, PAGE).drop(); // the reaper itself, and agents of before, go on
});

it("an agent that waits while it is reaped finds that out when it goes on", () => {
  const table = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const there = FrameTable.attach({ memory, buffer: table.buffer }, { agent: 1 });
  const { words } = table.slots;
  const waiting = Math.imul(words.length - 1, 1); // any word: it returns at once where the word is another
  there.pin();
  reap(table, [1]);
  expect(() => there.agent?.park(waiting, words[waiting]! + 1)).toThrow(
    expect.objectContaining({ code: "agent-reaped" }),
  );
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
