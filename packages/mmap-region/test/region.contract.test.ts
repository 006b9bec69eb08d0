/** What every region does, whatever holds its memory. */

import { ViewCache } from "@memkit/core";
import { describe, expect, test } from "vitest";
import { type HeapSpec, linear, type ModuleSpec, type Slot } from "../src/index.js";
import { backends, bytesOf, partsOf } from "./contract/backends.js";
import { refusal } from "./expect-error.js";

/** Both backends can have a heap of whole wasm pages. */
const PAGE = 65536;
const HEAP: HeapSpec = { initialSize: PAGE, maxSize: 4 * PAGE };
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

describe.each(backends)("%s", (_name, create, unit) => {
  const one = (module: ModuleSpec = { heap: HEAP }): Slot => create(1).newInstance(module);

  test("asks about the module before it asks for a slot, as lucet does", () => {
    const region = create(0);
    refusal(() => region.newInstance({ heap: { initialSize: 17 * PAGE } }), "limits-exceeded");
    refusal(() => region.newInstance({ heap: HEAP }), "region-full", { capacity: 0 });
  });

  test("MR-2: a strategy that takes the last slot itself does not make one slot two", () => {
    const region = create(1);
    const greedy = {
      next(free: number): number {
        region.newInstance({ heap: HEAP });
        return free - 1;
      },
    };
    refusal(() => region.newInstance({ heap: HEAP }, { allocStrategy: greedy }), "region-full");
    expect(region.usedSlots).toBe(1);
  });

  test("refuses a heap between two pages of its own, and leaves the region as it was", () => {
    const region = create(1);
    const heap = { initialSize: unit - 1 };
    refusal(() => region.newInstance({ heap }), "invalid-argument", { argument: "initialSize" });
    expect([region.freeSlots, region.usedSlots]).toEqual([1, 0]);
  });

  test("initial data is there, copied, and comes back at reset", () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const initialData = [10, PAGE - 3].map((offset) => ({ offset, bytes }));
    const slot = one({ heap: HEAP, initialData });
    bytes.fill(9);
    const expected = Buffer.alloc(PAGE);
    expected.set([1, 2, 3], 10);
    expected.set([1, 2, 3], PAGE - 3);
    const agrees = (): boolean => expected.equals(bytesOf(slot));
    expect(agrees()).toBe(true);
    bytesOf(slot).fill(7);
    slot.reset();
    expect(agrees()).toBe(true);
    slot.expandHeap(1);
    slot.resetHeap();
    expect([agrees(), slot.heapLength]).toEqual([true, PAGE]);
  });

  test("a module without a heap has an empty one that cannot grow", () => {
    const slot = one({});
    expect([slot.heapLength, slot.expandHeap(0), bytesOf(slot).length]).toEqual([0, 0, 0]);
    refusal(() => slot.expandHeap(1), "no-linear-memory");
  });

  test("two slots share no byte", () => {
    const region = create(2);
    const [a, b] = [region.newInstance({ heap: HEAP }), region.newInstance({ heap: HEAP })];
    for (const part of partsOf(a)) part.fill(0xaa);
    expect(partsOf(b).every(isZero)).toBe(true);
  });

  test("expansion rounds up to pages, returns the old length, and adds zeros", () => {
    const slot = one();
    bytesOf(slot).fill(0xff);
    expect(slot.expandHeap(0)).toBe(PAGE);
    expect(slot.expandHeap(1)).toBe(PAGE);
    expect(slot.expandHeap(unit + 1)).toBe(PAGE + unit);
    expect(slot.heapLength).toBe(PAGE + 3 * unit);
    const heap = bytesOf(slot);
    expect([heap[PAGE - 1], isZero(heap.subarray(PAGE))]).toEqual([0xff, true]);
  });

  test.each([-1, 0.5, 2 ** 32, Number.NaN])("refuses to expand by %d bytes", (bytes) => {
    refusal(() => one().expandHeap(bytes), "invalid-argument", { argument: "expandHeap" });
  });

  test("MR-4: asks lucet's questions of an expansion in lucet's order", () => {
    const spec: HeapSpec = { initialSize: 2 * PAGE, maxSize: 6 * PAGE, guardSize: 2 * PAGE };
    const region = create(9, { heapMemorySize: 8 * PAGE, heapAddressSpaceSize: 10 * PAGE });
    const slot = region.newInstance({ heap: spec }, { heapLimit: 5 * PAGE });
    const what = (bytes: number): string => {
      const error = refusal(() => slot.expandHeap(bytes), "limits-exceeded");
      expect(slot.heapLength).toBe(2 * PAGE);
      return error.message.slice(0, error.message.indexOf(":"));
    };
    expect(what(2 ** 32 - 1)).toBe("expanded heap would overflow address space");
    expect(what(2 ** 32 - 1 - unit)).toBe("expanded heap would overflow address space");
    expect(what(2 ** 32 - 2 - unit)).toBe("expanded heap would overflow addressable memory");
    expect(what(8 * PAGE + 1)).toBe("expanded heap would overflow addressable memory");
    expect(what(8 * PAGE)).toBe("expansion would leave guard memory too small");
    expect(what(6 * PAGE + 1)).toBe("expansion would leave guard memory too small");
    expect(what(6 * PAGE)).toBe("expansion would exceed module-specified heap limit");
    expect(what(4 * PAGE + 1)).toBe("expansion would exceed module-specified heap limit");
    expect(what(4 * PAGE)).toBe("expansion would exceed runtime-specified heap limit");
    expect(what(3 * PAGE + 1)).toBe("expansion would exceed runtime-specified heap limit");
    expect(slot.expandHeap(3 * PAGE)).toBe(2 * PAGE);
  });

  test("memInHeap: lucet's edges", () => {
    const slot = one();
    const inside = [
      [0, 0],
      [0, PAGE],
      [PAGE - 1, 1],
      [PAGE - 1, 0],
    ];
    const outside = [
      [PAGE, 0],
      [0, PAGE + 1],
      [PAGE - 1, 2],
      [-1, 1],
      [1, -1],
      [0.5, 1],
      [0, Number.NaN],
      [1, Number.MAX_SAFE_INTEGER],
    ];
    expect(inside.map(([at, n]) => slot.memInHeap(at!, n!))).toEqual(inside.map(() => true));
    expect(outside.map(([at, n]) => slot.memInHeap(at!, n!))).toEqual(outside.map(() => false));
    slot.expandHeap(unit);
    expect(slot.memInHeap(PAGE, unit)).toBe(true);
  });

  test("MR-6: no byte of one tenant is there for the next", () => {
    const region = create(1);
    for (let round = 0; round < 3; round++) {
      const slot = region.newInstance({ heap: HEAP });
      slot.expandHeap(PAGE);
      expect(partsOf(slot).every(isZero)).toBe(true);
      for (const part of partsOf(slot)) part.fill(0xff);
      slot.drop();
    }
  });

  test("reset leaves no byte of the earlier run in any part", () => {
    const slot = one();
    for (const part of partsOf(slot)) part.fill(0xff);
    slot.reset();
    expect(partsOf(slot).every(isZero)).toBe(true);
    slot.expandHeap(PAGE);
    for (const part of partsOf(slot)) part.fill(0xff);
    slot.reset();
    expect(slot.heapLength).toBe(PAGE);
    slot.expandHeap(PAGE);
    expect(partsOf(slot).every(isZero)).toBe(true);
  });

  test("MR-7: drop kills every view that the host has taken", () => {
    const slot = one();
    const views = new ViewCache(slot.heap);
    const parts = partsOf(slot);
    const buffers = parts.map(({ buffer }) => buffer);
    slot.drop();
    expect([...parts, views.u8].map(({ length }) => length)).toEqual([...parts.map(() => 0), 0]);
    expect(buffers.every(({ byteLength }) => byteLength === 0)).toBe(true);
    expect(() => views.refresh()).toThrow(expect.objectContaining({ code: "source-threw" }));
  });

  test("a cache of views follows growth and reset", () => {
    const slot = one();
    let views = new ViewCache(slot.heap);
    slot.expandHeap(PAGE);
    expect(views.u8.length).toBe(0);
    expect(views.refresh()).toBe(2 * PAGE);
    if (slot.reset() === "new-memory") views = new ViewCache(slot.heap);
    expect(views.refresh()).toBe(PAGE);
  });

  test("every use after drop throws slot-dropped, and so does a second drop", () => {
    const region = create(2);
    const slot = region.newInstance({ heap: HEAP });
    const { heap } = slot;
    expect(slot.dropped).toBe(false);
    slot.drop();
    expect(slot.dropped).toBe(true);
    const uses: readonly (() => unknown)[] = [
      () => slot.heap,
      () => heap.buffer,
      () => slot.heapLength,
      () => slot.expandHeap(0),
      () => slot.expandHeap(Number.NaN),
      () => slot.memInHeap(0, 0),
      () => slot.resetHeap(),
      () => slot.reset(),
      () => slot.drop(),
    ];
    for (const use of uses) refusal(use, "slot-dropped", { slot: 1 });
    expect([region.freeSlots, region.usedSlots]).toEqual([2, 0]);
  });

  test("dispose drops once, also after an early drop", () => {
    const region = create(1);
    {
      using slot = region.newInstance({ heap: HEAP });
      expect(slot.heapLength).toBe(PAGE);
    }
    expect(region.freeSlots).toBe(1);
    const slot = region.newInstance({ heap: HEAP });
    slot.drop();
    slot[Symbol.dispose]();
    expect(region.freeSlots).toBe(1);
  });

  test("close gives out no more slots; those in use live on and can be dropped", () => {
    const region = create(2);
    const slot = region.newInstance({ heap: HEAP });
    region.close();
    refusal(() => region.newInstance({ heap: HEAP }, { allocStrategy: linear }), "region-closed");
    refusal(() => region.close(), "region-closed");
    region[Symbol.dispose]();
    expect(slot.expandHeap(PAGE)).toBe(PAGE);
    slot.drop();
    expect([region.capacity, region.freeSlots, region.usedSlots]).toEqual([2, 2, 0]);
  });
});
