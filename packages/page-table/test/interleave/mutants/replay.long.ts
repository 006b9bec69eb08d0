/** IL-7: a mutant's failing trace in real workers. `npm run soak --prefix packages/page-table` */

import { Worker } from "node:worker_threads";
import { stepInWorkers } from "@memkit/interleave"; // before the code under test
import { afterAll, expect, it } from "vitest";
import { cleanUp, copy, generate, load } from "./generate.js";
import { TORN, torn, tornIn } from "./torn.js";

afterAll(cleanUp);

it("IL-7: a failing trace of a mutant gives the same results in workers", async () => {
  const mutant = tornIn(generate());
  const { scenario, trace } = torn(await load(mutant));
  const spawn = (): Worker =>
    new Worker(new URL("./step-worker.mjs", import.meta.url), {
      workerData: { copy, mutant: mutant.id, name: TORN },
      execArgv: ["--conditions=@memkit/source"],
    });
  const replayed = await stepInWorkers(scenario, trace, spawn);
  expect(replayed).toEqual({ reproduced: true, differences: [] });
}, 120_000);
