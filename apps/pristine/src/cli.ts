/**
 * The command line: `cli.ts [--port 8000] [--workers 2] [--interpreters 2] [--heap 64] [--deadline 5000]`, the heap in MiB and the
 * deadline in milliseconds. Ends with SIGINT.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { PristineServer } from "./server.js";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8000" },
    workers: { type: "string", default: "2" },
    interpreters: { type: "string", default: "2" },
    heap: { type: "string", default: "64" },
    deadline: { type: "string", default: "5000" },
  },
});

/** @throws for what is no whole number from 1 on */
function count(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${name} ${values[name]}: must be a whole number from 1 on`);
}

const server = await PristineServer.start(
  {
    workers: count("workers"),
    interpreters: count("interpreters"),
    heapBytes: count("heap") * 2 ** 20,
    deadline: count("deadline"),
  },
  count("port"),
);
process.stdout.write(`listening on ${server.host}, port ${server.port}\n`);
process.once("SIGINT", () => void server.close());
