/**
 * The kernel assembled anew, as shipped and as a twin whose memory operations call imports: what an explorer of interleavings
 * can stop at each access, with the same control flow between them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { SlotTable, TableKernel } from "@memkit/frame-meta";
import type { WordKernel } from "@memkit/frame-meta/kernel";
import wabt from "wabt";
import { KernelSlotTable } from "../../src/kernel/kernel-table.js";

const FEATURES = { threads: true } as const;
const assembler = await wabt();

/** kernel.wat. */
export const KERNEL_WAT: string = readFileSync(
  new URL("../../src/kernel/kernel.wat", import.meta.url),
  "utf8",
);

/** Assembles a module from its text. */
export function assemble(wat: string): Uint8Array<ArrayBuffer> {
  const module = assembler.parseWat("kernel.wat", wat, FEATURES);
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** What the twin calls instead of each instruction that touches the memory; `at` is in bytes. */
export interface KernelHooks {
  load(at: number): number;
  store(at: number, value: number): void;
  /** `i32.atomic.rmw.cmpxchg`: returns what was there. */
  cmpxchg(at: number, expected: number, replacement: number): number;
  /** `i32.atomic.rmw.add`: returns what was there. */
  add(at: number, step: number): number;
}

/** The name of the import that stands for each instruction, and its signature. */
const HOOKS: readonly (readonly [instruction: string, name: keyof KernelHooks, type: string])[] = [
  ["i32.atomic.load", "load", "(param i32) (result i32)"],
  ["i32.atomic.store", "store", "(param i32 i32)"],
  ["i32.atomic.rmw.cmpxchg", "cmpxchg", "(param i32 i32 i32) (result i32)"],
  ["i32.atomic.rmw.add", "add", "(param i32 i32) (result i32)"],
];

/** The text of the twin: each access a call of an import, and no memory. Throws where an access would be left. */
export function twinOf(wat: string): string {
  const imports = HOOKS.map(
    ([, name, type]) => `(import "hook" "${name}" (func $${name} ${type}))`,
  );
  let twin = wat.replace(/\(import "memkit" "memory" \(memory [^)]*\)\)/, imports.join("\n  "));
  for (const [instruction, name] of HOOKS)
    twin = twin.replaceAll(`(${instruction} `, `(call $${name} `);
  const left = twin
    .replaceAll(/;;.*$/gm, "")
    .match(/\b(?:memory|i(?:32|64)\.(?:atomic\.\w|load|store))\S*/);
  if (left !== null) throw new Error(`the twin has an access of its own: ${left[0]}`);
  return twin;
}

let twin: WebAssembly.Module | undefined;

/** The twin, with these hooks. */
export function twinKernel(hooks: KernelHooks): WordKernel {
  twin ??= new WebAssembly.Module(assemble(twinOf(KERNEL_WAT)));
  const hook = { ...hooks } as unknown as WebAssembly.ModuleImports;
  return new WebAssembly.Instance(twin, { hook }).exports as unknown as WordKernel;
}

/** Hooks that do to `words` what the instructions do, through whatever `Atomics` is when they are called. */
export function hooksOn(words: Int32Array): KernelHooks {
  return {
    load: (at) => Atomics.load(words, at >>> 2),
    store: (at, value) => {
      Atomics.store(words, at >>> 2, value);
    },
    cmpxchg: (at, expected, replacement) =>
      Atomics.compareExchange(words, at >>> 2, expected, replacement),
    add: (at, step) => Atomics.add(words, at >>> 2, step),
  };
}

/** For `createSlots` and `attachSlots`: a table in `buffer` whose steps are the twin's. */
export function twinTableKernel(
  buffer: SharedArrayBuffer,
  hooks: (words: Int32Array) => KernelHooks = hooksOn,
): TableKernel {
  return {
    buffer,
    open: (words, geometry, parts): SlotTable =>
      new KernelSlotTable(words, geometry, parts, twinKernel(hooks(words))),
  };
}
