/** The long form of the soak: `npm run soak --prefix packages/page-table`, a minute for each row of the table. */

import { expect, it } from "vitest";
import { vmSoak } from "../vm-space/workers.js";
import { soak } from "./soak.js";

const SECONDS = Number(process.env.MEMKIT_SECONDS ?? 60);

it.each([
  { agents: 2, pages: 16, step: 1 },
  { agents: 2, pages: 64, step: 16 },
  { agents: 4, pages: 64, step: 512 },
])(
  "$agents workers over $pages pages, $step apart",
  async (form) => {
    const steps = await soak({ ...form, rounds: Number.POSITIVE_INFINITY, seconds: SECONDS });
    console.log(`${form.agents} workers: ${steps} steps, all accounted for`);
    expect(steps).toBeGreaterThan(0);
  },
  (SECONDS + 60) * 1000,
);

it(
  "two processors of an address space",
  async () => {
    const steps = await vmSoak(Number.POSITIVE_INFINITY, 64, SECONDS);
    console.log(`two processors: ${steps} steps, no frame too early, no dirty bit lost`);
    expect(steps).toBeGreaterThan(0);
  },
  (SECONDS + 60) * 1000,
);
