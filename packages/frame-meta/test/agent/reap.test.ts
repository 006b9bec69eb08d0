import { atomic, struct, u32 } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable } from "@memkit/frame-meta";
import { pinnedAgents, reap } from "@memkit/frame-meta/agents";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { describe, expect, it } from "vitest";
import { HeaderWord } from "../../src/slot/layout.js";
import { refusalOf } from "../frame/support.js";
import { killedAt, of, owner, PAGE, plain, STEPS, sweep, worldOf } from "./killed.js";

describe.each(["shared", "kernel"] as const)("an agent that dies, %s", (mode) => {
  // The twin of the kernel differs in how a word is stepped, so one step of each kind will do.
  const some = ["clone", "a drop", "tryFrom", "unique drop", "segment fromUnused", "pushBack"];
  const steps = STEPS.filter(({ name }) => mode === "shared" || some.includes(name));

  it.each(steps)("FM-37: at every access in the middle of $name", ({ ready }) => {
    let died = true;
    let at = 0;
    for (; died; at += 1) {
      const world = worldOf(mode);
      const run = ready(world);
      died = killedAt(at, run);
      const report = reap(world.table, [1]);
      const where = `at access ${at}`;
      expect(report.exact).toBe(true);
      expect(report.error, where).toBeUndefined();
      expect(checkInvariants(world.table).violations, where).toEqual([]);
      sweep(world);
      expect(checkInvariants(world.table, { atEnd: true }).violations, where).toEqual([]);
      for (let pfn = 0; pfn < 8; pfn += 1) expect(world.table.slots.countOf(pfn), where).toBe(-1);
      // No frame's onDrop ran twice.
      expect(new Set(world.dropped).size, where).toBe(world.dropped.length);
    }
    expect(at).toBeGreaterThan(2);
  });

  it("FM-37: one that reaps", () => {
    const children = () => {
      const world = worldOf(mode);
      frameOf(world.victim, 2).clone();
      const child = frameOf(world.victim, 3).intoRaw();
      Frame.fromUnused(world.victim, 4 * PAGE, owner, of(child));
      return world;
    };
    let died = true;
    // Most of its accesses are looks at the ledger, between which nothing changes: every fifth of them, and every seventh.
    for (let at = mode === "shared" ? 0 : 3; died; at += mode === "shared" ? 5 : 7) {
      const world = children();
      died = killedAt(at, () => reap(world.other, [1]));
      if (!died) break;
      const dead = [1, 2].filter(
        (id) => world.table.slots.load(world.table.slots.parts.agents + id * 16) !== 0,
      );
      expect(reap(world.table, dead, { patience: 5 }).error).toBeUndefined();
      sweep(world);
      expect(checkInvariants(world.table, { atEnd: true }).violations, `at ${at}`).toEqual([]);
      for (let pfn = 0; pfn < 8; pfn += 1) expect(world.table.slots.countOf(pfn)).toBe(-1);
      expect(new Set(world.dropped).size).toBe(world.dropped.length);
    }
  });
});

const frameOf = (table: FrameTable, pfn: number) =>
  Frame.fromUnused(table, pfn * PAGE, owner, of());

describe("reap", () => {
  it("says what it found", () => {
    const world = worldOf("shared");
    const { table, victim, other } = world;
    const theirs = frameOf(other, 1);
    Frame.fromInUse(victim, PAGE).clone();
    frameOf(victim, 2);
    const report = reap(table, [1]);
    expect(report.frames).toContainEqual({ pfn: 1, held: { handle: 2 }, outcome: "released" });
    expect(report.frames).toContainEqual({ pfn: 2, held: { handle: 1 }, outcome: "ended" });
    expect(theirs.referenceCount).toBe(1);
    expect(world.dropped).toContain(2);
  });

  it("breaks the locks of the dead", () => {
    const { table, victim, other } = worldOf("shared");
    const theirs = frameOf(other, 1);
    const mine = Frame.fromInUse(victim, PAGE).tryAs(owner)!;
    killedAt(Number.POSITIVE_INFINITY, (die) => mine.withLock(() => die()));
    expect(reap(table, [1]).locks).toEqual([1]);
    theirs.withLock((meta) => {
      meta.value = 9;
    });
    expect(theirs.meta.value).toBe(9);
  });

  it("breaks the locks of the dead also of types that the reaper has not bound", () => {
    const { table, victim, other } = worldOf("shared");
    const stranger = defineFrameMeta({
      name: "stranger",
      layout: struct(["value", u32], ["lock", atomic(u32)]),
      lock: "lock",
    });
    const theirs = Frame.fromUnused(other, PAGE, stranger, { value: 1, lock: 0 });
    const mine = Frame.fromInUse(victim, PAGE).tryAs(stranger)!;
    killedAt(Number.POSITIVE_INFINITY, (die) => mine.withLock(() => die()));
    expect(table.types.typeAt(1)).toBeUndefined();
    expect(reap(table, [1]).locks).toEqual([1]);
    theirs.withLock((meta) => {
      meta.value = 9;
    });
    expect(theirs.meta.value).toBe(9);
  });

  it("refuses who is not there, oneself, and one without a number", () => {
    const { table } = worldOf("shared");
    for (const agent of [0, 3, 99, -1, 0.5]) {
      expect(refusalOf(() => reap(table, [agent]))).toEqual({ code: "no-such-agent", agent });
    }
    const none = FrameTable.create({ memory: { buffer: new ArrayBuffer(PAGE) } });
    expect(refusalOf(() => reap(none, [1]))).toMatchObject({
      code: "invalid-option",
      option: "agent",
    });
  });

  it("FM-35: waits for agents in a step, and gives up where one stays there", () => {
    const { table, victim, other } = worldOf("shared");
    const frame = frameOf(victim, 1);
    expect(killedAt(8, () => frame.drop())).toBe(true);
    expect(pinnedAgents(table.slots)).toEqual([{ agent: 1, epoch: 0 }]);
    frameOf(other, 2);
    // The dead one is in the way of the reaping of another.
    expect(refusalOf(() => reap(table, [2], { patience: 5 }))).toEqual({
      code: "agent-pinned",
      agent: 1,
    });
    expect(table.slots.load(HeaderWord.reaper)).toBe(0);
    expect(table.slots.countOf(2)).toBe(1);
    expect(reap(table, [1, 2]).frames.map(({ pfn }) => pfn)).toEqual([1, 2]);
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("gives numbers to the next, and refuses one that is taken", () => {
    const { table, ledger, victim } = worldOf("shared");
    const memory = table.memory;
    const again = () =>
      FrameTable.attach(
        { memory, buffer: table.buffer },
        {
          agent: 1,
          ledger: new FrameLedger({ frames: 8, agents: 3, agent: 1, buffer: ledger.buffer }),
        },
      );
    expect(refusalOf(again)).toEqual({ code: "agent-taken", agent: 1 });
    reap(table, [1]);
    expect(again().agent?.id).toBe(1);
    expect(refusalOf(() => victim.agent?.leave())).toEqual({ code: "agent-reaped", agent: 1 });
    const other = () =>
      FrameTable.attach({ memory, buffer: table.buffer }, { agent: 0, ledger: victim.ledger! });
    expect(refusalOf(other)).toMatchObject({ code: "invalid-option", option: "agent" });
    expect(
      refusalOf(() => FrameTable.attach({ memory, buffer: table.buffer }, { agent: 16 })),
    ).toMatchObject({
      code: "invalid-option",
      option: "agent",
    });
  });

  it("without a ledger says what it cannot know", () => {
    const memory = { buffer: new SharedArrayBuffer(4 * PAGE) };
    const table = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
    const victim = FrameTable.attach({ memory, buffer: table.buffer }, { agent: 1 });
    Frame.fromUnused(victim, PAGE, plain, { value: 1 });
    const second = Frame.fromUnused(victim, 2 * PAGE, plain, { value: 1 });
    killedAt(5, () => second.drop());
    const report = reap(table, [1]);
    expect(report).toMatchObject({ exact: false, frames: [], busy: [2] });
    expect(table.slots.countOf(1)).toBe(1);
  });
});
