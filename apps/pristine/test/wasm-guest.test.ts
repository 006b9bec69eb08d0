import { loadDriver } from "@memkit/mmap-region/driver";
import { expect, test } from "vitest";
import { percentile } from "../src/percentiles.js";
import { FIRST_VISIT, guestPool, visit } from "../src/wasm-guest.js";

test("memory, global and table of a guest that exports none of them are put back for each visitor", async () => {
  const { driver } = await loadDriver();
  for (const which of [driver, undefined]) {
    const pool = await guestPool(which, 1);
    const lease = await pool.checkout();
    expect(visit(lease.value)).toBe(FIRST_VISIT);
    expect(visit(lease.value)).toBe(2 * 10_000 + 2 * 100 + 2);
    lease.release();
    for (let n = 0; n < 3; n++) expect(await pool.use(visit)).toBe(FIRST_VISIT);
    await pool.close();
  }
});

test("percentiles are values that were measured", () => {
  const values = [5, 1, 3, 2, 4];
  expect([0, 0.2, 0.5, 0.9, 1].map((share) => percentile(values, share))).toEqual([1, 1, 3, 5, 5]);
  expect(percentile([], 0.5)).toBeNaN();
});
