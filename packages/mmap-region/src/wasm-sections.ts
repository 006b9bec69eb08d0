/**
 * The outline of a wasm module: its sections, its imports and the memories it defines.
 *
 * Only what concerns memory is read; the contents of all other sections are the engine's to judge.
 *
 * @see WebAssembly core specification 2.0, 5.5 "Modules"
 *
 * @module
 */

import { type MemoryType, readMemoryType } from "./memory-type.js";
import type { WasmReader } from "./wasm-reader.js";

/** The ids of the sections that are looked into. */
export const SectionId = {
  custom: 0,
  import: 2,
  memory: 5,
  global: 6,
  start: 8,
  data: 11,
} as const;

/**
 * The order in which sections must come; custom sections (0) may stand anywhere. Tags (13) stand between memories and
 * globals, the data count (12) before the code.
 */
const ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Where one section lies: its id byte at `start`, its contents in `body`. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly body: WasmReader;
}

/**
 * Reads `\0asm`, version 1, and the frame of every section. Custom sections, of which there may be any number, are
 * passed over.
 */
export function readSections(reader: WasmReader): readonly Section[] {
  for (const expected of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) {
    const offset = reader.at;
    if (reader.byte() === expected) continue;
    throw reader.malformed(offset < 4 ? "not a wasm binary" : "not version 1 of wasm", offset);
  }
  const sections: Section[] = [];
  let rank = -1;
  while (!reader.done) {
    const start = reader.at;
    const id = reader.byte();
    if (id !== SectionId.custom) {
      const next = ORDER.indexOf(id);
      if (next < 0) throw reader.malformed(`unknown section ${id}`, start);
      if (next <= rank) throw reader.malformed(`section ${id} out of order or repeated`, start);
      rank = next;
    }
    const body = reader.sub(reader.unsigned(32));
    if (id !== SectionId.custom) sections.push({ id, start, body });
  }
  return sections;
}

/** One import; `memory` is set when it is a memory. */
export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  readonly memory: MemoryType | undefined;
}

/** A value or reference type; `(ref null? ht)` of the function-references proposal has a heap type behind its byte. */
function skipType(reader: WasmReader): void {
  const code = reader.byte();
  if (code === 0x63 || code === 0x64) reader.skipSigned33();
}

/** The kind of an import that is a global. */
export const KIND_GLOBAL = 3;

function readImport(reader: WasmReader): Import {
  const module = reader.name();
  const name = reader.name();
  const offset = reader.at;
  const kind = reader.byte();
  let memory: MemoryType | undefined;
  switch (kind) {
    case 0: // function: type index
      reader.unsigned(32);
      break;
    case 1: // table: reference type, limits (64-bit ones allowed, shared ones not)
      skipType(reader);
      readMemoryType(reader, 0x05);
      break;
    case 2:
      memory = readMemoryType(reader);
      break;
    case KIND_GLOBAL: // value type, mutability
      skipType(reader);
      reader.byte();
      break;
    case 4: // tag: attribute, type index
      reader.byte();
      reader.unsigned(32);
      break;
    default:
      throw reader.malformed("unknown kind of import", offset);
  }
  return { module, name, kind, memory };
}

/** The import section. */
export interface Imports {
  readonly count: number;
  /** Where the first entry starts, behind the count. */
  readonly entries: number;
}

/** Reads the whole import section and shows every entry to `visit`: a module may have millions, so none is kept. */
export function readImports(body: WasmReader, visit: (entry: Import) => void): Imports {
  const count = body.unsigned(32);
  const entries = body.at;
  for (let n = 0; n < count; n++) visit(readImport(body));
  body.finish();
  return { count, entries };
}

/** A memory that the module defines, and where its type lies in the file. */
export interface DefinedMemory {
  readonly type: MemoryType;
  readonly start: number;
  readonly end: number;
}

/** Reads the whole memory section, and shows every entry to `visit`. */
export function readMemories(body: WasmReader, visit: (entry: DefinedMemory) => void): void {
  const count = body.unsigned(32);
  for (let n = 0; n < count; n++) {
    const start = body.at;
    const type = readMemoryType(body);
    visit({ type, start, end: body.at });
  }
  body.finish();
}
