/**
 * What the server and its workers say to each other.
 *
 * @module
 */

import type { EngineName } from "@memkit/mmap-region/snapshot";
import type { PristineErrorDetail } from "./pristine-error.js";
import type { Reply } from "./python/interpreter.js";

/** How an interpreter becomes pristine for the next request, or that it does not. */
export type ResetWay = "pristine" | "none" | "copy" | "new";

/** What a worker is started with. */
export interface WorkerSettings {
  readonly reset: ResetWay;
  /** Interpreters that it keeps ready: one serves, the others are there for when that is thrown away. */
  readonly interpreters: number;
  readonly heapBytes: number;
  /** Milliseconds. */
  readonly deadline: number;
}

export type Job =
  | { readonly kind: "python"; readonly source: string }
  | { readonly kind: "guest" }
  | { readonly kind: "status" };

export type Result =
  | { readonly kind: "python"; readonly reply: Reply }
  | { readonly kind: "guest"; readonly visit: number }
  | { readonly kind: "status"; readonly status: Status }
  | { readonly kind: "failed"; readonly code: FailureCode; readonly message: string };

export type FailureCode = PristineErrorDetail["code"];

/** Of one worker. */
export interface Status {
  readonly pid: number;
  /** How Python's memory was put back last, and why so. */
  readonly engine: EngineName | "none";
  readonly reason: string;
  readonly requests: number;
  readonly thrownAway: number;
  /** Of resets until now: how many, and what they took together. */
  readonly resets: { readonly count: number; readonly microseconds: number };
  /** Bytes of an interpreter's memory. */
  readonly heapBytes: number;
}

export type ToWorker = { readonly id: number; readonly job: Job };

export type FromWorker =
  | { readonly type: "ready" }
  /** `milliseconds` the job took in the worker, without putting the interpreter back. */
  | {
      readonly type: "answer";
      readonly id: number;
      readonly result: Result;
      readonly milliseconds: number;
    }
  /** An interpreter was thrown away: another worker should take over, at once if none is left. */
  | { readonly type: "worn"; readonly left: number }
  /** The interpreter is pristine again: the next job, please. */
  | { readonly type: "free" };
