/**
 * Walks through a wasm module by `wasmparser`, which knows the sections and instructions of all proposals that engines have, and
 * proves what it takes for granted: that entries end where their section does, that code ends where its function does.
 *
 * It does not judge whether the module is valid: the engine does when it compiles.
 *
 * @see https://github.com/wasdk/wasmparser
 *
 * @module
 */

import type { BinaryReader, BinaryReaderState, SectionCode } from "wasmparser";
import { RegionError } from "../region-error.js";
import { WasmReader } from "../wasm-reader.js";

/** The states that are asked about. The library's enum is a const one, which is gone at run time: the types hold these to it. */
export interface States {
  readonly error: BinaryReaderState.ERROR;
  readonly endOfModule: BinaryReaderState.END_WASM;
  readonly section: BinaryReaderState.BEGIN_SECTION;
  readonly endOfSection: BinaryReaderState.END_SECTION;
  readonly import: BinaryReaderState.IMPORT_SECTION_ENTRY;
  readonly table: BinaryReaderState.TABLE_SECTION_ENTRY;
  readonly memory: BinaryReaderState.MEMORY_SECTION_ENTRY;
  readonly export: BinaryReaderState.EXPORT_SECTION_ENTRY;
  readonly global: BinaryReaderState.BEGIN_GLOBAL_SECTION_ENTRY;
  readonly instruction: BinaryReaderState.CODE_OPERATOR;
  readonly endOfFunction: BinaryReaderState.END_FUNCTION_BODY;
}
export const State: States = {
  error: -1,
  endOfModule: 2,
  section: 3,
  endOfSection: 4,
  import: 12,
  table: 14,
  memory: 15,
  export: 17,
  global: 39,
  instruction: 30,
  endOfFunction: 31,
};

/** What `wasmparser` reads modules by. */
export type Reader = typeof BinaryReader;

/** @throws {@link RegionError} `library-unavailable` */
export async function loadReader(): Promise<Reader> {
  try {
    return (await import("wasmparser")).BinaryReader;
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : String(cause);
    throw new RegionError(
      { code: "library-unavailable", library: "wasmparser", reason },
      { cause },
    );
  }
}

/** A section's id byte is at `start`, its contents are `[body, end)`; of a custom one without its name. */
export interface Section {
  readonly id: SectionCode;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

export function malformed(offset: number, reason: string, cause?: unknown): RegionError {
  const options = cause === undefined ? undefined : { cause };
  return new RegionError({ code: "malformed-module", offset, reason }, options);
}

/** A reader that has not begun. */
function readerOf(Reader: Reader, bytes: Uint8Array<ArrayBuffer>): BinaryReader {
  const reader = new Reader();
  // It takes a whole buffer only.
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  reader.setData(whole ? bytes.buffer : bytes.slice().buffer, 0, bytes.length);
  return reader;
}

/** Reads on, to the next state. @throws {@link RegionError} `malformed-module` */
function advance(reader: BinaryReader): void {
  const { position } = reader;
  let more: boolean;
  try {
    more = reader.read();
  } catch (cause) {
    throw malformed(position, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (reader.state === State.error) throw malformed(position, reader.error.message, reader.error);
  if (!more) throw malformed(position, "unexpected end");
}

/** The frames of all sections. @throws {@link RegionError} `malformed-module` */
export function sectionsIn(Reader: Reader, bytes: Uint8Array<ArrayBuffer>): readonly Section[] {
  const reader = readerOf(Reader, bytes);
  const sections: Section[] = [];
  advance(reader);
  for (;;) {
    const start = reader.position;
    advance(reader);
    if (reader.state === State.endOfModule) break;
    const { id } = reader.result as { id: SectionCode };
    const body = reader.position;
    reader.skipSection();
    advance(reader);
    sections.push({ id, start, body, end: reader.position });
  }
  if (reader.position !== bytes.length) throw malformed(reader.position, "bytes behind the module");
  return sections;
}

/**
 * Shows each state of the sections that `wanted` takes to `visit`, and passes over the others.
 *
 * @throws {@link RegionError} `malformed-module`; what `visit` throws
 */
export function walk(
  Reader: Reader,
  bytes: Uint8Array<ArrayBuffer>,
  sections: readonly Section[],
  wanted: (id: SectionCode) => boolean,
  visit: (state: BinaryReaderState, result: BinaryReader["result"], position: number) => void,
): void {
  const reader = readerOf(Reader, bytes);
  advance(reader);
  for (const { id, body, end } of sections) {
    advance(reader);
    if (!wanted(id)) {
      reader.skipSection();
      advance(reader);
      continue;
    }
    let read = body;
    for (;;) {
      advance(reader);
      if (reader.state === State.endOfSection) break;
      read = reader.position;
      if (read > end) throw malformed(end, `section ${id} ends within an entry`);
      visit(reader.state, reader.result, read);
    }
    const empty = new WasmReader(bytes, body, end);
    if (read === body && empty.unsigned(32) === 0) empty.finish();
    else if (read !== end) throw malformed(read, `${end - read} bytes too many in the section`);
  }
}
