/** `exposeState`: what it adds, what it leaves alone, what it refuses. */

import { describe, expect, test, vi } from "vitest";
import { exposeState } from "../../src/expose-state.js";
import { snapshot } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { wat } from "../wat.js";
import { rejection } from "./rejection.js";

const names = (bytes: Uint8Array<ArrayBuffer>): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);

describe("exposeState", () => {
  const counter = `(memory 1) (global $n (mut i32) (i32.const 3)) (global f64 (f64.const 1))
    (func $up (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))`;

  test("exports memories, tables and globals beside what is exported already", async () => {
    const before = wat(`(module ${counter} (table 2 funcref) (export "up" (func $up)))`);
    expect(names(await exposeState(before))).toEqual([
      "up",
      "memkit:table:0",
      "memkit:memory:0",
      "memkit:global:0",
    ]);
  });

  test("counts imported ones, and makes an export section where there is none", async () => {
    const before = wat(`(module (import "env" "g" (global (mut i32))) (import "env" "f" (func))
      (import "env" "m" (memory 1)) (import "env" "t" (table 1 funcref))
      (global i32 (i32.const 1)) (global (mut i64) (i64.const 1)))`);
    expect(names(await exposeState(before))).toEqual([
      "memkit:table:0",
      "memkit:memory:0",
      "memkit:global:0",
      "memkit:global:2",
    ]);
  });

  test("leaves the rest byte for byte as it was (MR-44)", async () => {
    const before = wat(`(module ${counter} (export "up" (func $up)) (data (i32.const 5) "bytes"))`);
    const after = await exposeState(before);
    const own = before.indexOf(7, before.indexOf(6) + 1); // the export section stands behind the globals
    let common = 0;
    while (before[common] === after[common]) common++;
    expect(common).toBeGreaterThanOrEqual(own);
    let end = 1;
    while (before.at(-end) === after.at(-end)) end++;
    expect(before.length - end).toBeLessThan(own + 2 + before[own + 1]!);
  });

  test("lets a snapshot rewind a global that the program keeps to itself", async () => {
    const bytes = wat(`(module ${counter} (export "up" (func $up)))`);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(await exposeState(bytes)));
    const up = exports.up as () => number;
    const image = snapshot({ exports });
    const target = { exports };
    image.apply(target);
    expect([up(), up()]).toEqual([4, 5]);
    image.reset(target);
    expect(up()).toBe(4);
    image.close();
  });

  test("gives back what has nothing to expose, and refuses what is no module or exposed already", async () => {
    const empty = wat("(module)");
    expect(await exposeState(empty)).toBe(empty);
    const once = await exposeState(wat("(module (memory 1))"));
    await rejection(exposeState(once), "import-name-taken", { importName: "memkit:memory:0" });
    await rejection(exposeState(new Uint8Array(8)), "malformed-module");
    await rejection(exposeState("" as unknown as Uint8Array<ArrayBuffer>), "invalid-argument");
  });

  test("a global that JavaScript cannot read is out of reach, not left out", async () => {
    const bytes = wat("(module (global (mut v128) (v128.const i32x4 0 0 0 0)))");
    const instance = new WebAssembly.Instance(new WebAssembly.Module(await exposeState(bytes)));
    refusal(() => snapshot(instance), "state-out-of-reach");
  });

  test("says what is missing where the library is", async () => {
    vi.doMock("wasmparser", () => {
      throw new Error("Cannot find package 'wasmparser'\nRequire stack");
    });
    await rejection(exposeState(wat("(module (memory 1))")), "library-unavailable", {
      library: "wasmparser",
    });
    vi.doUnmock("wasmparser");
  });
});
