/**
 * The kernel of walks, compiled once and instantiated for a memory.
 *
 * @module
 */

import type { KernelMemory } from "@memkit/frame-meta/kernel";
import { TableError } from "../table/table-error.js";
import { KERNEL } from "./bytes.js";

/** Walks: the words of an address, and where the plan is. @returns 1 where the answer is in the block, else 0 */
export type KernelWalk = (hi: number, lo: number, plan: number) => number;

let compiled: WebAssembly.Module | undefined;

/** Compiled at the first call, so that loading this needs no WebAssembly. */
function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (byte) => byte.charCodeAt(0)));
  return compiled;
}

/** @throws {@link PageTableError} `unsupported-memory` unless `memory` is a shared `WebAssembly.Memory` */
export function kernelWalk(memory: KernelMemory): KernelWalk {
  const imports = { memkit: { memory } } as unknown as WebAssembly.Imports;
  try {
    const { exports } = new WebAssembly.Instance(kernelModule(), imports);
    return (exports as unknown as { readonly walk: KernelWalk }).walk;
  } catch (cause) {
    const what = "the kernel's memory is no shared WebAssembly.Memory of 4 GiB at most";
    throw new TableError({ code: "unsupported-memory", what }, { cause });
  }
}
