/**
 * A description, checked, and what it means to wasm: which numbers arrive where.
 *
 * A parameter takes one wasm argument, a list or text two. With an error type each result takes one more, the address to
 * store it at, and the function returns an i32; without, the one result is returned as it is.
 *
 * @see https://github.com/WebAssembly/WASI/blob/wasi-0.1/legacy/tools/witx-docs.md
 * @see wiggle `generate/src/funcs.rs`
 * @module
 */

import { type Enumeration, isRecord, Kind, type Layout } from "@memkit/core";
import type { GuestTarget } from "../claim.js";
import { GuestError } from "../error.js";
import { printed } from "../printed.js";
import { type ErrorType, errorType } from "./error-type.js";
import { type FunctionSpec, type FunctionSpecs, type Param, SPEC_KEYS } from "./function-spec.js";
import { Pass, type Passing, passingOf, type WasmType, wasmTypes } from "./pass.js";

/** What a function takes and returns, in wasm's terms. */
export interface Signature {
  readonly params: readonly WasmType[];
  /** None or one. */
  readonly results: readonly WasmType[];
}

/** One parameter or result. */
export interface Slot extends Passing {
  readonly name: string;
  /** Index of its first wasm argument. */
  readonly at: number;
  /** The plan that it belongs to. */
  readonly plan: Plan;
}

/** A function, ready to be bound. */
export interface Plan {
  readonly module: string;
  readonly func: string;
  readonly target: GuestTarget;
  readonly params: readonly Slot[];
  /** Results that go through memory. */
  readonly outs: readonly Slot[];
  /** The result that is returned as it is. */
  readonly direct: Slot | undefined;
  readonly error: ErrorType | undefined;
  readonly async: boolean;
  readonly noreturn: boolean;
  readonly signature: Signature;
  /** Told of what calls fail with, before it is turned into an errno or a trap; for traces. */
  readonly onFault: ((error: unknown) => void) | undefined;
}

/** @throws {@link GuestError} `invalid-binding` */
export function refuse(module: string, func: string, reason: string): never {
  const what = `${module}.${func} cannot be bound: ${reason}`;
  throw new GuestError({ code: "invalid-binding", module, func, reason: what });
}

/**
 * Checks the descriptions of functions.
 *
 * @throws {@link GuestError} `invalid-binding`
 */
export function plansOf(module: string, functions: FunctionSpecs, target: GuestTarget): Plan[] {
  if (!isRecord(functions)) refuse(module, "*", `its functions are ${printed(functions)}`);
  return Object.entries(functions).map(([name, spec]) => planOf(module, name, spec, target));
}

/**
 * Checks the description of a function.
 *
 * @throws {@link GuestError} `invalid-binding`
 */
function planOf(module: string, func: string, spec: FunctionSpec, target: GuestTarget): Plan {
  const no = (reason: string): never => refuse(module, func, reason);
  if (typeof spec !== "object" || spec === null) no(`its description is ${printed(spec)}`);
  demandKnown(spec, SPEC_KEYS, no);
  const { params = [], results = [], error, noreturn = false, async = false } = spec;
  if (!Array.isArray(params)) no(`its params are ${printed(params)}`);
  if (!Array.isArray(results)) no(`its results are ${printed(results)}`);
  if (noreturn && (results.length > 0 || error !== undefined || async)) {
    no("a function that does not return has no results, no error type and no promise");
  }
  const plan: Plan = {
    module,
    func,
    target,
    params: [],
    outs: [],
    direct: undefined,
    error: error === undefined ? undefined : errorOf(error, no),
    async,
    noreturn,
    signature: { params: [], results: [] },
    onFault: undefined,
  };
  return fill(plan, params, results, no);
}

type Refuse = (reason: string) => never;

/** Refuses keys that a description does not have. Most likely they are misspelt, and what they say would not count. */
export function demandKnown(spec: object, known: readonly string[], no: Refuse): void {
  const other = Object.keys(spec).find((key) => !known.includes(key));
  if (other !== undefined) {
    no(`its description has ${known.join(", ")}, but no ${JSON.stringify(other)}`);
  }
}

/** Parameters of a function. @see https://webassembly.github.io/spec/js-api/index.html#limits */
const MOST_PARAMS = 1000;

/** Gives each parameter and result its place. */
function fill(plan: Plan, params: readonly Param[], results: readonly Layout[], no: Refuse): Plan {
  const wasm: WasmType[] = [];
  const names = new Set<string>();
  const slot = (name: string, type: unknown): Slot => {
    if (!isLayout(type)) return no(`the type of ${name} is ${printed(type)}`);
    const passing = passingOf(type, plan.target);
    if (passing === undefined) return no(`${type.name}, of ${name}, is nothing that is passed`);
    return { ...passing, name, at: wasm.length, plan };
  };
  const slots = [...params].map((param) => {
    if (!Array.isArray(param) || typeof param[0] !== "string") {
      return no("a parameter is [name, type]");
    }
    const [name, type] = param as Param;
    if (names.has(name)) no(`two parameters are called ${JSON.stringify(name)}`);
    names.add(name);
    const made = slot(name, type);
    wasm.push(...wasmTypes(made));
    return made;
  });
  const { error } = plan;
  if (error === undefined && results.length > 1) {
    no("without an error type a function has one result at most");
  }
  const out = [...results].map((type, i) => {
    const made = slot(results.length === 1 ? "result" : `result ${i}`, type);
    if (error !== undefined) wasm.push(made.wide ? "i64" : "i32");
    else if (made.pass > Pass.ptr)
      no(`${made.layout.name} is no wasm number, so it needs an error type to be a result`);
    return made;
  });
  if (wasm.length > MOST_PARAMS)
    no(`it has ${wasm.length} parameters, engines allow ${MOST_PARAMS}`);
  const direct = error === undefined ? out[0] : undefined;
  const returned: WasmType[] =
    error !== undefined ? ["i32"] : direct === undefined ? [] : wasmTypes(direct);
  const filled = { params: slots, outs: direct === undefined ? out : [], direct };
  const signature = Object.freeze({
    params: Object.freeze(wasm),
    results: Object.freeze(returned),
  });
  return Object.assign(plan, filled, { signature });
}

/** Whether two copies of core, or none, made it: asked by what it can do. */
function isLayout(type: unknown): type is Layout {
  return (
    typeof type === "object" &&
    type !== null &&
    typeof (type as Partial<Layout>).kind === "number" &&
    typeof (type as Partial<Layout>).read === "function"
  );
}

function errorOf(error: ErrorType | Enumeration, no: Refuse): ErrorType {
  const type = isRecord(error) && "guest" in error ? error.type : error;
  if (!isLayout(type) || type.kind !== Kind.enum) no("its error type is no enumeration");
  return "guest" in error ? error : errorType(error);
}

/** `(i32, i64) -> i32`. */
export function signatureText({ params, results }: Signature): string {
  return `(${params.join(", ")}) -> ${results[0] ?? "()"}`;
}
