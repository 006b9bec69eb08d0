/** What a region must know of a program: heap, sparse page data, globals, and lucet's questions about them. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FakeDriver } from "../src/fake-driver.js";
import { type InitialData, Limits } from "../src/index.js";
import { globalOf, Module, newInstanceBuilder } from "../src/instance.js";
import { MmapRegion } from "../src/mmap.js";
import { refusal } from "./expect-error.js";

const PAGE = 4096;
const HEAP = { initialSize: 4 * PAGE };

describe("Module", () => {
  test("puts sparse pages together, the later data over the earlier", () => {
    const piece = fc.record({
      offset: fc.nat(4 * PAGE - 40),
      bytes: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (data: readonly InitialData[]) => {
        const model = new Uint8Array(4 * PAGE);
        const touched = new Set<number>();
        for (const { offset, bytes } of data) {
          model.set(bytes, offset);
          for (let at = 0; at < bytes.length; at++) touched.add(Math.floor((offset + at) / PAGE));
        }
        const module = new Module({ heap: HEAP, data });
        for (let page = 0; page < 6; page++) {
          const contents = module.sparsePage(page) ?? "zeros";
          const part = touched.has(page) ? model.subarray(page * PAGE, (page + 1) * PAGE) : "zeros";
          expect(Buffer.from(contents).equals(Buffer.from(part))).toBe(true);
        }
        expect(module.sparsePageCount).toBe(Math.max(-1, ...touched) + 1);
        const slot = MmapRegion.create(new FakeDriver(), 1).newInstance(module);
        // `toEqual` of long arrays takes Node 26 a second.
        expect(Buffer.from(slot.u8("heap")).equals(model)).toBe(true);
        slot.reset();
        expect(Buffer.from(slot.u8("heap")).equals(model)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("keeps copies: what the caller does afterwards changes nothing", () => {
    const bytes = new Uint8Array([1]);
    const globals = [globalOf("i32", 1)];
    const module = new Module({ heap: HEAP, data: [{ offset: 0, bytes }], globals });
    bytes[0] = 2;
    globals.push(globalOf("i32", 2));
    expect([module.sparsePage(0)?.[0], module.globals.length]).toEqual([1, 1]);
  });

  test("refuses data beyond the heap, and pages that are none", () => {
    const data = [{ offset: 4 * PAGE, bytes: new Uint8Array(1) }];
    refusal(() => new Module({ heap: HEAP, data }), "incorrect-module");
    refusal(
      () => new Module({ data: [{ offset: 0, bytes: new Uint8Array(1) }] }),
      "incorrect-module",
    );
    refusal(() => new Module().sparsePage(-1), "invalid-argument");
    expect(new Module().sparsePageCount).toBe(0);
  });

  test("MR-13: asks about globals last, and for the whole area", () => {
    const limits = new Limits();
    const globals = Array.from({ length: 512 }, () => globalOf("i64", 1));
    new Module({ globals }).validateRuntimeSpec(limits);
    const many = [...globals, globalOf("i64", 1)];
    const what = "globals exceed limits";
    refusal(() => new Module({ globals: many }).validateRuntimeSpec(limits), "limits-exceeded", {
      what,
      asked: 4104,
      limit: 4096,
    });
    const heap = { initialSize: 2 ** 21 };
    const both = new Module({ heap, globals: many });
    refusal(() => both.validateRuntimeSpec(limits), "limits-exceeded", {
      what: "heap spec initial size",
    });
    refusal(() => both.validateRuntimeSpec(limits, 2 ** 21), "invalid-argument");
  });

  test("MR-13: a module that is refused leaves the region as it was", () => {
    const region = MmapRegion.create(new FakeDriver(), 2);
    const globals = Array.from({ length: 513 }, () => globalOf("i64", 1));
    const imported = [{ type: "import", module: "env", name: "g" }] as const;
    const wide = [globalOf("i32", 1), { type: "v128" }] as const;
    const build = (module: Module) => newInstanceBuilder(region, module).build();
    refusal(() => build(new Module({ globals })), "limits-exceeded");
    const error = refusal(() => build(new Module({ globals: imported })), "unsupported");
    expect(error.message).toContain('global imports; found: "env" "g"');
    refusal(() => build(new Module({ globals: wide })), "unsupported");
    expect([region.freeSlots, region.usedSlots]).toEqual([2, 0]);
  });
});

describe("globalOf", () => {
  test("MR-16: the area holds the bits of each value, as a wasm engine reads them", () => {
    const module = new Module({
      globals: [
        globalOf("i32", -1),
        globalOf("i32", 0xffff_fffe),
        globalOf("i64", -5n),
        globalOf("i64", 2n ** 64n - 1n),
        globalOf("f32", 1.5),
        globalOf("f64", -0),
      ],
    });
    const region = MmapRegion.create(new FakeDriver(), 1);
    const instance = newInstanceBuilder(region, module).build();
    const check = (): void => {
      const { buffer } = instance.slot.u8("globals");
      const view = new DataView(buffer);
      expect(view.getInt32(0, true)).toBe(-1);
      expect(view.getUint32(8, true)).toBe(0xffff_fffe);
      expect(view.getInt32(4, true)).toBe(0);
      expect(view.getBigInt64(16, true)).toBe(-5n);
      expect(view.getBigUint64(24, true)).toBe(2n ** 64n - 1n);
      expect(view.getFloat32(32, true)).toBe(1.5);
      expect(Object.is(view.getFloat64(40, true), -0)).toBe(true);
      expect(new Uint8Array(buffer, 48).every((byte) => byte === 0)).toBe(true);
    };
    check();
    instance.slot.u8("globals").fill(0xff);
    instance.reset();
    check();
  });

  test.each([
    ["i32", 2 ** 32],
    ["i32", -(2 ** 31) - 1],
    ["i32", 0.5],
    ["i64", 2n ** 64n],
    ["i64", -(2n ** 63n) - 1n],
    ["i64", 2 ** 53],
    ["f32", 1n],
    ["f64", 1n],
  ] as const)("refuses what is no %s: %s", (type, value) => {
    refusal(() => globalOf(type, value), "invalid-argument", { argument: "global" });
  });
});
