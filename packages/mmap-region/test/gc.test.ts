import { readdirSync, readlinkSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { WasmRegion, type WasmSlot } from "../src/index.js";
import { prepareImage } from "../src/mmap.js";
import { backends } from "./contract/backends.js";
import { nativeDrivers } from "./contract/drivers.js";

const PAGE = 65536;
const ROUNDS = 50;

/** Collects until at most `few` of the targets are left, or gives up. */
async function collected(targets: readonly WeakRef<object>[], few: number): Promise<number> {
  let left = targets.length;
  for (let n = 0; n < 20 && left > few; n++) {
    await setImmediate(); // a WeakRef holds its target until the present job ends
    globalThis.gc?.();
    left = targets.filter((target) => target.deref() !== undefined).length;
  }
  return left;
}

test("memories of dropped slots are collected, though slots, heaps and region are kept", async () => {
  expect(globalThis.gc).toBeTypeOf("function");
  const region = WasmRegion.create(1);
  const kept: unknown[] = [region];
  const memories: WeakRef<object>[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    const slot = region.newInstance({ heap: { initialSize: PAGE } });
    memories.push(new WeakRef(slot.memory));
    kept.push(slot, slot.heap);
    slot.drop();
  }
  expect(await collected(memories, 0)).toBe(0);
  expect(kept.length).toBe(1 + 2 * ROUNDS);
});

test("a memory that a reset replaced is collected, though its old heap is kept", async () => {
  const slot = WasmRegion.create(1).newInstance({ heap: { initialSize: PAGE } });
  const kept: unknown[] = [];
  const memories: WeakRef<object>[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    slot.expandHeap(PAGE);
    memories.push(new WeakRef(slot.memory));
    kept.push(slot.heap);
    expect(slot.reset()).toBe("new-memory");
  }
  expect(await collected(memories, 0)).toBe(0);
  expect(kept.length).toBe(ROUNDS);
});

test("a closed region lets go of recycled memories, and a live slot does not need its region", async () => {
  const { uncheckedRecycle } = await import("../src/unchecked.js");
  const region = WasmRegion.create(ROUNDS);
  const memories: WeakRef<object>[] = [];
  const slots: WasmSlot[] = Array.from({ length: ROUNDS }, () =>
    region.newInstance({ heap: { initialSize: PAGE } }),
  );
  for (const slot of slots) {
    memories.push(new WeakRef(slot.memory));
    uncheckedRecycle(slot);
  }
  expect(await collected(memories, ROUNDS)).toBe(ROUNDS); // kept for the next tenants
  region.close();
  expect(await collected(memories, 0)).toBe(0);
});

test.each(backends)(
  "%s: a lost slot is warned about when the next is asked for",
  async (_, create) => {
    const warnings: string[] = [];
    const listen = ({ name, message }: Error): unknown => warnings.push(`${name}: ${message}`);
    process.on("warning", listen);
    for (const how of ["drop", "lose"]) {
      const region = create(ROUNDS + 2);
      // In a function of its own, or the last slot stays in a register of this one.
      const take = (): WeakRef<object> => {
        const slot = region.newInstance({ heap: { initialSize: PAGE } });
        if (how === "drop") slot.drop();
        return new WeakRef(slot);
      };
      expect(await collected(Array.from({ length: ROUNDS }, take), 0)).toBe(0);
      for (let n = 0; n < 50; n++) await setImmediate(); // finalizers run in a task of their own
      expect(warnings).toEqual([]);
      for (const slot of [region.newInstance({}), region.newInstance({})]) slot.drop();
    }
    await setImmediate();
    process.off("warning", listen);
    expect(warnings).toEqual([
      expect.stringMatching(/^MemkitLeakWarning: slot \d+ of a region was garbage collected/),
    ]);
  },
);

test.each(nativeDrivers.map((driver) => [driver.name, driver] as const))(
  "%s: images that are lost with their modules give their files back",
  async (_name, driver) => {
    const files = (): number =>
      readdirSync("/proc/self/fd").filter((fd) => isImage(`/proc/self/fd/${fd}`)).length;
    const before = files();
    const bytes = new Uint8Array(4096).fill(1);
    for (let n = 0; n < ROUNDS; n++) {
      prepareImage({ heap: { initialSize: PAGE }, initialData: [{ offset: 0, bytes }] }, driver);
    }
    for (let n = 0; n < 20 && files() > before; n++) {
      globalThis.gc?.();
      await setTimeout(5);
    }
    expect(files()).toBe(before);
  },
);

function isImage(path: string): boolean {
  try {
    return readlinkSync(path).includes("memkit-image");
  } catch {
    return false; // closed meanwhile, such as the one that reads the folder
  }
}
