/**
 * Linearizability: is there an order of the operations in which the model gives every result, and the final state?
 *
 * @see Wing and Gong, "Testing and Verifying Concurrent Objects", 1993
 * @module
 */

import { canonical } from "./canonical.js";
import type { Ended } from "./history.js";
import { thrownName } from "./program.js";
import type { Death, Model, Operation, Outcome, Outcomes } from "./scenario.js";

/** The operations of one schedule: all completed, but for those of a thread that died. */
export interface History {
  readonly threads: readonly (readonly Operation<unknown>[])[];
  readonly outcomes: Outcomes;
  readonly begun: readonly (readonly (Ended | undefined)[])[];
  readonly death?: Death | undefined;
}

const outcomeText = ({ value, threw }: Outcome): string =>
  threw === undefined ? canonical(value) : `throws ${threw}`;

/** What an operation that nobody saw the end of gave: nothing is known of it. */
const UNSEEN: Outcome = {};

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
  { threads, outcomes, begun, death }: History,
  final: string | undefined,
): number[] | undefined {
  const done = threads.map(() => 0);
  const dead = death?.thread ?? -1;
  const order: number[] = [];
  const failed = new Set<string>();

  /** Whether the next operation of `thread` may come next: all that had ended when it began have been. */
  const ready = (thread: number): boolean => {
    const next = done[thread]!;
    if (next >= outcomes[thread]!.length) return false;
    return begun[thread]![next]?.every((count, other) => done[other]! >= count) ?? true;
  };

  /** Whether the operation that the dead thread was in may come next: it had begun, and no heir has. */
  const unfinished = (): boolean => {
    const next = done[dead];
    const began = next === undefined ? undefined : begun[dead]![next];
    if (next !== outcomes[dead]?.length || began === undefined) return false;
    const told = death?.heirs.some((heir) => done[heir]! > 0) === true;
    return !told && began.every((count, other) => done[other]! >= count);
  };

  /** Goes on from `after`, where the next operation of `thread` has happened. */
  const goOn = (thread: number, after: unknown): boolean => {
    done[thread]! += 1;
    order.push(thread);
    if (search(after)) return true;
    order.pop();
    done[thread]! -= 1;
    return false;
  };

  const search = (state: unknown): boolean => {
    const text = canonical(state);
    if (threads.every((_, thread) => done[thread]! >= outcomes[thread]!.length)) {
      if (final === undefined || text === final) return true;
    }
    const key = `${done.join()} ${text}`;
    if (failed.has(key)) return false;
    for (let thread = 0; thread < threads.length; thread += 1) {
      if (!ready(thread)) continue;
      const next = done[thread]!;
      const actual = outcomes[thread]![next]!;
      const after = structuredClone(state);
      const expected = apply(threads[thread]![next]!, after, actual);
      if (outcomeText(expected) === outcomeText(actual) && goOn(thread, after)) return true;
    }
    if (unfinished()) {
      const operation = threads[dead]![done[dead]!]!;
      for (const model of [operation.model, operation.halfway]) {
        if (model === undefined) continue;
        const after = structuredClone(state);
        const { threw } = apply({ ...operation, model }, after, UNSEEN);
        if (threw === undefined && goOn(dead, after)) return true;
      }
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
