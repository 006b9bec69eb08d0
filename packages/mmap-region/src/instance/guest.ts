/**
 * What runs in a slot: functions of JavaScript over the slot's memory, or a real wasm instance on it.
 *
 * @module
 */

import type { Module } from "../module.js";
import type { Slot } from "../region.js";
import type { Instance } from "./instance.js";

/**
 * A guest that is a function of JavaScript. It gets its instance, which is lucet's `Vmctx`: the slot, the embed contexts,
 * `growMemory`. Whatever it throws ends the run.
 */
export type GuestFunction<S extends Slot = never> = (
  instance: Instance<S>,
  ...args: never[]
) => unknown;

/** Something to call with the arguments of a run. */
export type Entrypoint = (...args: readonly unknown[]) => unknown;

/** The program of one instance. */
export interface Guest {
  /** What runs before anything else, if the module has it. */
  readonly start: Entrypoint | undefined;
  /** The function of that name, or undefined when the module exports none; callable once the guest has started. */
  lookup(name: string): Entrypoint | undefined;
  /** Makes globals, tables and whatever else is the guest's own as they were first. The memory has been reset. */
  renew?(): void;
  /** Lets everything go. */
  end?(): void;
}

/** Functions of JavaScript: they keep nothing here, so there is nothing to renew. */
export class ScriptGuest<S extends Slot> implements Guest {
  readonly start: Entrypoint | undefined;
  readonly #module: Module;
  readonly #instance: Instance<S>;
  /** By name, bound when first asked for: a run makes no closure. */
  readonly #bound: Map<string, Entrypoint> = new Map();

  constructor(module: Module, instance: Instance<S>) {
    this.#module = module;
    this.#instance = instance;
    this.start = module.start && this.#bind(module.start);
  }

  lookup(name: string): Entrypoint | undefined {
    const known = this.#bound.get(name);
    if (known !== undefined) return known;
    const fn = this.#module.functions.get(name);
    if (fn === undefined) return undefined;
    const bound = this.#bind(fn);
    this.#bound.set(name, bound);
    return bound;
  }

  #bind(fn: GuestFunction): Entrypoint {
    // A module does not say for slots of which backend its functions are; whoever makes the instance does.
    return (...args) => (fn as GuestFunction<S>)(this.#instance, ...(args as never[]));
  }
}
