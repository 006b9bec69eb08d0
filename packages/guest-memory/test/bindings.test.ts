/** Bound functions: signatures, conversions, results, errors, borrows. */

import {
  aligned,
  array,
  arrayPtr,
  atomic,
  bool8,
  boolWitx32,
  charU8,
  enumeration,
  f32,
  f64,
  flags,
  handle,
  i8,
  i16,
  i32,
  i64,
  type Layout,
  ptr,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  variant,
} from "@memkit/core";
import {
  GuestArrayPtr,
  GuestError,
  GuestMemory,
  GuestPtr,
  GuestStrPtr,
} from "@memkit/guest-memory";
import { bindings, errorType, failure, guestVerdict } from "@memkit/guest-memory/bindings";
import { trap, trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fault, moduleOf, thrownBy } from "./support/guests.js";
import { codeOf } from "./support/model.js";

const errno = enumeration(u16, [
  "success",
  "badf",
  "fault",
  "ilseq",
  "inval",
  "overflow",
  "nosys",
]).named("errno");
const E = errno.cases;
const ciovec = struct(["buf", ptr(u8)], ["len", u32]).named("ciovec");
const whence = enumeration(u8, ["set", "cur", "end"]).named("whence");
const oflags = flags(u16, ["creat", "directory", "excl"]).named("oflags");
const all32 = flags(
  u32,
  Array.from({ length: 32 }, (_, i) => `bit${i}`),
).named("all32");
const few32 = flags(u32, ["a", "b"]).named("few32");
const rights = flags(u64, ["read", "write"]).named("rights");
const choice = variant(u8, ["none", ["number", u32]]).named("choice");

const memoryOf = (): GuestMemory => new GuestMemory(new WebAssembly.Memory({ initial: 1 }));

/** A function of one parameter that tells what it was given, and the errors it answers with. */
function taking(type: Layout, memory = memoryOf()) {
  const got: unknown[] = [];
  const spec = bindings({ module: "m", functions: { f: { params: [["p", type]], error: errno } } });
  const { f } = spec.imports({
    memory,
    functions: {
      f: (value) => {
        got.push(value);
      },
    },
  }).m;
  return { f, got, memory, signature: spec.signatures.f };
}

/** The same of a function that has no wasm type, as those have that may suspend the guest. */
function untyped(type: Layout) {
  const got: unknown[] = [];
  const spec = bindings({
    module: "m",
    functions: { f: { params: [["p", type]], error: errno, async: true } },
  });
  const functions = { f: (value: unknown) => void got.push(value) };
  return { ...spec.imports({ memory: memoryOf(), functions, suspending: (fn) => fn }).m, got };
}

/** What the trap that `run` raises carries. */
const trapped = (run: () => unknown): unknown => {
  const raised = thrownBy(run);
  expect(raised).toBeInstanceOf(WebAssembly.RuntimeError);
  return trapCause(raised);
};

describe("signatures", () => {
  it.each<[Layout, string[]]>([
    [u8, ["i32"]],
    [handle, ["i32"]],
    [whence, ["i32"]],
    [oflags, ["i32"]],
    [rights, ["i64"]],
    [u64, ["i64"]],
    [i64, ["i64"]],
    [u64Number, ["i64"]],
    [f32, ["f32"]],
    [f64, ["f64"]],
    [bool8, ["i32"]],
    [ptr(u8), ["i32"]],
    [ciovec, ["i32"]],
    [choice, ["i32"]],
    [array(u8, 4), ["i32"]],
    [arrayPtr(ciovec), ["i32", "i32"]],
    [strPtr, ["i32", "i32"]],
  ])("$name", (type, params) => {
    expect(taking(type).signature).toEqual({ params, results: ["i32"] });
  });

  it("results take trailing pointers if the function can fail, and are returned if it cannot", () => {
    const { signatures } = bindings({
      module: "m",
      functions: {
        fails: { params: [["a", u64]], results: [u32, ciovec], error: errno },
        gives: { results: [f64] },
        nothing: {},
        ends: { params: [["a", u32]], noreturn: true },
      },
    });
    expect(signatures).toEqual({
      fails: { params: ["i64", "i32", "i32"], results: ["i32"] },
      gives: { params: [], results: ["f64"] },
      nothing: { params: [], results: [] },
      ends: { params: ["i32"], results: [] },
    });
  });

  it("addresses and lengths of 64-bit guests are i64", () => {
    const { signatures } = bindings({
      module: "m",
      target: "wasm64",
      functions: {
        f: {
          params: [
            ["s", strPtr],
            ["n", u32],
          ],
          results: [u32],
          error: errno,
        },
      },
    });
    expect(signatures.f.params).toEqual(["i64", "i64", "i32", "i64"]);
  });
});

describe("arguments", () => {
  it.each<[string, Layout, (number | bigint)[], unknown]>([
    ["i32", i32, [-1], -1],
    ["u32", u32, [-1], 0xffff_ffff],
    ["handle", handle, [-2], 0xffff_fffe],
    ["u8", u8, [255], 255],
    ["i8", i8, [-128], -128],
    ["u16", u16, [0xffff], 0xffff],
    ["i16", i16, [-0x8000], -0x8000],
    ["char", charU8, [65], 65],
    ["i64", i64, [-1n], -1n],
    ["u64", u64, [-1n], 2n ** 64n - 1n],
    ["u64Number", u64Number, [BigInt(Number.MAX_SAFE_INTEGER)], Number.MAX_SAFE_INTEGER],
    ["f32", f32, [0.5], 0.5],
    ["f64", f64, [Number.NaN], Number.NaN],
    ["bool8", bool8, [1], true],
    ["boolWitx32", boolWitx32, [0], false],
    ["enum", whence, [2], 2],
    ["flags", oflags, [5], 5],
    ["flags with bit 31, which wiggle refuses", all32, [-1], 0xffff_ffff],
    ["64-bit flags", rights, [3n], 3n],
  ])("%s", (_, type, raw, value) => {
    const { f, got } = taking(type);
    expect(f(...raw)).toBe(0);
    expect(got).toEqual([value]);
  });

  it("pointers are what they point to, unchecked", () => {
    const p = taking(ptr(ciovec));
    expect(p.f(-4)).toBe(0);
    expect(p.got[0]).toBeInstanceOf(GuestPtr);
    expect(p.got[0]).toMatchObject({ offset: 0xffff_fffc, type: { name: "ciovec" } });
    const list = taking(arrayPtr(ciovec));
    expect(list.f(-8, -1)).toBe(0);
    expect(list.got[0]).toBeInstanceOf(GuestArrayPtr);
    expect(list.got[0]).toMatchObject({ offsetBase: 0xffff_fff8, len: 0xffff_ffff });
    const text = taking(strPtr);
    expect(text.f(3, 4)).toBe(0);
    expect(text.got[0]).toBeInstanceOf(GuestStrPtr);
    expect(String(text.got[0])).toBe("*guest 0x3/4");
  });

  it("records, variants and arrays are read", () => {
    const record = taking(ciovec);
    record.memory.write(ciovec, 16, { buf: 5, len: 6 });
    expect(record.f(16)).toBe(0);
    expect(record.got[0]).toMatchObject({ buf: { offset: 5 }, len: 6 });
    const tagged = taking(choice);
    tagged.memory.write(choice, 8, { tag: "number", value: 3 });
    expect(tagged.f(8)).toBe(0);
    expect(tagged.got[0]).toEqual({ tag: "number", value: 3 });
    const bytes = taking(array(u8, 3));
    bytes.memory.copyIn(9, new Uint8Array([1, 2, 3]));
    expect(bytes.f(9)).toBe(0);
    expect(bytes.got[0]).toEqual([1, 2, 3]);
  });

  it.each<[string, Layout, number | bigint, number]>([
    ["u8", u8, 256, E.overflow],
    ["u8", u8, -1, E.overflow],
    ["i8", i8, 128, E.overflow],
    ["i8", i8, -129, E.overflow],
    ["u16", u16, 0x1_0000, E.overflow],
    ["i16", i16, 0x8000, E.overflow],
    ["char", charU8, 256, E.overflow],
    ["u64Number", u64Number, BigInt(Number.MAX_SAFE_INTEGER) + 1n, E.overflow],
    ["u64Number", u64Number, -1n, E.overflow],
    ["enum beyond its representation", whence, 256, E.overflow],
    ["enum beyond its cases", whence, 3, E.inval],
    ["negative enum", whence, -1, E.overflow],
    ["32-bit enum with bit 31", enumeration(u32, ["only"]), -1, E.inval],
    ["bool", bool8, 2, E.inval],
    ["bool", bool8, 256, E.overflow],
    ["witx bool", boolWitx32, -1, E.inval],
    ["flags beyond their representation", oflags, 0x1_0000, E.overflow],
    ["negative flags", oflags, -1, E.overflow],
    ["unknown flags", oflags, 8, E.inval],
    ["unknown 32-bit flags", few32, -0x8000_0000, E.inval],
    ["unknown 64-bit flags", rights, 4n, E.inval],
    ["unknown 64-bit flags", rights, -1n, E.inval],
  ])("%s is refused before anything runs", (_, type, raw, code) => {
    const { f, got } = taking(type);
    expect(f(raw)).toBe(code);
    expect(got).toEqual([]);
  });

  it("aligned to more than they are wide, too", () => {
    const { f, got } = taking(aligned(16, u8));
    expect([f(255), f(256)]).toEqual([E.success, E.overflow]);
    expect(got).toEqual([255]);
  });

  it("enumerations and flags of every size mean what a plain model says", () => {
    const edges = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x1_0000, 0x7fff_ffff];
    const raws = fc.oneof(fc.constantFrom(...edges, ...edges.map((n) => ~n)), fc.integer());
    const reprs = fc.constantFrom([u8, 8] as const, [u16, 16] as const, [u32, 32] as const);
    fc.assert(
      fc.property(
        reprs,
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        raws,
        (repr, count, set, raw) => {
          const [element, bits] = repr;
          const names = Array.from({ length: count }, (_, i) => `n${i}`);
          const type: Layout = set ? flags(element, names) : enumeration(element, names);
          const { f, got } = taking(type);
          const value = bits === 32 ? raw >>> 0 : raw;
          const fits = value >= 0 && value < 2 ** bits;
          const means = value < (set ? 2 ** count : count);
          expect(f(raw)).toBe(!fits ? E.overflow : means ? E.success : E.inval);
          expect(got).toEqual(fits && means ? [value] : []);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("are converted from left to right, and the first refusal is the answer", () => {
    const seen: string[] = [];
    const { f } = bindings({
      module: "m",
      functions: {
        f: {
          params: [
            ["a", u8],
            ["b", whence],
            ["c", oflags],
          ],
          error: errorType(errno, {
            guest: ({ code }) => {
              seen.push(code);
              return E.inval;
            },
          }),
        },
      },
    }).imports({ memory: memoryOf(), functions: { f: () => undefined } }).m;
    f(256, 3, 8);
    f(0, 3, 8);
    f(0, 0, 8);
    expect(seen).toEqual(["try-from-int-error", "invalid-enum-value", "invalid-flag-value"]);
    expect(f(0, 0, 0)).toBe(0);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "%i of them arrive in order, whatever stands between",
    (count) => {
      const types = [u32, strPtr, u64, arrayPtr(u8), i32, strPtr, f64];
      for (let first = 0; first < types.length; first++) {
        const params = Array.from(
          { length: count },
          (_, i) => [`p${i}`, types[(first + i) % types.length] as Layout] as const,
        );
        const given: unknown[] = [];
        const spec = bindings({
          module: "m",
          functions: { f: { params, results: [u32], error: errno } },
        });
        const memory = memoryOf();
        const { f } = spec.imports({
          memory,
          functions: {
            f: (...args: unknown[]) => {
              given.push(...args);
              return 77;
            },
          },
        }).m;
        const raw = spec.signatures.f.params.map((type, i) => (type === "i64" ? BigInt(i) : i * 4));
        expect(f(...raw)).toBe(0);
        let at = 0;
        const expected = params.map(([, type]) => {
          const one = raw[at++];
          return type === strPtr || type === types[3]
            ? `*guest 0x${Number(one).toString(16)}/${raw[at++]}`
            : one;
        });
        expect(given.map((value) => (typeof value === "object" ? String(value) : value))).toEqual(
          expected,
        );
        expect(memory.readU32((raw.length - 1) * 4)).toBe(77);
      }
    },
  );

  it("of another type than described are a signature mismatch where no type is compared", () => {
    const expectMismatch = (type: Layout, ...raw: (number | bigint)[]): void => {
      const { f, got } = untyped(type);
      expect(trapped(() => f(...raw))).toMatchObject({ code: "signature-mismatch", func: "f" });
      expect(got).toEqual([]);
    };
    for (const type of [u8, u32, i32, f32, whence, oflags, bool8, ptr(u8), ciovec]) {
      expectMismatch(type, 0n);
      expectMismatch(type);
      expectMismatch(type, 0, 0);
    }
    for (const type of [u64, i64, u64Number, rights]) {
      expectMismatch(type, 0);
      expectMismatch(type);
    }
    expectMismatch(strPtr, 0);
    expectMismatch(arrayPtr(u8), 0, 0n);
    expect(String(trapped(() => untyped(u32).f(1, 2)))).toBe(
      "GuestError: m.f is described as (i32) -> i32, but the guest passes 2 numbers",
    );
    expect(String(trapped(() => untyped(u32).f(1n)))).toBe(
      "GuestError: m.f is described as (i32) -> i32, but for its p the guest has an i64",
    );
  });

  it("of 64-bit guests", () => {
    const memory = new GuestMemory({ buffer: new ArrayBuffer(64) }, { target: "wasm64" });
    const given: unknown[] = [];
    const { f } = bindings({
      module: "m",
      target: "wasm64",
      functions: {
        f: {
          params: [
            ["list", arrayPtr(u8)],
            ["p", ptr(u8)],
          ],
          results: [ptr(u8)],
          error: errno,
        },
      },
    }).imports({
      memory,
      functions: {
        f(list, p) {
          given.push(String(list), p.offset);
          return p;
        },
      },
    }).m;
    expect(f(8n, 2n, 16n, 24n)).toBe(0);
    expect(given).toEqual(["*guest 0x8/2", 16]);
    expect(memory.readU64(24)).toBe(16n);
    expect(f(-1n, 2n, 16n, 24n)).toBe(E.overflow);
    expect(thrownBy(() => f(8, 2n, 16n, 24n))).toBeInstanceOf(TypeError); // as of any wasm function
  });
});

describe("results", () => {
  const every: [Layout, unknown][] = [
    [u8, 200],
    [i16, -2],
    [u32, 0xffff_ffff],
    [u64, 2n ** 64n - 1n],
    [f64, 1.5],
    [boolWitx32, true],
    [whence, 2],
    [oflags, 5],
    [rights, 3n],
    [handle, 7],
    [ciovec, { buf: 1, len: 2 }],
    [choice, { tag: "number", value: 9 }],
    [strPtr, { ptr: 4, len: 5 }],
  ];

  it.each(every)("$name is stored through its pointer", (type, value) => {
    const memory = memoryOf();
    const { f } = bindings({
      module: "m",
      functions: { f: { results: [type], error: errno } },
    }).imports({ memory, functions: { f: () => value as never } }).m;
    expect(f(64)).toBe(0);
    expect(memory.read(type, 64)).toEqual(value);
  });

  it("pointers of the guest's are results too", () => {
    const memory = memoryOf();
    const { f } = bindings({
      module: "m",
      functions: { f: { params: [["s", strPtr]], results: [strPtr, ptr(u8)], error: errno } },
    }).imports({ memory, functions: { f: (s) => [s, s.asPtr()] } }).m;
    expect(f(100, 3, 8, 16)).toBe(0);
    expect(memory.read(strPtr, 8)).toEqual({ ptr: 100, len: 3 });
    expect(memory.readU32(16)).toBe(100);
  });

  it.each<[Layout, unknown, number | bigint]>([
    [u32, 0xffff_ffff, -1], // to JavaScript, an i32
    [i8, -1, -1],
    [bool8, true, 1],
    [bool8, false, 0],
    [f32, 0.5, 0.5],
    [u64, 5n, 5n],
    [u64Number, 5, 5n],
    [whence, 1, 1],
    [ptr(u8), 16, 16],
  ])("%s is returned by a function that cannot fail", (type, value, raw) => {
    const { f } = bindings({
      module: "m",
      functions: { f: { results: [type as typeof u32] } },
    }).imports({ memory: memoryOf(), functions: { f: () => value as number } }).m;
    expect(f()).toBe(raw);
  });

  it("a pointer is returned by its address, also to 64-bit guests", () => {
    const memory = new GuestMemory({ buffer: new ArrayBuffer(64) }, { target: "wasm64" });
    const { f } = bindings({
      module: "m",
      target: "wasm64",
      functions: { f: { results: [ptr(u8)] } },
    }).imports({ memory, functions: { f: () => memory.ptr(u8, 9) } }).m;
    expect(f()).toBe(9n);
  });

  it("a bad place is refused before anything runs", () => {
    let runs = 0;
    const memory = memoryOf();
    const { f } = bindings({
      module: "m",
      functions: { f: { results: [u32, u64], error: errno } },
    }).imports({
      memory,
      functions: {
        f: () => {
          runs++;
          return [1, 2n];
        },
      },
    }).m;
    for (const [first, second, cause, location] of [
      [65536, 0, "ptr-out-of-bounds", "write u32"],
      [2, 0, "ptr-not-aligned", "write u32"],
      [0, -8, "ptr-out-of-bounds", "write u64"],
      [0, 4, "ptr-not-aligned", "write u64"],
    ] as const) {
      const error = trapped(() => f(first, second));
      expect(error).toMatchObject({ code: "in-func", module: "m", func: "f", location });
      expect((error as Error).cause).toMatchObject({ code: cause });
    }
    expect(runs).toBe(0);
    expect(f(0, 8)).toBe(0);
    expect(runs).toBe(1);
  });

  it("a place that is borrowed when the result is there is refused then", () => {
    const memory = memoryOf();
    let handle = -1;
    const { f } = bindings({
      module: "m",
      functions: { f: { results: [u32], error: errno } },
    }).imports({
      memory,
      functions: {
        f() {
          handle = memory.sharedBorrow({ start: 8, len: 1 });
          return 1;
        },
      },
    }).m;
    // EFAULT, were it not for the borrow itself, which keeps the guest from running on.
    expect(trapped(() => f(8))).toMatchObject({ code: "borrow-outlives-call" });
    memory.sharedUnborrow(handle);
    expect(memory.readU32(8)).toBe(0);
  });

  it("that are none of their type are the host's fault, and the guest's end", () => {
    for (const [type, value] of [
      [u8, 256],
      [whence, 3],
      [oflags, 8],
      [u64, 5],
      [ciovec, undefined],
      [strPtr, undefined],
    ] as [Layout, unknown][]) {
      const memory = memoryOf();
      const { f } = bindings({
        module: "m",
        functions: { f: { results: [type], error: errno } },
      }).imports({ memory, functions: { f: () => value as never } }).m;
      expect(
        trapped(() => f(8)),
        type.name,
      ).toMatchObject({ code: "host-threw", func: "f" });
    }
    const { g } = bindings({ module: "m", functions: { g: { results: [u8] } } }).imports({
      memory: memoryOf(),
      functions: { g: () => 256 },
    }).m;
    expect(trapped(() => g())).toMatchObject({ code: "host-threw", func: "g" });
  });

  it("a promise where none is described is not lost", () => {
    const functions = { f: () => Promise.resolve() as never, g: () => Promise.resolve(1) as never };
    const { f, g } = bindings({
      module: "m",
      functions: { f: { error: errno }, g: { results: [u32], error: errno } },
    }).imports({ memory: memoryOf(), functions }).m;
    expect(trapped(() => f())).toMatchObject({ code: "invalid-binding", func: "f" });
    expect(trapped(() => g(8))).toMatchObject({ code: "invalid-binding", func: "g" });
  });
});

describe("errors (GM-31)", () => {
  class Refused extends Error {}
  const failing = (run: () => unknown, guest?: (error: GuestError) => number | "trap") =>
    bindings({
      module: "m",
      functions: {
        f: {
          error: errorType(errno, {
            ...(guest && { guest }),
            host: [[Refused, ({ message }) => (message === "end" ? "trap" : E.badf)]],
          }),
        },
      },
    }).imports({ memory: memoryOf(), functions: { f: run as () => undefined } }).m.f;

  it("a failure is returned or thrown", () => {
    expect(failing(() => failure(E.nosys))()).toBe(E.nosys);
    expect(
      failing(() => {
        throw failure(E.nosys);
      })(),
    ).toBe(E.nosys);
  });

  it("a declared error is returned or thrown", () => {
    expect(failing(() => new Refused("no"))()).toBe(E.badf);
    expect(
      failing(() => {
        throw new Refused("no");
      })(),
    ).toBe(E.badf);
    const end = failing(() => new Refused("end"));
    expect(trapped(end)).toMatchObject({ code: "host-threw", cause: { message: "end" } });
  });

  it("an unknown exception traps, with it as the cause", () => {
    for (const thrown of [new TypeError("bug"), "text", undefined]) {
      const error = trapped(
        failing(() => {
          throw thrown;
        }),
      );
      expect(error).toMatchObject({ code: "host-threw", module: "m", func: "f" });
      expect((error as Error).cause).toBe(thrown);
    }
  });

  it("a trap stays what it is", () => {
    const exit = new GuestError({ code: "exit", status: 3 });
    expect(trapped(failing(() => trap(exit)))).toBe(exit);
    const raw = moduleOf('(module (func (export "f") unreachable))');
    const { f } = new WebAssembly.Instance(raw).exports as { f: () => void };
    const raised = thrownBy(failing(() => f()));
    expect(raised).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(trapCause(raised)).toMatchObject({ message: "unreachable" });
  });

  it.each([
    ["invalid-flag-value", E.inval],
    ["invalid-enum-value", E.inval],
    ["ptr-borrowed", E.fault],
    ["slice-lengths-differ", E.fault],
    ["borrow-checker-out-of-handles", E.fault],
    ["invalid-utf8", E.ilseq],
    ["try-from-int-error", E.overflow],
    ["ptr-overflow", "trap"],
    ["ptr-out-of-bounds", "trap"],
    ["ptr-not-aligned", "trap"],
    ["exit", "trap"],
    ["released", "trap"],
  ] as const)("%s means %s", (code, verdict) => {
    const error = fault(code);
    expect(guestVerdict(errno, error)).toBe(verdict);
    const run = failing(() => {
      throw error;
    });
    // What no argument of the guest's can lead to is told to nobody.
    const hosts = ["slice-lengths-differ", "try-from-int-error", "released"].includes(code);
    if (hosts) expect(trapped(run)).toMatchObject({ code: "host-threw", cause: error });
    else if (verdict === "trap") expect(trapped(run)).toBe(error);
    else expect(run()).toBe(verdict);
  });

  it("numbers of the implementation's own are no fault of the guest's", () => {
    const mem = memoryOf();
    const mistakes = [
      () => mem.writeU8(0, 300),
      () => mem.write(u8, 0, 300),
      () => mem.readU32(Number.NaN),
      () => mem.arrayPtr(u8, 0, 4).copyFromSlice([1]),
    ];
    for (const mistake of mistakes) {
      expect(trapped(failing(mistake as () => never)), String(mistake)).toMatchObject({
        code: "host-threw",
      });
    }
  });

  it("the trap itself says why, to whoever calls an import directly", () => {
    const own = new Error("boom");
    const raised = thrownBy(
      failing(() => {
        throw own;
      }),
    );
    expect(raised).toMatchObject({ cause: { code: "host-threw", cause: own } });
  });

  it("cases are found with an E, and in capitals; what is not there traps", () => {
    const error = fault("ptr-borrowed");
    expect(guestVerdict(enumeration(u8, ["OK", "EFAULT"]), error)).toBe(1);
    expect(guestVerdict(enumeration(u8, ["ok", "Fault"]), error)).toBe(1);
    expect(guestVerdict(enumeration(u8, ["ok", "default"]), error)).toBe("trap");
  });

  it("a verdict of one's own sees what happened inside in-func", () => {
    const seen: string[] = [];
    const inner = fault("ptr-out-of-bounds");
    const outer = new GuestError(
      { code: "in-func", module: "a", func: "b", location: "c" },
      { cause: inner },
    );
    const run = failing(
      () => {
        throw outer;
      },
      ({ code }) => {
        seen.push(code);
        return E.fault;
      },
    );
    expect(run()).toBe(E.fault);
    expect(seen).toEqual(["ptr-out-of-bounds"]);
  });

  it("a verdict that throws, or is no case, is the host's fault", () => {
    const error = fault("ptr-borrowed");
    const raise = (): never => {
      throw error;
    };
    for (const verdict of [99, -1, 0.5, undefined as never]) {
      expect(trapped(failing(raise, () => verdict))).toMatchObject({ code: "host-threw" });
    }
    const bug = new Error("bug");
    const thrown = trapped(
      failing(raise, () => {
        throw bug;
      }),
    );
    expect(thrown).toMatchObject({ code: "host-threw", cause: bug });
    expect(trapped(failing(() => failure(99)))).toMatchObject({ code: "host-threw" });
  });

  it("without an error type everything traps", () => {
    const { f } = bindings({ module: "m", functions: { f: { params: [["p", u8]] } } }).imports({
      memory: memoryOf(),
      functions: { f: () => undefined },
    }).m;
    const error = trapped(() => f(256));
    expect(error).toMatchObject({ code: "in-func", location: "convert u8" });
    expect((error as Error).cause).toMatchObject({ code: "try-from-int-error", got: "256" });
  });

  it.each<[Layout, (number | bigint)[], string]>([
    [ciovec, [65536], "read ciovec"],
    [choice, [65536], "read choice"],
    [array(u32, 2), [2], "read u32[2]"],
  ])("say where: %s", (type, raw, location) => {
    const { f } = taking(type);
    expect(trapped(() => f(...raw))).toMatchObject({
      code: "in-func",
      module: "m",
      func: "f",
      location,
    });
  });

  it("a guest cannot swallow what its host threw", () => {
    const { exports } = new WebAssembly.Instance(
      moduleOf(`(module (import "m" "f" (func $f (result i32))) (global $n (export "n") (mut i32) (i32.const 0))
        (func (export "run") (try (do (drop (call $f))) (catch_all (global.set $n (i32.const 1))))))`),
      { m: { f: failing(() => thrown()) } },
    );
    const thrown = (): never => {
      throw new Error("bug");
    };
    const memory = memoryOf();
    const { run } = wrapInstance<{ run(): void }>({ exports }, { memory });
    expect(codeOf(run)).toBe("host-threw");
    expect((exports.n as WebAssembly.Global).value).toBe(0);
  });
});

describe("functions that do not return", () => {
  const ending = (run: (status: number) => Error) =>
    bindings({
      module: "m",
      functions: { exit: { params: [["status", u32]], noreturn: true } },
    }).imports({ memory: memoryOf(), functions: { exit: run } }).m.exit;

  it("end with the error that they give or throw", () => {
    const exit = (status: number) => new GuestError({ code: "exit", status });
    expect(trapped(() => ending(exit)(3))).toMatchObject({ code: "exit", status: 3 });
    const throwing = ending((status) => {
      throw exit(status);
    });
    expect(trapped(() => throwing(4))).toMatchObject({ code: "exit", status: 4 });
    expect(trapped(() => ending((status) => trap(exit(status)))(5))).toMatchObject({ status: 5 });
    const bug = new Error("bug");
    expect(trapped(() => ending(() => bug)(0))).toBe(bug);
  });

  it("end all the same if they return", () => {
    expect(trapped(() => ending(() => undefined as never)(0))).toMatchObject({
      code: "invalid-binding",
    });
  });
});

describe("the memory", () => {
  const spec = bindings({
    module: "m",
    functions: { f: { params: [["p", ptr(u32)]], results: [u32], error: errno } },
  });
  const functions = { f: (p: GuestPtr<typeof u32>) => p.read() };

  it("may come with the instance", () => {
    let memory: GuestMemory | undefined;
    const instance = new WebAssembly.Instance(
      moduleOf(`(module (import "m" "f" (func $f (param i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 8) "\\2a")
        (func (export "run") (result i32) (drop (call $f (i32.const 8) (i32.const 16))) (i32.load (i32.const 16))))`),
      spec.imports({ memory: () => memory, functions }),
    );
    memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
    expect((instance.exports.run as () => number)()).toBe(42);
  });

  it("is missed when it is needed, in wiggle's words", () => {
    const { f } = spec.imports({ memory: () => undefined, functions }).m;
    const error = trapped(() => f(0, 0));
    expect(error).toMatchObject({ code: "missing-memory", module: "m", func: "f" });
    expect(String(error)).toContain("missing required memory export");
  });

  it("is looked for once", () => {
    const memory = memoryOf();
    let asked = 0;
    const find = (): GuestMemory => {
      asked++;
      return memory;
    };
    const { f } = spec.imports({ memory: find, functions }).m;
    f(0, 4);
    f(0, 4);
    expect(asked).toBe(1);
  });

  it("is a GuestMemory of the bindings' target", () => {
    const wide = new GuestMemory({ buffer: new ArrayBuffer(8) }, { target: "wasm64" });
    expect(codeOf(() => spec.imports({ memory: wide, functions }))).toBe("invalid-option");
    const plain = { buffer: new ArrayBuffer(8) } as never;
    expect(codeOf(() => spec.imports({ memory: plain, functions }))).toBe("invalid-option");
    const { f } = spec.imports({ memory: () => wide, functions }).m;
    expect(trapped(() => f(0, 0))).toMatchObject({ code: "invalid-option" });
  });

  it("belongs to one set of imports: the same description serves many", () => {
    const a = memoryOf();
    const b = memoryOf();
    a.writeU32(0, 1);
    b.writeU32(0, 2);
    const first = spec.imports({ memory: a, functions }).m;
    const second = spec.imports({ memory: b, functions }).m;
    first.f(0, 4);
    second.f(0, 4);
    expect([a.readU32(4), b.readU32(4)]).toEqual([1, 2]);
  });
});

describe("borrows (GM-30)", () => {
  const spec = bindings({ module: "m", functions: { f: { error: errno } } });

  it.each([
    ["returns", (): void => undefined],
    ["fails", () => failure(E.badf)],
    [
      "throws",
      () => {
        throw failure(E.badf);
      },
    ],
  ])("a function that keeps one and %s ends the guest, naming it", (_, end) => {
    const memory = memoryOf();
    let handle = -1;
    const functions = {
      f: () => {
        handle = memory.mutBorrow({ start: 16, len: 4 });
        return end();
      },
    };
    const { f } = spec.imports({ memory, functions }).m;
    const error = trapped(() => f());
    expect(error).toMatchObject({
      code: "borrow-outlives-call",
      func: "f",
      borrows: [{ region: { start: 16, len: 4 }, kind: "mut" }],
    });
    memory.mutUnborrow(handle);
  });

  it("one that is given back is nobody's business", () => {
    const memory = memoryOf();
    const functions = { f: () => memory.withSliceMut(0, 4, (bytes) => void bytes.fill(1)) };
    expect(spec.imports({ memory, functions }).m.f()).toBe(0);
  });
});

describe("implementations", () => {
  it("are methods of their object", () => {
    class Host {
      #calls = 0;
      f(): number {
        return ++this.#calls;
      }
    }
    const memory = memoryOf();
    const { f } = bindings({
      module: "m",
      functions: { f: { results: [u32], error: errno } },
    }).imports({ memory, functions: new Host() }).m;
    f(0);
    f(0);
    expect(memory.readU32(0)).toBe(2);
  });

  it("may be called by the guest that they call", () => {
    const { f } = bindings({
      module: "m",
      functions: { f: { params: [["n", u32]], results: [u32] } },
    }).imports({
      memory: memoryOf(),
      functions: { f: (n: number): number => (n === 0 ? 1 : n * (f(n - 1) as number)) },
    }).m;
    expect(f(5)).toBe(120);
  });

  it("are all there", () => {
    const spec = bindings({ module: "m", functions: { f: {} } });
    expect(codeOf(() => spec.imports({ memory: memoryOf(), functions: {} as never }))).toBe(
      "invalid-binding",
    );
  });

  it("may have any name, and the module too", () => {
    const spec = bindings({ module: "__proto__", functions: { ["__proto__"]: {} } });
    const imports = spec.imports({
      memory: memoryOf(),
      functions: Object.fromEntries([["__proto__", () => undefined]]) as never,
    });
    expect(Object.hasOwn(imports, "__proto__")).toBe(true);
  });
});

describe("a description that means nothing", () => {
  const describing = (f: unknown, more: object = {}) =>
    codeOf(() => bindings({ module: "m", functions: { f }, ...more } as never));

  it.each<[string, unknown]>([
    ["is none", undefined],
    ["has a parameter without a name", { params: [u32] }],
    ["has a parameter without a type", { params: [["a"]] }],
    ["has a parameter of no type", { params: [["a", "u32"]] }],
    [
      "has two parameters of one name",
      {
        params: [
          ["a", u32],
          ["a", u32],
        ],
      },
    ],
    ["passes an atomic", { params: [["a", atomic(u32)]] }],
    ["returns two results", { results: [u32, u32] }],
    ["returns a record", { results: [ciovec] }],
    ["returns a list", { results: [arrayPtr(u8)] }],
    ["does not return results", { noreturn: true, results: [u32] }],
    ["does not return an errno", { noreturn: true, error: errno }],
    ["does not return a promise", { noreturn: true, async: true }],
    ["fails with a number", { error: u32 }],
    ["fails with an error type of a number", { error: { ...errorType(errno), type: u32 } }],
    ["fails with nothing", { error: null }],
  ])("%s", (_, f) => {
    expect(describing(f)).toBe("invalid-binding");
  });

  it("its module has no name", () => {
    expect(describing({}, { module: 5 })).toBe("invalid-binding");
  });

  it("its target does not exist", () => {
    expect(describing({}, { target: "wasm16" })).toBe("invalid-option");
  });

  it("says what is wrong", () => {
    const error = thrownBy(() =>
      bindings({ module: "m", functions: { f: { results: [ciovec] } } } as never),
    );
    expect(String(error)).toBe(
      "GuestError: m.f cannot be bound: ciovec is no wasm number, so it needs an error type to be a result",
    );
  });
});
