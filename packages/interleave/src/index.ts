/**
 * Explores every interleaving of threads over unmodified modules that share memory.
 *
 * Importing it replaces `Atomics`, the constructors of views and `SharedArrayBuffer` (see `install.ts`): import it before the
 * code under test.
 *
 * @packageDocumentation
 */

import "./install.js";

export { explore, type Replay, replay, verify } from "./explore.js";
export { InterleaveError, type InterleaveErrorDetail } from "./interleave-error.js";
export {
  type StepJob,
  type StepResult,
  stepInWorkers,
  stepThread,
  type WorkerLike,
  type WorkerReplay,
} from "./real-threads.js";
export { type Failure, type FailureKind, formatReport, type Report } from "./report.js";
export type {
  Check,
  Death,
  Limits,
  Model,
  Operation,
  Outcome,
  Outcomes,
  Reduction,
  Scenario,
  Thread,
} from "./scenario.js";
export { type Entry, exploreAll, rowIn, rowOf, survey } from "./survey.js";
export { formatTrace, type Trace, type TraceStep } from "./trace.js";
