/**
 * Taking a snapshot.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import { whileOpen } from "./guards.js";
import { Guest } from "./guest.js";
import { Image, innerOf, memoryImages } from "./image.js";
import { captureState, partsOf, requireReach } from "./instance-state.js";
import { requireEmpty } from "./occupancy.js";
import { planOf, type SnapshotOptions } from "./options.js";
import type { InstanceTarget, MemoryTarget } from "./targets.js";

/**
 * Keeps a copy of a memory, or of all that an instance exports: its memories, mutable globals and tables. State that is not
 * exported stays out of reach; `exposeState` of `./expose-state` exports it. An instance that exports no memory is refused, unless it
 * was exposed; `{ exports: instance.exports }` is taken at its word.
 *
 * @param target - A `WebAssembly.Memory`, a `WebAssembly.Instance`, or a guest of another image.
 * @throws {@link RegionError} `invalid-argument`, `state-out-of-reach`, `guest-inside`; `unsupported` for an engine that cannot
 * work here, and for a shared memory without `shared`; `too-many-mappings`, `system-call-failed` where an engine that maps was
 * asked for by name
 *
 * @example
 * ```ts
 * import { snapshot } from "@memkit/mmap-region/snapshot";
 *
 * const memory = new WebAssembly.Memory({ initial: 1 });
 * new Uint8Array(memory.buffer)[7] = 7;
 * const image = snapshot(memory);
 * image.apply(memory);
 * new Uint8Array(memory.buffer)[7] = 8;
 * image.dirtyPages(memory); // => Uint32Array.of(0)
 * image.reset(memory);
 * new Uint8Array(memory.buffer)[7]; // => 7
 * image.choice(memory).engine; // => "copy"
 * image.close();
 * ```
 */
export function snapshot(
  target: MemoryTarget | InstanceTarget,
  options: SnapshotOptions = {},
): Image {
  const inner = innerOf(target);
  const plan = planOf(options);
  const parts = partsOf(inner);
  if (!(target instanceof Guest)) requireReach(inner, parts); // what a guest was made from has
  requireEmpty(inner, parts.memories.values());
  const memories = new Map<string, Uint8Array>();
  for (const [name, { buffer }] of parts.memories) {
    if (
      !plan.shared &&
      typeof SharedArrayBuffer === "function" &&
      buffer instanceof SharedArrayBuffer
    ) {
      const capability = "snapshots of shared memories without the option shared";
      throw new RegionError({ code: "unsupported", backend: "wasm", capability });
    }
    memories.set(name, new Uint8Array(buffer));
  }
  const state = captureState(inner, parts);
  let take = (): Image =>
    new Image({ memories: memoryImages(memories, plan), state, source: inner }, plan);
  for (const memory of parts.memories.values()) {
    const unguarded = take;
    take = () => whileOpen(memory, unguarded);
  }
  return take();
}
