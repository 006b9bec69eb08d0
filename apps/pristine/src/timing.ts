/**
 * Times requests in a process of their own, without HTTP: for the benchmark, which starts it and asks by messages.
 *
 * @module
 */

import { loadDriver } from "@memkit/mmap-region/driver";
import { loadPyodide } from "pyodide";
import { percentile } from "./percentiles.js";
import { Interpreter } from "./python/interpreter.js";

/** What the demo's load does: lists, integers, a function that is called a hundred times. */
const JOB = "l = list(range(1000)); sum(i * i for i in range(100))";
const EXPECTED = "328350";
/** Requests in one reading, of which the median counts. */
const REQUESTS = 101;
/** Requests before the first reading: enough for the optimising compiler. */
const WARM_UP = 500;

/** How requests find their interpreter. */
type Way = "leaky" | "pristine" | "new";

const { driver } = await loadDriver();
let python: Interpreter | undefined;

/** Nanoseconds, once: it takes seconds. */
async function start(): Promise<number> {
  const before = performance.now();
  const pyodide = await loadPyodide();
  pyodide.runPython(JOB);
  return (performance.now() - before) * 1e6;
}

async function request(reset: boolean): Promise<number> {
  const already = python;
  python ??= await Interpreter.create({ snapshot: { driver } });
  const interpreter = python;
  const once = (): number => {
    const before = performance.now();
    const { value } = interpreter.run(JOB);
    if (value !== EXPECTED) throw new Error(`the program answered ${value}`);
    if (reset) interpreter.reset();
    return performance.now() - before;
  };
  if (already === undefined) for (let n = 0; n < WARM_UP; n++) once();
  const spent = Array.from({ length: REQUESTS }, once);
  // What is measured next finds it as this one did.
  interpreter.reset();
  return percentile(spent, 0.5) * 1e6;
}

process.on("message", (way: Way) => {
  const reading = way === "new" ? start() : request(way === "pristine");
  void reading.then((ns) => process.send?.(ns));
});
process.on("disconnect", () => process.exit(0));
