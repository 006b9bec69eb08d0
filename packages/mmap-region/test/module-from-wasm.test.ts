/** What can be read from a wasm binary, compared with what an engine makes of it. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegionError } from "../src/index.js";
import { type GlobalSpec, globalOf, moduleOf } from "../src/instance.js";
import { refusal } from "./expect-error.js";
import { instantiate, wat } from "./wat.js";

describe("moduleOf", () => {
  test("reads the memory's sizes", () => {
    expect(moduleOf(wat("(module (memory 2 5))")).heap).toEqual({
      initialSize: 2 * 65536,
      maxSize: 5 * 65536,
    });
    expect(moduleOf(wat('(module (import "env" "memory" (memory 1)))')).heap?.maxSize).toBe(
      undefined,
    );
    expect(moduleOf(wat("(module)")).heap).toBe(undefined);
  });

  test("the data is what an engine has in a fresh memory", () => {
    const bytes = wat(`(module (memory (export "memory") 2)
      (global $at i32 (i32.const 70000))
      (data (i32.const 4094) "abcd")
      (data (i32.const 4095) "X")
      (data "passive")
      (data (i32.const 131071) "\\ff")
      (data (i32.const -0) ""))`);
    const module = moduleOf(bytes);
    const engine = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.memory;
    const memory = new Uint8Array((engine as WebAssembly.Memory).buffer);
    for (let page = 0; page < 32; page++) {
      const expected = Buffer.from(memory.subarray(page * 4096, (page + 1) * 4096));
      const empty = expected.every((byte) => byte === 0);
      const contents = module.sparsePage(page);
      expect(contents === undefined).toBe(empty);
      expect(expected.equals(contents ?? new Uint8Array(4096))).toBe(true);
    }
  });

  test("the globals are what an engine has", () => {
    const bytes = wat(`(module
      (global (mut i32) (i32.const -1)) (global i64 (i64.const 0x8000000000000000))
      (global f32 (f32.const nan:0x200001)) (global f64 (f64.const -1.5))
      (global i32 (i32.const 0x7fffffff)) (global funcref (ref.null func))
      (func (export "f32") (result i32) (i32.reinterpret_f32 (global.get 2))))`);
    const { globals } = moduleOf(bytes);
    const payload = instantiate(bytes, {}).f32!();
    expect(globals).toEqual([
      globalOf("i32", -1),
      globalOf("i64", -(2n ** 63n)),
      { type: "f32", bits: BigInt.asUintN(32, BigInt(payload)) },
      globalOf("f64", -1.5),
      globalOf("i32", 0x7fff_ffff),
      { type: "reference" },
    ]);
  });

  test("counts imported globals first, and takes constants through others", () => {
    const bytes = new Uint8Array([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[2, 8, 1, 1, 0x6d, 1, 0x67, 3, 0x7f, 0], // import m.g, i32
      ...[6, 19, 3], // three globals
      ...[0x7f, 0, 0x41, 0x0a, 0x0b], // 10
      ...[0x7f, 0, 0x23, 1, 0x41, 3, 0x6b, 0x0b], // that less 3
      ...[0x7e, 0, 0x42, 0x7f, 0x0b], // -1
    ]);
    const globals: readonly GlobalSpec[] = moduleOf(bytes).globals;
    expect(globals).toEqual([
      { type: "import", module: "m", name: "g" },
      globalOf("i32", 10),
      globalOf("i32", 7),
      globalOf("i64", -1n),
    ]);
  });

  test("says what only a running engine could know", () => {
    const placed = wat(`(module (import "env" "base" (global $base i32)) (memory 1)
      (data (global.get $base) "x"))`);
    const error = refusal(() => moduleOf(placed), "unsupported");
    expect(error.message).toContain("data whose place depends on an imported global");
    const derived = wat(
      `(module (import "env" "base" (global $base i32)) (global i32 (global.get $base)))`,
    );
    refusal(() => moduleOf(derived), "unsupported");
    refusal(() => moduleOf(wat("(module (memory 1 1 shared))")), "unsupported");
    refusal(() => moduleOf(wat("(module (memory 1) (memory 1))")), "several-memories", {
      count: 2,
    });
    refusal(
      () => moduleOf(wat('(module (memory 1) (data (i32.const 65536) "x"))')),
      "incorrect-module",
    );
    refusal(() => moduleOf("x" as unknown as Uint8Array<ArrayBuffer>), "invalid-argument");
  });

  const rich = wat(`(module (import "a" "b" (global i64)) (memory 1 2)
    (global (mut i32) (i32.const -70000)) (global i64 (i64.const 1234567890123456789))
    (global f64 (f64.const 1)) (global funcref (ref.null func))
    (data (i32.const 300) "hello") (data "p"))`);

  test("ends in a spec or a RegionError for whatever bytes", () => {
    const change = fc.record({ at: fc.nat(rich.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.nat(rich.length),
        (edits, cut) => {
          const bytes = rich.slice(0, cut < 8 ? undefined : cut);
          for (const { at, to } of edits) bytes[Math.min(at, bytes.length - 1)] = to;
          try {
            moduleOf(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(RegionError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["a global with a wrong mutability", [6, 6, 1, 0x7f, 2, 0x41, 0, 0x0b]],
    ["an expression without a value", [6, 4, 1, 0x7f, 0, 0x0b]],
    ["an operator without operands", [6, 5, 1, 0x7f, 0, 0x6a, 0x0b]],
    ["a number of too many bits", [6, 10, 1, 0x7f, 0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x08, 0x0b]],
    [
      "a number of too many bytes",
      [6, 11, 1, 0x7f, 0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x0b],
    ],
    ["a global that comes later", [6, 6, 1, 0x7f, 0, 0x23, 0, 0x0b]],
    ["an unknown kind of segment", [11, 2, 1, 3]],
  ])("refuses %s", (_what, section) => {
    const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section]);
    refusal(() => moduleOf(bytes), "malformed-module");
  });

  test("reads a vector as one that 8 bytes cannot hold, and refuses instructions that it does not know", () => {
    const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 6];
    const vector = [1, 0x7b, 0, 0xfd, 12, ...new Array(16).fill(1), 0x0b];
    expect(moduleOf(new Uint8Array([...head, vector.length, ...vector])).globals).toEqual([
      { type: "v128" },
    ]);
    refusal(() => moduleOf(new Uint8Array([...head, 6, 1, 0x6e, 0, 0xfb, 0, 0x0b])), "unsupported");
  });
});
