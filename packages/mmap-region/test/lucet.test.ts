/**
 * lucet's own tests of a region, by their names, on every backend. LUCET.md is the table of them: where a backend cannot hold
 * one it says why, and a test here says that the table is right.
 */

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import {
  type AllocStrategy,
  customRandom,
  type HeapSpec,
  type InstanceOptions,
  linear,
  type Region,
  random,
  type Slot,
  WasmRegion,
} from "../src/index.js";
import { type Instance, Module, newInstanceBuilder, WasmModule } from "../src/instance.js";
import { MmapRegion, type MmapSlot } from "../src/mmap.js";
import { backends, bytesOf, type Create, partsOf } from "./contract/backends.js";
import { drivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { GUEST } from "./wat.js";

const PAGE = 65536;
const HEAP_MEMORY = 16 * PAGE;
const ADDRESS_SPACE = 8 * 1024 * 1024;
const HALF = ADDRESS_SPACE / 2;
const LIMITS = {
  heapMemorySize: HEAP_MEMORY,
  heapAddressSpaceSize: ADDRESS_SPACE,
  stackSize: PAGE,
  globalsSize: 4096,
};
const ONE_PAGE: HeapSpec = {
  reservedSize: HALF,
  guardSize: HALF,
  initialSize: PAGE,
  maxSize: PAGE,
};
const THREE_PAGE_MAX: HeapSpec = { ...ONE_PAGE, guardSize: 0, maxSize: 3 * PAGE };
const EXPAND_PAST_LIMIT: HeapSpec = {
  ...ONE_PAGE,
  initialSize: HEAP_MEMORY - PAGE,
  maxSize: HEAP_MEMORY + PAGE,
};
const SMALL_GUARD: HeapSpec = {
  reservedSize: HALF,
  guardSize: HALF - 1,
  initialSize: HEAP_MEMORY,
};
const LARGE_GUARD: HeapSpec = { reservedSize: HALF, guardSize: HALF + 1, initialSize: PAGE };
const GUARDLESS: HeapSpec = { reservedSize: HALF, guardSize: 0, initialSize: PAGE };

/** The backend under test. */
let create: Create;

/** The heap's length is `length`, and first and last bytes of all parts are zero and can be written. */
function expectUsable(slot: Slot, length: number): void {
  expect(slot.heapLength).toBe(length);
  expect(bytesOf(slot).length).toBe(length);
  for (const bytes of partsOf(slot)) {
    for (const at of [0, bytes.length - 1]) {
      expect(bytes[at]).toBe(0);
      bytes[at] = 0xff;
      expect(bytes[at]).toBe(0xff);
    }
  }
}

function only(heap: HeapSpec, options: InstanceOptions = {}, capacity = 1): Slot {
  return create(capacity, LIMITS).newInstance({ heap }, options);
}

function expandOnce(heap: HeapSpec): void {
  const slot = only(heap);
  expect(slot.expandHeap(PAGE)).toBe(heap.initialSize);
  expect(slot.heapLength).toBe(heap.initialSize + PAGE);
  const heapBytes = bytesOf(slot);
  const last = heapBytes.length - 1;
  expect(heapBytes[last]).toBe(0);
  heapBytes[last] = 0xff;
  expect(heapBytes[last]).toBe(0xff);
}

function expandRefused(slot: Slot, bytes: number, what: RegExp): void {
  const before = slot.heapLength;
  expect(refusal(() => slot.expandHeap(bytes), "limits-exceeded").message).toMatch(what);
  expect(slot.heapLength).toBe(before);
  const heap = bytesOf(slot);
  heap[before - 1] = 0xff;
  expect(heap[before - 1]).toBe(0xff);
}

function counts(region: Region<Slot>): readonly number[] {
  return [region.capacity, region.freeSlots, region.usedSlots];
}

/** A hundred rounds: fill the region, be refused one more, empty it, take one again. */
function fillAndDrain(strategies: readonly AllocStrategy[]): void {
  const region = create(10, LIMITS);
  for (let round = 0; round < 100; round++) {
    const strategy = (n: number): InstanceOptions => ({
      allocStrategy: strategies[n % strategies.length],
    });
    const slots = Array.from({ length: 10 }, (_, n) => region.newInstance({}, strategy(n)));
    expect(new Set(slots.map((slot) => slot.index)).size).toBe(10);
    refusal(() => region.newInstance({}, strategy(round)), "region-full", { capacity: 10 });
    for (const slot of slots) slot.drop();
    region.newInstance({}, strategy(round)).drop();
    expect(counts(region)).toEqual([10, 10, 0]);
  }
}

/** A small generator with a seed, as the tests of lucet use one. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes, 7.1
    return state / 2 ** 32;
  };
}

const BEHAVIOURS: Readonly<Record<string, () => void>> = {
  allocate_runtime_works: () => expectUsable(only(ONE_PAGE), PAGE),
  expand_heap_once: () => expandOnce(THREE_PAGE_MAX),
  expand_heap_twice: () => {
    const slot = only(THREE_PAGE_MAX);
    expect(slot.expandHeap(PAGE)).toBe(PAGE);
    expect(slot.expandHeap(PAGE)).toBe(2 * PAGE);
    expect(slot.heapLength).toBe(THREE_PAGE_MAX.maxSize);
  },
  expand_past_spec_max: () =>
    expandRefused(only(THREE_PAGE_MAX, {}, 10), 3 * PAGE, /module-specified heap limit/),
  expand_past_spec_max_with_custom_limit: () =>
    expandRefused(
      only(THREE_PAGE_MAX, { heapLimit: PAGE }, 10),
      2 * PAGE,
      /runtime-specified heap limit/,
    ),
  expand_past_heap_limit: () => {
    const slot = only(EXPAND_PAST_LIMIT, {}, 10);
    expect(slot.expandHeap(PAGE)).toBe(HEAP_MEMORY - PAGE);
    expandRefused(slot, PAGE, /runtime-specified heap limit/);
    expect(slot.heapLength).toBe(HEAP_MEMORY);
  },
  expand_past_instance_heap_limit: () => {
    const heapLimit = HEAP_MEMORY / 2;
    const slot = only({ ...EXPAND_PAST_LIMIT, initialSize: heapLimit - PAGE }, { heapLimit }, 10);
    expect(slot.expandHeap(PAGE)).toBe(heapLimit - PAGE);
    expandRefused(slot, PAGE, /runtime-specified heap limit/);
    expect(slot.heapLength).toBe(heapLimit);
  },
  reject_initial_oversize_heap: () => {
    const heap: HeapSpec = { reservedSize: HALF, guardSize: HALF, initialSize: HALF + PAGE };
    refusal(() => only(heap, {}, 10), "limits-exceeded", { what: "heap spec initial size" });
  },
  reject_undersized_address_space: () => {
    const limits = { ...LIMITS, heapMemorySize: ADDRESS_SPACE + 4096 };
    refusal(() => create(10, limits), "invalid-argument", {
      reason: "address space size must be at least as large as memory size",
    });
  },
  accept_small_guard_heap: () => expect(only(SMALL_GUARD).heapLength).toBe(HEAP_MEMORY),
  reject_large_guard_heap: () => {
    const asked = ADDRESS_SPACE + 1;
    const what = "heap spec reserved and guard size";
    refusal(() => only(LARGE_GUARD), "limits-exceeded", { what, asked, limit: ADDRESS_SPACE });
  },
  reuse_slot_works: () => {
    const region = create(1, LIMITS);
    for (let round = 0; round < 3; round++) {
      const slot = region.newInstance({ heap: ONE_PAGE });
      expectUsable(slot, PAGE);
      slot.drop();
    }
  },
  alloc_reset: () => {
    const slot = only(THREE_PAGE_MAX);
    expectUsable(slot, PAGE);
    slot.reset();
    expectUsable(slot, PAGE);
  },
  alloc_grow_reset: () => {
    const slot = only(THREE_PAGE_MAX);
    expectUsable(slot, PAGE);
    expect(slot.expandHeap(2 * PAGE)).toBe(PAGE);
    expect(slot.heapLength).toBe(3 * PAGE);
    slot.reset(); // by another memory: a wasm memory cannot shrink
    expectUsable(slot, PAGE);
  },
  guardless_heap_create: () => expectUsable(only(GUARDLESS), PAGE),
  guardless_expand_heap_once: () => expandOnce(GUARDLESS),
  initial_empty_expand_heap_once: () =>
    expandOnce({ reservedSize: HALF, guardSize: HALF, initialSize: 0 }),
  initial_empty_guardless_expand_heap_once: () =>
    expandOnce({ reservedSize: HALF, guardSize: 0, initialSize: 0 }),
  drop_region_first: () => {
    const region = create(1);
    const slot = region.newInstance({ heap: { initialSize: PAGE } });
    region.close();
    expectUsable(slot, PAGE);
    slot.drop();
  },
  badly_specced_instance_does_not_take_up_capacity: () => {
    const region = create(2, LIMITS);
    expect(counts(region)).toEqual([2, 2, 0]);
    refusal(() => region.newInstance({ heap: LARGE_GUARD }), "limits-exceeded");
    expect(counts(region)).toEqual([2, 2, 0]);
  },
  slot_counts_work: () => {
    const region = create(2, LIMITS);
    expect(counts(region)).toEqual([2, 2, 0]);
    const first = region.newInstance({ heap: ONE_PAGE });
    expect(counts(region)).toEqual([2, 1, 1]);
    const second = region.newInstance({ heap: ONE_PAGE });
    expect(counts(region)).toEqual([2, 0, 2]);
    first.drop();
    expect(counts(region)).toEqual([2, 1, 1]);
    second.drop();
    expect(counts(region)).toEqual([2, 2, 0]);
  },
  slot_counts_work_with_random: () => {
    const region = create(1, LIMITS);
    const slot = region.newInstance({ heap: ONE_PAGE }, { allocStrategy: random });
    expect(counts(region)).toEqual([1, 0, 1]);
    slot.drop();
    expect(counts(region)).toEqual([1, 1, 0]);
  },
  slot_counts_work_with_custom_random: () => fillAndDrain([customRandom(seeded(1))]),
  slot_counts_work_with_mixed_strategies: () => fillAndDrain([customRandom(seeded(2)), linear]),
  reject_unaligned_sigstack: () => {
    refusal(() => create(1, { signalStackSize: 12 * 1024 + 1 }), "invalid-argument", {
      reason: "signal stack size must be a multiple of host page size",
    });
  },
  reject_heap_memory_size_exceeds_region_limits: () => {
    refusal(() => only(THREE_PAGE_MAX, { heapLimit: 2 * HEAP_MEMORY }), "invalid-argument", {
      reason: "heap memory size requested for instance is larger than slot allows",
    });
  },
  custom_size_does_not_break_default: () => {
    const region = create(1, LIMITS);
    const custom = region.newInstance({ heap: THREE_PAGE_MAX }, { heapLimit: 2 * PAGE });
    expect(custom.heapLength).toBe(PAGE);
    custom.drop();
    expect(region.newInstance({ heap: SMALL_GUARD }).heapLength).toBe(HEAP_MEMORY);
  },
  reject_heap_memory_size_exeeds_instance_limits: () => {
    refusal(() => only(THREE_PAGE_MAX, { heapLimit: PAGE / 2 }), "limits-exceeded", {
      what: "heap spec initial size",
    });
  },
  reject_sigstack_smaller_than_min: () =>
    sigstackRefused(
      0, // the largest multiple of a page below MINSIGSTKSZ
      false,
      "signal stack size must be at least MINSIGSTKSZ (defined in <signal.h>)",
    ),
  reject_debug_sigstack_smaller_than_12kib: () =>
    sigstackRefused(8192, true, "signal stack size must be at least 12KiB for debug builds"),
};

/** lucet's limits for a heap and a stack of one page each, all of which host functions may have. */
const CONTEXT_LIMITS = { ...LIMITS, stackSize: 4096, hostcallReservation: 4096 };

/** What lucet runs by switching to a stack of the slot's is a function of JavaScript, or a wasm guest. */
const doNothing = new Module({ functions: { do_nothing: () => undefined } });

/** Five refusals, each of which leaves the instance ready; then one with reasonable limits runs. */
function sigstackRefused(signalStackSize: number, debug: boolean, reason: string): void {
  const build = (size: number): Instance<Slot> =>
    newInstanceBuilder(create(1, { signalStackSize: size }), doNothing)
      .withDebugAssertions(debug)
      .build();
  const small = build(signalStackSize);
  for (let n = 0; n < 5; n++) {
    refusal(() => small.run("do_nothing"), "invalid-argument", { reason });
    expect(small.state).toBe("ready");
  }
  small.ensureSigstackInstalled(false); // a host that has a signal stack of its own
  small.run("do_nothing");
  const good = build(12 * 1024);
  good.run("do_nothing");
  for (const instance of [small, good]) instance.drop();
}

/** Held in another way on each backend. */
const ON_WASM: Readonly<Record<string, () => void>> = {
  context_alloc_child: () => {
    const builder = newInstanceBuilder(WasmRegion.create(1, CONTEXT_LIMITS), new WasmModule(GUEST));
    const instance = builder.build();
    instance.growMemory(1);
    instance.run("store", 0, 123);
    instance.run("store", 4095, 45);
    const heap = bytesOf(instance.slot);
    expect([heap[0], heap[4095]]).toEqual([123, 45]);
    instance.drop();
  },
};

const ON_MMAP: Readonly<Record<string, () => void>> = {
  context_alloc_child: () => {
    const module = new Module({ heap: { initialSize: 4096 } });
    const instance = newInstanceBuilder(create(1, CONTEXT_LIMITS), module).build();
    instance.run(({ slot }) => {
      const heap = bytesOf(slot);
      heap[0] = 123;
      heap[4095] = 45;
    });
    const heap = bytesOf(instance.slot);
    expect([heap[0], heap[4095]]).toEqual([123, 45]);
    instance.drop();
  },
  context_stack_pattern: () => {
    const LENGTH = 1024;
    const module = new Module({ heap: { initialSize: 4096 } });
    const region = create(1, CONTEXT_LIMITS) as Region<MmapSlot>;
    const instance = newInstanceBuilder(region, module).build();
    // A function of JavaScript has its frame where the engine puts it; this one keeps a second one here, downwards.
    instance.run(({ slot }) => {
      const frame = slot.stackTop - 64 - LENGTH;
      const at = frame - slot.addressOf("stack");
      const onTheStack = slot.u8("stack").subarray(at, at + LENGTH);
      onTheStack.forEach((_, n) => {
        onTheStack[n] = n % 256;
      });
      slot.u64("heap")[0] = BigInt(frame);
    });
    const { slot } = instance;
    const frame = Number(slot.u64("heap")[0]);
    expect(frame).toBeGreaterThan(slot.addressOf("stack"));
    expect(frame + LENGTH).toBeLessThan(slot.stackTop);
    expect([frame, frame + LENGTH - 1].map((at) => slot.addrLocation(at))).toEqual([
      "stack",
      "stack",
    ]);
    const at = frame - slot.addressOf("stack");
    const pattern = slot.u8("stack").subarray(at, at + LENGTH);
    expect(pattern).toEqual(Uint8Array.from({ length: LENGTH }, (_, n) => n % 256));
    instance.drop();
  },
};

describe.each(backends)("lucet's tests on %s", (backend, make) => {
  beforeEach(() => {
    create = make;
  });
  const own = backend.startsWith("wasm") ? ON_WASM : ON_MMAP;
  test.each(Object.entries({ ...BEHAVIOURS, ...own }))("%s", (_name, behaviour) => behaviour());
});

/** lucet's 33rd, of another file. */
const ALIGNED = "aligned_memory";

test("LUCET.md names every test of each backend, and gives a reason for every other", () => {
  const table = readFileSync(new URL("LUCET.md", import.meta.url), "utf8");
  const rows = [...table.matchAll(/^\| *\d+ *\|(.*)\|$/gm)].map(([, row]) =>
    row!.split("|").map((cell) => cell.trim()),
  );
  expect(rows.length).toBe(33);
  const named = (cell = ""): string | undefined => /^`(\w+)`/.exec(cell)?.[1];
  for (const [column, own] of [ON_WASM, ON_MMAP].entries()) {
    const held = Object.keys({ ...BEHAVIOURS, ...own, ...(own === ON_MMAP && { [ALIGNED]: 1 }) });
    const inTable = rows.flatMap((cells) => named(cells[column + 1]) ?? []);
    expect(inTable.sort()).toEqual(held.sort());
    const others = rows.filter((cells) => named(cells[column + 1]) === undefined);
    for (const cells of others) expect(cells[column + 1]).toMatch(/^cannot hold: \w.{20}/);
    for (const cells of rows) {
      const test = named(cells[column + 1]);
      if (test !== undefined) expect(test).toBe(named(cells[0]));
    }
  }
});

/** `region/mmap.rs`: (1M, 1M, 0), (1M, 2M, 0), (32M, 32M, 0), (32M, 32M, 4K), as alignment and address space. */
describe.each(drivers)(`lucet's test on mmap by %s: ${ALIGNED}`, (_name, driverOf) => {
  const MiB = 2 ** 20;
  test.each([
    [MiB, MiB],
    [2 * MiB, MiB],
    [32 * MiB, 32 * MiB],
    [0, MiB],
    [4096, MiB],
    [1, MiB],
  ])("heaps at multiples of %d", (alignment, heapAddressSpaceSize) => {
    const sizes = { heapMemorySize: MiB, heapAddressSpaceSize };
    const region = MmapRegion.createAligned(driverOf(), 3, sizes, alignment);
    const slots = [1, 2, 3].map(() => region.newInstance({ heap: { initialSize: MiB } }));
    for (const slot of slots) {
      expect(slot.addressOf("heap") % Math.max(alignment, 4096)).toBe(0);
      expectUsable(slot, MiB);
    }
    for (const slot of slots) slot.drop();
    region.close();
  });

  test.each([3, 4097, 2 ** 32 + 2])("%d is no alignment", (heapAlignment) => {
    const make = () => MmapRegion.createAligned(driverOf(), 1, {}, heapAlignment);
    refusal(make, "invalid-argument", { reason: "heap_alignment must be a power of 2" });
  });
});
