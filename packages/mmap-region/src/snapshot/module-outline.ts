/**
 * What of a module's state is where: its tables, memories and globals, and the names that it exports already.
 *
 * @module
 */

import type { IExportEntry, IGlobalVariable, IImportEntry } from "wasmparser";
import { type Reader, type Section, State, sectionsIn, walk } from "./module-reader.js";

/** Kinds of imports and exports that have state (WebAssembly core specification, 5.5.5 and 5.5.10). */
export const Kind = { table: 1, memory: 2, global: 3 } as const;

/** See the head of this module. */
export interface Outline {
  readonly sections: readonly Section[];
  /** How many of them are imported: those come first. */
  readonly imported: Readonly<Record<keyof typeof Kind, number>>;
  readonly tables: number;
  readonly memories: number;
  /** Whether each global can change. */
  readonly mutable: readonly boolean[];
  readonly exports: readonly IExportEntry[];
}

const IMPORT = 2;
const EXPORT = 7;
/** Imports, tables, memories, globals and exports. */
const WANTED: ReadonlySet<number> = new Set([IMPORT, 4, 5, 6, EXPORT]);

const isMutable = (type: unknown): boolean =>
  (type as IGlobalVariable["type"] | undefined)?.mutability === 1;

/** @throws {@link RegionError} `malformed-module` */
export function outlineOf(Reader: Reader, bytes: Uint8Array<ArrayBuffer>): Outline {
  const sections = sectionsIn(Reader, bytes);
  const counts = { table: 0, memory: 0 };
  const mutable: boolean[] = [];
  const exports: IExportEntry[] = [];
  let imported = { ...counts, global: 0 };
  walk(
    Reader,
    bytes,
    sections,
    (id) => WANTED.has(id),
    (state, result) => {
      switch (state) {
        case State.import: {
          const { kind, type } = result as IImportEntry;
          if (kind === Kind.table) counts.table += 1;
          else if (kind === Kind.memory) counts.memory += 1;
          else if (kind === Kind.global) mutable.push(isMutable(type));
          imported = { ...counts, global: mutable.length };
          break;
        }
        case State.table:
          counts.table += 1;
          break;
        case State.memory:
          counts.memory += 1;
          break;
        case State.global:
          mutable.push(isMutable((result as IGlobalVariable).type));
          break;
        case State.export:
          exports.push(result as IExportEntry);
          break;
      }
    },
  );
  return { sections, imported, tables: counts.table, memories: counts.memory, mutable, exports };
}

export { EXPORT as EXPORT_SECTION };
