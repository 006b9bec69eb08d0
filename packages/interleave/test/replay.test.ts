/** IL-7: a trace can be taken again, step by step, in the explorer and in real threads. */

import { Worker } from "node:worker_threads";
import { explore, formatReport, replay, stepInWorkers, type Trace } from "@memkit/interleave";
import { describe, expect, it } from "vitest";
import { scenarios } from "./support/replayed.js";

type Name = keyof typeof scenarios;

function traceOf(name: Name): Trace {
  const { failure } = explore(scenarios[name]);
  if (failure === undefined) throw new Error(`${name} should fail`);
  return failure.trace;
}

/** `runs`: what the workers take the scenario to be. */
function inWorkers(name: Name, trace: Trace, runs: Name = name) {
  return stepInWorkers(scenarios[name], trace, () => {
    const url = new URL("./support/step-worker.mjs", import.meta.url);
    return new Worker(url, {
      workerData: { scenario: runs },
      execArgv: ["--conditions=@memkit/source"],
    });
  });
}

describe.each(["lossy", "barge"] as const)("IL-7: the failing trace of %s", (name) => {
  it("fails again in the same way, also after JSON", () => {
    const report = explore(scenarios[name]);
    const { failure } = report;
    const trace = JSON.parse(JSON.stringify(failure?.trace)) as Trace;
    expect(replay(scenarios[name], trace)).toMatchObject({ failure, trace });
  });

  it("gives the same results and bytes in workers", async () => {
    expect(await inWorkers(name, traceOf(name))).toEqual({ reproduced: true, differences: [] });
  });
});

it("IL-7: workers notice that they run something else", async () => {
  const trace = traceOf("lossy");
  expect(await inWorkers("lossy", trace, "right")).toEqual({
    reproduced: false,
    differences: [0, 1]
      .map((thread) => `thread ${thread}: add i32[0] 1 in place of load i32[0]`)
      .concat("byte 0 of buffer 0 differs at the end"),
  });
});

it("a trace that the explorer does not confirm gets no workers", async () => {
  const { steps } = traceOf("lossy");
  await expect(
    stepInWorkers(scenarios.lossy, { schedule: [0, 0, 1, 1], steps }, () => {
      throw new Error("no worker is needed");
    }),
  ).rejects.toMatchObject({ code: "replay-diverged", step: 1 });
});

it("has few changes of thread, and is told as a table", () => {
  expect(formatReport(explore(scenarios.lossy))).toBe(
    [
      'at-end "both are counted": does not hold',
      "step  thread  operation  access            value",
      "0     0       lossy      load i32[0]       0",
      "1     1       lossy      load i32[0]       0",
      "2     1       lossy      store i32[0] = 1",
      "3     0       lossy      store i32[0] = 1",
      "(2 schedules, 8 states, 7 steps, longest trace 4)",
    ].join("\n"),
  );
});
