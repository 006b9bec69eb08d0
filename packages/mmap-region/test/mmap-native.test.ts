/** What the system itself says of a native region: mappings, access, memory, contents. */

import { constants } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeDriver } from "../src/fake-driver.js";
import { MmapRegion, type MmapSlot } from "../src/mmap.js";
import { nativeDrivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { HEAP, SIZES } from "./support/drawn.js";
import { drawn, mapsOf, residentBytes } from "./support/proc-maps.js";

const MiB = 2 ** 20;
const KiB = 1024;
const HEAPLESS = {};
/** The end of a slot of these sizes, its guard page included. */
const STRIDE = (4 + 8192 + 4 + 128 + 4 + 4 + 8 + 4) * KiB;

describe.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "by %s",
  (_, driver) => {
    test("MR-12: /proc/self/maps is the drawing, from an idle slot to an idle slot", () => {
      const region = MmapRegion.create(driver, 2, SIZES, { slotGuard: true });
      const slot = region.newInstance({ heap: HEAP });
      const { start } = slot;
      const maps = (): string[] => drawn(mapsOf(start, STRIDE), start);
      const behindHeap = [
        "0x802000+0x21000 read-write", // stack and globals
        "0x823000+0x1000 none",
        "0x824000+0x2000 read-write", // signal stack
        "0x826000+0x1000 none",
      ];
      expect(maps()).toEqual(["0x0+0x11000 read-write", "0x11000+0x7f1000 none", ...behindHeap]);
      slot.expandHeap(64 * KiB);
      expect(maps()).toEqual(["0x0+0x21000 read-write", "0x21000+0x7e1000 none", ...behindHeap]);
      slot.reset();
      expect(maps()[0]).toBe("0x0+0x11000 read-write");
      slot.drop();
      expect(maps()).toEqual([`0x0+0x${STRIDE.toString(16)} none`]);
      region.close();
      expect(maps()).toEqual([]);
    });

    test("the region is one mapping while nobody is in it", () => {
      const region = MmapRegion.create(driver, 1000);
      const slots = [region.newInstance(HEAPLESS), region.newInstance(HEAPLESS)];
      const starts = slots.map(({ start }) => start);
      expect(Math.abs(starts[0]! - starts[1]!)).toBe(region.limits.totalMemorySize);
      for (const slot of slots) slot.drop();
      expect(region.slabs).toBe(1);
      region.close();
    });

    test("drop and reset give the memory back to the system", () => {
      const sizes = { heapMemorySize: 64 * MiB };
      const region = MmapRegion.create(driver, 1, sizes);
      const before = residentBytes();
      const fill = (slot: MmapSlot): void => {
        slot.u8("heap").fill(1);
        expect(residentBytes() - before).toBeGreaterThan(60 * MiB);
      };
      const slot = region.newInstance({ heap: { initialSize: 64 * MiB } });
      fill(slot);
      slot.reset();
      expect(residentBytes() - before).toBeLessThan(16 * MiB);
      fill(slot);
      slot.drop();
      expect(residentBytes() - before).toBeLessThan(16 * MiB);
      region.close();
    });

    test("MR-2, MR-12: after any history the system's map is the fake driver's", () => {
      const CAPACITY = 3;
      const step = fc.tuple(
        fc.constantFrom("take", "drop", "expand", "reset"),
        fc.nat(20),
        fc.nat(9),
      );
      const run = (region: MmapRegion, steps: readonly [string, number, number][]): MmapSlot[] => {
        const live: MmapSlot[] = [];
        for (const [what, pick, pages] of steps) {
          const slot = live[pick % (live.length || 1)];
          try {
            if (what === "take")
              live.push(region.newInstance({ heap: { initialSize: pages * 4096 } }));
            else if (what === "drop") slot?.drop();
            else if (what === "expand") slot?.expandHeap(pages * 4096);
            else slot?.reset();
          } catch {
            continue; // full, or beyond a limit: the same on both
          }
          if (what === "drop" && slot !== undefined) live.splice(live.indexOf(slot), 1);
        }
        return live;
      };
      const history = fc.array(step, { maxLength: 25 });
      const sizes = { heapMemorySize: 64 * KiB, heapAddressSpaceSize: 256 * KiB };
      fc.assert(
        fc.property(history, fc.boolean(), fc.nat(2), (steps, slotGuard, warmSlots) => {
          const options = { slotGuard, warmSlots };
          const real = MmapRegion.create(driver, CAPACITY, sizes, options);
          const fake = new FakeDriver();
          const model = MmapRegion.create(fake, CAPACITY, sizes, options);
          const live = run(real, steps);
          for (const slot of run(model, steps)) expect(slot.start).toBeGreaterThan(0); // opens all parts
          for (const slot of live) expect(slot.start).toBeGreaterThan(0);
          expect(real.freeSlots).toBe(model.freeSlots);
          const probe = live[0] ?? real.newInstance(HEAPLESS);
          const stride = real.limits.totalMemorySize + (slotGuard ? 4096 : 0);
          const base = probe.start - probe.index * stride;
          if (live.length === 0) {
            probe.drop();
            const twin = model.newInstance(HEAPLESS);
            expect(twin.start).toBeGreaterThan(0);
            twin.drop();
          }
          const segments = fake.segments();
          const length = segments.reduce((sum, segment) => sum + segment.length, 0);
          expect(drawn(mapsOf(base, length), base)).toEqual(drawn(segments, segments[0]!.address));
          for (const slot of live) slot.drop();
          real.close();
        }),
        { numRuns: 60 },
      );
    });
  },
);

test.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "%s: a heap longer than the engine's arrays is refused as a view, and goes on as a heap",
  (_name, driver) => {
    const size = 2 ** 33;
    const region = MmapRegion.create(driver, 1, {
      heapMemorySize: size,
      heapAddressSpaceSize: size,
    });
    const slot = region.newInstance({ heap: { initialSize: 2 ** 32 } });
    expect(slot.u8("heap").length).toBe(2 ** 32);
    slot.expandHeap(4096);
    if (constants.MAX_LENGTH > 2 ** 32) expect(slot.u8("heap").length).toBe(2 ** 32 + 4096);
    else refusal(() => slot.u8("heap"), "limits-exceeded", { limit: constants.MAX_LENGTH });
    expect(slot.reset()).toBe("same-memory");
    expect(slot.u8("heap")[2 ** 32 - 1]).toBe(0);
    slot.drop();
    region.close();
  },
);
