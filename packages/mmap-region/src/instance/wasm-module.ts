/**
 * A wasm binary as a program for slots: its memory adopted, its heap read from the memory's type.
 *
 * @module
 */

import { type AdoptOptions, adoptMemory } from "../adopt-memory.js";
import { heapSpecOf } from "../heap-spec.js";
import { Module } from "../module.js";
import { RegionError } from "../region-error.js";
import { WasmReader } from "../wasm-reader.js";
import { readSections, SectionId } from "../wasm-sections.js";
import type { WasmImports } from "./wasm-guest.js";

/** The two names by which a wasm module imports its memory. */
export type ImportName = Pick<AdoptOptions, "module" | "name">;

/** Where emscripten and clang's wasm-ld put the memory that they import. */
const DEFAULT_NAME: ImportName = { module: "env", name: "memory" };

/**
 * A wasm program for slots whose heap is a `WebAssembly.Memory`.
 *
 * Data segments, globals and tables are left to the engine, which makes them with each new instance; so the spec has only the
 * heap, and `globalsSize` is not asked about. {@link moduleOf} reads them for whoever runs something else on the same spec.
 *
 * @example
 * ```ts
 * import { WasmRegion } from "@memkit/mmap-region";
 * import { newInstanceBuilder, WasmModule } from "@memkit/mmap-region/instance";
 *
 * // (module (memory 1) (func (export "f") (result i32) memory.size))
 * const hex = "0061736d010000000105016000017f030201000503010001070501016600000a060104003f000b";
 * const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
 * const region = WasmRegion.create(1);
 * const instance = newInstanceBuilder(region, new WasmModule(bytes)).build();
 * instance.run("f"); // => 1
 * instance.growMemory(2); // => 1
 * instance.run("f"); // => 3
 * instance.reset();
 * instance.run("f"); // => 1
 * instance.drop();
 * ```
 */
export class WasmModule extends Module {
  /** The binary, which now imports its memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** By what name the binary imports its memory; undefined when it has none. */
  readonly memoryImport: ImportName | undefined;
  readonly #hasStart: boolean;
  #compiled: WebAssembly.Module | undefined;
  #functions: ReadonlySet<string> | undefined;

  /**
   * @param name - By what name to import a memory that the binary defines; of no effect where it imports one already.
   * @throws {@link RegionError} as `adoptMemory`, but for `no-memory`; `unsupported` as `heapSpecOf`
   */
  constructor(bytes: Uint8Array<ArrayBuffer>, name: ImportName = DEFAULT_NAME) {
    const adopted = adoptIfAny(bytes, name);
    super({ heap: adopted && heapSpecOf(adopted.memory) });
    this.bytes = adopted?.bytes ?? new Uint8Array(bytes); // the caller may use the array for something else
    this.memoryImport = adopted && { module: adopted.memory.module, name: adopted.memory.name };
    const sections = readSections(new WasmReader(this.bytes, 0, this.bytes.length));
    this.#hasStart = sections.some(({ id }) => id === SectionId.start);
  }

  override get hasStart(): boolean {
    return this.#hasStart;
  }

  /**
   * Compiles the binary in the background. Otherwise the first instance does, while everything waits: browsers refuse that
   * on the main thread for binaries of more than a few megabytes.
   *
   * @throws {@link RegionError} `malformed-module`, with the engine's error as its `cause`
   */
  async compile(): Promise<void> {
    try {
      this.#compiled ??= await WebAssembly.compile(this.bytes);
    } catch (cause) {
      throw refused(cause);
    }
  }

  /** Whether the binary exports a function of that name. @throws {@link RegionError} `malformed-module` */
  exportsFunction(name: string): boolean {
    this.#functions ??= new Set(
      WebAssembly.Module.exports(this.#ready())
        .filter(({ kind }) => kind === "function")
        .map((entry) => entry.name),
    );
    return this.#functions.has(name);
  }

  /** @throws {@link RegionError} `malformed-module` @internal */
  requireCompiled(): void {
    this.#ready();
  }

  /** Makes an instance with these imports and returns its exports. @internal */
  instantiate(imports: WasmImports): Readonly<Record<string, unknown>> {
    return new WebAssembly.Instance(this.#ready(), imports as WebAssembly.Imports).exports;
  }

  #ready(): WebAssembly.Module {
    try {
      this.#compiled ??= new WebAssembly.Module(this.bytes);
    } catch (cause) {
      throw refused(cause);
    }
    return this.#compiled;
  }
}

/** What only the engine finds: it says where, but as text. */
function refused(cause: unknown): RegionError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RegionError({ code: "malformed-module", offset: 0, reason }, { cause });
}

function adoptIfAny(
  bytes: Uint8Array<ArrayBuffer>,
  name: ImportName,
): ReturnType<typeof adoptMemory> | undefined {
  try {
    return adoptMemory(bytes, name);
  } catch (error) {
    if (error instanceof RegionError && error.code === "no-memory") return undefined;
    throw error;
  }
}
