/**
 * Turns a wasm module that defines its memory into one that imports it, so that a program built elsewhere runs on
 * memory that a region holds.
 *
 * One memory type moves from the memory section into the import section. The memory keeps index 0, so no instruction, data
 * segment or export changes.
 *
 * Invariant MR-8: outside the import and the memory section the module stays byte for byte as it was.
 *
 * @see WebAssembly core specification 2.0, 5.5.5 "Import Section" and 5.5.8 "Memory Section"
 *
 * @module
 */

import { requireObject } from "./argument.js";
import { encodeMemoryType, type MemoryType } from "./memory-type.js";
import { RegionError, wholeNumber } from "./region-error.js";
import { encodeUnsigned, WasmReader } from "./wasm-reader.js";
import {
  type DefinedMemory,
  type Import,
  type Imports,
  readImports,
  readMemories,
  readSections,
  SectionId,
} from "./wasm-sections.js";

export type { MemoryType } from "./memory-type.js";

/** The name the memory shall be imported by. */
export interface AdoptOptions {
  readonly module: string;
  readonly name: string;
  /** Lowers the maximum that the module asks for to at most so many pages of 64 KiB; it never raises one. */
  readonly maxPages?: number | undefined;
}

/** An imported memory: its name and its type. */
export interface ImportedMemory extends MemoryType {
  readonly module: string;
  readonly name: string;
}

/** The rewritten module. */
export interface AdoptedModule {
  /** The very `bytes` that were given when the module imports its memory already. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What the module imports now. */
  readonly memory: ImportedMemory;
  /** False when the module imported its memory already, by the name that `memory` tells, and nothing was changed. */
  readonly changed: boolean;
}

/** A UTF-8 string with its length before it, as names are encoded. */
function encodeName(argument: string, text: string): number[] {
  if (typeof text !== "string" || !text.isWellFormed()) {
    throw new RegionError({
      code: "invalid-argument",
      argument,
      value: typeof text,
      reason: "must be a string without lone surrogates: names in wasm are UTF-8",
    });
  }
  const utf8 = new TextEncoder().encode(text);
  return [...encodeUnsigned(utf8.length), ...utf8];
}

function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The memory's type with its maximum lowered to `maxPages`. */
function lowered(type: MemoryType, maxPages: number | undefined): MemoryType {
  if (maxPages === undefined || (type.maximumPages ?? Number.POSITIVE_INFINITY) <= maxPages) {
    return type;
  }
  if (wholeNumber("maxPages", maxPages) < type.initialPages) {
    throw new RegionError({
      code: "invalid-argument",
      argument: "maxPages",
      value: maxPages,
      reason: `the module starts with ${type.initialPages} pages`,
    });
  }
  return { ...type, maximumPages: maxPages };
}

/** What to answer when the module imports a memory already. */
function importedAlready(
  bytes: Uint8Array<ArrayBuffer>,
  memory: ImportedMemory,
  maxPages: number | undefined,
): AdoptedModule {
  if (lowered(memory, maxPages) !== memory) {
    throw new RegionError({
      code: "invalid-argument",
      argument: "maxPages",
      value: maxPages ?? 0,
      reason:
        "the module imports its memory already and is not rewritten; limit the memory given to it",
    });
  }
  return { bytes, memory, changed: false };
}

/**
 * Rewrites a module that defines its memory so that it imports it as `module` `name`.
 *
 * Only the frames of the sections, the imports and the memories are examined; that the rest is valid, the engine says
 * when it compiles the result. Code that counts bytes from the start of the file (a source map) is off by the few bytes
 * that were moved; DWARF counts from the code section and is not.
 *
 * @throws {@link RegionError} `malformed-module`, `no-memory`, `several-memories`, `import-name-taken`,
 * `invalid-argument`.
 *
 * @example
 * ```ts
 * import { adoptMemory } from "@memkit/mmap-region/adopt-memory";
 *
 * // (module (memory 1 4))
 * const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 1, 1, 4]);
 * const adopted = adoptMemory(bytes, { module: "env", name: "memory" });
 * adopted.memory.maximumPages; // => 4
 * WebAssembly.Module.imports(new WebAssembly.Module(adopted.bytes)).length; // => 1
 * ```
 */
export function adoptMemory(bytes: Uint8Array<ArrayBuffer>, options: AdoptOptions): AdoptedModule {
  if (!(bytes instanceof Uint8Array)) {
    throw new RegionError({
      code: "invalid-argument",
      argument: "bytes",
      value: typeof bytes,
      reason: "a module is given as a Uint8Array",
    });
  }
  requireObject("options", options);
  const { module, name, maxPages } = options;
  const moduleBytes = encodeName("module", module);
  const nameBytes = encodeName("name", name);
  if (maxPages !== undefined) wholeNumber("maxPages", maxPages);

  const sections = readSections(new WasmReader(bytes, 0, bytes.length));
  const importSection = sections.find(({ id }) => id === SectionId.import);
  const memorySection = sections.find(({ id }) => id === SectionId.memory);
  let memories = 0;
  let already: ImportedMemory | undefined;
  let own: DefinedMemory | undefined;
  let taken = false;
  const seeImport = (entry: Import): void => {
    taken ||= entry.module === module && entry.name === name;
    if (entry.memory === undefined) return;
    memories += 1;
    already ??= { ...entry.memory, module: entry.module, name: entry.name };
  };
  const seeMemory = (entry: DefinedMemory): void => {
    memories += 1;
    own ??= entry;
  };
  const imports: Imports =
    importSection === undefined
      ? { count: 0, entries: 0 }
      : readImports(importSection.body, seeImport);
  if (memorySection !== undefined) readMemories(memorySection.body, seeMemory);

  if (memories > 1) throw new RegionError({ code: "several-memories", count: memories });
  if (already !== undefined) return importedAlready(bytes, already, maxPages);
  if (own === undefined || memorySection === undefined)
    throw new RegionError({ code: "no-memory" });
  // Two imports of one name are valid wasm, but JavaScript can give only one value for both.
  if (taken) {
    throw new RegionError({ code: "import-name-taken", importModule: module, importName: name });
  }

  const type = lowered(own.type, maxPages);
  const typeBytes = type === own.type ? bytes.subarray(own.start, own.end) : encodeMemoryType(type);
  const others =
    importSection === undefined
      ? bytes.subarray(0, 0)
      : bytes.subarray(imports.entries, importSection.body.end);
  const body = concat([
    encodeUnsigned(imports.count + 1),
    others,
    moduleBytes,
    nameBytes,
    [2],
    typeBytes,
  ]);
  // The imports' place: their own if there are any, else before the first section that must follow them.
  const before = importSection ?? sections.find(({ id }) => id > SectionId.import) ?? memorySection;
  const after = importSection === undefined ? before.start : importSection.body.end;
  const rewritten = concat([
    bytes.subarray(0, before.start),
    [SectionId.import, ...encodeUnsigned(body.length)],
    body,
    bytes.subarray(after, memorySection.start),
    bytes.subarray(memorySection.body.end),
  ]);
  return { bytes: rewritten, memory: { ...type, module, name }, changed: true };
}
