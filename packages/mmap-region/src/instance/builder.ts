/**
 * Makes instances: which slot, how much heap, which values for host functions.
 *
 * @see lucet `lucet-runtime-internals/src/region.rs`, `InstanceBuilder`
 *
 * @module
 */

import type { AllocStrategy } from "../alloc-strategy.js";
import { badArgument, requireMethod, requireObject } from "../argument.js";
import { Module } from "../module.js";
import type { Region, Slot } from "../region.js";
import { EmbedContexts, type EmbedType } from "./embed-contexts.js";
import { Instance } from "./instance.js";
import type { WasmImports } from "./wasm-guest.js";

/** What {@link newInstanceBuilder} returns. Every `build` makes another instance. */
export class InstanceBuilder<S extends Slot> {
  readonly #region: Region<S>;
  readonly #module: Module;
  readonly #embedCtx: EmbedContexts = new EmbedContexts();
  #allocStrategy: AllocStrategy | undefined;
  #heapLimit: number | undefined;
  #imports: WasmImports = {};
  #debugAssertions = false;

  /** @internal */
  constructor(region: Region<S>, module: Module) {
    this.#region = region;
    this.#module = module;
  }

  /** Which free slot to take. Default: `linear`. */
  withAllocStrategy(strategy: AllocStrategy): this {
    this.#allocStrategy = strategy;
    return this;
  }

  /** The most bytes that the heap may have. Default: the region's `heapMemorySize`, above which is refused. */
  withHeapSizeLimit(bytes: number): this {
    this.#heapLimit = bytes;
    return this;
  }

  /**
   * A value for host functions. One of the same class is replaced.
   *
   * @throws {@link RegionError} `invalid-argument` for a value that is not of the class
   */
  withEmbedCtx<T>(type: EmbedType<T>, value: T): this {
    this.#embedCtx.insert(type, value);
    return this;
  }

  /** What a wasm module imports, apart from its memory. */
  withImports(imports: WasmImports): this {
    requireObject("imports", imports);
    this.#imports = imports;
    return this;
  }

  /** Asks for the 12 KiB of signal stack that debug builds of lucet want. Default: false, as in its release builds. */
  withDebugAssertions(debugAssertions: boolean): this {
    this.#debugAssertions = debugAssertions;
    return this;
  }

  /**
   * Takes a slot and makes the instance. A module with a start function is then `not-started`, others are `ready`.
   *
   * @throws {@link RegionError} as {@link Module.validateRuntimeSpec} and the region's `newInstance`; `unsupported` for a
   * module that this kind of slot cannot hold, `instantiation-failed`. The region is then as before (MR-13).
   */
  build(): Instance<S> {
    const heapLimit = this.#heapLimit;
    this.#module.validateRuntimeSpec(this.#region.limits, heapLimit);
    const options = { heapLimit, allocStrategy: this.#allocStrategy };
    const slot = this.#region.newInstance(this.#module, options);
    try {
      return new Instance(slot, this.#module, {
        embedCtx: this.#embedCtx,
        imports: this.#imports,
        debugAssertions: this.#debugAssertions,
      });
    } catch (error) {
      slot.drop();
      throw error;
    }
  }
}

/**
 * Begins an instance of a module in a region of either backend.
 *
 * @example
 * ```ts
 * import { FakeDriver } from "@memkit/mmap-region/fake-driver"; // or `loadDriver` of `./driver`
 * import { globalOf, Module, newInstanceBuilder } from "@memkit/mmap-region/instance";
 * import { MmapRegion } from "@memkit/mmap-region/mmap";
 *
 * class Tenant {
 *   name = "a";
 * }
 * const module = new Module({ heap: { initialSize: 4096 }, globals: [globalOf("i64", 5)] });
 * const region = MmapRegion.create(new FakeDriver(), 1);
 * const instance = newInstanceBuilder(region, module)
 *   .withHeapSizeLimit(65536)
 *   .withEmbedCtx(Tenant, new Tenant())
 *   .build();
 * instance.run(({ slot }) => slot.i64("globals")[0]); // => 5n
 * instance.embedCtx.get(Tenant)?.name; // => "a"
 * instance.drop();
 * ```
 */
export function newInstanceBuilder<S extends Slot>(
  region: Region<S>,
  module: Module,
): InstanceBuilder<S> {
  requireMethod("region", region, "newInstance");
  if (!(module instanceof Module)) {
    throw badArgument("module", module, "must be a Module or a WasmModule");
  }
  return new InstanceBuilder(region, module);
}
