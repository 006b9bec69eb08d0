/**
 * The way back: a guest's exports from a description, called with host values.
 *
 * The description is the one that imports have. Numbers are passed as they are; texts, lists and records are written into
 * memory from the guest's allocator for as long as the call lasts; results come out of memory that it gave for them.
 *
 * Invariant GM-32: what a call allocated in the guest is freed when the call ends, whatever its end, unless the guest has
 * ended too. Who could break it: allocators that cannot free (see {@link AllocatorNames}).
 *
 * @module
 */

import { isRecord } from "@memkit/core";
import { demandOption } from "../demand.js";
import { GuestError } from "../error.js";
import { GuestMemory } from "../guest-memory.js";
import { type InstanceLike, wrapInstance } from "../wrap-instance.js";
import type { FunctionSpecs, Known } from "./function-spec.js";
import { type AllocatorNames, GuestAllocator } from "./guest-allocator.js";
import type { GuestFunctions } from "./guest-function.js";
import { lift, mismatch, type Raw } from "./lift.js";
import { lowerAddress } from "./lower.js";
import { lowered, noAllocator } from "./lower-arg.js";
import { fatal } from "./outcome.js";
import { Pass } from "./pass.js";
import { type Plan, plansOf, refuse, signatureText } from "./signature.js";
import { hasType } from "./typed-functions.js";

/** What {@link exportsOf} is given. */
export interface ExportsOptions<F extends FunctionSpecs> {
  /** The memory that the exports work on. */
  readonly memory: GuestMemory;
  /** What to call, by name. */
  readonly functions: F;
  /** The guest's allocator. Needed where texts, lists or records are passed, and for results of what can fail. */
  readonly allocator?: AllocatorNames;
}

/**
 * A guest's exports, typed. They are entered by the rules of {@link wrapInstance}: not while a borrow is out, not after the
 * guest has ended, and traps come out as typed errors.
 *
 * @throws {@link GuestError} `invalid-binding` for what is not exported, or a description that means nothing;
 * `signature-mismatch` for what has another type than described; `invalid-option`; as {@link wrapInstance}
 *
 * The functions throw {@link GuestError} `try-from-int-error` and its like for arguments that are no values of their types,
 * `allocation-failed`, `guest-errno`, `signature-mismatch` for a wrapped export that takes or returns other
 * numbers than described, and what entering throws.
 *
 * @example
 * ```ts
 * import { i32, strPtr, u32 } from "@memkit/core";
 * import { GuestMemory } from "@memkit/guest-memory";
 * import { exportsOf } from "@memkit/guest-memory/bindings";
 *
 * // Stands for an instance of a module: it sums the bytes of a text that lies at `at`.
 * const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
 * let free = 1024;
 * const instance = {
 *   exports: {
 *     malloc: (size: number) => (free += size) - size,
 *     free: () => undefined,
 *     sum: (at: number, len: number) => memory.copyOut(at, len).reduce((a, b) => a + b, 0),
 *   },
 * };
 *
 * const guest = exportsOf(instance, {
 *   memory,
 *   allocator: { malloc: "malloc", free: "free" },
 *   functions: { sum: { params: [["text", strPtr]], results: [u32] } },
 * });
 * guest.sum("abc"); // => 294
 * ```
 */
export function exportsOf<const F extends FunctionSpecs>(
  instance: InstanceLike,
  options: ExportsOptions<F> & { readonly functions: Known<F> },
): GuestFunctions<F> {
  demandOption(isRecord(instance?.exports), "instance.exports", instance?.exports);
  demandOption(isRecord(options), "options", options);
  const { memory, functions, allocator }: ExportsOptions<F> = options;
  demandOption(memory instanceof GuestMemory, "memory (a GuestMemory)", memory);
  demandOption(allocator === undefined || isRecord(allocator), "allocator", allocator);
  const plans = plansOf("exports", functions, memory.target);
  const awaited = plans.filter((plan) => plan.async).map(({ func }) => func);
  for (const name of awaited) demandFunction(instance.exports, name);
  const wrapped = wrapInstance<object>(instance, { memory, promising: awaited });
  const demand = (name: string): Callable => demandFunction(wrapped, name);
  const allocators = allocator && (() => new GuestAllocator(memory, allocator, demand));
  const tried = allocators?.(); // an allocator that is not exported is found out now
  const bound = plans.map((plan) => {
    const run = demand(plan.func);
    demandArity(plan, instance.exports);
    demandType(plan, instance.exports);
    demandAllocator(plan, tried);
    return [plan.func, typedExport({ plan, memory, run, allocators })];
  });
  return Object.freeze(Object.fromEntries(bound)) as GuestFunctions<F>;
}

type Callable = (...args: Raw[]) => unknown;

function demandFunction(exports: object, name: string): Callable {
  const value: unknown = Object.hasOwn(exports, name)
    ? (exports as Readonly<Record<string, unknown>>)[name]
    : undefined;
  return typeof value === "function"
    ? (value as Callable)
    : refuse("exports", name, "there is no such function");
}

/** Whether a plan's records and results can be given a place. Texts and lists may lie in the guest already. */
function demandAllocator(
  { func, params, outs }: Plan,
  allocator: GuestAllocator | undefined,
): void {
  const record = params.find(({ pass }) => pass === Pass.memory);
  if (record !== undefined && allocator === undefined) noAllocator(func, record.name);
  if (outs.length > 0 && allocator?.frees !== true) {
    refuse("exports", func, "its results come through memory: name an allocator with a free");
  }
}

/** The engine fills up with 0 what is not passed, so a wrong number of parameters would not be noticed. */
function demandArity({ func, signature }: Plan, exports: object): void {
  const { length } = demandFunction(exports, func);
  const { params } = signature;
  if (length !== params.length) {
    refuse("exports", func, `it takes ${length} numbers, its description means ${params.length}`);
  }
}

/** The engine knows the types of its own functions. What is wrapped or made by a host has none to be compared. */
function demandType(plan: Plan, exports: object): void {
  if (!hasType(demandFunction(exports, plan.func), plan.signature)) throw otherType(plan);
}

interface Export {
  readonly plan: Plan;
  readonly memory: GuestMemory;
  readonly run: Callable;
  readonly allocators: (() => GuestAllocator) | undefined;
}

function typedExport({ plan, memory, run, allocators }: Export): (...args: unknown[]) => unknown {
  return (...args) => {
    const blocks = allocators?.();
    const places: number[] = [];
    const end = (raw: unknown): unknown => {
      const result = resultOf(plan, memory, raw as Raw, places);
      blocks?.freeAll();
      return result;
    };
    try {
      const raw = plan.params.flatMap((slot, i) => lowered(slot, memory, blocks, args[i]));
      for (const { layout, wide } of plan.outs) {
        const at = (blocks as GuestAllocator).alloc(layout.size, layout.align);
        places.push(at);
        raw.push(lowerAddress(wide, at));
      }
      const returned = run(...raw);
      if (!plan.async) return end(returned);
      const undo = (raised: unknown): never => failed(plan, blocks, raised);
      return (returned as Promise<unknown>).then(end).catch(undo);
    } catch (raised) {
      return failed(plan, blocks, raised);
    }
  };
}

/** Frees what a failed call has left. What the call threw says more than what the allocator may throw now. */
function failed(plan: Plan, blocks: GuestAllocator | undefined, raised: unknown): never {
  const error = isRefusedNumber(raised) ? otherType(plan, raised) : raised;
  try {
    blocks?.freeAll();
  } catch {
    throw error;
  }
  throw error;
}

/**
 * Whether the engine would not take a bigint for an i32 or float, or a number for an i64, before it entered. It has no class
 * for that: all engines throw a TypeError that names BigInt.
 */
function isRefusedNumber(raised: unknown): raised is TypeError {
  return raised instanceof TypeError && raised.message.includes("BigInt");
}

function otherType({ module, func, signature }: Plan, cause?: TypeError): GuestError {
  const expected = signatureText(signature);
  const got = "other types";
  const why = cause === undefined ? "" : `: ${cause.message}`;
  const reason = `${module}.${func} is described as ${expected}, but the guest has ${got}${why}`;
  const detail = { code: "signature-mismatch", module, func, expected, got, reason } as const;
  return new GuestError(detail, cause && { cause });
}

/** What an export returned, or stored at `places`. */
function resultOf(plan: Plan, memory: GuestMemory, raw: Raw, places: readonly number[]): unknown {
  const { outs, direct, error, func, noreturn } = plan;
  if (noreturn)
    throw fatal("invalid-binding", plan, "it returned, but its description says noreturn");
  if (direct !== undefined) {
    // A wrapped export has no type that was compared: a float would pass for an i32.
    const [type] = plan.signature.results;
    if (type === "i32" && typeof raw === "number" && !Number.isInteger(raw)) mismatch(direct, raw);
    return lift(direct, memory, raw, 0);
  }
  if (error !== undefined && !Number.isInteger(raw)) mismatch({ name: "errno", plan }, raw);
  if (error !== undefined && raw !== 0) {
    const errno = Number(raw) >>> 0;
    const { name: type } = error.type;
    const reason = `export ${func} failed: ${error.type.nameOf(errno) ?? errno} (${type})`;
    throw new GuestError({ code: "guest-errno", entry: func, type, errno, reason });
  }
  const values = outs.map(({ layout }, i) =>
    memory.readWith(layout, places[i] as number, memory.pointers),
  );
  return outs.length > 1 ? values : values[0];
}
