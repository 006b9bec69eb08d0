/**
 * Derives from a wasm binary what a region must know of it.
 *
 * What the binary tells: the memory's initial and maximum size, the data segments that are put in place before anything runs,
 * and the globals. What it does not tell: the address space and the guard that compiled code relies on (lucet's compiler chose
 * those; where an engine compiles, they are the engine's), and functions in a form that can be called. A compiled
 * `WebAssembly.Module` tells less: names and kinds of imports and exports, no sizes and no data. So the bytes are needed.
 *
 * @see WebAssembly core specification 2.0, 5.5.9 "Global Section" and 5.5.14 "Data Section"
 *
 * @module
 */

import { readConstant } from "./constant-expression.js";
import type { GlobalSpec, GlobalType } from "./globals.js";
import { heapSpecOf, type InitialData } from "./heap-spec.js";
import type { MemoryType } from "./memory-type.js";
import { Module } from "./module.js";
import { RegionError } from "./region-error.js";
import { WasmReader } from "./wasm-reader.js";
import {
  KIND_GLOBAL,
  readImports,
  readMemories,
  readSections,
  SectionId,
} from "./wasm-sections.js";

/** Value types by their byte. */
const VALUE_TYPES: Readonly<Record<number, GlobalType | "v128">> = {
  127: "i32",
  126: "i64",
  125: "f32",
  124: "f64",
  123: "v128",
};

/** What only the bytes of data segments with these flags have. */
const PASSIVE = 1;
const EXPLICIT_MEMORY = 2;

/**
 * The spec of a wasm binary: heap, data and globals, and no functions.
 *
 * For slots of any backend. To run the binary itself, take a `WasmModule`.
 *
 * @throws {@link RegionError} `malformed-module`, `several-memories`, `incorrect-module` for data beyond the initial heap;
 * `unsupported` for shared and 64-bit memories, and for data whose place depends on an imported global
 *
 * @example
 * ```ts
 * import { moduleOf } from "@memkit/mmap-region/instance";
 *
 * // (module (memory 1 2) (global i32 (i32.const 7)) (data (i32.const 4096) "hi"))
 * const hex = "0061736d010000000504010101020606017f0041070b0b0901004180200b026869";
 * const module = moduleOf(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
 * module.heap?.maxSize; // => 131072
 * module.sparsePage(1)?.[0]; // => 104
 * module.initialGlobalsSize; // => 8
 * ```
 */
export function moduleOf(bytes: Uint8Array<ArrayBuffer>): Module {
  if (!(bytes instanceof Uint8Array)) {
    throw new RegionError({
      code: "invalid-argument",
      argument: "bytes",
      value: typeof bytes,
      reason: "a module is given as a Uint8Array",
    });
  }
  const memories: MemoryType[] = [];
  const globals: GlobalSpec[] = [];
  const data: InitialData[] = [];
  for (const { id, body } of readSections(new WasmReader(bytes, 0, bytes.length))) {
    if (id === SectionId.import) {
      readImports(body, ({ kind, module, name, memory }) => {
        if (memory !== undefined) memories.push(memory);
        if (kind === KIND_GLOBAL) globals.push({ type: "import", module, name });
      });
    } else if (id === SectionId.memory) readMemories(body, ({ type }) => memories.push(type));
    else if (id === SectionId.global) readGlobals(body, globals);
    else if (id === SectionId.data) readData(body, globals, data);
  }
  if (memories.length > 1)
    throw new RegionError({ code: "several-memories", count: memories.length });
  const [memory] = memories;
  return new Module({ heap: memory && heapSpecOf(memory), data, globals });
}

function readGlobals(body: WasmReader, globals: GlobalSpec[]): void {
  const count = body.unsigned(32);
  for (let n = 0; n < count; n++) {
    const offset = body.at;
    const code = body.byte();
    const type = VALUE_TYPES[code] ?? "reference";
    if (code === 0x63 || code === 0x64) body.skipSigned33(); // a reference type with a heap type
    if (body.byte() > 1) throw body.malformed("a global is mutable or not", offset);
    const bits = readConstant(body, globals);
    if (type === "v128" || type === "reference") globals.push({ type });
    else if (bits !== undefined) globals.push({ type, bits });
    else throw unknown("globals whose value depends on an imported one");
  }
  body.finish();
}

function readData(body: WasmReader, globals: readonly GlobalSpec[], data: InitialData[]): void {
  const count = body.unsigned(32);
  for (let n = 0; n < count; n++) {
    const start = body.at;
    const flags = body.unsigned(32);
    if (flags > EXPLICIT_MEMORY) throw body.malformed("unknown kind of data segment", start);
    if (flags === EXPLICIT_MEMORY) body.unsigned(32);
    const offset = flags === PASSIVE ? undefined : readConstant(body, globals);
    const { at, end } = body.sub(body.unsigned(32));
    if (flags === PASSIVE) continue; // put in place by an instruction, if ever
    if (offset === undefined) throw unknown("data whose place depends on an imported global");
    data.push({ offset: Number(offset), bytes: body.bytes.subarray(at, end) });
  }
  body.finish();
}

function unknown(capability: string): RegionError {
  return new RegionError({ code: "unsupported", backend: "mmap", capability });
}
