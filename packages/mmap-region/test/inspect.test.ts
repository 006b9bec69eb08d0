/** What is said of a region is what the kernel says, and looking changes nothing. */

import { describe, expect, test, vi } from "vitest";
import { FakeDriver } from "../src/fake-driver.js";
import { WasmRegion } from "../src/index.js";
import { inspect, type RegionReport, type SlotReport, toSvg, toText } from "../src/inspect.js";
import { MmapRegion, type MmapSlot } from "../src/mmap.js";
import { nativeDrivers } from "./contract/drivers.js";
import { HEAP, SIZES } from "./support/drawn.js";
import { drawn, mapsOf } from "./support/proc-maps.js";

const KiB = 1024;
const PAGE = 4096;

/** As the tests of /proc/self/maps draw it. */
const asDrawn = ({ protections = [], address = 0 }: SlotReport): string[] =>
  drawn(
    protections.map(({ offset, ...run }) => ({ ...run, address: address + offset })),
    address,
  );

describe.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "by %s",
  (_, driver) => {
    const make = (capacity: number, warmSlots = 0): MmapRegion =>
      MmapRegion.create(driver, capacity, SIZES, { slotGuard: true, warmSlots });

    test("MR-19: access is what /proc/self/maps says, slot by slot", () => {
      const region = make(5);
      expect(inspect(region).slots).toEqual([]);
      const slots = [1, 2, 3].map((pages) =>
        region.newInstance({ heap: { initialSize: pages * 64 * KiB } }),
      );
      slots[1]!.expandHeap(PAGE);
      slots[0]!.drop();
      const live = slots.slice(1).sort((a, b) => a.index - b.index);
      const starts = live.map(({ start }) => start); // whoever asks for an address gets access behind it
      const report = inspect(region);
      expect(report.sources).toEqual({ protections: "kernel", pages: "kernel" });
      expect(report.notes).toEqual([]);
      expect([report.capacity, report.freeSlots, report.usedSlots]).toEqual([5, 3, 2]);
      expect(
        report.slots.map(({ index, use, address, heapLength }) => [
          index,
          use,
          address,
          heapLength,
        ]),
      ).toEqual(live.map((slot, n) => [slot.index, "in-use", starts[n], slot.heapLength]));
      const stride = report.layout.reduce((sum, { length }) => sum + length, 0);
      for (const slot of report.slots) {
        expect(asDrawn(slot)).toEqual(drawn(mapsOf(slot.address!, stride), slot.address!));
      }
      for (const slot of live) slot.drop();
      expect(inspect(region).slots).toEqual([]);
      region.close();
    });

    test("MR-19: pages that were written are dirty, that were read are clean, others absent", () => {
      const region = make(1);
      const slot = region.newInstance({ heap: { initialSize: 16 * PAGE } });
      const heap = slot.u8("heap");
      const pages = (): readonly string[] =>
        inspect(region).slots[0]!.pages!.map(
          ({ offset, length, state }) => `${(offset - PAGE) / PAGE}+${length / PAGE} ${state}`,
        );
      expect(pages()).toEqual([]);
      heap[3 * PAGE] = 1;
      heap[4 * PAGE + 5] = 1;
      expect(heap[9 * PAGE]).toBe(0);
      expect(pages()).toEqual(["3+2 dirty", "9+1 clean"]);
      slot.u8("globals")[0] = 1;
      const { totals } = inspect(region);
      expect(totals).toEqual({ resident: 4 * PAGE, dirty: 3 * PAGE, swapped: 0 });
      const text = toText(inspect(region));
      expect(text).toMatch(/globals +4 KiB {2}accessible, 4 KiB dirty$/m);
      expect(text).toMatch(/heap +8 MiB {2}64 KiB accessible, 8 KiB dirty, 4 KiB clean$/m);
      slot.drop();
      region.close();
    });

    test("MR-18: looking makes no page resident, and no view", () => {
      const region = make(2);
      const slot = region.newInstance({ heap: HEAP });
      slot.u8("stack")[0] = 1;
      const before = inspect(region);
      for (let n = 0; n < 3; n++) {
        toText(inspect(region));
        expect(inspect(region, { slots: [slot] })).toEqual(before);
      }
      expect(before.totals).toEqual({ resident: PAGE, dirty: PAGE, swapped: 0 });
      slot.drop();
      region.close();
    });

    test("warm slots are told from slots in use", () => {
      const region = make(3, 1);
      const [a, b] = [region.newInstance({ heap: HEAP }), region.newInstance({ heap: HEAP })];
      a.drop();
      const uses = inspect(region).slots.map(({ index, use }) => [index, use] as const);
      expect(new Map(uses)).toEqual(
        new Map([
          [a.index, "warm"],
          [b.index, "in-use"],
        ] as const),
      );
      b.drop();
      region.close();
    });

    test("MR-19: where the kernel may not be asked, nothing is made up", () => {
      const region = make(3);
      const slots = [region.newInstance({ heap: HEAP }), region.newInstance({ heap: HEAP })];
      const lookup = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
      const report = inspect(region, { slots: slots.slice(1) });
      lookup.mockRestore();
      expect([report.sources, report.totals]).toEqual([
        { protections: "none", pages: "none" },
        undefined,
      ]);
      expect(report.slots).toMatchObject([
        { index: slots[1]!.index, heapLength: 64 * KiB, protections: undefined, pages: undefined },
      ]);
      expect(report.notes).toHaveLength(3);
      expect(toText(report)).toContain("note: 1 more in use");
      expectWellFormed(toSvg(report));
      for (const slot of slots) slot.drop();
      region.close();
      expect(inspect(region).slots).toEqual([]);
    });

    test("a wasm heap is found through the driver", () => {
      const region = WasmRegion.create(2);
      const slot = region.newInstance({ heap: { initialSize: 2 * 64 * KiB } });
      const heap = new Uint8Array(slot.heap.buffer);
      heap[70 * KiB] = 1;
      const report = inspect(region, { slots: [slot], driver });
      expect(report.slots).toMatchObject([
        {
          index: 1,
          address: driver.addressOf(slot.memory.buffer),
          heapLength: 128 * KiB,
          protections: [{ offset: 0, length: 128 * KiB, access: "read-write" }],
          pages: [{ offset: 68 * KiB, length: PAGE, state: "dirty" }],
        },
      ]);
      slot.drop();
    });
  },
);

describe("without a kernel", () => {
  const region = (capacity = 3): MmapRegion =>
    MmapRegion.create(new FakeDriver(), capacity, SIZES, { slotGuard: true, warmSlots: 1 });

  test("the fake driver's books are called books, and looking adds no call to them", () => {
    const fake = region();
    const slot = fake.newInstance({ heap: HEAP });
    const driver = fake.driver as FakeDriver;
    const { start } = slot;
    const calls = driver.calls.length;
    const report = inspect(fake);
    expect([report.sources, report.totals]).toEqual([
      { protections: "bookkeeping", pages: "none" },
      undefined,
    ]);
    expect(report.notes).toHaveLength(2);
    expect(report.slots).toMatchObject([
      {
        index: slot.index,
        use: "in-use",
        address: start,
        heapLength: 64 * KiB,
        pages: undefined,
      },
    ]);
    expect(asDrawn(report.slots[0]!)[0]).toBe("0x0+0x11000 read-write");
    expect(driver.calls.length).toBe(calls);
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ driver: "fake" });
  });

  test("a slot in quarantine is listed", () => {
    const fake = region();
    const slot = fake.newInstance({ heap: HEAP });
    structuredClone(slot.heap.buffer, { transfer: [slot.heap.buffer as ArrayBuffer] });
    slot.drop();
    expect(inspect(fake).slots).toMatchObject([{ index: slot.index, use: "quarantined" }]);
  });

  test("of a wasm region only the slots that the host holds are known", () => {
    const wasm = WasmRegion.create(4);
    const [a, b] = [1, 2].map(() => wasm.newInstance({ heap: { initialSize: 64 * KiB } }));
    const report = inspect(wasm, { slots: [b!] });
    expect(report.slots).toMatchObject([
      {
        index: b!.index,
        use: "in-use",
        address: undefined,
        heapLength: 64 * KiB,
        protections: undefined,
      },
    ]);
    expect(report.notes).toContain(
      "1 more in use: pass the slots that you hold to see their heaps",
    );
    expect(report.sources).toEqual({ protections: "none", pages: "none" });
    a!.drop();
    b!.drop();
    expect(inspect(wasm, { slots: [a!, b!] }).slots).toEqual([]);
  });
});

/** Every tag closed in order, no stray `<` or `&`: what a parser of XML asks first. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  const markup = /<(\/?)([a-zA-Z]+)((?: [a-zA-Z:]+="[^"<&]*")*)(\/?)>/g;
  for (const [, closing, name, , alone] of xml.matchAll(markup)) {
    if (closing) expect(open.pop()).toBe(name);
    else if (!alone) open.push(name!);
  }
  expect(open).toEqual([]);
  const content = xml.replace(markup, "").replace(/&(#\d+|amp|lt|gt|quot);/g, "");
  expect(content).not.toMatch(/[<&]/);
}

describe("the map", () => {
  /** A region of two slots, as one of the kernel's would be reported. */
  const small: RegionReport = (() => {
    const region = MmapRegion.create(new FakeDriver(), 3, SIZES, { slotGuard: true, warmSlots: 1 });
    const slots: readonly MmapSlot[] = [1, 2].map(() => region.newInstance({ heap: HEAP }));
    slots[1]!.drop();
    slots[0]!.u8("stack");
    const report = inspect(region);
    const pages = [
      { offset: PAGE, length: 3 * PAGE, state: "dirty" },
      { offset: 8 * PAGE, length: 2 * PAGE, state: "clean" },
      { offset: 12 * PAGE, length: PAGE, state: "swapped" },
    ] as const;
    const totals = { resident: 5 * PAGE, dirty: 3 * PAGE, swapped: PAGE };
    const sources = { protections: "kernel", pages: "kernel" } as const;
    const drawn = report.slots.map((slot) => ({ ...slot, pages, totals }));
    return { ...report, slots: drawn, totals, sources, notes: [] };
  })();

  test("is the same as ever", async () => {
    await expect(toSvg(small)).toMatchFileSnapshot("fixtures/region.svg");
    await expect(toText(small)).toMatchFileSnapshot("fixtures/region.txt");
  });

  test.each([
    ["of two slots", small],
    ["of none", { ...small, slots: [] }],
    ["of a wasm region", inspect(WasmRegion.create(1))],
    ["with words of others in it", { ...small, backend: '<script>&"', notes: ["a < b & c"] }],
  ])("is well-formed: %s", (_what, report) => {
    expectWellFormed(toSvg(report));
  });

  test("is drawn by cells, as many as fit, each as bad as its worst page", () => {
    const [slot] = small.slots;
    const heap = { offset: PAGE, length: 1024 * KiB, access: "read-write" } as const;
    const protections = [{ ...heap, offset: 0 }];
    const pages = [{ offset: PAGE, length: PAGE, state: "dirty" }] as const;
    const svg = toSvg({ ...small, slots: [{ ...slot!, protections, pages }] });
    expect(svg.match(/class="dirty"/g)).toHaveLength(2); // one in the legend
    expect(svg.match(/class="absent"/g)!.length).toBeLessThan(70);
    expectWellFormed(svg);
  });
});
