/** What only native slots have, and what a host that fights back can do to them. */

import { describe, expect, test } from "vitest";
import { FakeDriver } from "../src/fake-driver.js";
import { type ModuleSpec, RegionError } from "../src/index.js";
import { createRegion, isFaultFatal, MmapRegion, type SlotPart } from "../src/mmap.js";
import { drivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { drawn } from "./support/proc-maps.js";
import { transferAway } from "./support/transfer-away.js";

const PAGE = 4096;
const SIZES = { heapMemorySize: 16 * PAGE, heapAddressSpaceSize: 64 * PAGE };
const MODULE: ModuleSpec = { heap: { initialSize: 2 * PAGE } };
const PARTS: readonly SlotPart[] = ["heap", "stack", "globals", "sigstack"];

describe.each(drivers)("by %s", (name, driverOf) => {
  test("addresses are the drawing's", () => {
    const region = MmapRegion.create(driverOf(), 1, SIZES);
    const slot = region.newInstance(MODULE);
    const offsets = PARTS.map((part) => (slot.addressOf(part) - slot.start) / PAGE);
    expect(offsets).toEqual([1, 1 + 64 + 1, 66 + 32, 98 + 1 + 1]);
    expect(slot.stackTop).toBe(slot.addressOf("globals"));
  });

  test("addrLocation: every border of the slot", () => {
    const slot = MmapRegion.create(driverOf(), 1, SIZES).newInstance(MODULE);
    const borders: readonly (readonly [number, string])[] = [
      [-1, "unknown"],
      [0, "unknown"],
      [PAGE - 1, "unknown"],
      [PAGE, "heap"],
      [3 * PAGE - 1, "heap"],
      [3 * PAGE, "inaccessible-heap"],
      [65 * PAGE - 1, "inaccessible-heap"],
      [65 * PAGE, "stack-guard"],
      [66 * PAGE - 1, "stack-guard"],
      [66 * PAGE, "stack"],
      [98 * PAGE - 1, "stack"],
      [98 * PAGE, "globals"],
      [99 * PAGE - 1, "globals"],
      [99 * PAGE, "sigstack-guard"],
      [100 * PAGE - 1, "sigstack-guard"],
      [100 * PAGE, "sigstack"],
      [102 * PAGE - 1, "sigstack"],
      [102 * PAGE, "unknown"],
      [Number.NaN, "unknown"],
    ];
    const found = borders.map(([offset]) => [offset, slot.addrLocation(slot.start + offset)]);
    expect(found).toEqual(borders);
    const fatal = new Set(borders.map(([, at]) => at).filter((at) => isFaultFatal(at as "heap")));
    expect([...fatal]).toEqual(["unknown", "sigstack-guard"]);
  });

  test("views of 1 to 8 bytes show the same bytes, little end first", () => {
    const slot = MmapRegion.create(driverOf(), 1, SIZES).newInstance(MODULE);
    for (const part of PARTS) {
      slot.u64(part)[1] = 0xfedc_ba98_7654_3210n;
      expect(slot.u8(part)[8]).toBe(0x10);
      expect(slot.u16(part)[5]).toBe(0x7654);
      expect(slot.u32(part)[3]).toBe(0xfedc_ba98);
      expect(slot.i64(part)[1]).toBe(0xfedc_ba98_7654_3210n - 2n ** 64n);
      expect(slot.u8(part).buffer).toBe(slot.u32(part).buffer); // one view of the memory, not one a call
    }
  });

  test("parts of no bytes are empty, not an error", () => {
    const region = MmapRegion.create(driverOf(), 1, {
      ...SIZES,
      globalsSize: 0,
      signalStackSize: 0,
    });
    const slot = region.newInstance({});
    expect(PARTS.map((part) => slot.u8(part).length)).toEqual([0, 32 * PAGE, 0, 0]);
    slot.reset();
    slot.drop();
    region.close();
  });

  test.each(PARTS)(
    "MR-9, MR-11: a view of the %s that was transferred away keeps its pages",
    (part) => {
      const region = MmapRegion.create(driverOf(), 2, SIZES);
      const slot = region.newInstance(MODULE);
      slot.u8(part).fill(0xaa);
      const moved = transferAway(slot.u8(part).buffer);
      const others = PARTS.filter((other) => other !== part).map((other) => slot.u8(other));
      slot.drop();
      expect(others.every(({ length }) => length === 0)).toBe(true);
      const lost = moved === undefined ? 0 : 1; // Node 20 lets nobody transfer foreign memory
      expect([region.quarantinedSlots, region.freeSlots]).toEqual([lost, 2 - lost]);
      const next = region.newInstance(MODULE);
      expect(next.index === slot.index).toBe(lost === 0);
      if (moved !== undefined) {
        const bytes = new Uint8Array(moved);
        // The fake's bytes were moved for good: nothing can reach them to make them zeros.
        if (name !== "fake") expect(bytes.every((byte) => byte === 0)).toBe(true);
        bytes.fill(0xbb); // neither a crash nor the next tenant's bytes
        for (const other of PARTS) expect(next.u8(other).includes(0xbb)).toBe(false);
      }
      next.drop();
      region.close();
      if (moved !== undefined) expect(new Uint8Array(moved)[0]).toBe(0xbb); // still there
    },
  );

  test("MR-9: a reset does not shrink the heap under a view that was transferred away", () => {
    const region = MmapRegion.create(driverOf(), 1, SIZES);
    const slot = region.newInstance(MODULE);
    slot.expandHeap(PAGE);
    const moved = transferAway(slot.u8("heap").buffer);
    if (moved === undefined) return expect(slot.reset()).toBe("same-memory");
    new Uint8Array(moved)[0] = 1;
    refusal(() => slot.reset(), "view-out-of-reach", { slot: 0, part: "heap" });
    expect([slot.heapLength, new Uint8Array(moved)[0]]).toEqual([3 * PAGE, 1]);
    expect(slot.u8("heap").length).toBe(3 * PAGE); // the slot can still be looked at
    slot.drop();
    expect(region.quarantinedSlots).toBe(1);
    return undefined;
  });

  test("a heap is read-write memory of the host: what the guest wrote is there", () => {
    const driver = driverOf();
    const slot = MmapRegion.create(driver, 1, SIZES).newInstance(MODULE);
    slot.u32("heap")[0] = 42;
    expect(new Uint32Array(slot.heap.buffer)[0]).toBe(42);
    expect(driver.addressOf(slot.heap.buffer as ArrayBuffer)).toBe(slot.addressOf("heap"));
  });
});

describe("when the system refuses", () => {
  test.each(["protect", "view"] as const)(
    "a %s that opens a heap leaves the region as it was",
    (call) => {
      const driver = new FakeDriver();
      const region = MmapRegion.create(driver, 2, SIZES);
      const data = [{ offset: 0, bytes: new Uint8Array(1) }];
      region.newInstance({ ...MODULE, initialData: data }).drop();
      const before = driver.segments();
      driver.failNext(call);
      const take = () => region.newInstance({ ...MODULE, initialData: data });
      const error = refusal(take, "system-call-failed", { errno: 12, errnoName: "ENOMEM" });
      expect(error.message).toContain("ENOMEM");
      expect(driver.segments()).toEqual(before);
      expect([region.freeSlots, region.usedSlots]).toEqual([2, 0]);
      take().drop();
    },
  );

  test("a protect that opens another part leaves the slot as it was", () => {
    const driver = new FakeDriver();
    const slot = MmapRegion.create(driver, 1, SIZES).newInstance(MODULE);
    const before = driver.segments();
    driver.failNext("protect");
    refusal(() => slot.u8("stack"), "system-call-failed");
    expect(driver.segments()).toEqual(before);
    expect(slot.u8("stack").length).toBe(32 * PAGE);
    slot.drop();
    expect(driver.segments().length).toBe(1);
  });

  test("expansion: the heap stays as it was", () => {
    const driver = new FakeDriver();
    const slot = MmapRegion.create(driver, 1, SIZES).newInstance(MODULE);
    const view = slot.u8("heap");
    driver.failNext("protect");
    refusal(() => slot.expandHeap(PAGE), "system-call-failed");
    expect([slot.heapLength, view.length]).toEqual([2 * PAGE, 2 * PAGE]);
  });

  test.each([
    ["remap", 0, 0],
    ["remap", 2, 0],
    ["discard", 0, 1],
    ["discard", 2, 1],
  ] as const)(
    "MR-3: drop, at its %s (the one after %d others): the slot stays taken",
    (call, after, warmSlots) => {
      const driver = new FakeDriver();
      const region = MmapRegion.create(driver, 1, SIZES, { warmSlots, keepResident: 0 });
      const slot = region.newInstance(MODULE);
      for (const part of PARTS) slot.u8(part).fill(1);
      driver.failNext(call, after);
      refusal(() => slot.drop(), "system-call-failed");
      expect([slot.dropped, region.freeSlots]).toEqual([false, 0]);
      slot.drop();
      expect([slot.dropped, region.freeSlots]).toEqual([true, 1]);
      const next = region.newInstance(MODULE);
      expect(PARTS.some((part) => next.u8(part).includes(1))).toBe(false);
    },
  );

  test("MR-3: the slot is free only after all access is gone", () => {
    const driver = new FakeDriver();
    const region = MmapRegion.create(driver, 1, SIZES);
    const slot = region.newInstance(MODULE);
    for (const part of PARTS) slot.u8(part);
    const seen: number[] = [];
    for (const call of ["detach", "discard", "remap"] as const) {
      const original = driver[call].bind(driver) as (...values: unknown[]) => boolean;
      Object.assign(driver, {
        [call]: (...values: unknown[]) => {
          seen.push(region.freeSlots);
          return original(...values);
        },
      });
    }
    slot.drop();
    expect([new Set(seen), seen.length >= 3, region.freeSlots]).toEqual([new Set([0]), true, 1]);
  });
});

describe("warm slots", () => {
  const warm = (
    warmSlots: number,
    driver = new FakeDriver(),
  ): readonly [MmapRegion, FakeDriver] => [
    MmapRegion.create(driver, 3, SIZES, { warmSlots, keepResident: 0 }),
    driver,
  ];
  const accessible = (driver: FakeDriver): number =>
    driver
      .segments()
      .reduce((sum, { length, access }) => sum + (access === "none" ? 0 : length), 0);
  const FULL = (1 + 2 + 32 + 1 + 2) * PAGE;

  test("no more than allowed keep access, and they hold zeros", () => {
    const [region, driver] = warm(1);
    const slots = [1, 2].map(() => region.newInstance(MODULE));
    for (const slot of slots) for (const part of PARTS) slot.u8(part).fill(1);
    for (const slot of slots) slot.drop();
    expect(accessible(driver)).toBe(FULL);
    for (const slot of [1, 2, 3].map(() => region.newInstance(MODULE))) {
      for (const part of PARTS) expect(slot.u8(part).includes(1)).toBe(false);
      slot.drop();
    }
    expect(accessible(driver)).toBe(FULL);
    region.close();
    expect(driver.segments()).toEqual([]);
  });

  test("MR-12: the next tenant's heap has its own length, longer or shorter", () => {
    const [region, driver] = warm(1);
    for (const pages of [2, 5, 1, 0, 3, 3]) {
      const slot = region.newInstance({ heap: { initialSize: pages * PAGE } });
      expect(slot.start).toBeGreaterThan(0); // all parts, opened once
      expect(accessible(driver)).toBe(FULL + (pages - 2) * PAGE);
      slot.drop();
    }
    region.newInstance({ heap: { initialSize: 3 * PAGE } });
    const calls = driver.calls.map(({ call }) => call);
    expect(calls.slice(calls.lastIndexOf("discard") + 1)).toEqual([]); // the same shape: no call at all
  });

  test.each(["protect", "view"] as const)(
    "a %s that fails leaves the slot cold and free",
    (call) => {
      const [region, driver] = warm(1);
      region.newInstance(MODULE).drop();
      driver.failNext(call);
      const initialData = [{ offset: 0, bytes: new Uint8Array(1) }];
      const module = { heap: { initialSize: 3 * PAGE }, initialData };
      refusal(() => region.newInstance(module), "system-call-failed");
      expect([accessible(driver), region.freeSlots]).toEqual([0, 3]);
      region.newInstance(module).drop();
      expect(accessible(driver)).toBe((1 + 3) * PAGE);
    },
  );

  test("a closed region keeps none", () => {
    const [region, driver] = warm(2);
    const slots = [1, 2].map(() => region.newInstance(MODULE));
    region.close();
    slots[0]!.drop();
    expect(accessible(driver)).toBe((1 + 2) * PAGE);
    slots[1]!.drop();
    expect(driver.segments()).toEqual([]);
  });

  test.each([-1, 0.5, Number.NaN])("%d is no number of slots", (warmSlots) => {
    refusal(() => warm(warmSlots), "invalid-argument", { argument: "warmSlots" });
  });
});

describe("address space", () => {
  test("a refused reservation is tried again by halves, and slots stay apart", () => {
    const probe = MmapRegion.create(new FakeDriver(), 1, SIZES).limits.totalMemorySize;
    const driver = new FakeDriver({ largestReservation: 3 * probe });
    const region = MmapRegion.create(driver, 10, SIZES);
    expect(region.slabs).toBe(4); // 10 and 5 are refused: 3 + 3 + 3 + 1
    const slots = Array.from({ length: 10 }, () => region.newInstance(MODULE));
    for (const [n, slot] of slots.entries()) slot.u8("heap").fill(n + 1);
    for (const [n, slot] of slots.entries()) {
      expect(slot.u8("heap").every((byte) => byte === n + 1)).toBe(true);
      slot.drop();
    }
    region.close();
    expect(driver.segments()).toEqual([]);
  });

  test("when even one slot is refused, what was reserved is given back", () => {
    const driver = new FakeDriver({ largestReservation: PAGE });
    refusal(() => MmapRegion.create(driver, 4, SIZES), "system-call-failed", { call: "mmap" });
    expect(driver.segments()).toEqual([]);
    const late = new FakeDriver({ largestReservation: 2 ** 21 });
    late.failNext("reserve", 3);
    const create = () => MmapRegion.create(late, 9, SIZES);
    expect(create().slabs).toBeGreaterThan(1);
  });

  test("heaps are aligned, and the rest of the reservation is given back", () => {
    const driver = new FakeDriver();
    const region = MmapRegion.createAligned(driver, 2, SIZES, 2 ** 20);
    const [a, b] = [region.newInstance(MODULE), region.newInstance(MODULE)];
    expect([a, b].map((slot) => slot.addressOf("heap") % 2 ** 20)).toEqual([0, 0]);
    const total = driver.segments().reduce((sum, { length }) => sum + length, 0);
    expect(total).toBe(2 * 2 ** 20); // a slot of 412 KiB, rounded up
  });

  test("close gives back all but slots in quarantine", () => {
    const driver = new FakeDriver();
    const region = MmapRegion.create(driver, 3, SIZES);
    const slots = [1, 2, 3].map(() => region.newInstance(MODULE));
    transferAway(slots[1]!.u8("heap").buffer);
    region.close();
    for (const slot of slots) slot.drop();
    const start = slots[1]!.start;
    expect(drawn(driver.segments(), start)).toEqual([
      "0x0+0x1000 none",
      "0x1000+0x2000 read-write",
      "0x3000+0x63000 none",
    ]);
  });

  test("MR-10: mappings are refused before the system is asked, and freed ones can be had again", () => {
    const driver = new FakeDriver({ limits: { mappings: 40, bytes: 2 ** 47 } });
    const region = MmapRegion.create(driver, 100, SIZES);
    const slots = [];
    let error: unknown;
    while (error === undefined) {
      try {
        slots.push(region.newInstance(MODULE));
      } catch (thrown) {
        error = thrown;
      }
    }
    expect(error).toBeInstanceOf(RegionError);
    expect(error).toMatchObject({ code: "too-many-mappings", asked: 2, limit: 36 });
    expect(driver.segments().length).toBeLessThanOrEqual(36);
    expect(slots.length).toBeGreaterThanOrEqual(15);
    const before = driver.calls.length;
    refusal(() => region.newInstance(MODULE), "too-many-mappings");
    expect(driver.calls.length).toBe(before);
    slots.pop()?.drop();
    slots.push(region.newInstance(MODULE));
    for (const slot of slots) slot.drop();
    region.close();
    expect(driver.segments()).toEqual([]);
  });

  test("MR-10: address space is refused as a whole, before a part of it is reserved", () => {
    const driver = new FakeDriver({ limits: { mappings: 1000, bytes: 100 * 2 ** 30 } });
    refusal(() => MmapRegion.create(driver, 12), "out-of-address-space", { limit: 90 * 2 ** 30 });
    expect(driver.calls).toEqual([]);
    expect(MmapRegion.create(driver, 11).capacity).toBe(11);
    refusal(() => MmapRegion.create(driver, 1), "out-of-address-space");
  });

  test("a region of no slots reserves nothing", () => {
    const driver = new FakeDriver();
    const region = MmapRegion.create(driver, 0);
    refusal(() => region.newInstance({}), "region-full");
    region.close();
    expect(driver.calls).toEqual([]);
  });
});

test("pages of another size are refused by name", () => {
  const driver = new FakeDriver({ pageSize: 16384 });
  refusal(() => MmapRegion.create(driver, 1), "unsupported", { backend: "mmap" });
});

test("createRegion takes real memory where there is a driver", () => {
  expect(createRegion(undefined, 1).backend).toBe("wasm");
  expect(createRegion(new FakeDriver(), 1).backend).toBe("mmap");
});
