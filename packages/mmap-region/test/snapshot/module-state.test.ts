/** Modules of every section and of newer proposals, and what is none: `exposeState` and `inspectState` on them. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exposeState, inspectState } from "../../src/expose-state.js";
import { RegionError } from "../../src/index.js";
import { snapshot } from "../../src/snapshot.js";
import { wat } from "../wat.js";
import { rejection } from "./rejection.js";

type Bytes = Uint8Array<ArrayBuffer>;
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0];
const module = (...sections: readonly (readonly number[])[]): Bytes =>
  Uint8Array.from([...HEAD, ...sections.flat()]);
const section = (id: number, ...contents: readonly number[]): number[] => [
  id,
  contents.length,
  ...contents,
];
const custom = (name: string, ...contents: readonly number[]): number[] =>
  section(0, name.length, ...new TextEncoder().encode(name), ...contents);
const names = (bytes: Bytes): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);

/** All twelve sections, each with something in it. */
const EVERY = wat(`(module
  (type $t (func (param i32) (result i32)))
  (import "env" "f" (func $f)) (import "env" "g" (global $g (mut i32)))
  (table $own 4 funcref) (memory 1) (tag $e (param i32))
  (global $n (mut i32) (i32.const 3)) (global f64 (f64.const 1))
  (export "up" (func $up)) (export "memkit" (global $n)) (export "" (table $own))
  (start $begin)
  (elem (i32.const 1) $f) (elem funcref (ref.func $f))
  (data (i32.const 5) "bytes") (data "passive")
  (func $begin (global.set $g (i32.const 1)))
  (func $up (param i32) (result i32)
    (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop 1) (elem.drop 1)
    (table.set (i32.const 0) (ref.null func)) (table.init 1 (i32.const 0) (i32.const 0) (i32.const 0))
    (table.copy (i32.const 0) (i32.const 0) (i32.const 0))
    (table.fill (i32.const 0) (ref.null func) (i32.const 0))
    (drop (table.grow (ref.null func) (i32.const 0))) (drop (table.get (i32.const 0)))
    (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n)))`);

const withCustom = (bytes: Bytes): Bytes =>
  Uint8Array.from([...HEAD, ...custom("before", 7, 7), ...bytes.subarray(8), ...custom("behind")]);

describe("exposeState", () => {
  test("a module of every section, and custom ones before and behind (MR-44)", async () => {
    for (const before of [EVERY, withCustom(EVERY)]) {
      const after = await exposeState(before);
      expect(names(after)).toEqual([
        ...["up", "memkit", ""],
        ...["table:0", "memory:0", "global:0", "global:1"].map((each) => `memkit:${each}`),
      ]);
      for (const of of ["before", "behind", "name"]) {
        const [a, b] = [before, after].map((each) =>
          WebAssembly.Module.customSections(new WebAssembly.Module(each), of),
        );
        expect(b).toEqual(a);
      }
    }
  });

  test("exports go before the first section that must follow them, whichever it is", async () => {
    const memory = "(memory 1)";
    for (const rest of [
      "",
      "(func $f) (start $f)",
      "(table 1 funcref) (func $f) (elem (i32.const 0) $f)",
      "(func)",
      '(data (i32.const 0) "a")',
      '(func (data.drop 0)) (data "a")',
    ]) {
      const [last] = names(await exposeState(wat(`(module ${memory} ${rest})`))).slice(-1);
      expect(last).toBe("memkit:memory:0");
    }
    const open = module(section(5, 1, 0, 1), custom("behind", 1));
    expect(names(await exposeState(open))).toEqual(["memkit:memory:0"]);
  });

  test("imported mutable globals are rewound with the rest", async () => {
    const compiled = new WebAssembly.Module(await exposeState(EVERY));
    const g = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
    const instance = new WebAssembly.Instance(compiled, { env: { f: () => 0, g } });
    const image = snapshot(instance);
    image.apply(instance);
    g.value = 77;
    image.reset(instance);
    expect(g.value).toBe(1); // what the start function has set
    image.close();
  });

  test("lengths and counts that are written with more bytes than they need", async () => {
    const padded = [0x81, 0x80, 0x80, 0x80, 0x00];
    const bytes = module(section(5, ...padded, 0, 1), section(7, ...padded, 1, 97, 2, 0));
    expect(names(await exposeState(bytes))).toEqual(["a", "memkit:memory:0"]);
  });

  test("part of a larger buffer", async () => {
    const within = Buffer.concat([Buffer.alloc(3), EVERY, Buffer.alloc(5)]);
    const part = new Uint8Array(within.buffer, within.byteOffset + 3, EVERY.length);
    expect(await exposeState(part)).toEqual(await exposeState(EVERY));
  });

  test("newer proposals: types of the collector, 64-bit addresses, several memories", async () => {
    const newer: Record<string, Bytes> = {
      // (type (struct (field (mut i32)))) (global (mut (ref null 0)) (ref.null none))
      struct: module(section(1, 1, 0x5f, 1, 0x7f, 1), section(6, 1, 0x63, 0, 1, 0xd0, 0x71, 0x0b)),
      memory64: module(section(5, 1, 4, 1)),
      memories: module(section(5, 2, 0, 1, 0, 1)),
      exnref: module(section(6, 1, 0x69, 1, 0xd0, 0x69, 0x0b)),
    };
    const exposed = ["global:0", "memory:0", "memory:0,memkit:memory:1", "global:0"];
    for (const [n, bytes] of Object.values(newer).entries()) {
      const after = await exposeState(bytes);
      expect(Buffer.from(after).toString("latin1")).toContain("memkit:");
      if (WebAssembly.validate(bytes)) expect(names(after).join()).toBe(`memkit:${exposed[n]}`);
    }
  });
});

describe("inspectState", () => {
  test("counts what writes to tables and globals, and what drops segments", async () => {
    expect(await inspectState(EVERY)).toEqual({
      tables: [{ name: "memkit:table:0", imported: false, writes: 5 }],
      globals: [
        { name: "memkit:global:0", imported: true, writes: 1 },
        { name: "memkit:global:1", imported: false, writes: 1 },
      ],
      drops: 2,
    });
  });

  test("of two tables that which is written", async () => {
    const text = `(module (table 1 funcref) (table 1 funcref)
      (func (table.copy 1 0 (i32.const 0) (i32.const 0) (i32.const 0))))`;
    expect((await inspectState(wat(text))).tables.map(({ writes }) => writes)).toEqual([0, 1]);
  });

  test("refuses code that it cannot be sure of", async () => {
    const code = (...body: readonly number[]): Bytes =>
      module(
        section(1, 1, 0x60, 0, 0),
        section(3, 1, 0),
        section(10, 1, body.length + 1, 0, ...body),
      );
    expect(await inspectState(code(0x0b))).toEqual({ tables: [], globals: [], drops: 0 });
    const refused = (...body: readonly number[]) =>
      rejection(inspectState(code(...body)), "malformed-module");
    await refused(0x24, 0, 0x0b); // no such global
    await refused(0xff, 0x0b); // no such instruction
    await refused(0x01); // no end
    await refused(0x24); // the end is the index
    await refused(0x41, 0, 0x28, 0x42, 1, 0, 0x1a, 0x0b); // (i32.load 1 (i32.const 0)), of the second memory
  });
});

describe("what is no module", () => {
  const both = async (bytes: Bytes): Promise<void> => {
    for (const act of [exposeState, inspectState]) {
      try {
        await act(bytes);
      } catch (error) {
        if (!(error instanceof RegionError)) throw error;
      }
    }
  };

  test("cut short anywhere, it is refused", async () => {
    for (let length = 0; length < EVERY.length; length++) {
      const cut = EVERY.slice(0, length);
      if (WebAssembly.validate(cut)) continue;
      await both(cut);
    }
    await rejection(exposeState(EVERY.slice(0, 40)), "malformed-module");
    await rejection(exposeState(EVERY.slice(0, 7)), "malformed-module");
  });

  test("counts that are never met, bytes too many, two modules in one", async () => {
    const many = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (const id of [2, 4, 5, 6, 7]) {
      await rejection(exposeState(module(section(id, ...many))), "malformed-module");
    }
    await rejection(exposeState(module(section(5, 1, 0, 1, 9))), "malformed-module");
    await rejection(exposeState(module(section(5, 0, 9))), "malformed-module");
    await rejection(exposeState(module(section(5, 1, 0, 1), HEAD)), "malformed-module");
    await rejection(inspectState("" as unknown as Bytes), "invalid-argument");
  });

  test("random bytes in a module: refused, or as good as before (MR-44)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: EVERY.length - 1 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 3,
        }),
        async (changes) => {
          const bytes = EVERY.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          await both(bytes);
          if (!WebAssembly.validate(bytes)) return;
          let after: Bytes;
          try {
            after = await exposeState(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: "import-name-taken" });
            return;
          }
          expect(WebAssembly.validate(after)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });
});
