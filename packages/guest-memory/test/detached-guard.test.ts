/**
 * The first buffer that is detached in a process. Code that V8 optimized before (Node 20 and 22) goes on giving the old
 * length of a detached view, where it has met views of resizable buffers. Alone in its file: it happens once.
 */

import { u8 } from "@memkit/core";
import { type Guard, GuestMemory } from "@memkit/guest-memory";
import { expect, it } from "vitest";

it("is noticed by a live guard, although a resizable memory was used in the process before (GM-14)", () => {
  const resizable = new GuestMemory({ buffer: new ArrayBuffer(64, { maxByteLength: 128 }) });
  const fixed = new GuestMemory({ buffer: new ArrayBuffer(64) });
  const guards = [resizable, fixed, fixed].map((mem) => mem.arrayPtr(u8, 8, 4).asSlice()!);
  const first = (of: Guard): number | undefined => of.bytes[0];
  let sum = 0;
  for (let i = 0; i < 300_000; i++) sum += first(guards[i % 3]!)!;
  expect(sum).toBe(0);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const mem = new GuestMemory(memory);
  mem.writeU8(8, 7);
  const guard = mem.arrayPtr(u8, 8, 4).asSlice()!; // of the class that the optimizer knows
  expect(first(guard)).toBe(7);
  memory.grow(1);
  expect(first(guard)).toBe(7);
  memory.grow(0);
  expect(guard.at(0)).toBe(7);
  guard.drop();
});
