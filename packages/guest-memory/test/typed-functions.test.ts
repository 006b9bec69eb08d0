/** Types of functions: what the engine compares when guest and host are linked. */

import { enumeration, f32, f64, i64, type Layout, strPtr, u16, u32, u64 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { bindings, exportsOf, type RawFunction } from "@memkit/guest-memory/bindings";
import { trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WasmType } from "../src/bindings/pass.js";
import { FunctionTypes, typesModule } from "../src/bindings/typed-functions.js";
import { assembled, moduleOf, thrownBy } from "./support/guests.js";
import { codeOf } from "./support/model.js";

const errno = enumeration(u16, ["success", "fault"]).named("errno");
const memoryOf = (): GuestMemory => new GuestMemory(new WebAssembly.Memory({ initial: 1 }));

/** A guest that declares `m.f` as `type`, and exports it again. */
const guest = (type: string, f: RawFunction) =>
  new WebAssembly.Instance(
    moduleOf(`(module (import "m" "f" (func $f ${type})) (export "f" (func $f)))`),
    { m: { f: f as WebAssembly.ImportValue } },
  );

const bound = (spec: object, f: unknown, more: object = {}): RawFunction =>
  bindings({ module: "m", functions: { f: spec } }).imports({
    memory: memoryOf(),
    functions: { f } as never,
    ...more,
  } as never).m.f as RawFunction;

describe("an import that a guest declares otherwise than described (GM-31)", () => {
  it.each<[string, object, string]>([
    ["an i64 result for a u32", { results: [u32] }, "(result i64)"],
    ["an i32 result for a u64", { results: [u64] }, "(result i32)"],
    ["an i64 for an errno", { error: errno }, "(result i64)"],
    ["a float result for a u32", { results: [u32] }, "(result f64)"],
    ["an f32 for an f64", { results: [f64] }, "(result f32)"],
    ["no result for a u32", { results: [u32] }, ""],
    ["a result where none is described", {}, "(result i32)"],
    ["more parameters", { params: [["a", u32]] }, "(param i32 i32)"],
    ["fewer parameters", { params: [["s", strPtr]] }, "(param i32)"],
    ["a float parameter for a u32", { params: [["a", u32]] }, "(param f64)"],
    ["an i32 parameter for a u64", { params: [["a", u64]] }, "(param i32)"],
    ["an f64 parameter for an f32", { params: [["a", f32]] }, "(param f64)"],
    ["a result of what does not return", { noreturn: true }, "(result i32)"],
  ])("%s is not linked", (_, spec, type) => {
    const raised = thrownBy(() =>
      guest(
        type,
        bound(spec, () => 3),
      ),
    );
    expect(raised).toBeInstanceOf(WebAssembly.LinkError);
    expect(String(raised)).toContain("f");
  });

  it("is not linked either if it is traced", () => {
    const f = bound({ results: [u32] }, () => 3, { trace: () => undefined });
    expect(() => guest("(result i64)", f)).toThrow(WebAssembly.LinkError);
  });

  it("can be linked as described, and what it raises is still a trap that no guest swallows", () => {
    const f = bound({ results: [u32] }, () => {
      throw new Error("boom");
    });
    const module = moduleOf(`(module (import "m" "f" (func $f (result i32)))
      (func (export "go") (result i32)
        (try (result i32) (do (call $f)) (catch_all (i32.const 777)))))`);
    const { exports } = new WebAssembly.Instance(module, { m: { f: f as never } });
    expect(trapCause(thrownBy(exports.go as () => number))).toMatchObject({ code: "host-threw" });
  });

  it("is bound whatever number of functions are described, none included", () => {
    expect(
      bindings({ module: "m", functions: {} }).imports({ memory: memoryOf(), functions: {} }),
    ).toEqual({ m: {} });
    const functions = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`f${i}`, { results: [i % 2 ? u32 : i64] }] as const),
    );
    const implementations = Object.fromEntries(
      Object.keys(functions).map((name, i) => [name, () => (i % 2 ? i : BigInt(i))]),
    );
    const { m } = bindings({ module: "m", functions: functions as never }).imports({
      memory: memoryOf(),
      functions: implementations as never,
    });
    const called = Object.values(m as Record<string, RawFunction>).map((f) => Number(f()));
    expect(called).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("has 1,000 parameters at most", () => {
    const spec = (count: number) => ({
      params: Array.from({ length: count }, (_, i) => [`p${i}`, u32]),
      results: [u32],
    });
    expect(bound(spec(1000), (...args: unknown[]) => args.length)()).toBe(1000);
    expect(codeOf(() => bound(spec(1001), () => 0))).toBe("invalid-binding");
  });
});

describe("an export that has another type than described", () => {
  const module = moduleOf(`(module (memory (export "memory") 1)
    (func (export "i64") (result i64) (i64.const 5))
    (func (export "f64") (result f64) (f64.const 1.5))
    (func (export "none"))
    (func (export "i32") (result i32) (i32.const -1)))`);
  const { exports } = new WebAssembly.Instance(module);
  const memory = new GuestMemory(exports.memory as WebAssembly.Memory);
  const described = (of: object, name: string, type: Layout) =>
    exportsOf({ exports: of }, { memory, functions: { [name]: { results: [type] } } as never });

  it.each([
    ["i64", u32],
    ["f64", u32],
    ["none", u32],
    ["i32", u64],
    ["f64", f32],
  ] as const)("%s is refused before it is called", (name, type) => {
    expect(codeOf(() => described(exports, name, type))).toBe("signature-mismatch");
  });

  it("is refused if it returns what nobody described", () => {
    const functions = { i32: {} } as const;
    expect(codeOf(() => exportsOf({ exports }, { memory, functions }))).toBe("signature-mismatch");
  });

  it("is found out when it has returned, if it is wrapped", () => {
    const wrapped = wrapInstance<object>({ exports }, { memory });
    for (const [name, type] of [
      ["i64", u32],
      ["f64", u32],
      ["none", u32],
      ["i32", u64],
    ] as const) {
      const { [name]: run } = described(wrapped, name, type) as Record<string, () => unknown>;
      expect(codeOf(run as () => unknown), name).toBe("signature-mismatch");
    }
    const { i32 } = described(wrapped, "i32", u32) as Record<string, () => unknown>;
    expect(i32?.()).toBe(0xffff_ffff);
  });
});

describe("wrapped exports", () => {
  it("have the lengths and names of what they wrap, so that they can be described", () => {
    const { exports } = new WebAssembly.Instance(
      moduleOf(`(module (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))`),
    );
    const memory = memoryOf();
    const wrapped = wrapInstance<{ add(): number }>({ exports }, { memory });
    expect(wrapped.add).toHaveLength(2);
    expect(wrapped.add.name).toBe((exports.add as () => number).name);
    const params = [["a", u32], ["b", u32]] as const; // biome-ignore format: one line
    const guest = exportsOf(
      { exports: wrapped },
      { memory, functions: { add: { params, results: [u32] } } },
    );
    expect(guest.add(2, 3)).toBe(5);
  });

  it("are the same instance when they are wrapped again", () => {
    const { exports } = new WebAssembly.Instance(
      moduleOf(`(module (func (export "end") unreachable) (func (export "run")))`),
    );
    const memory = memoryOf();
    const once = wrapInstance<{ end(): void; run(): void }>({ exports }, { memory });
    const twice = wrapInstance<{ end(): void; run(): void }>({ exports: once }, { memory });
    expect(codeOf(() => twice.end())).toBe("guest-trap");
    expect(codeOf(() => once.run())).toBe("poisoned");
    expect(codeOf(() => wrapInstance<{ run(): void }>({ exports }, { memory }).run())).toBe(
      "poisoned",
    );
  });
});

describe("the module that gives types", () => {
  it("is what an assembler makes of it", () => {
    const signatures = [
      { params: ["i32", "f64"], results: ["i64"] },
      { params: [], results: [] },
      { params: ["i32", "f64"], results: ["i64"] },
    ] as const;
    const text = `(module (type (func (param i32 f64) (result i64))) (type (func))
      (import "f" "0" (func (type 0))) (import "f" "1" (func (type 1))) (import "f" "2" (func (type 0)))
      (export "0" (func 0)) (export "1" (func 1)) (export "2" (func 2)))`;
    expect(typesModule(signatures)).toEqual(assembled(text));
  });

  it("links a function of one type with no other", () => {
    const type = fc.constantFrom<WasmType>("i32", "i64", "f32", "f64");
    const signature = fc.record({
      params: fc.array(type, { maxLength: 4 }),
      results: fc.array(type, { maxLength: 1 }),
    });
    fc.assert(
      fc.property(signature, signature, (given, wanted) => {
        const functions = new FunctionTypes([given]).give([() => 0]);
        const link = () => new FunctionTypes([wanted]).give(functions);
        if (JSON.stringify(given) === JSON.stringify(wanted)) expect(link()).toEqual(functions);
        else expect(link).toThrow(WebAssembly.LinkError);
      }),
      { numRuns: 200 },
    );
  });
});
