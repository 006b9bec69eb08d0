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

import { type ArrayPtr, isRecord, type Layout, type StrPtr, type ValueOf } from "@memkit/core";
import { GuestError } from "../error.js";
import { GuestArrayPtr } from "../guest-array-ptr.js";
import type { GuestMemory } from "../guest-memory.js";
import { GuestStrPtr } from "../guest-str-ptr.js";
import type { GuestInput, GuestValue } from "../guest-value.js";
import { layoutFault } from "../layout-faults.js";
import { printed } from "../printed.js";
import type { Transparent } from "../transparent.js";
import { type InstanceLike, wrapInstance } from "../wrap-instance.js";
import type { FunctionSpecs, Param } from "./function-spec.js";
import { type AllocatorNames, GuestAllocator } from "./guest-allocator.js";
import { lift, type Raw } from "./lift.js";
import { lowerAddress, lowerDirect } from "./lower.js";
import { Pass, type Plan, planOf, refuse, type Slot } from "./signature.js";

/** What an export takes for a parameter: values, or pointers to what lies in the guest already. */
export type GuestArg<T> =
  T extends ArrayPtr<infer E>
    ? GuestArrayPtr<E> | (E extends Transparent ? ArrayLike<ValueOf<E>> : ArrayLike<GuestInput<E>>)
    : T extends StrPtr
      ? GuestStrPtr | string
      : T extends Layout
        ? GuestInput<T>
        : never;

type ResultsOf<R extends readonly unknown[]> = R extends readonly []
  ? // biome-ignore lint/suspicious/noConfusingVoidType: nothing is returned
    void
  : R extends readonly [infer L extends Layout]
    ? GuestValue<L>
    : { readonly [I in keyof R]: R[I] extends Layout ? GuestValue<R[I]> : never };

type Results<F> = F extends { readonly noreturn: true }
  ? never
  : ResultsOf<F extends { readonly results: infer R extends readonly Layout[] } ? R : []>;

type Args<F> = F extends { readonly params: infer P extends readonly Param[] }
  ? { -readonly [I in keyof P]: GuestArg<P[I][1]> }
  : [];

/** A described export. One result is returned as it is, several as a tuple; an errno that is not 0 is thrown. */
export type GuestFunction<F> = (
  ...args: Args<F>
) => F extends { readonly async: true } ? Promise<Results<F>> : Results<F>;

/** Described exports. */
export type GuestFunctions<F extends FunctionSpecs> = {
  readonly [K in keyof F]: GuestFunction<F[K]>;
};

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
 * @throws {@link GuestError} `invalid-binding` for what is not exported, or a description that means nothing; as
 * {@link wrapInstance}
 *
 * The functions throw {@link GuestError} `try-from-int-error` and its like for arguments that are no values of their types,
 * `allocation-failed`, `guest-errno`, and what entering throws.
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
  options: ExportsOptions<F>,
): GuestFunctions<F> {
  const { memory, functions, allocator } = options;
  const plans = Object.entries(functions).map(([name, spec]) =>
    planOf("exports", name, spec, memory.target),
  );
  const awaited = plans.filter((plan) => plan.async).map(({ func }) => func);
  for (const name of awaited) demandFunction(instance.exports, name);
  const wrapped = wrapInstance<object>(instance, { memory, promising: awaited });
  const demand = (name: string): Callable => demandFunction(wrapped, name);
  const allocators = allocator && (() => new GuestAllocator(memory, allocator, demand));
  const tried = allocators?.(); // an allocator that is not exported is found out now
  const bound = plans.map((plan) => {
    const run = demand(plan.func);
    demandArity(plan, instance.exports);
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

function noAllocator(func: string, name: string): never {
  return refuse("exports", func, `${name} is passed through memory: name the guest's allocator`);
}

/** The engine fills up with 0 what is not passed, so a wrong number of parameters would not be noticed. */
function demandArity({ func, signature }: Plan, exports: object): void {
  const { length } = demandFunction(exports, func);
  const { params } = signature;
  if (length !== params.length) {
    refuse("exports", func, `it takes ${length} numbers, its description means ${params.length}`);
  }
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
      const undo = (raised: unknown): never => failed(blocks, raised);
      return (returned as Promise<unknown>).then(end).catch(undo);
    } catch (raised) {
      return failed(blocks, raised);
    }
  };
}

/** Frees what a failed call has left. What the call threw says more than what the allocator may throw now. */
function failed(blocks: GuestAllocator | undefined, raised: unknown): never {
  try {
    blocks?.freeAll();
  } catch {
    throw raised;
  }
  throw raised;
}

/** The wasm numbers of an argument. */
function lowered(
  slot: Slot,
  memory: GuestMemory,
  blocks: GuestAllocator | undefined,
  value: unknown,
): Raw[] {
  const { pass, layout, wide, name } = slot;
  try {
    switch (pass) {
      case Pass.strPtr:
      case Pass.arrayPtr: {
        const { offsetBase, len } = located(slot, blocks, value);
        return [lowerAddress(wide, offsetBase), lowerAddress(wide, len)];
      }
      case Pass.memory:
        return [
          lowerAddress(wide, (blocks as GuestAllocator).value(layout, value as never).offset),
        ];
      default:
        return [lowerDirect(slot, memory, value)];
    }
  } catch (raised) {
    const fault = layoutFault(raised);
    throw fault === undefined ? raised : new GuestError({ ...fault, path: name } as typeof fault);
  }
}

/** A text or list that lies in the guest already, or now does. */
function located(
  { pass, layout, element, name, plan }: Slot,
  blocks: GuestAllocator | undefined,
  value: unknown,
): GuestArrayPtr | GuestStrPtr {
  if (value instanceof (pass === Pass.strPtr ? GuestStrPtr : GuestArrayPtr)) return value;
  if (blocks === undefined) noAllocator(plan.func, name);
  if (pass === Pass.strPtr && typeof value === "string") return blocks.text(value);
  if (pass === Pass.arrayPtr && isRecord(value) && "length" in value) {
    return blocks.array(element, value as ArrayLike<never>);
  }
  const { name: type } = layout;
  throw new GuestError({ code: "try-from-int-error", type, got: printed(value) });
}

/** What an export returned, or stored at `places`. */
function resultOf(plan: Plan, memory: GuestMemory, raw: Raw, places: readonly number[]): unknown {
  const { outs, direct, error, func } = plan;
  if (direct !== undefined) return lift(direct, memory, raw, 0);
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
