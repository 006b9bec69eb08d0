/** MR-10: the account of mappings is never too small, and not so large that nothing can be had. */

import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { MapBudget } from "../src/driver.js";
import { FakeDriver } from "../src/fake-driver.js";
import { MmapRegion } from "../src/mmap.js";
import { refusal } from "./expect-error.js";

test("MR-10: whatever is charged and taken back, the process never has more than nine tenths", () => {
  const step = fc.record({ open: fc.boolean(), pick: fc.nat(100), made: fc.nat(6) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const live: { charged: number; made: number }[] = [];
      const mappings = (): number => live.reduce((sum, { made }) => sum + made, 0);
      const budget = new MapBudget({ mappings: 200, bytes: 0 }, () => ({
        mappings: mappings(),
        bytes: 0,
      }));
      for (const { open, pick, made } of steps) {
        if (!open) {
          const [gone] = live.splice(pick % (live.length || 1), 1);
          if (gone !== undefined) budget.refund(6, gone.charged);
          continue;
        }
        let charged: number;
        try {
          charged = budget.charge(6);
        } catch (error) {
          // Refused for a reason: the process itself was looked at.
          expect(error).toMatchObject({ code: "too-many-mappings", limit: 180 });
          expect(mappings()).toBeGreaterThan(180 - 6);
          continue;
        }
        live.push({ charged, made });
        expect(mappings()).toBeLessThanOrEqual(180);
      }
    }),
  );
});

test("where the process cannot be looked at, charges alone count", () => {
  const budget = new MapBudget({ mappings: 20, bytes: 10 }, () => undefined);
  const charges = [1, 2, 3].map(() => budget.charge(6));
  refusal(() => budget.charge(1), "too-many-mappings", { asked: 1, used: 18, limit: 18 });
  budget.refund(6, charges[0]!);
  budget.charge(6);
  budget.requireSpace(9);
  refusal(() => budget.requireSpace(10), "out-of-address-space", { used: 0, limit: 9 });
});

test("a page that is not isolated shares nothing, and says so", () => {
  vi.stubGlobal("SharedArrayBuffer", undefined);
  try {
    const driver = new FakeDriver();
    expect(() => driver.budget.share()).toThrow(expect.objectContaining({ code: "unsupported" }));
    expect(() => MmapRegion.create(driver, 1, {}, { shared: true })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
    expect(driver.calls).toEqual([]);
  } finally {
    vi.unstubAllGlobals();
  }
});
