/**
 * `npm run bench -- [options]`
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { bench } from "./bench.js";

const { stdout, stderr } = process;

/** On a terminal one line that is written over; elsewhere one line a suite and attempt. */
function makeProgress(): (text: string) => void {
  if (stderr.isTTY) return (text) => stderr.write(`\r\x1b[K${text}`);
  let shown = "";
  return (text) => {
    const step = text.replace(/: round \d+ of \d+/, "");
    if (step !== shown) stderr.write(`${step}\n`);
    shown = step;
  };
}

process.exitCode = await bench(process.argv.slice(2), {
  suitesDir: fileURLToPath(new URL("./suites", import.meta.url)),
  out: (text) => {
    if (stderr.isTTY) stderr.write("\r\x1b[K");
    stdout.write(text);
  },
  err: (text) => void stderr.write(text),
  progress: makeProgress(),
});
