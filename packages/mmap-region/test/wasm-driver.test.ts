/** What a native driver adds to wasm memories: pages that go back, images, guards; and memories that are used again. */

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeDriver } from "../src/fake-driver.js";
import { type ModuleSpec, WasmRegion, type WasmSlot } from "../src/index.js";
import { inspect } from "../src/inspect.js";
import { Module, newInstanceBuilder } from "../src/instance.js";
import { createRegion, prepareImage } from "../src/mmap.js";
import { uncheckedGuard, uncheckedRecycle } from "../src/unchecked.js";
import { nativeDrivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { runChild } from "./support/child.js";
import { residentBytes } from "./support/proc-maps.js";
import { GUEST, instantiate } from "./wat.js";

const HOST = 4096;
const PAGE = 65536;
const MiB = 2 ** 20;
const HEAP = { initialSize: 2 * PAGE, maxSize: 4 * PAGE };
const bytesOf = (slot: WasmSlot): Uint8Array => new Uint8Array(slot.heap.buffer);
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

describe("MR-5: a memory is used again only if nobody was given it", () => {
  const options = nativeDrivers.map((driver) => ({ driver }));
  test.each([{}, ...options])("%#", (given) => {
    const region = WasmRegion.create(2, {}, given);
    const first = region.newInstance({ heap: HEAP });
    const view = bytesOf(first).fill(7);
    const { buffer } = view;
    first.drop();
    expect([view.length, buffer.byteLength]).toEqual([0, 0]);
    const second = region.newInstance({ heap: HEAP });
    expect(isZero(bytesOf(second))).toBe(true);
    const { memory } = second; // from here on anybody may have it
    const guest = instantiate(GUEST, { memory });
    guest.store?.(5, 9);
    second.drop();
    const third = region.newInstance({ heap: HEAP });
    expect(third.memory).not.toBe(memory);
    guest.store?.(5, 9);
    expect(isZero(bytesOf(third))).toBe(true);
    region.close();
  });

  test("no more memories are kept than allowed, and none that has grown", () => {
    const region = WasmRegion.create(8, {}, { warmSlots: 2 });
    const addresses = new Set<unknown>();
    const take = (): WasmSlot => region.newInstance({ heap: HEAP });
    const slots = [1, 2, 3, 4].map(take);
    slots[3]!.expandHeap(PAGE);
    for (const slot of slots.reverse()) slot.drop();
    for (const slot of [1, 2, 3, 4].map(take)) addresses.add(slot.memory);
    expect(addresses.size).toBe(4);
    for (const bytes of [-1, Number.NaN])
      refusal(() => WasmRegion.create(1, {}, { warmSlots: bytes }), "invalid-argument");
  });

  test("without a driver large memories are let go rather than cleared", () => {
    const region = WasmRegion.create(1, { heapMemorySize: 4 * MiB });
    const slot = region.newInstance({ heap: { initialSize: 4 * MiB } });
    bytesOf(slot)[0] = 1;
    slot.drop();
    expect(bytesOf(region.newInstance({ heap: { initialSize: 4 * MiB } }))[0]).toBe(0);
  });
});

describe("createRegion", () => {
  test("refuses by name what the backend cannot keep", () => {
    const driver = new FakeDriver();
    const unsupported = (options: object, given: FakeDriver | undefined = undefined): string =>
      refusal(() => createRegion(given, 1, {}, options), "unsupported").message;
    expect(unsupported({ slotGuard: true })).toContain("slotGuard");
    expect(unsupported({ hugePages: true })).toContain("hugePages");
    expect(unsupported({ slotGuard: true, backend: "wasm" }, driver)).toContain("slotGuard");
    expect(unsupported({ backend: "mmap" })).toContain("native driver");
    const big = { heapMemorySize: 2 ** 33, heapAddressSpaceSize: 2 ** 34 };
    const error = refusal(() => createRegion(undefined, 1, big), "unsupported", {
      backend: "wasm",
    });
    expect(error.message).toContain("heapMemorySize");
    expect(createRegion(driver, 1, big).backend).toBe("mmap");
    const wrong = { backend: "disk" as "mmap" };
    refusal(() => createRegion(driver, 1, {}, wrong), "invalid-argument", { argument: "backend" });
  });

  test("hands the driver on to wasm memories", () => {
    const [driver] = nativeDrivers;
    const region = createRegion(driver, 1, {}, { backend: "wasm", warmSlots: 0 });
    expect([region.backend, region.driver]).toEqual(["wasm", driver]);
  });

  test("its region goes wherever either backend's does, and its backend tells which it is", () => {
    for (const driver of [undefined, new FakeDriver()]) {
      const region = createRegion(driver, 2, { heapMemorySize: 4 * PAGE });
      const instance = newInstanceBuilder(region, new Module({ heap: HEAP })).build();
      expect(inspect(region, { slots: [instance.slot] }).usedSlots).toBe(1);
      if (region.backend === "mmap") {
        const slot = region.newInstance({});
        expect([slot.u8("stack").length, region.driver]).toEqual([2 ** 17, driver]);
        slot.drop();
      } else {
        expect(region.newInstance({ heap: HEAP }).memory.buffer.byteLength).toBe(2 * PAGE);
      }
      instance.drop();
    }
    const asked = createRegion(new FakeDriver(), 1, {}, { backend: "mmap" });
    expect(asked.quarantinedSlots).toBe(0);
  });
});

test("guards need a native driver", () => {
  const slot = WasmRegion.create(1).newInstance({ heap: HEAP });
  const error = refusal(() => uncheckedGuard(slot, 0, HOST), "unsupported", { backend: "wasm" });
  expect(error.message).toContain("driver");
});

describe.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "with %s",
  (name, driver) => {
    let region: WasmRegion;
    beforeEach(() => {
      region = WasmRegion.create(4, { heapMemorySize: 64 * MiB }, { driver });
    });
    const imaged = (offset: number): ModuleSpec => {
      const module = { heap: HEAP, initialData: [{ offset, bytes: new Uint8Array(HOST).fill(3) }] };
      expect(prepareImage(module, driver).mapped).toBe(true);
      return module;
    };

    test("inspect asks the region's own driver", () => {
      const slot = region.newInstance({ heap: HEAP });
      new Uint8Array(slot.heap.buffer)[0] = 1;
      const { driver: asked, sources, slots } = inspect(region, { slots: [slot] });
      expect([asked, sources.protections]).toEqual([name, "kernel"]);
      expect(slots[0]?.totals?.dirty).toBe(HOST);
      slot.drop();
    });

    test("drop and reset give the memory back to the system", () => {
      const slot = region.newInstance({ heap: { initialSize: 64 * MiB } });
      const guest = instantiate(GUEST, { memory: slot.memory });
      const before = residentBytes();
      const fill = (): void => {
        bytesOf(slot).fill(1);
        expect(residentBytes() - before).toBeGreaterThan(60 * MiB);
      };
      fill();
      expect(slot.reset()).toBe("same-memory");
      expect(residentBytes() - before).toBeLessThan(16 * MiB);
      fill();
      slot.drop(); // though the guest still has it
      expect(residentBytes() - before).toBeLessThan(16 * MiB);
      expect(guest.load?.(0)).toBe(0);
    });

    test.each([0, 1, HOST, 2 * PAGE - HOST])("images are mapped: data at %d", (offset) => {
      const slot = region.newInstance(imaged(offset));
      const wanted = new Uint8Array(2 * PAGE).fill(3, offset, offset + HOST);
      const agrees = (slot: WasmSlot): boolean => Buffer.from(wanted).equals(bytesOf(slot));
      expect(agrees(slot)).toBe(true);
      expect(readFileSync("/proc/self/maps", "utf8")).toContain("memkit-image");
      bytesOf(slot).fill(9);
      expect(slot.reset()).toBe("same-memory");
      expect(agrees(slot)).toBe(true);
      instantiate(GUEST, { memory: slot.memory }).grow?.(1);
      bytesOf(slot).fill(9);
      expect(slot.reset()).toBe("new-memory");
      expect(agrees(slot)).toBe(true);
      bytesOf(slot).fill(9);
      slot.drop();
    });

    test("MR-6: a memory with an image serves its own module again, and no other", () => {
      const [a, plain] = [imaged(0), { heap: HEAP }];
      for (const module of [a, plain, a, a, plain, plain]) {
        const slot = region.newInstance(module);
        expect(bytesOf(slot)[0]).toBe(module === a ? 3 : 0);
        expect(isZero(bytesOf(slot).subarray(HOST))).toBe(true);
        bytesOf(slot).fill(9);
        slot.drop();
      }
    });

    test("MR-24: a guest traps at a guard, goes on, and traps again after growth and reset", () => {
      const slot = region.newInstance({ heap: HEAP });
      const guest = instantiate(GUEST, { memory: slot.memory });
      uncheckedGuard(slot, HOST, HOST);
      uncheckedGuard(slot, 4 * HOST, HOST, "read");
      const traps = (at: number, op: "load" | "store" = "load"): boolean => {
        try {
          guest[op]?.(at, 1);
          return false;
        } catch (error) {
          expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
          return true;
        }
      };
      const drawn = (): boolean[] => [
        traps(HOST - 1),
        traps(HOST),
        traps(2 * HOST - 1),
        traps(2 * HOST),
        traps(4 * HOST),
        traps(4 * HOST, "store"),
      ];
      const guarded = [false, true, true, false, false, true];
      expect(drawn()).toEqual(guarded);
      slot.reset();
      expect(drawn()).toEqual(guarded);
      slot.expandHeap(PAGE);
      expect(drawn()).toEqual(guarded);
      guest.grow?.(1);
      expect(traps(HOST)).toBe(false); // not yet
      expect(slot.heap.buffer.byteLength).toBe(4 * PAGE);
      expect(drawn()).toEqual(guarded);
      slot.drop();
      expect(traps(HOST)).toBe(false);
    });

    test("guards end with the tenant, also where its memory is used again", () => {
      const slot = region.newInstance({ heap: HEAP });
      uncheckedGuard(slot, 0, 2 * PAGE);
      uncheckedRecycle(slot);
      expect(isZero(bytesOf(region.newInstance({ heap: HEAP })))).toBe(true);
    });

    test.each([
      [1, HOST],
      [0, 1],
      [0, 0],
      [2 * PAGE, HOST],
      [PAGE, PAGE + HOST],
      [-HOST, HOST],
      [Number.NaN, HOST],
      [0, 2 ** 53],
    ])("no guard at %d of %d bytes", (offset, length) => {
      const slot = region.newInstance({ heap: HEAP });
      refusal(() => uncheckedGuard(slot, offset, length), "invalid-argument");
      slot.drop();
      refusal(() => uncheckedGuard(slot, 0, HOST), "slot-dropped");
    });

    test("SIGSEGV for a view of JavaScript that touches a guard: hence unchecked", () => {
      const { signal, stdout } = runChild("wasm-guard.ts", [name]);
      expect({ signal, stdout }).toEqual({ signal: "SIGSEGV", stdout: "trapped " });
    });

    test("memories without bytes have no pages", () => {
      const slot = region.newInstance({});
      expect([slot.reset(), slot.heapLength]).toEqual(["same-memory", 0]);
      slot.drop();
    });
  },
);
