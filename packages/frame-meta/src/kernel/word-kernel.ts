/**
 * The kernel: the steps of a shared word in WebAssembly, where an atomic access is an instruction and not a call.
 *
 * JavaScript's `Atomics` are calls of a builtin, which cost ten times a plain access in the engines of today; the same steps in
 * wasm, the call of them included, cost less than `Atomics` alone. What they promise is what the functions of `ref-count.ts`
 * promise (FM-1 to FM-3): they are the same load and compare-and-swap, on the same words.
 *
 * FM-33: the kernel answers as `ref-count.ts` does, refusal for refusal; one contract suite runs against both.
 * FM-34: the bytes are those that kernel.wat assembles to: 1,024 at most.
 *
 * @module
 */

import { FrameError } from "../slot/open-error.js";
import { KERNEL } from "./bytes.js";

/** A word's place is given in bytes, a multiple of 4; results below 0 of `inc` and `dec` are those of `Refusal`. */
export interface WordKernel {
  /** n to n+1. @returns the new count, or a refusal */
  inc(at: number): number;
  /** n to n-1. @returns the new count, or a refusal */
  dec(at: number): number;
  /** The word. */
  load(at: number): number;
  /** Sets the word. */
  store(at: number, value: number): void;
  /** Replaces `from` by `to`. @returns what was there: `from` if it did */
  swap(at: number, from: number, to: number): number;
  /** Adds without a look. @returns the sum */
  add(at: number, step: number): number;
}

/** What this package uses of a shared `WebAssembly.Memory`. Unlike its buffer it can be given to the kernel of another agent. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
}

/** Bytes of a page of WebAssembly. */
const WASM_PAGE = 0x1_0000;
/** Pages of the largest memory: 4 GiB. */
const MAX_PAGES = 0x1_0000;

let compiled: WebAssembly.Module | undefined;

/** Compiled once, at the first call, so that loading this needs no WebAssembly. */
function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL), (byte) => byte.charCodeAt(0)));
  return compiled;
}

/**
 * A shared memory for at least `bytes` bytes, which never grows.
 *
 * @throws {@link FrameError} `table-too-large` where they are more than 4 GiB, or the host has no room for them
 */
export function kernelMemory(bytes: number): KernelMemory {
  const pages = Math.max(1, Math.ceil(bytes / WASM_PAGE));
  const max = MAX_PAGES * WASM_PAGE;
  if (pages > MAX_PAGES) throw new FrameError({ code: "table-too-large", needed: bytes, max });
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new FrameError({ code: "table-too-large", needed: bytes, max: 0 }, { cause });
  }
}

/**
 * The kernel over a shared memory, for this agent.
 *
 * @throws {@link FrameError} `invalid-option` unless `memory` is a shared `WebAssembly.Memory`
 *
 * @example
 * ```ts
 * import { kernelMemory, wordKernel } from "@memkit/frame-meta/kernel";
 *
 * const memory = kernelMemory(64);
 * const kernel = wordKernel(memory);
 * kernel.store(8, 1);
 * kernel.inc(8); // => 2
 * kernel.swap(8, 2, -2); // => 2
 * kernel.dec(8); // => -2
 * new Int32Array(memory.buffer)[2]; // => -2
 * ```
 */
export function wordKernel(memory: KernelMemory): WordKernel {
  const imports = { memkit: { memory } } as unknown as WebAssembly.Imports;
  try {
    const { exports } = new WebAssembly.Instance(kernelModule(), imports);
    return exports as unknown as WordKernel;
  } catch (cause) {
    // A LinkError: another kind of object, or a memory that is not shared.
    const detail = { code: "invalid-option", option: "kernel", got: String(memory) } as const;
    throw new FrameError(detail, { cause });
  }
}
