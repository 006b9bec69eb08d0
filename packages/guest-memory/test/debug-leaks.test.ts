/** Guards that are lost without `drop()`: found after garbage collection, which never happens within a turn. */

import { u8 } from "@memkit/core";
import { type Borrow, GuestMemory } from "@memkit/guest-memory";
import { BorrowDebugger, type BorrowDebuggerOptions } from "@memkit/guest-memory/debug";
import { afterEach, expect, it, vi } from "vitest";

const collect = globalThis.gc as () => void; // vitest.base.ts exposes it

/** Collects garbage until `done`, or long enough to say that it will not be. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !done(); i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function watched(options: BorrowDebuggerOptions): [GuestMemory, BorrowDebugger] {
  const policy = new BorrowDebugger(options);
  return [new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy }), policy];
}

function loseGuards(mem: GuestMemory): void {
  mem.arrayPtr(u8, 8, 4).asSliceMut()!.set(0, 1);
  mem.strPtr(16, 4).asStr()!.text();
}

afterEach(() => vi.restoreAllMocks());

it("a lost guard is reported with the stack of its taker, and stays borrowed", async () => {
  const reported: Borrow[] = [];
  const [mem, policy] = watched({ onLeak: (leak) => reported.push(leak) });
  const kept = mem.arrayPtr(u8, 32, 4).asSlice()!;
  mem.mutBorrow({ start: 48, len: 4 }); // nobody can tell whether its handle is still wanted
  loseGuards(mem);
  expect([reported, policy.leaks()]).toEqual([[], []]); // not within this turn
  await collectUntil(() => reported.length === 2);
  const leaks = [
    { region: { start: 8, len: 4 }, kind: "mut", stack: expect.stringContaining("loseGuards") },
    { region: { start: 16, len: 4 }, kind: "shared", stack: expect.stringContaining("loseGuards") },
  ];
  expect(reported).toHaveLength(2);
  expect(reported).toEqual(expect.arrayContaining(leaks));
  expect(policy.leaks()).toEqual(leaks);
  expect(mem.outstandingBorrows()).toHaveLength(4);
  kept.drop();
});

it("one that was dropped, by itself or with all others, is none", async () => {
  const onLeak = vi.fn<(leak: Borrow) => void>();
  const [mem, policy] = watched({ onLeak });
  (() => mem.arrayPtr(u8, 0, 4).asSliceMut()!.drop())();
  loseGuards(mem);
  mem.releaseAll();
  // Those of another memory are lost later, so once they are reported ours have been collected, too.
  const other: Borrow[] = [];
  const [unlike, keeper] = watched({ onLeak: (leak) => other.push(leak) });
  loseGuards(unlike);
  await collectUntil(() => other.length === 2);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
  expect([other.length, keeper.leaks().length]).toEqual([2, 2]);
  expect(onLeak).not.toHaveBeenCalled();
  expect(policy.leaks()).toEqual([]);
});

it("the console is told by default", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const [mem, policy] = watched({});
  loseGuards(mem);
  await collectUntil(() => warn.mock.calls.length === 2);
  expect(warn.mock.calls.flat().sort()).toEqual([
    expect.stringMatching(/guard was lost without drop\(\): mut borrow of 0x8.*loseGuards/s),
    expect.stringMatching(/guard was lost without drop\(\): shared borrow of 0x10.*loseGuards/s),
  ]);
  expect(policy.leaks()).toHaveLength(2); // the policy must outlive its reports
});
