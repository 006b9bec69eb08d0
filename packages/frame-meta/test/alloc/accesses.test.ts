/** Shared accesses are counted, not timed: what an operation touches must not grow with the table. */

import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { type BuddyAllocator, createBuddy } from "@memkit/frame-meta/alloc";
import { describe, expect, it } from "vitest";

/** Every element read or written through typed arrays, while they are watched. */
let accesses = 0;

const isIndex = (key: string | symbol): boolean => typeof key === "string" && /^\d+$/.test(key);

function watched<T extends object>(array: T): T {
  return new Proxy(array, {
    get(target, key) {
      if (isIndex(key)) accesses += 1;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set(target, key, value) {
      if (isIndex(key)) accesses += 1;
      return Reflect.set(target, key, value, target);
    },
  });
}

/** The same allocator over words that count. */
function watch(allocator: BuddyAllocator): void {
  const inner = allocator as unknown as {
    words: { words: Int32Array };
    depot: { trees: { words: Int32Array; bytes: Uint8Array }[] };
  };
  inner.words.words = watched(inner.words.words);
  for (const tree of inner.depot.trees) {
    tree.words = watched(tree.words);
    tree.bytes = watched(tree.bytes);
  }
}

function count(run: () => unknown): number {
  accesses = 0;
  run();
  return accesses;
}

function rig(frames: number, cache: number): BuddyAllocator {
  const source = { buffer: new SharedArrayBuffer(frames * 4096) };
  const memory = [{ firstPfn: 0, frames, source, byteOffset: 0 }];
  const table = FrameTable.create({ memory });
  const allocator = createBuddy(table, { cache });
  watch(allocator);
  return allocator;
}

/** What each operation touches at most, over some of them in a row. */
function most(allocator: BuddyAllocator): Record<string, number> {
  const found: Record<string, number> = { alloc: 0, add: 0, run: 0, addRun: 0, takeAt: 0 };
  const note = (name: string, n: number): void => {
    found[name] = Math.max(found[name]!, n);
  };
  const held: number[] = [];
  for (let i = 0; i < 200; i += 1)
    note(
      "alloc",
      count(() => held.push(allocator.alloc())),
    );
  for (const pfn of held)
    note(
      "add",
      count(() => allocator.add(pfn)),
    );
  for (let i = 0; i < 20; i += 1) {
    let pfn = 0;
    note(
      "run",
      count(() => (pfn = allocator.alloc(32))),
    );
    note(
      "addRun",
      count(() => allocator.add(pfn, 32)),
    );
    note(
      "takeAt",
      count(() => allocator.takeAt(500 + i)),
    );
  }
  return found;
}

describe("shared accesses", () => {
  const small = 2 ** 10;
  const large = 2 ** 20;

  it.each([0, 32])(
    "of the allocator grow with the logarithm of the table at most, with caches of %i",
    (cache) => {
      const [few, many] = [most(rig(small, cache)), most(rig(large, cache))];
      // Each level is looked at once on the way down, and its node and the two below it on the way up.
      const levels = Math.log2(large) - Math.log2(small);
      for (const name of Object.keys(few)) {
        expect([name, many[name]! - few[name]! <= 8 * levels]).toEqual([name, true]);
        expect([name, many[name]! <= 12 * Math.log2(large) + 8 * cache]).toEqual([name, true]);
      }
    },
  );

  it("of a frame from the cache are the same however large the table", () => {
    const [few, many] = [small, large].map((frames) => {
      const allocator = rig(frames, 32);
      allocator.add(allocator.alloc());
      return count(() => allocator.add(allocator.alloc()));
    });
    expect([few, many]).toEqual([few, few]);
    expect(few).toBeLessThanOrEqual(8);
  });

  it("of slots are the same however large the table", () => {
    const [few, many] = [small, large].map((frames) => {
      const source = { buffer: new SharedArrayBuffer(frames * 4096) };
      const memory = [{ firstPfn: 0, frames, source, byteOffset: 0 }];
      const table = FrameTable.create({ memory });
      Frame.fromUnused(table, 0, unitMeta, {}).drop();
      const inner = table.slots as unknown as { words: Int32Array };
      inner.words = watched(inner.words);
      return count(() => {
        const frame = Frame.fromUnused(table, (frames - 1) * 4096, unitMeta, {});
        frame.clone().drop();
        frame.drop();
      });
    });
    expect([few, many]).toEqual([few, few]);
    expect(few).toBeGreaterThan(5);
  });
});
