/**
 * `bindings`: a described import module, ready to be implemented; at run time what wiggle's macro does at compile time.
 *
 * @see wiggle `from_witx!`, `generate/src/module_trait.rs`, `generate/src/wasmtime.rs`
 * @module
 */

import { isRecord } from "@memkit/core";
import { demandTarget, type GuestTarget } from "../claim.js";
import { demandOption } from "../demand.js";
import { suspending } from "../jspi.js";
import { printed } from "../printed.js";
import type { FunctionSpecs, HostFunctions, Known } from "./function-spec.js";
import { hostFunction, type Method, type RawFunction } from "./host-function.js";
import { MemoryCell, type MemoryOption } from "./memory-cell.js";
import { demandKnown, type Plan, plansOf, refuse, type Signature } from "./signature.js";
import { type CallEvent, traced } from "./trace.js";
import { FunctionTypes } from "./typed-functions.js";

/** The description of an import module. Plain data: functions may share parts of it. */
export interface ModuleSpec {
  /** The name that guests import it by. */
  readonly module: string;
  readonly functions: FunctionSpecs;
  /** Pointer width of the guests. Default `wasm32`. */
  readonly target?: GuestTarget;
}

/** What {@link Bindings.imports} is given. */
export interface ImportsOptions<F extends FunctionSpecs> {
  /** The guest's memory; a function if it comes with the instance, asked at the first call. */
  readonly memory: MemoryOption;
  /** The implementations: an object, or an instance of a class, which is `this` to its methods. */
  readonly functions: HostFunctions<F>;
  /** Told of every call after it. Costs nothing when left out. */
  readonly trace?: (event: CallEvent) => void;
  /**
   * What makes an import of a function that returns promises. Default: `WebAssembly.Suspending`. Give the identity if
   * something else suspends the guest, as Binaryen's Asyncify does.
   */
  readonly suspending?: (fn: RawFunction) => unknown;
}

/** A described import module. */
export interface Bindings<M extends string = string, F extends FunctionSpecs = FunctionSpecs> {
  readonly module: M;
  /** What each function is to wasm. */
  readonly signatures: { readonly [K in keyof F]: Signature };
  /**
   * The imports object for one instance: the module by its name, spread it among others.
   *
   * Its functions are wasm functions of the types in {@link signatures}, so a guest that declares one of them otherwise is
   * refused when it is instantiated, by a `WebAssembly.LinkError` that names the import. Whoever calls one from JavaScript
   * gets the conversions that any wasm function does: bigints for i64, 0 for what is left out. Functions that are `async`
   * have no type until they are called: numbers that were not described are a `signature-mismatch` then.
   *
   * @throws {@link GuestError} `invalid-binding` if an implementation is missing, `invalid-option`, `jspi-missing` if a
   * function is `async` and this host cannot suspend guests
   */
  imports(options: ImportsOptions<F>): {
    readonly [K in M]: { readonly [N in keyof F]: RawFunction };
  };
}

/** The implementations that bindings want: `class Host implements Implementation<typeof wasi>`. */
export type Implementation<B> = B extends Bindings<string, infer F> ? HostFunctions<F> : never;

/**
 * Describes an import module.
 *
 * Pointers, lists, texts and records arrive converted; results are stored where the guest wants them. Whatever goes wrong
 * becomes the errno that the function's error type says, or a trap that the guest cannot swallow. What arguments and places
 * of results are wrong with is wrapped as `in-func`, saying where. What an implementation runs into comes as it was thrown
 * if the guest may have caused it (a range, a borrow, text, an enumeration); what it throws itself and does not declare is
 * `host-threw`, and so are the codes that no argument leads to, `try-from-int-error` and `slice-lengths-differ` among them.
 *
 * @throws {@link GuestError} `invalid-binding` for a description that means nothing, `invalid-option` for another target
 *
 * @example
 * ```ts
 * import { arrayPtr, enumeration, handle, ptr, struct, u8, u16, u32 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 * import { bindings, failure } from "@memkit/guest-memory/bindings";
 *
 * const errno = enumeration(u16, ["success", "badf", "fault", "inval", "overflow"]).named("errno");
 * const ciovec = struct(["buf", ptr(u8)], ["len", u32]).named("ciovec");
 * const wasi = bindings({
 *   module: "wasi_snapshot_preview1",
 *   functions: {
 *     fd_write: { params: [["fd", handle], ["iovs", arrayPtr(ciovec)]], results: [u32], error: errno },
 *   },
 * });
 * wasi.signatures.fd_write; // => { params: ["i32", "i32", "i32", "i32"], results: ["i32"] }
 *
 * const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
 * const written: string[] = [];
 * const imports = wasi.imports({
 *   memory,
 *   functions: {
 *     fd_write(fd, iovs) {
 *       if (fd !== 1) return failure(errno.cases.badf);
 *       let total = 0;
 *       for (const iov of iovs) {
 *         const { buf, len } = iov.read();
 *         written.push(memory.readString(buf.offset, len));
 *         total += len;
 *       }
 *       return total;
 *     },
 *   },
 * });
 *
 * memory.writeString(64, "hello");
 * memory.write(ciovec, 16, { buf: 64, len: 5 });
 * const { fd_write } = imports.wasi_snapshot_preview1;
 * fd_write(1, 16, 1, 8); // => 0
 * memory.readU32(8); // => 5
 * written; // => ["hello"]
 * fd_write(2, 16, 1, 8); // => 1
 * ```
 */
export function bindings<const S extends ModuleSpec>(
  spec: S & { readonly functions: Known<S["functions"]> },
): Bindings<S["module"], S["functions"]> {
  if (!isRecord(spec)) refuse("*", "*", `its description is ${printed(spec)}`);
  const { module, functions, target = "wasm32" }: ModuleSpec = spec;
  demandKnown(spec, ["module", "functions", "target"], (reason) => {
    return refuse(printed(module), "*", reason);
  });
  if (typeof module !== "string") refuse(printed(module), "*", "a module's name is a string");
  demandTarget(target);
  const plans = plansOf(module, functions, target);
  const signatures = Object.freeze(
    Object.fromEntries(plans.map(({ func, signature }) => [func, signature])),
  );
  // What suspends the guest is no function of which it could be known what it returns.
  const typed = plans.filter((plan) => !plan.async);
  const types = new FunctionTypes(typed.map(({ signature }) => signature));
  const imports = (options: ImportsOptions<FunctionSpecs>): object => {
    demandOption(isRecord(options), "options", options);
    for (const name of ["trace", "suspending"] as const) {
      const given: unknown = options[name];
      demandOption(given === undefined || typeof given === "function", name, given);
    }
    const cell = new MemoryCell(options.memory, target);
    const bound = new Map(plans.map((plan) => [plan, importOf(plan, cell, options)]));
    const given = types.give(typed.map((plan) => bound.get(plan)));
    for (const [i, plan] of typed.entries()) bound.set(plan, given[i]);
    const functions = [...bound].map(([{ func }, fn]) => [func, fn]);
    return Object.fromEntries([[module, Object.fromEntries(functions)]]);
  };
  return Object.freeze({ module, signatures, imports }) as unknown as Bindings<
    S["module"],
    S["functions"]
  >;
}

const property = (of: object, name: string): unknown =>
  (of as Readonly<Record<string, unknown>>)[name];

function importOf(
  plan: Plan,
  cell: MemoryCell,
  { functions, trace, suspending: wrap = suspending }: ImportsOptions<FunctionSpecs>,
): unknown {
  const method = isRecord(functions) ? property(functions, plan.func) : undefined;
  // What every object inherits implements nothing: a guest may well import a `toString`.
  if (typeof method !== "function" || method === property(Object.prototype, plan.func)) {
    refuse(plan.module, plan.func, "it is not implemented");
  }
  const bind = (to: Plan, run: Method): RawFunction => hostFunction(to, cell, functions, run);
  const fn =
    trace === undefined
      ? bind(plan, method as Method)
      : traced(plan, cell, method as Method, bind, trace);
  return plan.async ? wrap(fn) : fn;
}
