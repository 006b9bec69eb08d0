/** What a reader of foreign bytes must survive: anything. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { adoptMemory } from "../src/adopt-memory.js";
import { RegionError } from "../src/index.js";
import { encodeUnsigned, WasmReader } from "../src/wasm-reader.js";
import { wat } from "./wat.js";

const ENV = { module: "env", name: "memory" } as const;
const SEEDS: readonly Uint8Array<ArrayBuffer>[] = [
  wat("(module (memory 1))"),
  wat(`(module (import "env" "f" (func (param i32))) (import "env" "t" (table 1 funcref)) (import "env" "g" (global i64))
    (memory 1 300) (data (i32.const 0) "x") (func (export "f") (drop (i32.load (i32.const 0)))))`),
  wat(`(module (import "env" "mem" (memory 2 70000)))`),
  wat("(module (memory i64 1 5))"),
  wat("(module (memory 1 2 shared))"),
];

/** Adopts or refuses with a typed error; what is adopted compiles if and only if the original did. */
function survives(bytes: Uint8Array<ArrayBuffer>): "adopted" | "refused" {
  let adopted: Uint8Array<ArrayBuffer>;
  try {
    adopted = adoptMemory(bytes, ENV).bytes;
  } catch (error) {
    expect(error).toBeInstanceOf(RegionError);
    return "refused";
  }
  expect(WebAssembly.validate(adopted)).toBe(WebAssembly.validate(bytes));
  return "adopted";
}

test("every truncation of a module", () => {
  for (const seed of SEEDS) {
    expect(survives(seed)).toBe("adopted");
    for (let length = 0; length < seed.length; length++) survives(seed.slice(0, length));
  }
});

test("every single byte replaced by every value that matters", () => {
  for (const seed of SEEDS) {
    for (let at = 0; at < seed.length; at++) {
      for (const byte of [0, 1, 2, 3, 4, 5, 7, 0x40, 0x7f, 0x80, 0xff]) {
        const bytes = seed.slice();
        bytes[at] = byte;
        survives(bytes);
      }
    }
  }
});

test("random damage", () => {
  const edit = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 4 }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...SEEDS),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      (seed, edits) => {
        const bytes = [...seed];
        for (const { at, remove, insert } of edits)
          bytes.splice(at % bytes.length, remove, ...insert);
        survives(new Uint8Array(bytes));
      },
    ),
    { numRuns: 2000 },
  );
});

test("random bytes behind a good header", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
      survives(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...tail]));
    }),
    { numRuns: 2000 },
  );
});

test("numbers are written and read back", () => {
  const number = fc.oneof(
    fc.nat(300),
    fc.maxSafeNat(),
    fc.constantFrom(127, 128, 2 ** 32 - 1, 2 ** 53 - 1),
  );
  fc.assert(
    fc.property(number, (value) => {
      const bytes = new Uint8Array(encodeUnsigned(value));
      const reader = new WasmReader(bytes, 0, bytes.length);
      expect(reader.unsigned(64)).toBe(value);
      expect(reader.done).toBe(true);
      if (value >= 2 ** 32)
        expect(() => new WasmReader(bytes, 0, bytes.length).unsigned(32)).toThrow(RegionError);
    }),
  );
});
