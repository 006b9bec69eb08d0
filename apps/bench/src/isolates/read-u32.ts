/**
 * Checked reads of a memory, in a process that has seen nothing else (`fresh`), a memory grow (`after-growth`) or a resizable
 * buffer (`after-resizable`).
 *
 * @module
 */

import { GuestMemory } from "@memkit/guest-memory";
import { shuffledPositions } from "../positions.js";

const READS = 1024;
const STRIDE = 68;
/** Reads through a resizable memory: enough for V8 to take note of it at every site. */
const RESIZABLE_READS = 20_000;
const addresses = shuffledPositions(READS, STRIDE);

export const ops = READS;

function readFrom(memory: GuestMemory): () => number {
  return () => {
    let sum = 0;
    for (let i = 0; i < READS; i++) sum += memory.readU32(addresses[i]!);
    return sum;
  };
}

export function make(mode: string): () => number {
  if (mode === "after-resizable") {
    const bytes = READS * STRIDE;
    const resizable = new GuestMemory({
      buffer: new ArrayBuffer(bytes, { maxByteLength: 2 * bytes }),
    });
    for (let i = 0; i < RESIZABLE_READS; i++) resizable.readU32(addresses[i % READS]!);
  }
  if (mode === "after-growth") {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const grown = new GuestMemory(memory);
    grown.readU32(0);
    memory.grow(1);
    for (const address of addresses) grown.readU32(address);
  }
  return readFrom(new GuestMemory(new WebAssembly.Memory({ initial: 2 })));
}
