/**
 * Rows that several threads run at the same time: what they disturb each other by is part of the figure.
 *
 * @module
 */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { SelfTimed } from "./suite.js";

/** Long enough to hide that the threads begin some microseconds apart. */
const READING_MS = 30;

const MEMBER = new URL("./crews/member.mjs", import.meta.url);

/**
 * `threads` threads that load `file` and begin together whenever they are asked for a reading; the slowest one counts.
 *
 * @param file - JavaScript: threads of Node 20 load no TypeScript. Exports `ops` and `make(data, member)`, which returns a block.
 * @param data - handed to each one's `make`
 * @param readingMs - about how long a reading takes; of rows in turns a few milliseconds
 */
export async function crew(
  file: URL,
  threads: number,
  data: unknown,
  readingMs = READING_MS,
): Promise<SelfTimed> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: threads }, (_, member) => {
    const worker = new Worker(MEMBER, {
      workerData: { file: file.href, data, member, gate, readingMs },
    });
    worker.unref();
    return worker;
  });
  const answers = (): Promise<unknown[]> => {
    for (const worker of workers) worker.ref();
    return Promise.all(workers.map((worker) => once(worker, "message").then(([answer]) => answer)));
  };
  await answers();
  return {
    nsPerOp: async () => {
      const readings = answers();
      Atomics.add(gate, 0, 1);
      Atomics.notify(gate, 0);
      const slowest = Math.max(...((await readings) as number[]));
      for (const worker of workers) worker.unref();
      return slowest;
    },
  };
}
