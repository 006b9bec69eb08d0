/**
 * A Python program for each request: in an interpreter that is put back after each, in one that everybody uses as it is, and in one
 * that is started for it.
 *
 * `apps/pristine` times them in a process of its own: one for all rows, for starting an interpreter takes seconds.
 *
 * @module
 */

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Row, ratio, type SelfTimed, type Suite } from "../../suite.js";

const HERE = fileURLToPath(new URL("../../..", import.meta.url));
const TIMING = fileURLToPath(new URL("../../../../pristine/src/timing.ts", import.meta.url));

let started: ChildProcess | undefined;

function timing(): ChildProcess {
  started ??= fork(TIMING, {
    cwd: HERE, // where `tsx` resolves
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return started;
}

let last: Promise<unknown> = Promise.resolve();

/** Nanoseconds of a request. One reading at a time. */
function ask(way: string): Promise<number> {
  const next = last.then(() => askNow(way));
  last = next.catch(() => undefined); // whoever asked is told; the next one may ask all the same
  return next;
}

function askNow(way: string): Promise<number> {
  const child = timing();
  return new Promise((resolve, reject) => {
    const died = (): void => reject(new Error("the process that times Python has ended"));
    child.once("exit", died);
    child.once("message", (ns: number) => {
      child.off("exit", died);
      resolve(ns);
    });
    child.send(way);
  });
}

const row = (name: string, role: Row["role"], what: string, once: boolean): Row => ({
  name,
  role,
  what,
  make: async (): Promise<SelfTimed> => {
    const first = await ask(name);
    return { nsPerOp: () => (once ? first : ask(name)) };
  },
});

const suite: Suite = {
  title: "a Python program for each request",
  rows: [
    row("leaky", "floor", "one interpreter for everybody, as it is", false),
    row("pristine", "ours", "one that is put back after each request", false),
    row("new", "peer", "one that is started for it (timed once)", true),
  ],
  checks: [
    { id: "snapshot.python.request", unit: "x leaky", ...ratio("pristine", "leaky"), atMost: 2.5 },
    { id: "snapshot.python.start", unit: "x new", ...ratio("pristine", "new"), atMost: 1 / 500 },
  ],
};

export default suite;
