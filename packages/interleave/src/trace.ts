/**
 * A schedule, to be read by people and to be replayed.
 *
 * IL-7: replayed, a trace takes the same steps, which give the same results and end in the same failure; in real threads too.
 *
 * @module
 */

import { accessText, resultText } from "./access.js";
import type { Machine } from "./machine.js";

/** One step of a trace. */
export interface TraceStep {
  readonly thread: number;
  readonly operation: string;
  readonly access: string;
  /** What the access gave; empty if nothing. */
  readonly value: string;
}

/** Plain data: it survives JSON. */
export interface Trace {
  /** The thread of each step. */
  readonly schedule: readonly number[];
  readonly steps: readonly TraceStep[];
}

/** The schedule of a machine so far. */
export function traceOf({ plan, steps, depth, schedule }: Machine): Trace {
  return {
    schedule,
    steps: steps.slice(0, depth).map(({ thread, from, access, result }) => ({
      thread,
      operation: plan.threads[thread]![from.operation]!.name,
      access: accessText(access),
      value: resultText(access, result),
    })),
  };
}

/** Rows of cells as text, each column as wide as its widest cell. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/**
 * A trace as a table.
 *
 * @example
 * ```ts
 * import { formatTrace } from "@memkit/interleave";
 *
 * const step = { thread: 0, operation: "add", access: "load i32[0]", value: "7" };
 * const [head, row] = formatTrace({ schedule: [0], steps: [step] }).split("\n");
 * head; // => "step  thread  operation  access       value"
 * row; // => "0     0       add        load i32[0]  7"
 * ```
 */
export function formatTrace({ steps }: Trace): string {
  return table([
    ["step", "thread", "operation", "access", "value"],
    ...steps.map(({ thread, operation, access, value }, i) => [
      String(i),
      String(thread),
      operation,
      access,
      value,
    ]),
  ]);
}
