import { ViewCache } from "@memkit/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type HeapSpec,
  heapSpecOf,
  Limits,
  type ModuleSpec,
  WasmRegion,
  type WasmSlot,
} from "../src/index.js";
import { uncheckedRecycle } from "../src/unchecked.js";
import { refusal } from "./expect-error.js";
import { GUEST, instantiate, wat } from "./wat.js";

const PAGE = 65536;
const GiB = 2 ** 30;
const HEAP: HeapSpec = { initialSize: PAGE, maxSize: 4 * PAGE };
const bytesOf = (slot: WasmSlot): Uint8Array => new Uint8Array(slot.heap.buffer);
const one = (module: ModuleSpec = { heap: HEAP }): WasmSlot =>
  WasmRegion.create(1).newInstance(module);
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

afterEach(() => vi.unstubAllGlobals());

/** Makes the engine refuse every further memory. */
function refuseMemories(): void {
  const refusing = class {
    constructor() {
      throw new RangeError("WebAssembly.Memory(): could not allocate memory");
    }
  };
  vi.stubGlobal("WebAssembly", { ...WebAssembly, Memory: refusing });
}

describe("WasmRegion.create", () => {
  test("takes Limits or sizes", () => {
    const limits = new Limits({ heapMemorySize: 2 * PAGE });
    expect(WasmRegion.create(1, limits).limits).toEqual(limits);
    expect(WasmRegion.create(1, { heapMemorySize: 2 * PAGE }).limits).toEqual(limits);
  });

  test("refuses a heap limit between two wasm pages instead of rounding it", () => {
    refusal(() => WasmRegion.create(1, { heapMemorySize: 4096 }), "invalid-argument", {
      argument: "heapMemorySize",
      value: 4096,
    });
  });

  test("refuses what a 32-bit memory cannot hold, by name", () => {
    expect(WasmRegion.create(1, { heapMemorySize: 4 * GiB }).limits.heapMemorySize).toBe(4 * GiB);
    const error = refusal(
      () => WasmRegion.create(1, { heapMemorySize: 4 * GiB + PAGE }),
      "unsupported",
      { backend: "wasm" },
    );
    expect(error.message).toMatch(/heapMemorySize/);
  });

  test("makes no memory before an instance asks for one", () => {
    refuseMemories();
    expect(WasmRegion.create(1000).freeSlots).toBe(1000);
  });
});

describe("newInstance", () => {
  const bad: readonly (readonly [
    string,
    ModuleSpec,
    Parameters<WasmRegion["newInstance"]>[1],
    object,
  ])[] = [
    [
      "limit above the region's",
      { heap: HEAP },
      { heapLimit: 17 * PAGE },
      { code: "invalid-argument" },
    ],
    [
      "limit between pages",
      { heap: HEAP },
      { heapLimit: PAGE + 4096 },
      { code: "invalid-argument", argument: "heapLimit" },
    ],
    [
      "initial size between pages",
      { heap: { initialSize: 4096 } },
      {},
      { code: "invalid-argument", argument: "initialSize" },
    ],
    [
      "maximum between pages",
      { heap: { initialSize: 0, maxSize: 4096 } },
      {},
      { code: "invalid-argument", argument: "maxSize" },
    ],
    [
      "reservation above 4 GiB",
      { heap: { initialSize: 0, reservedSize: 4 * GiB + 1 } },
      {},
      { code: "incorrect-module", what: "heap spec sizes would overflow" },
    ],
    [
      "guard above 4 GiB",
      { heap: { initialSize: 0, guardSize: 4 * GiB + 1 } },
      {},
      { code: "incorrect-module", what: "heap spec sizes would overflow" },
    ],
    [
      "reservation and guard above the address space",
      { heap: { initialSize: 0, reservedSize: 4 * GiB, guardSize: 4 * GiB } },
      {},
      { code: "limits-exceeded", what: "heap spec reserved and guard size" },
    ],
    [
      "initial above the limit",
      { heap: { initialSize: 17 * PAGE } },
      {},
      { code: "limits-exceeded", what: "heap spec initial size" },
    ],
    [
      "initial above the reservation",
      { heap: { initialSize: PAGE, reservedSize: 0 } },
      {},
      { code: "incorrect-module", what: "initial heap size greater than reserved size" },
    ],
    [
      "initial above the maximum",
      { heap: { initialSize: PAGE, maxSize: 0 } },
      {},
      { code: "incorrect-module", what: "initial heap size greater than maximum size" },
    ],
    [
      "no number",
      { heap: { initialSize: "1" as unknown as number } },
      {},
      { code: "invalid-argument", argument: "initialSize" },
    ],
    [
      "data beyond the heap",
      { heap: HEAP, initialData: [{ offset: PAGE - 1, bytes: new Uint8Array(2) }] },
      {},
      { code: "incorrect-module", asked: PAGE + 1, limit: PAGE },
    ],
    [
      "data at a negative offset",
      { heap: HEAP, initialData: [{ offset: -1, bytes: new Uint8Array(2) }] },
      {},
      { code: "invalid-argument" },
    ],
    [
      "data that is no bytes",
      { heap: HEAP, initialData: [{ offset: 0, bytes: [1] as unknown as Uint8Array }] },
      {},
      { code: "invalid-argument" },
    ],
    [
      "data without a heap",
      { initialData: [{ offset: 0, bytes: new Uint8Array(1) }] },
      {},
      { code: "incorrect-module" },
    ],
  ];
  test.each(bad)("refuses: %s", (_name, module, options, detail) => {
    const region = WasmRegion.create(2, { heapAddressSpaceSize: 8 * GiB - PAGE });
    expect(() => region.newInstance(module, options)).toThrow(expect.objectContaining(detail));
    expect([region.freeSlots, region.usedSlots]).toEqual([2, 0]);
  });

  test("a memory that the engine refuses leaves the region as it was", () => {
    const region = WasmRegion.create(3, {}, { warmSlots: 0 });
    region.newInstance({ heap: HEAP }).drop();
    refuseMemories();
    const error = refusal(() => region.newInstance({ heap: HEAP }), "out-of-memory", {
      asked: PAGE,
    });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect([region.freeSlots, region.usedSlots]).toEqual([3, 0]);
    vi.unstubAllGlobals();
    expect(region.newInstance({ heap: HEAP }).index).toBe(2);
  });

  test("a guest without a heap cannot grow its memory", () => {
    const slot = one({});
    expect(instantiate(GUEST, { memory: slot.memory }).grow?.(1)).toBe(-1);
  });
});

describe("expandHeap", () => {
  test("rounds up to pages of 64 KiB and returns the old length", () => {
    const slot = one();
    expect(slot.expandHeap(0)).toBe(PAGE);
    expect(slot.expandHeap(1)).toBe(PAGE);
    expect(slot.expandHeap(PAGE + 1)).toBe(2 * PAGE);
    expect(slot.heapLength).toBe(4 * PAGE);
  });

  test("an engine that refuses to grow is out-of-memory, and the heap as before", () => {
    const slot = one();
    const { memory } = slot;
    Object.defineProperty(memory, "grow", {
      value: () => {
        throw new RangeError("no");
      },
      configurable: true,
    });
    refusal(() => slot.expandHeap(PAGE), "out-of-memory", { asked: 2 * PAGE });
    expect(slot.heapLength).toBe(PAGE);
  });

  test("the new bytes are zero and the guest sees them", () => {
    const slot = one();
    const guest = instantiate(GUEST, { memory: slot.memory });
    bytesOf(slot).fill(0xff);
    slot.expandHeap(PAGE);
    expect(isZero(bytesOf(slot).subarray(PAGE))).toBe(true);
    expect(guest.size?.()).toBe(2);
    guest.store?.(2 * PAGE - 1, 5);
    expect(bytesOf(slot)[2 * PAGE - 1]).toBe(5);
  });
});

describe("growth by the guest (MR-4)", () => {
  const cases: readonly (readonly [string, HeapSpec, number | undefined, number])[] = [
    ["the module's maximum", { initialSize: PAGE, maxSize: 3 * PAGE }, undefined, 3],
    ["the region's limit", { initialSize: PAGE }, undefined, 8],
    [
      "the region's limit below the module's maximum",
      { initialSize: PAGE, maxSize: 20 * PAGE },
      undefined,
      8,
    ],
    ["the instance's limit", { initialSize: PAGE, maxSize: 6 * PAGE }, 2 * PAGE, 2],
    ["the guard", { initialSize: PAGE, guardSize: 5 * PAGE - 1 }, undefined, 5],
    ["the guard, exactly", { initialSize: PAGE, guardSize: 5 * PAGE }, undefined, 5],
    ["the guard, a byte over", { initialSize: PAGE, guardSize: 5 * PAGE + 1 }, undefined, 4],
  ];
  test.each(cases)("stops at %s", (_name, heap, heapLimit, pages) => {
    const region = WasmRegion.create(1, {
      heapMemorySize: 8 * PAGE,
      heapAddressSpaceSize: 10 * PAGE,
    });
    const slot = region.newInstance({ heap }, { heapLimit });
    const guest = instantiate(GUEST, { memory: slot.memory });
    expect(guest.grow?.(pages)).toBe(-1);
    expect(guest.grow?.(65536)).toBe(-1);
    expect(guest.grow?.(pages - 1)).toBe(1);
    expect(guest.grow?.(1)).toBe(-1);
    expect(slot.heapLength).toBe(pages * PAGE);
    refusal(() => slot.expandHeap(1), "limits-exceeded");
    expect(() => slot.memory.grow(1)).toThrow(RangeError);
  });

  test("slot.heap stays right across it, and old views die", () => {
    const slot = one();
    const { heap } = slot;
    const guest = instantiate(GUEST, { memory: slot.memory });
    const views = new ViewCache(heap);
    const old = bytesOf(slot);
    guest.grow?.(1);
    expect(old.length).toBe(0);
    expect(views.refresh()).toBe(2 * PAGE);
    guest.store?.(2 * PAGE - 1, 77);
    expect(views.u8[2 * PAGE - 1]).toBe(77);
    expect(slot.heap).toBe(heap);
  });

  test("the engine takes the memory for a module that asks for this maximum", () => {
    const bytes = wat(`(module (import "env" "memory" (memory 1 4)))`);
    const slot = one();
    expect(() => instantiate(bytes, { memory: slot.memory })).not.toThrow();
  });
});

describe("reset", () => {
  test("clears a heap that has not grown in place; heap, memory and instances stay", () => {
    const slot = one();
    const { heap, memory } = slot;
    const guest = instantiate(GUEST, { memory });
    const view = bytesOf(slot);
    view.fill(0xff);
    expect(slot.reset()).toBe("same-memory");
    expect(isZero(view)).toBe(true);
    expect(guest.load?.(5)).toBe(0);
    expect([slot.heap === heap, slot.memory === memory]).toEqual([true, true]);
  });

  test.each(["host", "guest"])("replaces a heap that the %s has grown", (by) => {
    const slot = one();
    const { heap, memory } = slot;
    const guest = instantiate(GUEST, { memory });
    if (by === "host") slot.expandHeap(PAGE);
    else guest.grow?.(1);
    const view = bytesOf(slot);
    view.fill(0xff);
    expect(slot.reset()).toBe("new-memory");
    expect([slot.heapLength, isZero(bytesOf(slot))]).toEqual([PAGE, true]);
    expect(slot.memory).not.toBe(memory);
    // MR-7: the old heap is no way in, the old views are dead
    refusal(() => heap.buffer, "heap-replaced", { slot: 0 });
    expect(view.length).toBe(0);
    // the old instance keeps the old memory to itself
    expect(guest.load?.(5)).toBe(0xff);
    guest.store?.(5, 0x11);
    expect(isZero(bytesOf(slot))).toBe(true);
    // after the slot is dropped the old heap still names its own end
    slot.drop();
    refusal(() => heap.buffer, "heap-replaced");
  });

  test("a new memory that the engine refuses changes nothing", () => {
    const slot = one();
    slot.expandHeap(PAGE);
    bytesOf(slot).fill(3);
    const view = bytesOf(slot);
    refuseMemories();
    refusal(() => slot.reset(), "out-of-memory");
    expect([view.length, view[0], slot.heapLength]).toEqual([2 * PAGE, 3, 2 * PAGE]);
  });
});

describe("drop", () => {
  test("every use after it throws slot-dropped, and so does a second drop", () => {
    const region = WasmRegion.create(2);
    const slot = region.newInstance({ heap: HEAP });
    const { heap } = slot;
    expect(slot.dropped).toBe(false);
    slot.drop();
    expect(slot.dropped).toBe(true);
    const uses: readonly (() => unknown)[] = [
      () => slot.heap,
      () => heap.buffer,
      () => slot.memory,
      () => slot.heapLength,
      () => slot.expandHeap(0),
      () => slot.expandHeap(Number.NaN),
      () => slot.reset(),
      () => slot.drop(),
      () => uncheckedRecycle(slot),
    ];
    for (const use of uses) refusal(use, "slot-dropped", { slot: 1 });
    expect([region.freeSlots, region.usedSlots]).toEqual([2, 0]);
  });

  test.each([
    ["drop", (slot: WasmSlot): void => slot.drop()],
    ["uncheckedRecycle", uncheckedRecycle],
  ])("%s frees the slot last of all (MR-3)", (_name, leave) => {
    const region = WasmRegion.create(1);
    const slot = region.newInstance({ heap: HEAP });
    const { memory } = slot;
    const seen: number[] = [];
    Object.defineProperty(memory, "grow", {
      value(pages: number) {
        seen.push(region.freeSlots); // asked while the slot is being torn down
        return WebAssembly.Memory.prototype.grow.call(memory, pages);
      },
    });
    leave(slot);
    expect([seen, region.freeSlots]).toEqual([[0], 1]);
  });

  test("kills views of a buffer made resizable, where the engine can", () => {
    const slot = one();
    const memory = slot.memory as { toResizableBuffer?: () => ArrayBuffer };
    const buffer = memory.toResizableBuffer?.() ?? slot.heap.buffer;
    const view = new Uint8Array(buffer);
    uncheckedRecycle(slot);
    expect(view.length).toBe(0);
  });

  test("a guest that lives on keeps its own memory and reaches no other tenant's (MR-5)", () => {
    const region = WasmRegion.create(1);
    const first = region.newInstance({ heap: HEAP });
    const guest = instantiate(GUEST, { memory: first.memory });
    guest.store?.(0, 0xaa);
    first.drop();
    const second = region.newInstance({ heap: HEAP });
    expect(second.index).toBe(first.index);
    guest.store?.(1, 0xbb);
    expect(isZero(bytesOf(second))).toBe(true);
    bytesOf(second).fill(0xcc);
    expect([guest.load?.(0), guest.load?.(1), guest.load?.(2)]).toEqual([0xaa, 0xbb, 0]);
  });
});

describe("uncheckedRecycle", () => {
  const twice = (
    first: ModuleSpec,
    second: ModuleSpec,
    limit?: number,
  ): readonly [boolean, WasmSlot] => {
    const region = WasmRegion.create(1);
    const slot = region.newInstance(first);
    const { memory } = slot;
    bytesOf(slot).fill(0xff);
    uncheckedRecycle(slot);
    const next = region.newInstance(second, { heapLimit: limit });
    return [next.memory === memory, next];
  };

  test("leaves the memory, zeroed, to the next tenant of the same shape (MR-6)", () => {
    const [same, slot] = twice({ heap: HEAP }, { heap: HEAP });
    expect([same, isZero(bytesOf(slot)), slot.heapLength]).toEqual([true, true, PAGE]);
  });

  test("the next tenant's initial data, not the last one's", () => {
    const data = (offset: number): ModuleSpec => ({
      heap: HEAP,
      initialData: [{ offset, bytes: new Uint8Array([1]) }],
    });
    const [same, slot] = twice(data(5), data(6));
    expect([same, bytesOf(slot)[5], bytesOf(slot)[6]]).toEqual([true, 0, 1]);
  });

  test("kills the views of the last tenant", () => {
    const region = WasmRegion.create(1);
    const slot = region.newInstance({ heap: HEAP });
    const { heap } = slot;
    const view = bytesOf(slot);
    uncheckedRecycle(slot);
    expect(view.length).toBe(0);
    refusal(() => heap.buffer, "slot-dropped");
    region.newInstance({ heap: HEAP });
    refusal(() => heap.buffer, "slot-dropped"); // never the next tenant's bytes
  });

  test.each([
    ["another initial size", { heap: { ...HEAP, initialSize: 2 * PAGE } }, undefined],
    ["another maximum", { heap: { ...HEAP, maxSize: 3 * PAGE } }, undefined],
    ["another limit", { heap: HEAP }, 2 * PAGE],
  ])("a tenant with %s gets a new memory", (_name, second, limit) => {
    expect(twice({ heap: HEAP }, second, limit)[0]).toBe(false);
  });

  test("a memory that has grown is let go", () => {
    const region = WasmRegion.create(1);
    const slot = region.newInstance({ heap: HEAP });
    const { memory } = slot;
    slot.expandHeap(PAGE);
    uncheckedRecycle(slot);
    for (const initialSize of [PAGE, 2 * PAGE]) {
      const next = region.newInstance({ heap: { ...HEAP, initialSize } });
      expect(next.memory).not.toBe(memory);
      next.drop();
    }
  });
});

describe("heapSpecOf", () => {
  test("counts pages in bytes", () => {
    const type = { initialPages: 2, maximumPages: 65536, shared: false, memory64: false };
    expect(heapSpecOf(type)).toEqual({ initialSize: 2 * PAGE, maxSize: 4 * GiB });
    expect(heapSpecOf({ ...type, maximumPages: undefined }).maxSize).toBeUndefined();
  });

  test.each(["shared", "memory64"])("refuses a memory that is %s", (flag) => {
    const type = { initialPages: 1, maximumPages: 1, shared: false, memory64: false, [flag]: true };
    refusal(() => heapSpecOf(type), "unsupported", { backend: "wasm" });
  });
});
