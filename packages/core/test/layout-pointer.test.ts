/**
 * Pointers to runs and to text: two words (CORE-19).
 *
 * @module
 */

import { describe, expect, it } from "vitest";
import { array, arrayPtr, type Layout, ptr, strPtr, struct, u8, u16 } from "../src/layout.js";
import { detailOf } from "./layout-detail.js";

const fresh = (): DataView => new DataView(new ArrayBuffer(64));

describe("arrayPtr and strPtr", () => {
  it("are an address and a length, each as wide as a pointer", () => {
    for (const type of [arrayPtr(u16), strPtr]) {
      expect([type.size, type.align]).toEqual([8, 4]);
      expect([type.for("wasm64").size, type.for("wasm64").align]).toEqual([16, 8]);
      expect(type.for("wasm64").for("wasm32")).toBe(type);
    }
    expect(arrayPtr(strPtr).name).toBe("arrayPtr<strPtr>");
    expect(struct(["tag", u8], ["text", strPtr]).offsetOf("text")).toBe(4);
  });

  it.each([
    ["wasm32", 2 ** 32 - 1, 2 ** 32],
    ["wasm64", 2 ** 53 - 1, 2 ** 53],
  ] as const)("hold numbers up to the last address of %s", (target, most, more) => {
    const dv = fresh();
    const list: Layout = arrayPtr(u8).for(target);
    list.write(dv, 8, { ptr: most, len: most });
    expect(list.read(dv, 8)).toEqual({ ptr: most, len: most });
    list.write(dv, 8, { ptr: 0, len: 0 });
    for (const [value, path, got] of [
      [{ ptr: more, len: 0 }, "ptr", more],
      [{ ptr: 0, len: more }, "len", more],
      [{ ptr: 0 }, "len", "undefined"],
      [{ ptr: -1, len: 0 }, "ptr", -1],
      [7, "", 7],
      [undefined, "", "undefined"],
    ] as const) {
      expect(detailOf(() => list.write(dv, 8, value))).toEqual({
        code: "value-out-of-range",
        type: list.name,
        got,
        path,
      });
    }
    expect(new Uint8Array(dv.buffer).every((byte) => byte === 0)).toBe(true);
  });

  it("refuse to be read above 2^53 on wasm64, either word", () => {
    const dv = fresh();
    for (const at of [0, 8]) {
      dv.setBigUint64(at, 2n ** 53n, true);
      expect(detailOf(() => strPtr.for("wasm64").read(dv, 0))).toMatchObject({
        code: "value-out-of-range",
        got: 2n ** 53n,
      });
      dv.setBigUint64(at, 0n, true);
    }
  });

  it("go anywhere that a type goes: records, arrays, behind pointers, views", () => {
    const record = struct(["list", arrayPtr(ptr(strPtr))], ["lines", array(strPtr, 2)]);
    const dv = fresh();
    const value = {
      list: { ptr: 1, len: 2 },
      lines: [
        { ptr: 3, len: 4 },
        { ptr: 5, len: 6 },
      ],
    };
    record.write(dv, 0, value);
    expect(record.read(dv, 0)).toEqual(value);
    const view = record.view(dv, 0);
    expect(view.list).toEqual({ ptr: 1, len: 2 });
    view.list = { ptr: 7, len: 8 };
    view.lines.set(1, { ptr: 9, len: 10 });
    expect(record.read(dv, 0)).toEqual({
      list: { ptr: 7, len: 8 },
      lines: [
        { ptr: 3, len: 4 },
        { ptr: 9, len: 10 },
      ],
    });
    expect(
      detailOf(() =>
        (record as Layout).write(dv, 0, {
          ...value,
          lines: [
            { ptr: 3, len: 4 },
            { ptr: 5, len: -6 },
          ],
        }),
      ),
    ).toMatchObject({ path: "lines[1].len" });
  });
});
