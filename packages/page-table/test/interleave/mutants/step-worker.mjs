// Replays one thread of a scenario of a mutant: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
const { stepThread } = await import("@memkit/interleave"); // before the code under test
const { entries } = await import("../scenarios.ts");
const { libIn } = await import("./lib-in.ts");
const { copy, mutant, name } = workerData;
const [scenario] = entries.find((entry) => entry.name === name).build(await libIn(copy, mutant));
parentPort.once("message", (job) => {
  parentPort.postMessage(stepThread(scenario, job));
});
