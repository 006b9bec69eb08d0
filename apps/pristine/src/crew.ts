/**
 * Worker processes, and the jobs that wait for one. A job runs in a process of its own choosing alone; what it does to that process
 * does nothing to others.
 *
 * Invariant PR-4: a worker that has thrown away an interpreter is replaced, and goes when the replacement is ready; one that does
 * not answer in time is killed. There are never fewer answers than jobs.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PristineError } from "./pristine-error.js";
import type { FromWorker, Job, Result, ToWorker, WorkerSettings } from "./protocol.js";

/** A result, which worker it came from, and what it took there. */
export interface Answer {
  readonly result: Result;
  readonly pid: number;
  readonly milliseconds: number;
}

/** How many there are, and what they may take. */
export interface CrewOptions extends WorkerSettings {
  readonly workers: number;
  /** Jobs that may wait. */
  readonly maxWaiting: number;
  /** Milliseconds beyond the deadline after which a worker is killed: by then it should have ended the program itself. */
  readonly grace: number;
  /** The program of a worker. Default: this app's own. */
  readonly program?: string | undefined;
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: PristineError) => void;
}

interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The worker that this one is to take over from. */
  readonly instead: Worker | undefined;
  state: "starting" | "idle" | "busy" | "gone";
  /** Whether its successor has been started, and whether that is ready. */
  worn: "no" | "yes" | "succeeded";
  current: Waiting | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Starts that may fail one after the other: a worker that cannot start will not be able to the next time either. */
const MAX_FAILED_STARTS = 3;

/** Beside this file, in the language that this file is in. */
const WORKER = fileURLToPath(new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url));

/** See the head of this module. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers: Set<Worker> = new Set();
  readonly #waiting: Waiting[] = [];
  readonly #whenReady: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #failedStarts = 0;
  #replaced = 0;
  #next = 1;
  #open = true;

  constructor(options: CrewOptions) {
    this.#options = options;
    for (let n = 0; n < options.workers; n++) this.#start(undefined);
  }

  /** Fulfilled when all workers have started. @throws {@link PristineError} `worker-lost` when they cannot */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#whenReady.push({ resolve, reject });
      this.#tellReady();
    });
  }

  /** Workers that were replaced since the start. */
  get replaced(): number {
    return this.#replaced;
  }

  /**
   * Has the next worker that is free do a job.
   *
   * @throws {@link PristineError} `busy`, `worker-lost`, `deadline`
   */
  submit(job: Job): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.length;
      if (waiting >= this.#options.maxWaiting) {
        reject(new PristineError({ code: "busy", waiting }));
        return;
      }
      this.#waiting.push({ job, resolve, reject });
      this.#pump();
    });
  }

  /** Ends all workers, and with them what they are doing. */
  async close(): Promise<void> {
    this.#open = false;
    const lost = new PristineError({ code: "worker-lost", reason: "the server is closing" });
    for (const { reject } of this.#waiting.splice(0)) reject(lost);
    const ended = [...this.#workers].map(({ child }) => {
      const exit = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      return exit;
    });
    await Promise.all(ended);
  }

  #start(instead: Worker | undefined): void {
    const { workers, maxWaiting, grace, program = WORKER, ...settings } = this.#options;
    const child = fork(program, [JSON.stringify(settings)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const worker: Worker = {
      child,
      pid: child.pid ?? 0,
      instead,
      state: "starting",
      worn: "no",
      current: undefined,
      timer: undefined,
    };
    this.#workers.add(worker);
    child.on("message", (message) => this.#heard(worker, message as FromWorker));
    child.on("error", (error) => this.#lost(worker, error.message));
    child.on("exit", (code, signal) => this.#lost(worker, signal ?? `status ${code}`));
  }

  #heard(worker: Worker, message: FromWorker): void {
    if (worker.state === "gone") return;
    switch (message.type) {
      case "ready":
        this.#failedStarts = 0;
        if (worker.instead !== undefined) this.#succeed(worker.instead);
        worker.state = "idle";
        this.#tellReady();
        break;
      case "answer": {
        const { result, milliseconds } = message;
        clearTimeout(worker.timer);
        worker.current?.resolve({ result, milliseconds, pid: worker.pid });
        worker.current = undefined;
        return;
      }
      case "worn":
        if (worker.worn === "no") {
          worker.worn = "yes";
          this.#replaced += 1;
          this.#start(worker);
        }
        // A job that it would have to start an interpreter for is better off waiting for its successor.
        if (message.left === 0) this.#dismiss(worker);
        return;
      case "free":
        worker.state = "idle";
        if (worker.worn === "succeeded") this.#dismiss(worker);
        break;
    }
    this.#pump();
  }

  /** A worker's replacement is ready. */
  #succeed(worker: Worker): void {
    worker.worn = "succeeded";
    if (worker.state === "idle") this.#dismiss(worker);
  }

  #dismiss(worker: Worker): void {
    worker.state = "gone";
    this.#workers.delete(worker);
    worker.child.kill("SIGKILL");
  }

  #lost(worker: Worker, reason: string): void {
    if (worker.state === "gone") return;
    const started = worker.state !== "starting";
    this.#dismiss(worker);
    clearTimeout(worker.timer);
    worker.current?.reject(new PristineError({ code: "worker-lost", reason }));
    if (!this.#open) return;
    if (!started) this.#failedStarts += 1;
    if (this.#failedStarts < MAX_FAILED_STARTS) {
      this.#replaced += 1;
      // One that was worn has its successor already.
      if (worker.worn === "no") this.#start(worker.instead);
    } else this.#giveUp(reason);
  }

  /** Without workers nobody would ever answer. */
  #giveUp(reason: string): void {
    const error = new PristineError({
      code: "worker-lost",
      reason: `it does not start: ${reason}`,
    });
    for (const { reject } of this.#whenReady.splice(0)) reject(error);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #tellReady(): void {
    const ready = [...this.#workers].filter(({ state }) => state !== "starting").length;
    if (ready < this.#options.workers) return;
    for (const { resolve } of this.#whenReady.splice(0)) resolve();
  }

  #pump(): void {
    for (const worker of this.#workers) {
      if (this.#waiting.length === 0) return;
      if (worker.state !== "idle") continue;
      const next = this.#waiting.shift()!;
      worker.state = "busy";
      worker.current = next;
      const { deadline, grace } = this.#options;
      worker.timer = setTimeout(() => this.#kill(worker), deadline + grace);
      worker.child.send({ id: this.#next++, job: next.job } satisfies ToWorker);
    }
  }

  /** It is stuck where nobody asks for the time: in a loop of C. */
  #kill(worker: Worker): void {
    const { deadline, grace } = this.#options;
    worker.current?.reject(new PristineError({ code: "deadline", milliseconds: deadline + grace }));
    worker.current = undefined;
    this.#lost(worker, "it was killed at its deadline");
  }
}
