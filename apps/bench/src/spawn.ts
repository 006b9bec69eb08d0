/**
 * Starts the process that measures one suite, and waits for what it has to say.
 *
 * @module
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Message, Task } from "./protocol.js";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));
const HERE = fileURLToPath(new URL("..", import.meta.url));
/** A suite that is this much slower than its budget hangs. */
const LIMIT_FACTOR = 4;
const LIMIT_SLACK_MS = 60_000;

export type Result = Extract<Message, { kind: "result" | "error" }>;

/** Measures in a fresh process. Never rejects: a process that dies or hangs is a result of kind `error`. */
export function spawnSuite(
  task: Task,
  progress: (done: number, total: number) => void,
): Promise<Result> {
  return new Promise((resolve) => {
    const child = fork(CHILD, [JSON.stringify(task)], {
      cwd: HERE, // where `tsx` resolves
      execArgv: ["--expose-gc", "--import", "tsx"],
      serialization: "advanced",
      // What a suite prints must not get between the tables.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const limit = task.budgetMs * LIMIT_FACTOR + LIMIT_SLACK_MS;
    let result: Result | undefined;
    const timer = setTimeout(() => {
      result ??= { kind: "error", message: `no result within ${Math.round(limit / 1000)} s` };
      child.kill("SIGKILL");
    }, limit);
    child.on("message", (message: Message) => {
      if (message.kind === "progress") progress(message.done, message.total);
      else result = message;
    });
    child.on("error", (cause) => {
      result ??= { kind: "error", message: String(cause) };
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const how = signal === null ? `code ${code}` : signal;
      resolve(result ?? { kind: "error", message: `the process ended with ${how} and no result` });
    });
  });
}
