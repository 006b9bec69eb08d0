/**
 * An instance that was made from an image: its exports are counted, so that it can be reset only when nobody is inside.
 *
 * @module
 */

import { RegionError } from "../region-error.js";
import type { Image } from "./image.js";
import { enterable, type Occupancy } from "./occupancy.js";
import { type InstanceTarget, isMemory, type MemoryTarget } from "./targets.js";

/**
 * See the head of this module.
 *
 * The functions in `exports` are not the instance's own but call them: put those of `instance` into tables.
 */
export class Guest implements InstanceTarget {
  /** Whoever calls its exports past the guest's answers for not being inside at a reset. */
  readonly instance: InstanceTarget;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly #image: Image;
  readonly #functions: ReadonlyMap<string, (...values: unknown[]) => unknown>;

  /** @internal */
  constructor(image: Image, instance: InstanceTarget, occupancy: readonly Occupancy[]) {
    const functions = new Map<string, (...values: unknown[]) => unknown>();
    const exports: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, value] of Object.entries(instance.exports)) {
      if (typeof value !== "function") {
        exports[name] = value;
        continue;
      }
      const call = enterable(occupancy, value as (...values: unknown[]) => unknown);
      functions.set(name, call);
      exports[name] = call;
    }
    this.#image = image;
    this.instance = instance;
    this.exports = Object.freeze(exports);
    this.#functions = functions;
  }

  /** The memory that it exports, by however many names; undefined when it exports none, or several. */
  get memory(): MemoryTarget | undefined {
    const memories = new Set(Object.values(this.exports).filter(isMemory));
    return memories.size === 1 ? [...memories][0] : undefined;
  }

  /**
   * Calls an exported function.
   *
   * @throws {@link RegionError} `symbol-not-found`; whatever the guest throws
   */
  call(name: string, ...values: unknown[]): unknown {
    const called = this.#functions.get(name);
    if (called === undefined) throw new RegionError({ code: "symbol-not-found", symbol: name });
    return called(...values);
  }

  /** Puts the guest back to its image. @throws {@link RegionError} as `image.reset` */
  reset(): void {
    this.#image.reset(this);
  }
}
