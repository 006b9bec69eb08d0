/**
 * A real wasm instance on the memory of a slot.
 *
 * An engine takes no memory but its own, so this needs a slot whose heap is a `WebAssembly.Memory`.
 *
 * @module
 */

import type { Slot } from "../region.js";
import { RegionError } from "../region-error.js";
import type { WasmMemory } from "../wasm-slot.js";
import type { Entrypoint, Guest } from "./guest.js";
import { wordsOf } from "./outcome.js";
import type { WasmModule } from "./wasm-module.js";

/** What a wasm module imports, apart from its memory: `imports[module][name]`. */
export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** See the head of this module. */
export class WasmGuest implements Guest {
  readonly start: Entrypoint | undefined;
  readonly #module: WasmModule;
  readonly #slot: Slot & { readonly memory: WasmMemory };
  readonly #imports: WasmImports;
  #exports: Readonly<Record<string, unknown>> | undefined;

  /** @throws {@link RegionError} `unsupported` for a slot without a `WebAssembly.Memory`, `instantiation-failed` */
  constructor(module: WasmModule, slot: Slot, imports: WasmImports) {
    if (!("memory" in slot)) {
      const capability =
        "wasm guests, for an engine takes only memories of its own; make a WasmRegion";
      throw new RegionError({ code: "unsupported", backend: "mmap", capability });
    }
    this.#module = module;
    this.#slot = slot as Slot & { readonly memory: WasmMemory };
    this.#imports = imports;
    module.requireCompiled();
    // The engine runs a start function as part of instantiation, so that waits for `runStart`.
    this.start = module.hasStart ? () => this.#instantiate() : undefined;
    if (!module.hasStart) this.#instantiate();
  }

  lookup(name: string): Entrypoint | undefined {
    const own = this.#exports?.[name];
    if (typeof own === "function") return own as Entrypoint;
    return this.#exports === undefined && this.#module.exportsFunction(name) ? notThere : undefined;
  }

  renew(): void {
    this.#exports = undefined;
    if (!this.#module.hasStart) this.#instantiate();
  }

  end(): void {
    this.#exports = undefined;
  }

  #instantiate(): void {
    const { memoryImport } = this.#module;
    const imports: Record<string, Readonly<Record<string, unknown>>> = { ...this.#imports };
    if (memoryImport !== undefined) {
      const { module, name } = memoryImport;
      imports[module] = { ...imports[module], [name]: this.#slot.memory };
    }
    try {
      this.#exports = this.#module.instantiate(imports);
    } catch (cause) {
      // A link error comes before any byte is written; without a start function no guest code has run either.
      if (this.#module.hasStart && !(cause instanceof WebAssembly.LinkError)) throw cause;
      const { index } = this.#slot;
      const detail = { code: "instantiation-failed", slot: index, reason: wordsOf(cause) } as const;
      throw new RegionError(detail, { cause });
    }
  }
}

/** Stands for a function of an instance that is not there yet: no state lets it be called. */
function notThere(): never {
  throw new RangeError("a guest without an instance was entered");
}
