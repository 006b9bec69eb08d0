/**
 * A scoped view of 16 bytes, at 1,024 shuffled addresses: borrow, make the view, copy out of it, release.
 *
 * The floor makes the same view and copies the same bytes, from a buffer that it never asks for again. The peer asks each
 * time, as a host must that does not know when the guest grows its memory. All copy by the same callback.
 *
 * @module
 */

import { u8 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { shuffledPositions } from "../../positions.js";
import { type Block, garbage, ratio, type Suite } from "../../suite.js";

const SLICES = 1024;
/** A path, an address, a hash: what host functions look at in one go. */
const LENGTH = 16;
/** A cache line and a word apart, as in `read`. */
const addresses = shuffledPositions(SLICES, 68);

const guestMemory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 2 });

/** Copies what it is given into a buffer of its own; returns a byte of it. */
function copier(): (bytes: Uint8Array) => number {
  const target = new Uint8Array(LENGTH);
  return (bytes) => {
    target.set(bytes);
    return target[0]!;
  };
}

const dataView = (): Block => {
  const memory = guestMemory();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) sum += new DataView(memory.buffer).byteLength;
    return sum;
  };
};

const view = (): Block => {
  const { buffer } = guestMemory();
  const copy = copier();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) sum += copy(new Uint8Array(buffer, addresses[i]!, LENGTH));
    return sum;
  };
};

const fresh = (): Block => {
  const memory = guestMemory();
  const copy = copier();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) {
      sum += copy(new Uint8Array(memory.buffer, addresses[i]!, LENGTH));
    }
    return sum;
  };
};

const withSlice = (): Block => {
  const memory = new GuestMemory(guestMemory());
  const copy = copier();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) sum += memory.withSlice(addresses[i]!, LENGTH, copy);
    return sum;
  };
};

const withSliceMut = (): Block => {
  const memory = new GuestMemory(guestMemory());
  const copy = copier();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) sum += memory.withSliceMut(addresses[i]!, LENGTH, copy);
    return sum;
  };
};

/**
 * A pointer and a guard of another memory. V8 forgets the shape of objects of which none is left, and would compile anew
 * after each of the full collections that the runner asks for between two rows: 1.5 times as slow, or not, by chance.
 */
const alive: object[] = [];

function memoryForGuards(): GuestMemory {
  const ptr = new GuestMemory(guestMemory()).arrayPtr(u8, 0, LENGTH);
  alive.push(ptr, ptr.asSlice()!);
  return new GuestMemory(guestMemory());
}

const guard = (): Block => {
  const memory = memoryForGuards();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) {
      const slice = memory.arrayPtr(u8, addresses[i]!, LENGTH).asSlice()!;
      sum += slice.length;
      slice.drop();
    }
    return sum;
  };
};

const guardView = (): Block => {
  const memory = memoryForGuards();
  const copy = copier();
  return () => {
    let sum = 0;
    for (let i = 0; i < SLICES; i++) {
      const slice = memory.arrayPtr(u8, addresses[i]!, LENGTH).asSlice()!;
      sum += copy(slice.bytes);
      slice.drop();
    }
    return sum;
  };
};

const suite: Suite = {
  title: "a scoped view of 16 bytes, copied from, nothing else borrowed",
  rows: [
    { name: "D", role: "floor", what: "new DataView(memory.buffer)", make: dataView },
    { name: "view", role: "floor", what: "new Uint8Array(buffer, p, 16)", make: view },
    { name: "with-slice", role: "ours", what: "withSlice(p, 16, copy)", make: withSlice },
    { name: "with-slice-mut", role: "ours", what: "withSliceMut(p, 16, copy)", make: withSliceMut },
    { name: "guard", role: "ours", what: "asSlice and drop, no view", make: guard },
    { name: "guard-view", role: "ours", what: "asSlice, copy of its bytes, drop", make: guardView },
    { name: "fresh", role: "peer", what: "new Uint8Array(memory.buffer, p, 16)", make: fresh },
  ],
  checks: [
    {
      id: "guest-memory.with-slice.per-d",
      ...ratio("with-slice", "D"),
      atMost: 1,
      unit: "x D",
    },
    {
      id: "guest-memory.with-slice.mut-per-d",
      ...ratio("with-slice-mut", "D"),
      atMost: 1,
      unit: "x D",
    },
    {
      id: "guest-memory.with-slice.garbage",
      ...garbage("with-slice", "view"),
      atMost: 64,
      unit: "B/op",
    },
  ],
};

export default suite;
