/**
 * `InterleaveError`: why an exploration could not be made, or did not show what it was to show.
 *
 * What the exploration finds in the code under test is no error of this class: it is the `failure` of a report.
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core/error";
import { raise } from "./realm.js";

/** Every `code` of {@link InterleaveError} with the fields that come with it. */
export type InterleaveErrorDetail =
  /** A scenario needs 1 to `max` threads. */
  | { readonly code: "thread-count"; readonly got: number; readonly max: number }
  /** A limit that is no positive integer. */
  | { readonly code: "bad-limit"; readonly limit: string; readonly got: number }
  /** No such thread, no count of accesses, an heir of its own; or a scenario with a model. */
  | { readonly code: "bad-death"; readonly thread: number; readonly after: number }
  /** The scenario has a model, but this operation does not say what it does to it. */
  | { readonly code: "operation-without-model"; readonly operation: string }
  /** An exploration was started inside another one. */
  | { readonly code: "already-running" }
  /** A view that was made for an exploration has been used after its end. */
  | { readonly code: "not-running" }
  /** The code under test did what the explorer cannot follow. */
  | { readonly code: "unsupported"; readonly what: string }
  /** Run again with the same results, a thread did something else. */
  | {
      readonly code: "nondeterministic";
      readonly thread: number;
      readonly step: number;
      readonly expected: string;
      readonly got: string;
    }
  /** The code under test caught the suspension of its thread, over and over. */
  | { readonly code: "suspension-swallowed"; readonly thread: number; readonly refused: number }
  /** Shared bytes were written past the replaced globals. */
  | { readonly code: "unseen-access"; readonly buffer: number; readonly byteOffset: number }
  /** An invariant or an `observe` wrote to shared memory. */
  | { readonly code: "observer-writes"; readonly access: string }
  /** A trace does not fit its scenario. */
  | {
      readonly code: "replay-diverged";
      readonly step: number;
      readonly expected: string;
      readonly got: string;
    }
  /** What `verify` throws: the scenario fails, or a limit cut the exploration. */
  | { readonly code: "not-verified"; readonly why: string; readonly text: string };

const SWALLOWED =
  "the code under test goes on although its suspension was thrown at it: a loop that catches everything";

function describe(detail: InterleaveErrorDetail): string {
  switch (detail.code) {
    case "thread-count":
      return `${detail.got} threads: a scenario has 1 to ${detail.max}`;
    case "bad-limit":
      return `limits.${detail.limit} is ${detail.got}: it must be a positive integer`;
    case "bad-death":
      return (
        `thread ${detail.thread} cannot die after ${detail.after} accesses: it must be a thread, a count, and its heirs threads ` +
        "other than itself"
      );
    case "operation-without-model":
      return `the scenario has a model, but operation "${detail.operation}" does not say what it does to it`;
    case "already-running":
      return "an exploration is running: invariants, models and threads cannot start another";
    case "not-running":
      return "this view was made inside an exploration, which has ended: read it in an invariant or an atEnd check";
    case "unsupported":
      return `the explorer cannot follow ${detail.what}`;
    case "nondeterministic":
      return (
        `thread ${detail.thread} did "${detail.got}" as access ${detail.step}, and "${detail.expected}" when it ran before ` +
        "with the same results: it depends on something besides shared memory (a counter of a module, time, chance)"
      );
    case "suspension-swallowed":
      return `thread ${detail.thread}: ${SWALLOWED} (${detail.refused} accesses refused)`;
    case "unseen-access":
      return (
        `byte ${detail.byteOffset} of buffer ${detail.buffer} was written past the explorer. Import @memkit/interleave ` +
        "before the code under test, which must not keep constructors of views from earlier"
      );
    case "observer-writes":
      return `an observer of the state may only read, and did "${detail.access}"`;
    case "replay-diverged":
      return `step ${detail.step} of the trace is "${detail.expected}", and the scenario does "${detail.got}"`;
    case "not-verified":
      return `${detail.why}\n${detail.text}`;
  }
}

/** What `@memkit/interleave` throws. */
export const InterleaveError: ErrorClass<InterleaveErrorDetail> =
  defineError<InterleaveErrorDetail>("@memkit/interleave/InterleaveError", describe);
export type InterleaveError = ErrorOf<InterleaveErrorDetail>;

/** Throws `unsupported`. */
export function unsupported(what: string): never {
  raise(new InterleaveError({ code: "unsupported", what }));
}
