/**
 * Which of a module's tables and globals its code can change.
 *
 * @module
 */

import type { IOperatorInformation } from "wasmparser";
import { exposedName, requireModule } from "./expose-state.js";
import { outlineOf } from "./module-outline.js";
import { loadReader, malformed, State, walk } from "./module-reader.js";

/** A table or a mutable global. */
export interface Exposed {
  /** The name that `exposeState` exports it by. */
  readonly name: string;
  /** Whether it is made elsewhere, so that others can change it. */
  readonly imported: boolean;
  /** Instructions of the module's code that change it. */
  readonly writes: number;
}

/** See the head of this module. */
export interface ModuleState {
  readonly tables: readonly Exposed[];
  /** The mutable ones. */
  readonly globals: readonly Exposed[];
  /** Instructions that drop a passive segment, which nothing puts back. */
  readonly drops: number;
}

const CODE = 10;
/** WebAssembly core specification 2.0, 5.4.3 "Table Instructions" and 5.4.2; `0xfc` is a prefix of those with two bytes. */
const GLOBAL_SET = 0x24;
const DROPS: ReadonlySet<number> = new Set([0xfc09, 0xfc0d]); // data.drop, elem.drop
/** table.set, table.init, table.copy (whose first index is that which is written), table.grow, table.fill. */
const TABLE_WRITES: ReadonlySet<number> = new Set([0x26, 0xfc0c, 0xfc0e, 0xfc0f, 0xfc11]);
/** The instruction that ends a function. */
const END = 0x0b;
/** The bit of a load's or store's flags that says that the number of a memory follows: `wasmparser` does not read that. */
const NAMES_MEMORY = 0x40;

/**
 * Reads all code of a module, and says what of its state can change: a table without writes that only JavaScript sets can be put back
 * by `watchTable`. Takes some 80 ms for each MB of code.
 *
 * @throws {@link RegionError} `invalid-argument`, `library-unavailable`; `malformed-module` also for instructions that are not known, and for
 * loads and stores that name one of several memories
 *
 * @example
 * ```ts
 * import { inspectState } from "@memkit/mmap-region/expose-state";
 *
 * // (module (global (mut i32) (i32.const 0)) (func (global.set 0 (i32.const 1))))
 * const hex = "0061736d01000000010401600000030201000606017f0141000b0a08010600410124000b";
 * const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
 * (await inspectState(bytes)).globals; // => [{ name: "memkit:global:0", imported: false, writes: 1 }]
 * ```
 */
export async function inspectState(bytes: Uint8Array<ArrayBuffer>): Promise<ModuleState> {
  requireModule(bytes);
  const Reader = await loadReader();
  const { sections, imported, tables, mutable } = outlineOf(Reader, bytes);
  const ofTables = new Array<number>(tables).fill(0);
  const ofGlobals = mutable.map(() => 0);
  let drops = 0;
  let last: number = END;
  let lastAt = 0;
  const count = (counts: number[], index: number | undefined, position: number): void => {
    if (index === undefined || index >= counts.length) {
      throw malformed(position, "an instruction names what is not there");
    }
    counts[index]! += 1;
  };
  walk(
    Reader,
    bytes,
    sections,
    (id) => id === CODE,
    (state, result, position) => {
      if (state === State.endOfFunction && (last !== END || lastAt !== position)) {
        throw malformed(position, "a function does not end where it says");
      }
      if (state !== State.instruction) return;
      const { code, globalIndex, tableIndex, memoryAddress } = result as IOperatorInformation;
      last = code;
      lastAt = position;
      if (code === GLOBAL_SET) count(ofGlobals, globalIndex, position);
      else if (TABLE_WRITES.has(code)) count(ofTables, tableIndex, position);
      else if (DROPS.has(code)) drops += 1;
      else if (memoryAddress !== undefined && (memoryAddress.flags & NAMES_MEMORY) !== 0) {
        throw malformed(position, "a load or store names its memory, which cannot be read yet");
      }
    },
  );
  const exposed = (kind: "table" | "global", index: number, writes: number): Exposed => ({
    name: exposedName(kind, index),
    imported: index < imported[kind],
    writes,
  });
  return {
    tables: ofTables.map((writes, index) => exposed("table", index, writes)),
    globals: ofGlobals.flatMap((writes, index) =>
      mutable[index] ? [exposed("global", index, writes)] : [],
    ),
    drops,
  };
}
