import { describe, expect, test } from "vitest";
import { adoptMemory } from "../src/adopt-memory.js";
import { customRandom } from "../src/alloc-strategy.js";
import { Limits } from "../src/limits.js";
import { SlotPool } from "../src/slot-pool.js";
import { WasmRegion } from "../src/wasm-region.js";
import { refusal } from "./expect-error.js";

const PAGE = 65_536;
const HEAP = { initialSize: PAGE };
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const ENV = { module: "env", name: "memory" };

describe("SlotPool", () => {
  test("the largest capacity costs nothing before its slots are used", () => {
    const before = process.memoryUsage().rss;
    const pool = new SlotPool(2 ** 32 - 1);
    const middle = pool.choose({ next: () => 2 ** 31 });
    expect(pool.numberAt(middle)).toBe(2 ** 31);
    pool.take(middle);
    expect(pool.numberAt(2 ** 31)).toBe(2 ** 32 - 2); // the last one moved into its place
    pool.putLast(2 ** 31);
    expect([pool.free, pool.numberAt(2 ** 32 - 2)]).toEqual([2 ** 32 - 1, 2 ** 31]);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
  });
});

describe("allocation strategies", () => {
  test("one that closes the region gets no slot of it", () => {
    const region = WasmRegion.create(2);
    const allocStrategy = {
      next(): number {
        region.close();
        return 0;
      },
    };
    refusal(() => region.newInstance({ heap: HEAP }, { allocStrategy }), "region-closed");
    expect(region.usedSlots).toBe(0);
  });

  test.each(["0.5", null, true, { valueOf: () => 0.5 }])("a random source of %o", (drawn) => {
    refusal(() => customRandom(() => drawn as number).next(4, 4), "invalid-argument", {
      argument: "rng()",
    });
  });
});

describe("initial data that cannot be copied", () => {
  const detached = new Uint8Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  test.each([
    ["detached", detached],
    ["a Proxy", new Proxy(new Uint8Array(4), {})],
  ])("%s", (_, bytes) => {
    const region = WasmRegion.create(1);
    refusal(
      () => region.newInstance({ heap: HEAP, initialData: [{ offset: 0, bytes }] }),
      "invalid-argument",
      { argument: "initialData bytes" },
    );
    expect(region.freeSlots).toBe(1);
  });
});

describe("a heap spec that is none", () => {
  test.each([null, 7, "heap"])("%o", (heap) => {
    refusal(() => WasmRegion.create(1).newInstance({ heap: heap as never }), "invalid-argument");
  });
});

describe("limits", () => {
  test("that look like Limits are asked all the same (MR-1)", () => {
    class Lenient extends Limits {
      override validate(): void {
        // whatever you like
      }
    }
    refusal(() => WasmRegion.create(1, new Lenient({ stackSize: 1 })), "invalid-argument");
    const fake: Limits = Object.create(Limits.prototype, {
      ...Object.getOwnPropertyDescriptors(new Limits()),
      heapMemorySize: { value: PAGE, writable: true, enumerable: true },
    });
    const region = WasmRegion.create(1, fake);
    Reflect.set(fake, "heapMemorySize", 4 * PAGE);
    expect(region.limits.heapMemorySize).toBe(PAGE);
  });

  test("with() leaves what is undefined as it is", () => {
    const limits = new Limits({ stackSize: 4096, hostcallReservation: 0 });
    const sizes: { stackSize?: number } = JSON.parse("{}");
    Reflect.set(sizes, "stackSize", undefined);
    expect(limits.with(sizes).stackSize).toBe(4096);
  });
});

describe("hostile modules", () => {
  /** Bytes of heap that adopting `bytes` keeps at most, while it runs. */
  const heapUsed = (bytes: Uint8Array<ArrayBuffer>, code: "malformed-module" | "no-memory") => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    refusal(() => adoptMemory(bytes, ENV), code);
    return process.memoryUsage().heapUsed - before;
  };
  const section = (id: number, body: readonly number[], repeat: readonly number[], n: number) => {
    const size = body.length + repeat.length * n;
    const leb = (value: number): number[] =>
      [0, 7, 14, 21, 28].map((shift, i) => ((value >>> shift) & 0x7f) | (i < 4 ? 0x80 : 0));
    const head = [...HEADER, id, ...leb(size), ...body];
    const bytes = new Uint8Array(head.length + repeat.length * n);
    bytes.set(head);
    for (let i = 0; i < n; i++) bytes.set(repeat, head.length + i * repeat.length);
    return bytes;
  };
  const COUNT = 2 ** 20;
  const LEB_COUNT = [0x80, 0x80, 0xc0, 0x00];

  test("a million empty custom sections are passed over, not kept", () => {
    const bytes = new Uint8Array(HEADER.length + 2 * COUNT);
    bytes.set(HEADER);
    bytes[bytes.length - 2] = 0x7f; // no section: the end of the walk
    expect(heapUsed(bytes, "malformed-module")).toBeLessThan(64 * 2 ** 20);
  });

  test("a million imports are passed over, not kept", () => {
    const bytes = section(2, LEB_COUNT, [0, 0, 0, 0], COUNT);
    expect(heapUsed(bytes, "no-memory")).toBeLessThan(64 * 2 ** 20);
  });

  test("a million memories are counted, not kept", () => {
    const bytes = section(5, LEB_COUNT, [0, 0], COUNT);
    refusal(() => adoptMemory(bytes, ENV), "several-memories", { count: COUNT });
    const imported = section(2, LEB_COUNT, [0, 0, 2, 0, 0], COUNT);
    refusal(() => adoptMemory(imported, ENV), "several-memories", { count: COUNT });
  });
});
