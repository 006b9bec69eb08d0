/** The long form of the soak: `npm run soak`, a minute for each row of the table. */
import { availableParallelism } from "node:os";
import { it } from "vitest";
import { soak } from "./soak.js";

const SECONDS = Number(process.env.MEMKIT_SECONDS ?? 60);

it.each([
  { mode: "shared", workers: 2, frames: 4 },
  { mode: "shared", workers: 4, frames: 8 },
  { mode: "kernel", workers: 4, frames: 8 },
] as const)(
  "$mode: $workers workers over $frames frames",
  async (form) => {
    const of = `${form.mode}, ${form.workers} workers on ${availableParallelism()} cores`;
    const progress = (steps: number, seconds: number): void => {
      if (Math.round(seconds) % 10 === 0)
        console.log(`${of}: ${steps} steps, ${seconds.toFixed(0)} s`);
    };
    const rounds = Number.POSITIVE_INFINITY;
    const { claims, steps } = await soak({ ...form, rounds, seconds: SECONDS, progress });
    console.log(`${of}: ${steps} steps and ${claims} claims, all accounted for`);
  },
  (SECONDS + 60) * 1000,
);
