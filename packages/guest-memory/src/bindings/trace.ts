/**
 * Traces: one event for every call of a bound function.
 *
 * A function that is traced is another closure around the one that is not, so that whoever asks for no trace pays nothing.
 *
 * @see wiggle `generate/src/funcs.rs`, its `tracing` events
 * @module
 */

import { isThenable } from "../promise.js";
import { trapCause } from "../raise-trap.js";
import { refuseBorrows } from "./finish.js";
import type { Method, RawFunction } from "./host-function.js";
import type { MemoryCell } from "./memory-cell.js";
import { hostFailed } from "./outcome.js";
import { printValue, textOf } from "./print-value.js";
import type { Plan } from "./signature.js";

/** One call that is over. */
export interface CallEvent {
  readonly module: string;
  readonly func: string;
  /** As text: `fd: 1`; the raw numbers if they could not be converted. */
  readonly args: readonly string[];
  /** `ok` with the results, `errno` with its name, or `trap`. */
  readonly outcome: "ok" | "errno" | "trap";
  /** The results, the errno's name, or what was trapped with, as text; empty if there is nothing to say. */
  readonly result: string;
  /** What failed, if something did, also where the guest was told an errno. */
  readonly error: unknown;
  /** How long it took, suspensions included, by `performance.now()`. */
  readonly ns: number;
}

/** What is known of a call so far. */
interface Known {
  args: readonly unknown[] | undefined;
  result: unknown;
  error: unknown;
}

/**
 * Binds `method` as `bind` does, and tells `trace` of each call. It is bound anew for each, because calls of one function
 * may nest, or wait for their promises side by side.
 */
export function traced(
  plan: Plan,
  cell: MemoryCell,
  method: Method,
  bind: (plan: Plan, method: Method) => RawFunction,
  trace: (event: CallEvent) => void,
): RawFunction {
  return (...raw) => {
    const known: Known = { args: undefined, result: undefined, error: undefined };
    const start = performance.now();
    const tell = (outcome: CallEvent["outcome"], print: () => string): void => {
      const { module, func, params } = plan;
      const args = known.args
        ? params.map(
            ({ name, layout }, i) =>
              `${name}: ${textOf(() => printValue(layout, known.args?.[i]))}`,
          )
        : raw.map(String);
      const result = textOf(print);
      const ns = (performance.now() - start) * 1e6;
      try {
        trace({ module, func, args, outcome, result, error: known.error, ns });
      } catch (thrown) {
        hostFailed(plan, thrown);
      }
    };
    const ended = (value: unknown): unknown => {
      const errno = plan.error?.type.nameOf(value as number);
      if (plan.error !== undefined && value !== 0) tell("errno", () => errno ?? String(value));
      else tell("ok", () => printResults(plan, known.result));
      if (cell.memory !== undefined) refuseBorrows(plan, cell.memory); // which a trace may have taken
      return value;
    };
    const trapped = (raised: unknown): never => {
      known.error = trapCause(raised) ?? raised;
      tell("trap", () => (known.error instanceof Error ? chain(known.error) : String(known.error)));
      throw raised;
    };
    const onFault = (error: unknown): void => {
      known.error = error;
    };
    let value: unknown;
    try {
      value = bind({ ...plan, onFault }, noting(method, known))(...raw);
    } catch (raised) {
      return trapped(raised);
    }
    return isThenable(value) ? value.then(ended, trapped) : ended(value);
  };
}

/** `method`, which writes down what it is given and returns, or what its promise gives. */
function noting(method: Method, known: Known): Method {
  return function (this: unknown, ...args) {
    known.args = args;
    const result = method.apply(this, args);
    if (!isThenable(result)) {
      known.result = result;
      return result;
    }
    // Of a thenable only `then` is known to be there, not what it returns.
    return Promise.resolve(result).then((value) => {
      known.result = value;
      return value;
    });
  };
}

function printResults({ outs, direct }: Plan, result: unknown): string {
  const slots = direct === undefined ? outs : [direct];
  const values: unknown = slots.length === 1 ? [result] : result;
  return slots.map(({ layout }, i) => printValue(layout, (values as unknown[])[i])).join(", ");
}

/**
 * One line for a call: `wasi_snapshot_preview1.fd_write(fd: 1, iovs: *guest 0x10/2) -> ok 12 [3 us]`.
 *
 * @example
 * ```ts
 * import { formatCall } from "@memkit/guest-memory/bindings";
 *
 * formatCall({
 *   module: "host",
 *   func: "add",
 *   args: ["a: 1", "b: 2"],
 *   outcome: "ok",
 *   result: "3",
 *   error: undefined,
 *   ns: 1500,
 * }); // => "host.add(a: 1, b: 2) -> ok 3 [1.5 us]"
 * ```
 */
export function formatCall({ module, func, args, outcome, result, error, ns }: CallEvent): string {
  const what = result === "" ? outcome : `${outcome} ${result}`;
  const why = textOf(() =>
    outcome === "errno" && error instanceof Error ? ` (${chain(error)})` : "",
  );
  return `${module}.${func}(${args.join(", ")}) -> ${what}${why} [${Number((ns / 1e3).toPrecision(3))} us]`;
}

/** An error's message, and those of what caused it, unless they are told already. */
function chain({ message, cause }: Error): string {
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message}: ${chain(cause)}`
    : message;
}
