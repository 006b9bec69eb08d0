/**
 * A worker: a process of its own that runs one program at a time. It is started by {@link Crew}, with its settings as the only
 * argument.
 *
 * @module
 */

import { loadDriver } from "@memkit/mmap-region/driver";
import { PristineError } from "./pristine-error.js";
import type { FromWorker, Job, Result, Status, ToWorker, WorkerSettings } from "./protocol.js";
import { pythonService } from "./python-service.js";
import { guestPool, visit } from "./wasm-guest.js";

const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings;
const { driver } = await loadDriver();
const python = await pythonService(settings, driver);
const guests = await guestPool(driver, 1);
let requests = 0;
let thrownAway = 0;

const send = (message: FromWorker): void => void process.send?.(message);

function status(): Status {
  const { choice, resets } = python;
  return {
    pid: process.pid,
    engine: choice?.engine ?? "none",
    reason: choice?.reason ?? "nothing is put back",
    requests,
    thrownAway,
    resets,
    heapBytes: settings.heapBytes,
  };
}

/** Does a job; `later` is given what must be done when the answer is on its way. */
async function perform(
  job: Job,
  later: (finish: () => "reset" | "discarded") => void,
): Promise<Result> {
  switch (job.kind) {
    case "python":
      return { kind: "python", reply: await python.run(job.source, later) };
    case "guest":
      return { kind: "guest", visit: await guests.use(visit) };
    case "status":
      return { kind: "status", status: status() };
  }
}

async function serve({ id, job }: ToWorker): Promise<void> {
  let finish = (): "reset" | "discarded" => "reset";
  const start = performance.now();
  let result: Result;
  try {
    result = await perform(job, (given) => {
      finish = given;
    });
  } catch (error) {
    if (!(error instanceof PristineError)) throw error; // a fault of ours ends the worker, and all that it holds
    result = { kind: "failed", code: error.code, message: error.message };
  }
  requests += 1;
  send({ type: "answer", id, result, milliseconds: performance.now() - start });
  if (finish() === "discarded") {
    thrownAway += 1;
    send({ type: "worn", left: python.left });
  }
  send({ type: "free" });
}

process.on("message", (message) => void serve(message as ToWorker));
process.on("disconnect", () => process.exit(0));
send({ type: "ready" });
