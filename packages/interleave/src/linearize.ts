/**
 * Linearizability: is there an order of the operations in which the model gives every result, and the final state?
 *
 * @see Wing and Gong, "Testing and Verifying Concurrent Objects", 1993
 * @module
 */

import { canonical } from "./canonical.js";
import type { Ended } from "./history.js";
import { thrownName } from "./program.js";
import type { Model, Operation, Outcome, Outcomes } from "./scenario.js";

/** The operations of one schedule, all completed. */
export interface History {
  readonly threads: readonly (readonly Operation<unknown>[])[];
  readonly outcomes: Outcomes;
  readonly begun: readonly (readonly (Ended | undefined)[])[];
}

const outcomeText = ({ value, threw }: Outcome): string =>
  threw === undefined ? canonical(value) : `throws ${threw}`;

/** What the model says that the operation gives; `state` is changed. */
function apply({ model }: Operation<unknown>, state: unknown, actual: Outcome): Outcome {
  try {
    return { value: model?.(state, actual) };
  } catch (error) {
    return { threw: thrownName(error) };
  }
}

/**
 * Looks for the order.
 *
 * @param final - the canonical text of the state that must come out at the end; any will do if undefined
 * @returns the threads in the order of their operations, or undefined if there is none
 */
export function linearize(
  model: Model<unknown, unknown>,
  { threads, outcomes, begun }: History,
  final: string | undefined,
): number[] | undefined {
  const done = threads.map(() => 0);
  const order: number[] = [];
  const failed = new Set<string>();

  /** Whether the next operation of `thread` may come next: all that had ended when it began have been. */
  const ready = (thread: number): boolean => {
    const next = done[thread]!;
    if (next >= threads[thread]!.length) return false;
    return begun[thread]![next]?.every((count, other) => done[other]! >= count) ?? true;
  };

  const search = (state: unknown): boolean => {
    const text = canonical(state);
    if (threads.every((operations, thread) => done[thread] === operations.length)) {
      return final === undefined || text === final;
    }
    const key = `${done.join()} ${text}`;
    if (failed.has(key)) return false;
    for (let thread = 0; thread < threads.length; thread += 1) {
      if (!ready(thread)) continue;
      const next = done[thread]!;
      const actual = outcomes[thread]![next]!;
      const after = structuredClone(state);
      const expected = apply(threads[thread]![next]!, after, actual);
      if (outcomeText(expected) !== outcomeText(actual)) continue;
      done[thread] = next + 1;
      order.push(thread);
      if (search(after)) return true;
      order.pop();
      done[thread] = next;
    }
    failed.add(key);
    return false;
  };
  return search(model.initial()) ? order : undefined;
}

/** The operations with what they gave, for a message. */
export function historyText({ threads, outcomes }: Pick<History, "threads" | "outcomes">): string {
  return threads
    .map((operations, thread) => {
      const each = operations.map(({ name }, i) => {
        const outcome = outcomes[thread]![i];
        return outcome === undefined ? name : `${name} = ${outcomeText(outcome)}`;
      });
      return `thread ${thread}: ${each.join(", ")}`;
    })
    .join("; ");
}
