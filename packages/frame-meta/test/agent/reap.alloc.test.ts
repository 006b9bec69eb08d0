/** Agents that die while frames go between slots and an allocator: no frame gets two owners, and none is lost. */

import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { reap } from "@memkit/frame-meta/agents";
import {
  allocFrame,
  attachBuddy,
  type BuddyAllocator,
  createBuddy,
} from "@memkit/frame-meta/alloc";
import { checkInvariants, FrameLedger } from "@memkit/frame-meta/model";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { describe, expect, it, vi } from "vitest";
import { recordOf } from "../../src/agent/agent.js";
import { AllocWord } from "../../src/alloc/layout.js";
import { refusalOf } from "../frame/support.js";
import { killedAt, of, owner, PAGE, plain, STEPS, sweep, type World, worldOf } from "./killed.js";

const FRAMES = 8;

interface Allocators {
  readonly world: World;
  readonly allocator: BuddyAllocator;
  readonly theirs: BuddyAllocator;
  readonly others: BuddyAllocator;
  /** Whether somebody, who may be dead, has the allocator's lock. */
  locked(): boolean;
}

function allocators(cache: number, agents: number): Allocators {
  const world = worldOf("shared");
  const allocator = createBuddy(world.table, { cache, agents });
  const { buffer } = allocator;
  const theirs = attachBuddy(world.victim, { buffer });
  const others = attachBuddy(world.other, { buffer });
  const words = new Int32Array(buffer);
  const locked = (): boolean => words[AllocWord.lock] !== 0;
  return { world, allocator, theirs, others, locked };
}

/** Every frame that can be had, each of them once. */
function all(allocator: BuddyAllocator): number[] {
  const got: number[] = [];
  for (let pfn = allocator.alloc(); pfn >= 0; pfn = allocator.alloc()) got.push(pfn);
  return got;
}

const shapes = [
  { shape: "with caches", cache: 4, agents: 3 },
  { shape: "without caches", cache: 0, agents: 3 },
  { shape: "with more agents than caches", cache: 4, agents: 1 },
];

describe.each(shapes)("an agent that dies, and an allocator $shape", ({ cache, agents }) => {
  const ends: readonly (readonly [string, (world: World) => () => void])[] = [
    [
      "a frame with onDrop",
      ({ victim }) => {
        const frame = allocFrame(victim, owner, of());
        return () => frame.drop();
      },
    ],
    [
      "a frame without",
      ({ victim }) => {
        const frame = allocFrame(victim, plain, { value: 1 });
        return () => frame.drop();
      },
    ],
    [
      "a unique frame",
      ({ victim }) => {
        const unique = UniqueFrame.tryFrom(allocFrame(victim, owner, of()));
        return () => unique?.drop();
      },
    ],
  ];

  it.each(ends)("FM-38: ends %s, of which another wants to have the frame", (_, ready) => {
    let died = true;
    let at = 0;
    for (; died; at += 1) {
      const { world, allocator, theirs, others, locked } = allocators(cache, agents);
      const run = ready(world);
      theirs.flush();
      all(others); // all but the one that is about to end
      died = killedAt(at, run);
      const where = `at access ${at}`;
      const taken = locked() ? -1 : others.alloc();
      expect(reap(world.table, [1]).error, where).toBeUndefined();
      for (let pfn = 0; pfn < FRAMES; pfn += 1) expect(world.table.slots.countOf(pfn)).toBe(-1);
      // One of them, whoever asks first, and once.
      const left = all(allocator);
      expect(left.length + (taken < 0 ? 0 : 1), where).toBe(1);
      expect(new Set(world.dropped).size, where).toBe(world.dropped.length);
      expect(checkInvariants(world.table, { atEnd: true }).violations, where).toEqual([]);
    }
    expect(at).toBeGreaterThan(5);
  });

  const some = ["fromUnused", "the last drop of a family", "segment fromUnused", "segment drop"];
  const steps = STEPS.filter(({ name }) => cache > 0 || some.includes(name));
  it.each(steps)("FM-38: at every access in the middle of $name", ({ ready }) => {
    for (let at = 0, died = true; died; at += 1) {
      const { world, allocator, others } = allocators(cache, agents);
      const run = ready(world);
      died = killedAt(at, run);
      const where = `at access ${at}`;
      expect(reap(world.table, [1]).error, where).toBeUndefined();
      sweep(world);
      expect(checkInvariants(world.table, { atEnd: true }).violations, where).toEqual([]);
      allocator.flush();
      const before = all(others);
      expect(new Set(before).size, where).toBe(before.length);
      for (const pfn of before) others.add(pfn);
      // What the dead had taken out and not claimed yet.
      expect(allocator.rescan(), where).toBe(FRAMES - before.length);
      expect(new Set(all(allocator)).size, where).toBe(FRAMES);
    }
  });
});

/** Frames go by the handful between a cache and the trees. */
describe("an agent that dies between its cache and the trees", () => {
  const ways: readonly (readonly [string, hand: number, (theirs: BuddyAllocator) => () => void])[] =
    [
      ["fills the cache", 1, (theirs) => () => theirs.alloc()],
      [
        "empties it by half",
        0,
        (theirs) => {
          const [first = -1, ...others] = all(theirs);
          for (const pfn of others.slice(0, 4)) theirs.add(pfn);
          return () => theirs.add(first);
        },
      ],
    ];

  it.each(ways)("FM-23 FM-38: %s, loses %i at most and counts none twice", (_, hand, ready) => {
    for (let at = 0, died = true; died; at += 1) {
      const { world, allocator, theirs } = allocators(4, 3);
      const run = ready(theirs);
      const { taken } = allocator.stats();
      died = killedAt(at, run);
      const where = `at access ${at}`;
      reap(world.table, [1]);
      const { free, cached } = allocator.stats();
      const got = all(allocator);
      expect([cached, free], where).toEqual([0, got.length]);
      expect(new Set(got).size, where).toBe(got.length);
      expect(got.length, where).toBeGreaterThanOrEqual(FRAMES - taken - hand);
    }
  });

  it("FM-38: nor does who reaps it, and dies of that", () => {
    for (let at = 0, died = true; died; at += 1) {
      const { world, allocator, theirs } = allocators(4, 3);
      theirs.add(theirs.alloc());
      died = killedAt(at, () => reap(world.other, [1]));
      const { slots } = world.table;
      const dead = [1, 2].filter((id) => slots.load(recordOf(slots, id)) !== 0);
      reap(world.table, dead, { patience: 5 });
      expect(allocator.stats(), `at access ${at}`).toMatchObject({ cached: 0, free: FRAMES });
      expect(all(allocator).length, `at access ${at}`).toBe(FRAMES);
    }
  });
});

describe("reap, of a table with an allocator", () => {
  it("FM-38: takes the lock, the cache and the number of the dead over", () => {
    const { world, allocator, theirs } = allocators(4, 3);
    theirs.add(theirs.alloc());
    expect(allocator.stats().cached).toBe(1 + 2);
    new Int32Array(allocator.buffer)[AllocWord.lock] = theirs.agent + 1;
    expect(reap(world.table, [1]).exact).toBe(true);
    expect(allocator.stats()).toMatchObject({ cached: 0, free: FRAMES });
    const ledger = new FrameLedger({
      frames: FRAMES,
      agents: 3,
      agent: 1,
      buffer: world.ledger.buffer,
    });
    const memory = { buffer: new SharedArrayBuffer(FRAMES * PAGE) };
    const next = FrameTable.attach({ memory, buffer: world.table.buffer }, { ledger, agent: 1 });
    expect(attachBuddy(next, allocator).agent).toBe(theirs.agent);
  });

  it("FM-38: does so though who goes on waits for the lock in the middle of a claim", () => {
    const { world, allocator, theirs } = allocators(4, 3);
    new Int32Array(allocator.buffer)[AllocWord.lock] = theirs.agent + 1;
    const wait = vi.spyOn(Atomics, "wait").mockImplementationOnce(() => {
      expect(reap(world.table, [1], { patience: 20 }).error).toBeUndefined();
      return "timed-out";
    });
    const frame = Frame.fromUnused(world.other, PAGE, unitMeta, {});
    expect(wait).toHaveBeenCalledOnce();
    wait.mockRestore();
    expect(allocator.stats().taken).toBe(1);
    frame.drop();
  });

  it("is refused where the reaper does not know the allocator", () => {
    const world = worldOf("shared");
    createBuddy(world.other);
    expect(refusalOf(() => reap(world.table, [1]))).toEqual({ code: "no-allocator" });
  });

  it("is not the allocator's own: that is for agents without a number", () => {
    const { allocator, theirs } = allocators(4, 3);
    expect(refusalOf(() => allocator.reap(theirs.agent))).toMatchObject({
      code: "invalid-option",
      option: "agent",
    });
  });

  it("without a ledger finishes what had been given back to the cache", () => {
    const memory = { buffer: new SharedArrayBuffer(4 * PAGE) };
    for (let at = 0, died = true; died; at += 1) {
      const table = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
      const victim = FrameTable.attach({ memory, buffer: table.buffer }, { agent: 1 });
      const allocator = createBuddy(table);
      attachBuddy(victim, allocator);
      const frame = allocFrame(victim, plain, { value: 1 });
      died = killedAt(at, () => frame.drop());
      const { busy } = reap(table, [1]);
      const lost = table.slots.countOf(0) === -1 ? 0 : 1;
      expect(busy.length).toBeLessThanOrEqual(lost);
      const got = all(allocator);
      expect(new Set(got).size).toBe(got.length);
      for (const pfn of got) expect(table.slots.countOf(pfn)).toBe(-1);
    }
  });
});
