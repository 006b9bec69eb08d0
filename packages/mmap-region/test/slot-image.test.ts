/** MR-20 to MR-23: images, clearing in place, slots left warm, drops together. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Driver } from "../src/driver.js";
import { FakeDriver } from "../src/fake-driver.js";
import type { ModuleSpec } from "../src/index.js";
import { MmapRegion, type MmapRegionOptions, prepareImage } from "../src/mmap.js";
import { drivers, nativeDrivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { mapsOf, residentBytes } from "./support/proc-maps.js";

const PAGE = 4096;
const KiB = 1024;
const MiB = 2 ** 20;
const SIZES = { heapMemorySize: 64 * PAGE, heapAddressSpaceSize: 256 * PAGE };
const DATA = Uint8Array.from({ length: 2 * PAGE + 5 }, (_, n) => 1 + (n % 255));
const moduleAt = (offset: number, bytes: Uint8Array = DATA): ModuleSpec => ({
  heap: { initialSize: 16 * PAGE },
  initialData: [{ offset, bytes }],
});
const expected = (offset: number): Uint8Array => {
  const heap = new Uint8Array(16 * PAGE);
  heap.set(DATA, offset);
  return heap;
};

describe.each(drivers)("by %s", (name, driverOf) => {
  const regionOf = (
    options: MmapRegionOptions = {},
    driver: Driver = driverOf(),
    capacity = 4,
  ): MmapRegion => MmapRegion.create(driver, capacity, SIZES, options);

  test.each([0, 256 * KiB])(
    "MR-20: data come back at reset and at drop, with %d bytes kept resident",
    (keepResident) => {
      for (const offset of [0, 1, 3 * PAGE - 2, 16 * PAGE - DATA.length]) {
        const driver = driverOf();
        const bytes = DATA.slice();
        const module = moduleAt(offset, bytes);
        const image = prepareImage(module, driver);
        bytes.fill(0); // a copy was taken
        expect(image.mapped).toBe(true);
        const region = regionOf({ warmSlots: 1, keepResident }, driver);
        const agrees = (): boolean => Buffer.from(expected(offset)).equals(slot.u8("heap"));
        let slot = region.newInstance(module);
        expect(agrees()).toBe(true);
        for (const grown of [0, PAGE]) {
          slot.expandHeap(grown);
          slot.u8("heap").fill(0xee);
          slot.reset();
          expect(agrees()).toBe(true);
        }
        slot.u8("heap").fill(0xee);
        slot.drop();
        slot = region.newInstance(module);
        expect(agrees()).toBe(true);
        slot.u8("heap").fill(0xee);
        slot.drop();
        slot = region.newInstance({ heap: { initialSize: 16 * PAGE } }); // the image must be gone
        expect(slot.u8("heap").some((byte) => byte !== 0)).toBe(false);
        slot.drop();
        image.close();
        image.close();
        expect(image.mapped).toBe(false);
        region.close();
      }
    },
  );

  test("a module that changed after it was prepared has the data that it had then", () => {
    const driver = driverOf();
    const module = { heap: { initialSize: 16 * PAGE }, initialData: [{ offset: 0, bytes: DATA }] };
    const image = prepareImage(module, driver);
    module.initialData = [];
    const region = regionOf({}, driver);
    expect(region.newInstance(module).u8("heap")[0]).toBe(1);
    module.heap = { initialSize: PAGE }; // the image no longer fits
    expect(region.newInstance(module).u8("heap").includes(1)).toBe(false);
    image.close();
    module.heap = { initialSize: 16 * PAGE };
    expect(region.newInstance(module).u8("heap")[0]).toBe(0);
  });

  test("where no image can be had, copies do", () => {
    const driver = driverOf();
    const module = moduleAt(5);
    expect(prepareImage(module).mapped).toBe(false);
    expect(regionOf({}, driver).newInstance(module).u8("heap")[5]).toBe(1);
    const far = { heap: { initialSize: 2 ** 31 }, initialData: [moduleAt(0), moduleAt(2 ** 30)] };
    const sparse = { ...far, initialData: far.initialData.flatMap((m) => m.initialData ?? []) };
    expect(prepareImage(sparse, driver).mapped).toBe(false); // 1 GiB of nothing between
    expect(prepareImage({}, driver).mapped).toBe(false);
    refusal(() => prepareImage({ initialData: [{ offset: 0, bytes: DATA }] }), "incorrect-module");
  });

  test("MR-11: an image under a stolen view becomes zeros", () => {
    const driver = driverOf();
    const module = moduleAt(0);
    prepareImage(module, driver);
    const region = regionOf({}, driver);
    const slot = region.newInstance(module);
    const { transfer } = ArrayBuffer.prototype as { transfer?: () => ArrayBuffer };
    if (transfer === undefined) return slot.drop();
    const moved = new Uint8Array(transfer.call(slot.u8("heap").buffer));
    slot.drop();
    expect(region.quarantinedSlots).toBe(1);
    if (name !== "fake") expect(moved.some((byte) => byte !== 0)).toBe(false);
    return undefined;
  });

  test("MR-21, MR-23: whatever was written where, the next tenant and the next run see nothing of it", () => {
    const options = fc.record({
      warmSlots: fc.nat(2),
      keepResident: fc.constantFrom(0, PAGE, 3 * PAGE, 256 * KiB),
    });
    const step = fc.record({
      what: fc.constantFrom("write", "write", "read", "reset", "drop", "expand", "all"),
      page: fc.nat(40),
      image: fc.boolean(),
    });
    const driver = driverOf();
    const imaged = moduleAt(PAGE + 7);
    const image = prepareImage(imaged, driver);
    const plain: ModuleSpec = { heap: { initialSize: 16 * PAGE } };
    const [withData, zeros] = [expected(PAGE + 7), new Uint8Array(16 * PAGE)].map((bytes) =>
      Buffer.from(bytes),
    );
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 30 }), (options, steps) => {
        const region = regionOf(options, driver, 2);
        let first = imaged;
        let slot = region.newInstance(first);
        for (const { what, page, image } of steps) {
          if (what === "write") slot.u8("heap").fill(0xee, page * PAGE, page * PAGE + 3);
          else if (what === "read") void slot.u8("heap")[page * PAGE];
          else if (what === "all") for (const part of PARTS) slot.u8(part).fill(0xee);
          else if (what === "expand") slot.expandHeap(PAGE);
          else {
            if (what === "reset") slot.reset();
            else {
              slot.drop();
              first = image ? imaged : plain;
              slot = region.newInstance(first);
            }
            const contents = first === imaged ? withData : zeros;
            expect(contents?.equals(slot.u8("heap"))).toBe(true);
            for (const part of OTHERS) expect(slot.u8(part).includes(0xee)).toBe(false);
          }
        }
        slot.drop();
        region.close();
      }),
      { numRuns: 60 },
    );
    image.close();
  });

  test("dropAll: all or none is refused, duplicates count once, contents are gone", () => {
    const region = regionOf({ warmSlots: 2 });
    const slots = [1, 2, 3].map(() => region.newInstance(moduleAt(0)));
    for (const slot of slots) for (const part of PARTS) slot.u8(part).fill(0xee);
    const stranger = regionOf().newInstance({});
    refusal(() => region.dropAll([...slots, stranger]), "invalid-argument", { argument: "slots" });
    const proxy = new Proxy(slots[0]!, {});
    refusal(() => region.dropAll([proxy]), "invalid-argument", { argument: "slots" });
    expect(region.usedSlots).toBe(3);
    region.dropAll([...slots, slots[0]!]);
    expect([region.usedSlots, slots.every(({ dropped }) => dropped)]).toEqual([0, true]);
    refusal(() => region.dropAll(slots), "slot-dropped");
    for (const slot of slots.map(() => region.newInstance({ heap: { initialSize: 64 * PAGE } }))) {
      for (const part of PARTS) expect(slot.u8(part).includes(0xee)).toBe(false);
      slot.drop();
    }
    region.dropAll([]);
    region.close();
  });

  test.each([-1, 0.5, Number.NaN])("%d bytes cannot be kept, and nothing is reserved", (bytes) => {
    const driver = new FakeDriver();
    refusal(() => regionOf({ keepResident: bytes }, driver), "invalid-argument");
    expect(driver.calls).toEqual([]);
  });
});

const PARTS = ["heap", "stack", "globals", "sigstack"] as const;
const OTHERS = ["stack", "globals", "sigstack"] as const;

describe("what a tenant costs", () => {
  const callsOf = (driver: FakeDriver): string[] => driver.calls.splice(0).map(({ call }) => call);

  test("MR-21: parts that nobody was shown take no call", () => {
    const driver = new FakeDriver();
    const region = MmapRegion.create(driver, 1, SIZES);
    callsOf(driver);
    const slot = region.newInstance(moduleAt(0));
    expect(callsOf(driver)).toEqual(["protect", "view"]);
    slot.drop();
    expect(callsOf(driver)).toEqual(["detach", "remap"]);
  });

  test("an affine slot takes none: the image is there, clean", () => {
    const driver = new FakeDriver();
    const [a, b] = [moduleAt(0), moduleAt(PAGE)];
    for (const module of [a, b]) prepareImage(module, driver);
    const region = MmapRegion.create(driver, 8, SIZES, { warmSlots: 2 });
    const slots = [a, b].map((module) => region.newInstance(module));
    for (const slot of slots) slot.drop();
    callsOf(driver);
    for (const module of [a, b, b, a, a]) {
      const slot = region.newInstance(module);
      expect(slot.u8("heap")[module === a ? 0 : PAGE]).toBe(1);
      slot.drop();
    }
    expect(new Set(callsOf(driver))).toEqual(new Set(["view", "detach"]));
  });
});

describe.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "the system, by %s",
  (_, driver) => {
    test("MR-22: slots that were used and dropped are one mapping again", () => {
      const region = MmapRegion.create(driver, 16, SIZES);
      const module = moduleAt(0);
      prepareImage(module, driver);
      const slots = Array.from({ length: 16 }, () => region.newInstance(module));
      for (const slot of slots) for (const part of PARTS) slot.u8(part).fill(1);
      const base = Math.min(...slots.map(({ start }) => start));
      const maps = (): number => mapsOf(base, 16 * region.limits.totalMemorySize).length;
      expect(maps()).toBeGreaterThan(4 * 16);
      for (const slot of slots) slot.drop();
      expect(maps()).toBe(1);
      region.close();
    });

    test("keepResident is the most that stays in memory", () => {
      const region = MmapRegion.create(driver, 1, { heapMemorySize: 64 * MiB }, { warmSlots: 1 });
      const module = { heap: { initialSize: 64 * MiB } };
      const before = residentBytes();
      const slot = region.newInstance(module);
      slot.u8("heap").fill(1);
      slot.drop();
      expect(residentBytes() - before).toBeLessThan(16 * MiB);
      region.close();
    });

    test("a sparse image takes the memory of what is in it", () => {
      const bytes = new Uint8Array(16 * MiB);
      bytes[0] = 1;
      const before = sharedBytes();
      const image = driver.createImage(bytes);
      expect(image.length).toBe(16 * MiB);
      expect(sharedBytes() - before).toBeLessThan(8 * MiB);
      image.close();
    });
  },
);

/** Of all processes: what lies in memory files. */
function sharedBytes(): number {
  const line = /^Shmem: +(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Number(line) * KiB;
}
