import { describe, expect, test } from "vitest";
import { type AdoptOptions, adoptMemory } from "../src/adopt-memory.js";
import { heapSpecOf, WasmRegion } from "../src/index.js";
import { encodeUnsigned } from "../src/wasm-reader.js";
import { refusal } from "./expect-error.js";
import { instantiate, wat } from "./wat.js";

const ENV = { module: "env", name: "memory" } as const;
const PAGE = 65536;
type Bytes = Uint8Array<ArrayBuffer>;

/** Everything a module can have beside its memory. */
const RICH: Bytes = wat(`(module
  (type $v (func))
  (import "env" "f" (func $f (param i32) (result i32)))
  (import "env" "t" (table $t 2 funcref))
  (import "env" "g" (global $g i32))
  (import "env" "e" (tag $e (param i32)))
  (memory $m (export "mem") 2 7)
  (global $own (mut i32) (i32.const 41))
  (func $start (i32.store (i32.const 8) (i32.const 99)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "call") (param i32) (result i32) (call $f (local.get 0)))
  (start $start)
  (elem (i32.const 0) $start)
  (data (i32.const 16) "hello")
  (data $later "world")
  (func (export "init") (memory.init $later (i32.const 32) (i32.const 0) (i32.const 5)) (data.drop $later)))`);

interface RawSection {
  readonly id: number;
  readonly body: readonly number[];
}

function leb(bytes: Bytes, at: number): readonly [value: number, next: number] {
  let value = 0;
  for (let shift = 0, next = at; ; shift += 7) {
    const byte = bytes[next++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, next];
  }
}

/** Splits a module into its sections: a second, naive reader. */
function split(bytes: Bytes): RawSection[] {
  const sections: RawSection[] = [];
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at]!;
    const [size, start] = leb(bytes, at + 1);
    sections.push({ id, body: [...bytes.subarray(start, start + size)] });
    at = start + size;
  }
  return sections;
}

function join(sections: readonly RawSection[]): Bytes {
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...sections.flatMap(({ id, body }) => [id, ...encodeUnsigned(body.length), ...body]),
  ]);
}

const without = (bytes: Bytes, ...ids: number[]): RawSection[] =>
  split(bytes).filter(({ id }) => !ids.includes(id));
const imports = (bytes: Bytes): WebAssembly.ModuleImportDescriptor[] =>
  WebAssembly.Module.imports(new WebAssembly.Module(bytes));

describe("adoptMemory", () => {
  test.each([
    ["no imports", "(module (memory 1))", 1, undefined],
    ["no imports and nothing else", "(module (memory 0 0))", 0, 0],
    ["types before it", "(module (type (func)) (memory 1 65536) (func))", 1, 65536],
    ["imports", `(module (import "a" "b" (func)) (memory 3 300))`, 3, 300],
  ])("%s", (_name, text, initialPages, maximumPages) => {
    const bytes = wat(text);
    const before = imports(bytes);
    const adopted = adoptMemory(bytes, ENV);
    expect(adopted.changed).toBe(true);
    expect(adopted.memory).toEqual({
      ...ENV,
      initialPages,
      maximumPages,
      shared: false,
      memory64: false,
    });
    expect(imports(adopted.bytes)).toEqual([...before, { ...ENV, kind: "memory" }]);
  });

  test("leaves every other section byte for byte as it was (MR-8)", () => {
    const adopted = adoptMemory(RICH, ENV);
    expect(without(adopted.bytes, 2)).toEqual(without(RICH, 2, 5));
    const body = (bytes: Bytes): readonly number[] => split(bytes).find(({ id }) => id === 2)!.body;
    const old = body(RICH);
    expect(body(adopted.bytes).slice(1, old.length)).toEqual(old.slice(1));
  });

  test("does not touch what it was given", () => {
    const copy = RICH.slice();
    adoptMemory(RICH, ENV);
    expect(RICH).toEqual(copy);
  });

  test("start function, data segments, exports, calls and memory.init all work on the region's memory", () => {
    const adopted = adoptMemory(RICH, ENV);
    const slot = WasmRegion.create(1).newInstance({ heap: heapSpecOf(adopted.memory) });
    const guest = instantiate(adopted.bytes, {
      memory: slot.memory,
      f: (n: number) => n * 2,
      t: new WebAssembly.Table({ initial: 2, element: "anyfunc" }),
      g: 5,
      // The library's ImportValue leaves tags out.
      e: new WebAssembly.Tag({ parameters: ["i32"] }) as unknown as WebAssembly.ImportValue,
    });
    const text = (at: number): string =>
      Buffer.from(slot.heap.buffer as ArrayBuffer, at, 5).toString();
    expect(new Uint8Array(slot.heap.buffer)[8]).toBe(99);
    expect([text(16), guest.load?.(16), guest.call?.(21)]).toEqual(["hello", 104, 42]);
    guest.init?.();
    expect(text(32)).toBe("world");
    expect((guest as unknown as { mem: unknown }).mem).toBe(slot.memory);
    expect(slot.heapLength).toBe(2 * PAGE);
  });

  test("custom sections stay where they stood among the others", () => {
    const custom = (text: string): RawSection => ({ id: 0, body: [1, 0x63, ...Buffer.from(text)] });
    const [type, memory] = split(wat("(module (type (func)) (memory 1))"));
    const bytes = join([custom("a"), type!, custom("b"), memory!, custom("c")]);
    const ids = split(adoptMemory(bytes, ENV).bytes).map(({ id, body }) =>
      id === 0 ? String.fromCharCode(body[2]!) : id,
    );
    expect(ids).toEqual(["a", 1, "b", 2, "c"]);
  });

  test("a count of imports that needs another byte", () => {
    for (const count of [126, 127, 128, 300]) {
      const many = Array.from({ length: count }, (_, n) => `(import "a" "${n}" (func))`).join("");
      const adopted = adoptMemory(wat(`(module ${many} (memory 1))`), ENV);
      expect(imports(adopted.bytes).length).toBe(count + 1);
    }
  });

  test("lengths in longer encodings than needed are read, and what is not rewritten keeps them", () => {
    // a memory section of size 3 in two bytes, its initial size 1 in two
    const bytes = new Uint8Array([...wat("(module)"), 5, 0x84, 0x00, 1, 0, 0x81, 0x00]);
    const adopted = adoptMemory(bytes, ENV);
    expect(adopted.memory.initialPages).toBe(1);
    expect([...adopted.bytes.slice(-3)]).toEqual([0, 0x81, 0x00]);
    expect(imports(adopted.bytes).length).toBe(1);
  });

  test("a name outside ASCII, and an empty one", () => {
    for (const options of [
      { module: "Ω😀", name: "" },
      { module: "", name: "\0" },
    ]) {
      expect(imports(adoptMemory(wat("(module (memory 1))"), options).bytes)).toEqual([
        { ...options, kind: "memory" },
      ]);
    }
  });

  test("a shared memory keeps its flag", () => {
    const adopted = adoptMemory(wat("(module (memory 1 2 shared))"), ENV);
    expect(adopted.memory).toMatchObject({ shared: true, initialPages: 1, maximumPages: 2 });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    expect(() => instantiate(adopted.bytes, { memory })).not.toThrow();
    refusal(() => heapSpecOf(adopted.memory), "unsupported");
  });

  test("a memory with 64-bit addresses keeps its flag", () => {
    const adopted = adoptMemory(wat("(module (memory i64 1 0x100000000))"), ENV);
    expect(adopted.memory).toMatchObject({ memory64: true, maximumPages: 2 ** 32 });
    expect(split(adopted.bytes).at(0)?.body.at(-7)).toBe(5); // flags: maximum and 64-bit
    refusal(() => heapSpecOf(adopted.memory), "unsupported");
  });
});

describe("a module that imports its memory already", () => {
  const bytes = wat(`(module (import "js" "mem" (memory 1 9)) (func))`);

  test("is returned as it is, by its own name", () => {
    const adopted = adoptMemory(bytes, ENV);
    expect(adopted.bytes).toBe(bytes);
    expect(adopted.changed).toBe(false);
    expect(adopted.memory).toMatchObject({
      module: "js",
      name: "mem",
      initialPages: 1,
      maximumPages: 9,
    });
  });

  test("cannot have its maximum lowered, and says so", () => {
    expect(adoptMemory(bytes, { ...ENV, maxPages: 9 }).bytes).toBe(bytes);
    refusal(() => adoptMemory(bytes, { ...ENV, maxPages: 8 }), "invalid-argument", {
      argument: "maxPages",
    });
  });
});

describe("maxPages", () => {
  const maximum = (text: string, maxPages: number): number | undefined => {
    const adopted = adoptMemory(wat(text), { ...ENV, maxPages });
    const memory = new WebAssembly.Memory({
      initial: 1,
      maximum: (adopted.memory.maximumPages ?? 0) + 1,
    });
    expect(() => instantiate(adopted.bytes, { memory })).toThrow(WebAssembly.LinkError);
    return adopted.memory.maximumPages;
  };

  test("sets a maximum, lowers one, never raises one", () => {
    expect(maximum("(module (memory 1))", 300)).toBe(300);
    expect(maximum("(module (memory 1 500))", 300)).toBe(300);
    expect(maximum("(module (memory 1 200))", 300)).toBe(200);
    expect(maximum("(module (memory 1))", 1)).toBe(1);
  });

  test("keeps the shared flag", () => {
    const adopted = adoptMemory(wat("(module (memory 1 9 shared))"), { ...ENV, maxPages: 4 });
    expect(adopted.memory).toMatchObject({ shared: true, maximumPages: 4 });
    expect(() => new WebAssembly.Module(adopted.bytes)).not.toThrow();
  });

  test.each([0, -1, 1.5, Number.NaN])("%d is refused", (maxPages) => {
    const options = { ...ENV, maxPages };
    refusal(() => adoptMemory(wat("(module (memory 1 2))"), options), "invalid-argument", {
      argument: "maxPages",
    });
  });
});

describe("refusals", () => {
  test("no memory, several memories", () => {
    refusal(() => adoptMemory(wat("(module)"), ENV), "no-memory");
    refusal(() => adoptMemory(wat("(module (func))"), ENV), "no-memory");
    const both = `(module (import "a" "b" (memory 1)) (memory 1))`;
    refusal(() => adoptMemory(wat(both), ENV), "several-memories", { count: 2 });
    const three = "(module (memory 1) (memory 1) (memory 1))";
    refusal(() => adoptMemory(wat(three), ENV), "several-memories", { count: 3 });
  });

  test("a name that something else is imported by", () => {
    const bytes = wat(`(module (import "env" "memory" (func)) (memory 1))`);
    refusal(() => adoptMemory(bytes, ENV), "import-name-taken", {
      importModule: "env",
      importName: "memory",
    });
    expect(() => adoptMemory(bytes, { module: "env", name: "memory2" })).not.toThrow();
  });

  test.each([
    { module: "\ud800", name: "m" },
    { module: "m", name: "x\udc00" },
    { module: "m" },
    { module: 1, name: "m" },
  ])("a name that is no UTF-8: %j", (options) => {
    const bytes = wat("(module (memory 1))");
    refusal(() => adoptMemory(bytes, options as AdoptOptions), "invalid-argument");
  });

  test.each([[[0, 97, 115, 109]], [new ArrayBuffer(8)], [null], ["\0asm"]])(
    "bytes that are none",
    (bytes) => {
      refusal(() => adoptMemory(bytes as unknown as Bytes, ENV), "invalid-argument", {
        argument: "bytes",
      });
    },
  );

  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const rows: readonly (readonly [string, readonly number[], number, RegExp])[] = [
    ["nothing", [], 0, /unexpected end/],
    ["another magic", [0, 0x61, 0x73, 0x6e, 1, 0, 0, 0], 3, /not a wasm binary/],
    ["a component", [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0], 4, /version 1/],
    ["a cut header", header.slice(0, 6), 6, /unexpected end/],
    ["a section without a size", [...header, 5], 9, /unexpected end/],
    ["a size beyond the end", [...header, 5, 3, 1, 0], 10, /3 bytes announced, 2 left/],
    [
      "a size of 2^32 - 1",
      [...header, 5, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0, 1],
      14,
      /4294967295 bytes/,
    ],
    ["a size of 33 bits", [...header, 5, 0xff, 0xff, 0xff, 0xff, 0x1f], 9, /more than 32 bits/],
    [
      "a size of six bytes",
      [...header, 5, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
      9,
      /more than 32 bits/,
    ],
    ["an unknown section", [...header, 14, 0], 8, /unknown section 14/],
    ["two memory sections", [...header, 5, 3, 1, 0, 1, 5, 3, 1, 0, 1], 13, /repeated/],
    ["imports after the memory", [...header, 5, 3, 1, 0, 1, 2, 1, 0], 13, /out of order/],
    ["tags before memories", [...header, 13, 1, 0, 5, 3, 1, 0, 1], 11, /out of order/],
    ["unknown limits flags", [...header, 5, 3, 1, 8, 1], 11, /flags 0x8/],
    ["shared without a maximum", [...header, 5, 3, 1, 2, 1], 11, /must have a maximum/],
    [
      "a maximum below the initial size",
      [...header, 5, 4, 1, 1, 2, 1],
      11,
      /smaller than the initial/,
    ],
    ["bytes behind the memory", [...header, 5, 4, 1, 0, 1, 9], 13, /1 bytes too many/],
    ["a count beyond the section", [...header, 5, 3, 2, 0, 1], 13, /unexpected end/],
    ["an unknown import", [...header, 2, 4, 1, 0, 0, 9], 13, /kind of import/],
    ["a name that is no UTF-8", [...header, 2, 5, 1, 1, 0xff, 0, 0], 12, /UTF-8/],
    [
      "a 64-bit size beyond 2^53",
      [...header, 5, 11, 1, 4, ...Array(8).fill(0xff), 0x7f],
      12,
      /too large/,
    ],
    [
      "a 64-bit size of 65 bits",
      [...header, 5, 12, 1, 4, ...Array(9).fill(0xff), 0x02],
      12,
      /more than 64 bits/,
    ],
  ];
  test.each(rows)("malformed: %s", (_name, bytes, offset, reason) => {
    const error = refusal(() => adoptMemory(new Uint8Array(bytes), ENV), "malformed-module", {
      offset,
    });
    expect(error.message).toMatch(reason);
  });
});
