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

import {
  type ArrayPtr,
  type Enumeration,
  type Flags,
  isRecord,
  Kind,
  type Layout,
  type Ptr,
} from "@memkit/core";
import type { GuestTarget } from "../claim.js";
import { GuestError } from "../error.js";
import { printed } from "../printed.js";
import { type ErrorType, errorType } from "./error-type.js";
import type { FunctionSpec, Param } from "./function-spec.js";

/** A wasm type of numbers. */
export type WasmType = "i32" | "i64" | "f32" | "f64";

/** What a function takes and returns, in wasm's terms. */
export interface Signature {
  readonly params: readonly WasmType[];
  /** None or one. */
  readonly results: readonly WasmType[];
}

/** One parameter or result. */
export interface Slot {
  readonly name: string;
  /** As described, resolved for the target. */
  readonly layout: Layout;
  /** How it is converted; {@link Pass}. */
  readonly pass: Pass;
  /** What is pointed to; of anything but a pointer the type itself, so that all slots have one shape. */
  readonly element: Layout;
  /** Index of its first wasm argument. */
  readonly at: number;
  /** Whether addresses and lengths are i64. */
  readonly wide: boolean;
  /** The largest number that its representation can hold; of narrow integers, enumerations and 32-bit flags. */
  readonly max: number;
  /** The smallest one. */
  readonly min: number;
  /** What its values may be: the number of cases of an enumeration, the bits of flags. */
  readonly known: number | bigint;
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

/** How a value crosses the boundary. Those of one wasm number come first. */
export const Pass = {
  i32: 0,
  /** u32 and handles. */
  u32: 1,
  float: 2,
  i64: 3,
  u64: 4,
  u64Number: 5,
  /** Narrower integers. */
  narrow: 6,
  bool: 7,
  enum: 8,
  /** Flags of 32 bits and less. */
  flags: 9,
  flags64: 10,
  ptr: 11,
  /** An address and a length. */
  arrayPtr: 12,
  strPtr: 13,
  /** By address: records, variants and arrays. */
  memory: 14,
} as const;
/** One of the numbers of {@link Pass}. */
export type Pass = (typeof Pass)[keyof typeof Pass];

const PASS_OF_KIND: Readonly<Record<number, Pass>> = {
  [Kind.u8]: Pass.narrow,
  [Kind.i8]: Pass.narrow,
  [Kind.u16]: Pass.narrow,
  [Kind.i16]: Pass.narrow,
  [Kind.charU8]: Pass.narrow,
  [Kind.u32]: Pass.u32,
  [Kind.handle]: Pass.u32,
  [Kind.i32]: Pass.i32,
  [Kind.f32]: Pass.float,
  [Kind.f64]: Pass.float,
  [Kind.i64]: Pass.i64,
  [Kind.u64]: Pass.u64,
  [Kind.u64Number]: Pass.u64Number,
  [Kind.bool8]: Pass.bool,
  [Kind.boolWitx32]: Pass.bool,
  [Kind.enum]: Pass.enum,
  [Kind.flags]: Pass.flags,
  [Kind.ptr]: Pass.ptr,
  [Kind.arrayPtr]: Pass.arrayPtr,
  [Kind.strPtr]: Pass.strPtr,
  [Kind.array]: Pass.memory,
  [Kind.struct]: Pass.memory,
  [Kind.variant]: Pass.memory,
};

/** @throws {@link GuestError} `invalid-binding` */
export function refuse(module: string, func: string, reason: string, cause?: unknown): never {
  const detail = {
    code: "invalid-binding",
    module,
    func,
    reason: `${module}.${func} cannot be bound: ${reason}`,
  } as const;
  throw new GuestError(detail, cause === undefined ? undefined : { cause });
}

/**
 * Checks the description of a function.
 *
 * @throws {@link GuestError} `invalid-binding`
 */
export function planOf(
  module: string,
  func: string,
  spec: FunctionSpec,
  target: GuestTarget,
): Plan {
  const no = (reason: string): never => refuse(module, func, reason);
  if (typeof spec !== "object" || spec === null) no(`its description is ${printed(spec)}`);
  const { params = [], results = [], error, noreturn = false, async = false } = spec;
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

/** Gives each parameter and result its place. */
function fill(plan: Plan, params: readonly Param[], results: readonly Layout[], no: Refuse): Plan {
  const wasm: WasmType[] = [];
  const names = new Set<string>();
  const slot = (name: string, type: unknown): Slot => {
    if (!isLayout(type)) return no(`the type of ${name} is ${printed(type)}`);
    const layout = type.for(plan.target);
    const pass = passOf(name, layout, no);
    const wide = plan.target !== "wasm32";
    const element =
      pass === Pass.ptr || pass === Pass.arrayPtr ? (layout as Ptr | ArrayPtr).element : layout;
    return { name, layout, pass, element, at: wasm.length, wide, ...limitsOf(layout, pass), plan };
  };
  const slots = params.map((param) => {
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
  const out = results.map((type, i) => {
    const made = slot(results.length === 1 ? "result" : `result ${i}`, type);
    if (error !== undefined) wasm.push(address(plan.target));
    else if (made.pass > Pass.ptr)
      no(`${made.layout.name} is no wasm number, so it needs an error type to be a result`);
    return made;
  });
  const direct = error === undefined ? out[0] : undefined;
  const returned: WasmType[] =
    error !== undefined ? ["i32"] : direct === undefined ? [] : wasmTypes(direct);
  const filled = { params: slots, outs: direct === undefined ? out : [], direct };
  return Object.assign(plan, filled, { signature: { params: wasm, results: returned } });
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

function passOf(name: string, layout: Layout, no: Refuse): Pass {
  const pass =
    PASS_OF_KIND[layout.kind] ?? no(`${layout.name}, of ${name}, is nothing that is passed`);
  return pass === Pass.flags && (layout as Flags).element.size === 8 ? Pass.flags64 : pass;
}

/** What a wasm number has to be to be a value of `layout`. */
function limitsOf(layout: Layout, pass: Pass): Pick<Slot, "min" | "max" | "known"> {
  if (pass === Pass.enum || pass === Pass.bool) {
    const { element, names } = layout as Enumeration; // a bool has neither
    const bits = 8 * (element ?? layout).size;
    return { min: 0, max: 2 ** bits - 1, known: pass === Pass.bool ? 2 : names.length };
  }
  if (pass === Pass.flags || pass === Pass.flags64) {
    const { element, names } = layout as Flags;
    const known = pass === Pass.flags ? 2 ** names.length - 1 : (1n << BigInt(names.length)) - 1n;
    return { min: 0, max: 2 ** (8 * element.size) - 1, known };
  }
  const bits = 8 * layout.size;
  const signed = layout.kind === Kind.i8 || layout.kind === Kind.i16;
  return signed
    ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1, known: 0 }
    : { min: 0, max: 2 ** bits - 1, known: 0 };
}

function errorOf(error: ErrorType | Enumeration, no: Refuse): ErrorType {
  const type = isRecord(error) && "guest" in error ? error.type : error;
  if (!isLayout(type) || type.kind !== Kind.enum) no("its error type is no enumeration");
  return "guest" in error ? error : errorType(error);
}

const address = (target: GuestTarget): WasmType => (target === "wasm32" ? "i32" : "i64");

/** The wasm numbers that a slot's value is passed as. */
function wasmTypes({ pass, layout, plan }: Slot): WasmType[] {
  switch (pass) {
    case Pass.arrayPtr:
    case Pass.strPtr:
      return [address(plan.target), address(plan.target)];
    case Pass.ptr:
    case Pass.memory:
      return [address(plan.target)];
    case Pass.i64:
    case Pass.u64:
    case Pass.u64Number:
    case Pass.flags64:
      return ["i64"];
    default:
      return [layout.kind === Kind.f32 ? "f32" : layout.kind === Kind.f64 ? "f64" : "i32"];
  }
}

/** `(i32, i64) -> i32`. */
export function signatureText({ params, results }: Signature): string {
  return `(${params.join(", ")}) -> ${results[0] ?? "()"}`;
}
