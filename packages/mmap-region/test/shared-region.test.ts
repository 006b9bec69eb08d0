/** MR-25, MR-26: one region, several threads. Here the threads are attachments within one; stress.test.ts has real ones. */

import { describe, expect, test } from "vitest";
import { MapBudget } from "../src/driver.js";
import { FakeDriver } from "../src/fake-driver.js";
import { customRandom } from "../src/index.js";
import { createRegion, MmapRegion, type MmapSlot } from "../src/mmap.js";
import { nativeDrivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { mapsOf } from "./support/proc-maps.js";

const PAGE = 4096;
const SIZES = { heapMemorySize: 16 * PAGE, heapAddressSpaceSize: 64 * PAGE };
const MODULE = { heap: { initialSize: 2 * PAGE } };

test("is refused where it cannot be had", () => {
  const driver = new FakeDriver();
  const alone = MmapRegion.create(driver, 1, SIZES);
  refusal(() => alone.share(), "unsupported", { backend: "mmap" });
  refusal(() => alone.reclaim(2), "unsupported", { backend: "mmap" });
  const warm = { shared: true, warmSlots: 1 };
  expect(refusal(() => MmapRegion.create(driver, 1, SIZES, warm), "unsupported").message).toContain(
    "warmSlots",
  );
  const onWasm = () => createRegion(undefined, 1, {}, { shared: true });
  expect(refusal(onWasm, "unsupported", { backend: "wasm" }).message).toContain("shared");
  const many = { ...SIZES, heapAddressSpaceSize: 16 * PAGE };
  const create = () => MmapRegion.create(driver, 2 ** 24, many, { shared: true });
  refusal(create, "limits-exceeded", { asked: 2 ** 24 });
});

test("MR-10: threads keep one account of mappings", () => {
  const [a, b] = [1, 2].map(() => new MapBudget({ mappings: 20, bytes: 0 }, () => undefined));
  a?.charge(6);
  b?.charge(6);
  const account = a!.share();
  expect(a!.share()).toBe(account);
  b!.join(account);
  b!.join(account);
  const charged = a!.charge(6);
  refusal(() => b!.charge(1), "too-many-mappings", { asked: 1, used: 18, limit: 18 });
  a!.refund(6, charged);
  b!.charge(6);
});

describe.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "by %s",
  (_, driver) => {
    const CAPACITY = 4;
    const pair = (): readonly [MmapRegion, MmapRegion, agent: number] => {
      const region = MmapRegion.create(driver, CAPACITY, SIZES, { shared: true });
      const handle = structuredClone(region.share()); // as a message would
      return [region, MmapRegion.attach(driver, handle), handle.agent];
    };

    test("MR-25: no slot has two tenants, and what one thread drops the other can take", () => {
      const [a, b] = pair();
      const slots = [a, b, a, b].map((region) => region.newInstance(MODULE));
      expect(new Set(slots.map(({ index }) => index)).size).toBe(CAPACITY);
      for (const [n, slot] of slots.entries()) slot.u8("heap").fill(n + 1);
      for (const [n, slot] of slots.entries()) {
        expect(slot.u8("heap").every((byte) => byte === n + 1)).toBe(true);
      }
      for (const region of [a, b]) {
        refusal(() => region.newInstance(MODULE), "region-full", { capacity: CAPACITY });
        expect([region.freeSlots, region.usedSlots]).toEqual([0, CAPACITY]);
      }
      refusal(() => b.dropAll([slots[0]!]), "invalid-argument"); // it is the other thread's
      slots[0]!.drop();
      const next = b.newInstance(MODULE);
      expect([next.index, next.u8("heap").includes(1)]).toEqual([slots[0]!.index, false]);
      a.dropAll([slots[2]!]);
      for (const slot of [slots[1]!, slots[3]!, next]) slot.drop();
      expect([a.freeSlots, b.freeSlots]).toEqual([CAPACITY, CAPACITY]);
      a.close();
      refusal(() => b.close(), "region-closed");
    });

    test("the last one out gives the address space back, whichever thread that is", () => {
      for (const last of [0, 1]) {
        const [a, b] = pair();
        const slots: readonly MmapSlot[] = [a.newInstance(MODULE), b.newInstance(MODULE)];
        const start = Math.min(...slots.map((slot) => slot.start));
        const total = (): number =>
          mapsOf(start, 2 * PAGE).reduce((sum, { length }) => sum + length, 0);
        b.close();
        refusal(() => a.newInstance(MODULE), "region-closed");
        slots[1 - last]!.drop();
        expect(total()).toBeGreaterThan(0);
        slots[last]!.drop();
        expect(total()).toBe(0);
      }
    });

    test("strategies choose, and a slot that is taken is passed over", () => {
      const [a, b] = pair();
      const first = customRandom(() => 0);
      const order = [a, b, b, a].map((region) => region.newInstance({}, { allocStrategy: first }));
      expect(order.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      order[2]!.drop();
      expect(a.newInstance({}).index).toBe(2); // linear: the one dropped last
      const wrong = { next: () => 7 };
      order[0]!.drop();
      refusal(() => a.newInstance({}, { allocStrategy: wrong }), "invalid-argument");
      expect(b.freeSlots).toBe(1);
    });

    test("a module that is refused leaves the slot free", () => {
      const [a, b] = pair();
      const far = {
        heap: { initialSize: 2 * PAGE },
        initialData: [{ offset: 9 * PAGE, bytes: new Uint8Array(1) }],
      };
      refusal(() => b.newInstance(far), "incorrect-module");
      expect(a.freeSlots).toBe(CAPACITY);
    });

    test("MR-26: of a dead thread's slots those that were shown become zeros, the others free", () => {
      const [a, b, agent] = pair();
      const [quiet, loud, dropped] = [1, 2, 3].map(() => b.newInstance(MODULE));
      const view = loud!.u8("heap").fill(9);
      dropped!.u8("heap").fill(9);
      dropped!.drop();
      const own = a.newInstance(MODULE);
      own.u8("heap").fill(5);
      for (const wrong of [0, 1, 3, -1, Number.NaN])
        refusal(() => a.reclaim(wrong), "invalid-argument");
      a.reclaim(agent);
      expect([a.quarantinedSlots, a.freeSlots]).toEqual([1, CAPACITY - 2]);
      expect([...new Set(view)]).toEqual([0]); // still there, nobody's
      expect(own.u8("heap").every((byte) => byte === 5)).toBe(true);
      a.reclaim(agent); // nothing left
      const taken = [a.newInstance(MODULE), a.newInstance(MODULE)];
      const numbers = [loud!, own, ...taken].map(({ index }) => index);
      expect([new Set(numbers).size, numbers.includes(quiet!.index)]).toEqual([CAPACITY, true]);
      for (const slot of taken) expect(slot.u8("heap").includes(9)).toBe(false);
      view.fill(7);
      for (const slot of [...taken, own]) {
        expect(slot.u8("heap").includes(7)).toBe(false);
        slot.drop();
      }
      a.close();
      expect(view[0]).toBe(7); // its pages outlive the region
    });
  },
);
