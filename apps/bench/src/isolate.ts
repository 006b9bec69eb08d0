/**
 * Rows that run in a process of their own, with its own feedback and its own optimised code: what the rest of the suite did
 * to the compiler is not seen there.
 *
 * @module
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SelfTimed } from "./suite.js";

const HOST = fileURLToPath(new URL("./isolates/host.ts", import.meta.url));
const HERE = fileURLToPath(new URL("..", import.meta.url));

/** What a module run by {@link isolate} exports: the setting up, and how many operations a block does. */
export interface Isolated {
  readonly ops: number;
  readonly make: (mode: string) => () => number;
}

/**
 * Runs `file`, whose exports are an {@link Isolated}, in a process that ends with this one.
 *
 * @param mode - handed to its `make`
 */
export function isolate(file: URL, mode: string): SelfTimed {
  const child = fork(HOST, [file.href, mode], {
    cwd: HERE, // where `tsx` resolves
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  child.unref();
  child.channel?.unref();
  return {
    nsPerOp: () =>
      new Promise((resolve, reject) => {
        child.channel?.ref();
        const died = (): void => reject(new Error(`${file.pathname} (${mode}) ended`));
        child.once("exit", died);
        child.once("message", (ns: number) => {
          child.off("exit", died);
          child.channel?.unref();
          resolve(ns);
        });
        child.send("time");
      }),
  };
}
