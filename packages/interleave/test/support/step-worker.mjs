// Replays one thread of a scenario: Node 20 takes no `--import` for workers, so tsx is registered here.
import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
const { stepThread } = await import("../../src/index.ts");
const { scenarios } = await import("./replayed.ts");
parentPort.once("message", (job) => {
  parentPort.postMessage(stepThread(scenarios[workerData.scenario], job));
});
