/**
 * A program in a slot, with lucet's states:
 *
 *     not-started --runStart--> running          only where the module has a start function
 *     ready, faulted --run----> running
 *     running ---returned-----> ready
 *     running ---trapped------> faulted          may be run again, as in lucet, or be reset
 *     running ---threw--------> terminated       must be reset; so must one whose start function trapped
 *     running ---promised-----> poisoned         some of it goes on behind our back: can only be dropped
 *     any of these but poisoned --reset--> ready, or not-started; poisoned when the reset failed half-way
 *
 * Invariant MR-14: a guest is entered only when it is ready, faulted or about to start, and never while it runs.
 * Invariant MR-15: when a run is over, however it ended, the state says how, and a poisoned instance is never entered again.
 *
 * lucet's yielding needs a stack that can be left, which JavaScript gives to nobody; its kill switch needs signals. lucet
 * allows one running instance in a thread because of its signal handlers; engines nest them, so that rule has no place here.
 *
 * @see lucet `lucet-runtime-internals/src/instance.rs`, `instance/state.rs`
 *
 * @module
 */

import type { Droppable } from "@memkit/core";
import { requireObject } from "../argument.js";
import { writeGlobals } from "../globals.js";
import type { Module } from "../module.js";
import { WASM_PAGE_SIZE } from "../page-size.js";
import type { Slot } from "../region.js";
import { RegionError, wholeNumber } from "../region-error.js";
import { EmbedContexts } from "./embed-contexts.js";
import { type Entrypoint, type Guest, ScriptGuest } from "./guest.js";
import { faultOf, leavesSlotAsItWas } from "./outcome.js";
import { requireSignalStack } from "./signal-stack.js";
import { WasmGuest, type WasmImports } from "./wasm-guest.js";
import { WasmModule } from "./wasm-module.js";

/** See the head of this module. */
export type InstanceState =
  | "not-started"
  | "ready"
  | "running"
  | "faulted"
  | "terminated"
  | "poisoned"
  | "dropped";

/** What a wasm module imports, or how to make that for one instance. */
export type InstanceImports<S extends Slot> =
  | WasmImports
  | ((instance: Instance<S>) => WasmImports);

/** What the builder was told. */
interface InstanceParts<S extends Slot> {
  readonly embedCtx: EmbedContexts;
  readonly imports: InstanceImports<S>;
  readonly debugAssertions: boolean;
}

/** The globals area, where the slot has one. */
interface GlobalsArea {
  i64(part: "globals"): BigInt64Array;
}

/** The guest of an instance that is being made. */
const NOBODY: Guest = { start: undefined, lookup: () => undefined };

/** A program in a slot. Made by `newInstanceBuilder(region, module).build()`. */
export class Instance<S extends Slot> implements Droppable {
  readonly slot: S;
  readonly module: Module;
  /** Values for host functions, at most one of each class. */
  readonly embedCtx: EmbedContexts;
  #guest: Guest = NOBODY;
  readonly #debugAssertions: boolean;
  /** Until it is made it can no more be entered than while it runs. */
  #state: InstanceState = "running";
  #cause: unknown;
  #ensureSigstack = true;

  /** @internal */
  constructor(slot: S, module: Module, parts: InstanceParts<S>) {
    this.slot = slot;
    this.module = module;
    this.embedCtx = new EmbedContexts(parts.embedCtx);
    this.#debugAssertions = parts.debugAssertions;
    this.#fillGlobals();
    this.#guest =
      module instanceof WasmModule
        ? new WasmGuest(module, slot, this.#importsOf(parts))
        : new ScriptGuest(module, this);
    this.#begin();
  }

  /** What may be done with the instance now. */
  get state(): InstanceState {
    return this.#state;
  }

  /** What was thrown by the run after which the instance is faulted, terminated or poisoned. */
  get cause(): unknown {
    return this.#cause;
  }

  get dropped(): boolean {
    return this.#state === "dropped";
  }

  /**
   * Runs a function of the module by its name, or a function of JavaScript that is given the instance.
   *
   * @returns what the function returns
   * @throws {@link RegionError} `symbol-not-found`; `instance-needs-start`, `instance-not-ready`, and `invalid-argument` for a
   * signal stack that lucet refuses: then nothing ran. `runtime-fault` when the guest trapped, `runtime-terminated` when
   * something else was thrown, by a host function or a guest of JavaScript; either has what was thrown as its `cause`.
   * `invalid-argument` for an asynchronous function: what it does after its first `await` cannot be kept out of the slot.
   */
  run<R>(guest: (instance: this) => R): R;
  run(entrypoint: string, ...args: readonly unknown[]): unknown;
  run(entrypoint: string | ((instance: this) => unknown), ...args: readonly unknown[]): unknown {
    const fn = this.#find(entrypoint);
    if (this.#state === "not-started") {
      throw new RegionError({ code: "instance-needs-start", slot: this.slot.index });
    }
    if (this.#state !== "ready" && this.#state !== "faulted") throw this.#notReady();
    return this.#enter(fn, args);
  }

  /**
   * Runs the module's start function. Does nothing where there is none.
   *
   * Where it fails the instance is `terminated`: lucet would run what the failed start left behind.
   *
   * @throws {@link RegionError} `start-already-run`; `instantiation-failed` when a wasm module cannot be linked with its
   * imports, and then nothing has run; otherwise as {@link Instance.run}
   */
  runStart(): void {
    this.#require("not-started", "ready", "faulted", "terminated");
    const { start } = this.#guest;
    if (start === undefined) return;
    if (this.#state !== "not-started") {
      throw new RegionError({ code: "start-already-run", slot: this.slot.index });
    }
    this.#enter(start, []);
  }

  /**
   * Puts heap, stack and globals back to what they were first, and a wasm guest's own globals and tables with them. The
   * start function must be run again. Embed contexts stay.
   *
   * @throws {@link RegionError} `instance-not-ready` while it runs and once it is poisoned, `slot-dropped`, and as the slot's
   * `reset`; what leaves the slot half reset poisons the instance.
   */
  reset(): void {
    this.#require("not-started", "ready", "faulted", "terminated");
    try {
      this.slot.reset();
    } catch (error) {
      if (!leavesSlotAsItWas(error)) this.#poison(error);
      throw error;
    }
    try {
      this.#fillGlobals();
      this.#guest.renew?.();
    } catch (error) {
      this.#poison(error);
      throw error;
    }
    this.#begin();
  }

  /**
   * Adds wasm pages of 65,536 bytes to the heap.
   *
   * @returns how many there were before
   * @throws {@link RegionError} `limits-exceeded`, and as the slot's `expandHeap`
   */
  growMemory(pages: number): number {
    const most = 0xffff; // 65,536 pages are 2^32 bytes, which lucet's u32 does not hold
    if (wholeNumber("pages", pages) > most) {
      const what = "additional pages larger than wasm address space";
      throw new RegionError({ code: "limits-exceeded", what, asked: pages, limit: most });
    }
    return Math.floor(this.slot.expandHeap(pages * WASM_PAGE_SIZE) / WASM_PAGE_SIZE);
  }

  /**
   * Whether {@link Instance.run} asks about the size of the signal stack, which it does unless told otherwise.
   *
   * @see lucet `Instance::ensure_sigstack_installed`
   */
  ensureSigstackInstalled(ensure: boolean): void {
    this.#ensureSigstack = ensure;
  }

  /**
   * Gives the slot back.
   *
   * @throws {@link RegionError} `instance-not-ready` while it runs and when it was dropped before; otherwise as the slot's
   * `drop`, and then the instance is as before
   */
  drop(): void {
    this.#require("not-started", "ready", "faulted", "terminated", "poisoned");
    this.slot.drop();
    this.#state = "dropped";
    this.#guest.end?.();
    this.embedCtx.clear();
  }

  /** {@link Instance.drop}, unless that has been done. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }

  #find(entrypoint: string | ((instance: this) => unknown)): Entrypoint {
    if (typeof entrypoint === "function") return () => entrypoint(this);
    const fn = this.#state === "dropped" ? undefined : this.#guest.lookup(entrypoint);
    if (fn !== undefined) return fn;
    this.#require("not-started", "ready", "running", "faulted", "terminated", "poisoned");
    throw new RegionError({
      code: "symbol-not-found",
      symbol: typeof entrypoint === "string" ? entrypoint : typeof entrypoint,
    });
  }

  #enter(fn: Entrypoint, args: readonly unknown[]): unknown {
    const { index, dropped } = this.slot;
    if (dropped) throw new RegionError({ code: "slot-dropped", slot: index });
    if (this.#ensureSigstack) {
      requireSignalStack(this.slot.limits.signalStackSize, this.#debugAssertions);
    }
    const before = this.#state;
    this.#state = "running";
    let result: unknown;
    let promised = false;
    try {
      result = fn(...args);
      // Still part of the run: `then` may be a getter of the guest's.
      promised = typeof (result as { then?: unknown } | null | undefined)?.then === "function";
    } catch (thrown) {
      throw this.#ended(thrown, before);
    }
    if (promised) {
      const reason = "a guest must have ended when it returns, so it cannot be asynchronous";
      throw this.#poison(
        new RegionError({
          code: "invalid-argument",
          argument: "entrypoint",
          value: "a promise",
          reason,
        }),
      );
    }
    this.#state = "ready";
    return result;
  }

  /** MR-15: the state after something was thrown out of a run, and the error that says so. */
  #ended(thrown: unknown, before: InstanceState): RegionError {
    if (thrown instanceof RegionError && thrown.code === "instantiation-failed") {
      this.#state = before;
      return thrown;
    }
    const fault = faultOf(thrown);
    // A start that failed has left something half made, and perhaps no wasm instance at all.
    this.#state = fault !== undefined && before !== "not-started" ? "faulted" : "terminated";
    this.#cause = thrown;
    const { index } = this.slot;
    const detail =
      fault === undefined
        ? ({ code: "runtime-terminated", slot: index } as const)
        : ({ code: "runtime-fault", slot: index, reason: fault } as const);
    return new RegionError(detail, { cause: thrown });
  }

  #poison<E>(cause: E): E {
    this.#state = "poisoned";
    this.#cause = cause;
    return cause;
  }

  #importsOf({ imports }: InstanceParts<S>): WasmImports {
    const own = typeof imports === "function" ? imports(this) : imports;
    requireObject("imports", own);
    return own;
  }

  #begin(): void {
    this.#state = this.#guest.start === undefined ? "ready" : "not-started";
    this.#cause = undefined;
  }

  /** MR-16. A wasm guest's globals are the engine's. */
  #fillGlobals(): void {
    if (this.module.globals.length === 0 || !("i64" in this.slot)) return;
    writeGlobals(this.module.globals, (this.slot as S & GlobalsArea).i64("globals"));
  }

  /** For what is not done often: a list is made. */
  #require(...states: readonly InstanceState[]): void {
    if (!states.includes(this.#state)) throw this.#notReady();
  }

  #notReady(): RegionError {
    const state = this.#state;
    return new RegionError({ code: "instance-not-ready", slot: this.slot.index, state });
  }
}
