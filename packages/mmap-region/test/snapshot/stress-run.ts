/**
 * Minutes of stress.ts, in processes of 20 seconds each with a seed of its own: `npm run stress:snapshot [-- --seconds 600]`.
 * Prints a line for each process. One that ends by a signal or with an error ends the run; its seed repeats its choices.
 */

import { parseArgs } from "node:util";
import { runChild } from "../support/child.js";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "600" } } });
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error("--seconds takes a positive number");
/** Of one process: long enough for collections, short enough for many seeds. */
const EACH = 20;
const first = Date.now() % 2 ** 31;
const total: Record<string, number> = {};
let left = seconds;
for (let n = 0; left > 0; n++, left -= EACH) {
  const args = [String(Math.min(EACH, left)), String(first + n)];
  const { status, signal, stdout, stderr } = runChild(
    new URL("./stress.ts", import.meta.url),
    args,
    ["--expose-gc"],
  );
  if (status !== 0) {
    throw new Error(`seed ${args[1]}: ${signal ?? `status ${status}`}\n${stderr}`);
  }
  const { seed: _, driver, ...counts } = JSON.parse(stdout) as Record<string, number>;
  for (const [key, count] of Object.entries({ ...counts, [`by ${driver}`]: 1 })) {
    total[key] = (total[key] ?? 0) + count;
  }
  process.stdout.write(`${stdout}\n`);
}
const seeds = Math.ceil(seconds / EACH);
process.stdout.write(
  `Node ${process.version}, ${seconds} s in ${seeds} processes, seeds from ${first}: ${JSON.stringify(total)}\n`,
);
