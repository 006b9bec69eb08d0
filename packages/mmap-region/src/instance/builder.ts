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
import type { Region, Slot, SlotOf } from "../region.js";
import { EmbedContexts, type EmbedType } from "./embed-contexts.js";
import { Instance, type InstanceImports } from "./instance.js";

/** What {@link newInstanceBuilder} returns. Every `build` makes another instance. */
export class InstanceBuilder<S extends Slot> {
  readonly #region: Region<S>;
  readonly #module: Module;
  readonly #embedCtx: EmbedContexts = new EmbedContexts();
  #allocStrategy: AllocStrategy | undefined;
  #heapLimit: number | undefined;
  #imports: InstanceImports<S> = {};
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

  /**
   * What a wasm module imports, apart from its memory; or a function that says so for each instance, which it is given: lucet's
   * host functions get the `Vmctx` of who calls them. It is called once an instance, before the instance can run.
   *
   * @example
   * ```ts
   * import { WasmRegion } from "@memkit/mmap-region";
   * import { newInstanceBuilder, WasmModule } from "@memkit/mmap-region/instance";
   *
   * class Tenant {
   *   id = 7;
   * }
   * // (module (import "host" "tenant" (func (result i32))) (memory 1) (export "who" (func 0)))
   * const hex = "0061736d010000000105016000017f020f0104686f73740674656e616e74000005030100010707010377686f0000";
   * const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
   * const instance = newInstanceBuilder(WasmRegion.create(1), new WasmModule(bytes))
   *   .withEmbedCtx(Tenant, new Tenant())
   *   .withImports(({ embedCtx }) => ({ host: { tenant: () => embedCtx.get(Tenant)?.id } }))
   *   .build();
   * instance.run("who"); // => 7
   * instance.drop();
   * ```
   */
  withImports(imports: InstanceImports<S>): this {
    if (typeof imports !== "function") requireObject("imports", imports);
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
export function newInstanceBuilder<R extends Region<Slot>>(
  region: R,
  module: Module,
): InstanceBuilder<SlotOf<R>> {
  requireMethod("region", region, "newInstance");
  if (!(module instanceof Module)) {
    throw badArgument("module", module, "must be a Module or a WasmModule");
  }
  const slots: Region<Slot> = region;
  return new InstanceBuilder(slots as Region<SlotOf<R>>, module);
}
