/**
 * A checked read of a u32, at 1,024 shuffled addresses of a guest's memory, nothing borrowed.
 *
 * Two floors. The cached DataView is what a host writes that trusts the guest and knows that the memory never grows; D
 * is what one writes that does not know: a fresh view for every access.
 *
 * @module
 */

import { u32 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { shuffledPositions } from "../../positions.js";
import { type Block, ratio, type Suite } from "../../suite.js";

const READS = 1024;
/** A cache line and a word apart: neither one line for many reads nor always the same offset in it. */
const STRIDE = 68;
const addresses = shuffledPositions(READS, STRIDE);

/**
 * 128 KiB of words that are addresses in it, as pointers and lengths are. From 2^31 on V8 boxes an integer that a function
 * which is not inlined returns, at 16 bytes of garbage: no row shows that.
 */
function guestMemory(): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 2 });
  new Uint32Array(memory.buffer).forEach((_, i, words) => {
    words[i] = 4 * i;
  });
  return memory;
}

const bare = (): Block => {
  const dv = new DataView(guestMemory().buffer);
  return () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) sum += dv.getUint32(addresses[i]!, true);
    return sum;
  };
};

const fresh = (): Block => {
  const memory = guestMemory();
  return () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) {
      sum += new DataView(memory.buffer).getUint32(addresses[i]!, true);
    }
    return sum;
  };
};

/** How emscripten's and wasm-bindgen's glue notices growth: by asking for the buffer each time. */
const identity = (): Block => {
  const memory = guestMemory();
  let dv = new DataView(memory.buffer);
  return () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) {
      if (dv.buffer !== memory.buffer) dv = new DataView(memory.buffer);
      sum += dv.getUint32(addresses[i]!, true);
    }
    return sum;
  };
};

const readU32 = (): Block => {
  const memory = new GuestMemory(guestMemory());
  return () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) sum += memory.readU32(addresses[i]!);
    return sum;
  };
};

const readLayout = (): Block => {
  const memory = new GuestMemory(guestMemory());
  return () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) sum += memory.read(u32, addresses[i]!);
    return sum;
  };
};

const suite: Suite = {
  title: "checked read of a u32, nothing borrowed",
  rows: [
    { name: "bare", role: "floor", what: "a cached DataView, no check", make: bare },
    { name: "read-u32", role: "ours", what: "GuestMemory.readU32", make: readU32 },
    { name: "read-layout", role: "ours", what: "GuestMemory.read(u32)", make: readLayout },
    {
      name: "identity",
      role: "peer",
      what: "a cached DataView, made anew when memory.buffer is another",
      make: identity,
    },
    { name: "D", role: "peer", what: "new DataView(memory.buffer) for each read", make: fresh },
  ],
  checks: [
    {
      id: "guest-memory.read.u32-per-bare",
      ...ratio("read-u32", "bare"),
      atMost: 3,
      unit: "x bare",
    },
    {
      id: "guest-memory.read.u32-per-d",
      ...ratio("read-u32", "D"),
      atMost: 0.125,
      unit: "x D",
    },
    {
      id: "guest-memory.read.layout-per-bare",
      ...ratio("read-layout", "bare"),
      atMost: 3,
      unit: "x bare",
    },
    {
      id: "guest-memory.read.layout-per-d",
      ...ratio("read-layout", "D"),
      atMost: 0.125,
      unit: "x D",
    },
  ],
};

export default suite;
