/** The short form of the soak: FM-11, FM-12, FM-16, FM-17, FM-20. `npm run soak` is the long one. */
import { expect, it } from "vitest";
import { soak } from "./soak.js";

it.each([
  { mode: "shared", workers: 2, frames: 4 },
  { mode: "kernel", workers: 3, frames: 8 },
] as const)(
  "$mode: $workers workers over $frames frames lose none, and see no metadata half-written",
  async (form) => {
    const { claims } = await soak({ ...form, rounds: 30_000 });
    expect(claims).toBeGreaterThan(form.workers * 500);
  },
  60_000,
);
