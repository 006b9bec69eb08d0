/**
 * The first buffer that is detached in a process: see detached-guard.test.ts. Alone in its file: it happens once.
 */

import { u32 } from "@memkit/core";
import { BorrowChecker, type BorrowPolicy, GuestMemory } from "@memkit/guest-memory";
import { GuestAtomics } from "@memkit/guest-memory/atomics";
import { expect, it } from "vitest";

/** A policy that may change the memory each time it is asked whether a borrow is live. */
function asking(act: () => void): BorrowPolicy {
  const policy = new BorrowChecker();
  Object.defineProperty(policy, "mutCount", {
    get(): number {
      act();
      return 0;
    },
  });
  return policy;
}

it("is noticed by an atomic access, although a resizable memory was used in the process before (GM-15)", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  let grow = 0;
  const policy = asking(() => {
    if (grow-- === 1) memory.grow(1);
  });
  const resizable = { buffer: new ArrayBuffer(64, { maxByteLength: 128 }) };
  const still = asking(() => undefined);
  const other = new GuestAtomics(new GuestMemory(resizable, { policy: still }));
  const atomics = new GuestAtomics(new GuestMemory(memory, { policy }));
  atomics.store(u32, 8, 7);
  let sum = 0;
  for (let i = 0; i < 300_000; i++) sum += (i % 3 === 0 ? other : atomics).load(u32, 8);
  expect(sum).toBe(1_400_000);
  grow = 1;
  expect(atomics.load(u32, 8)).toBe(7);
  expect(memory.buffer.byteLength).toBe(2 * 65_536);
});
