/** Arguments of no sense at all: each is refused with a code of ours, never with the engine's TypeError, and changes nothing. */

import { arrayPtr, enumeration, i64, ptr, strPtr, struct, u8, u16, u32 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { GuestAtomics } from "@memkit/guest-memory/atomics";
import { bindings, errorType, exportsOf, failure } from "@memkit/guest-memory/bindings";
import { assertNoBorrows, BorrowDebugger, borrowMap } from "@memkit/guest-memory/debug";
import { trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import { describe, expect, it, vi } from "vitest";
import { moduleOf, thrownBy } from "./support/guests.js";
import { codeOf } from "./support/model.js";

const errno = enumeration(u16, ["success", "badf"]).named("errno");
const memory = (): GuestMemory => new GuestMemory(new WebAssembly.Memory({ initial: 1 }));

/** No object, for the compiler one. */
const NOTHING = [null, 5, "x", true, Symbol("s")].map((value) => [value as never]);
/** No function, for the compiler one. */
const NO_FUNCTION = [null, 5, "x", {}, []].map((value) => [value as never]);

describe.each(NOTHING)("options that are %s", (value) => {
  it("of a memory", () => {
    const source = { buffer: new ArrayBuffer(8) };
    expect(codeOf(() => new GuestMemory(source, value))).toBe("invalid-option");
    expect(new GuestMemory(source, { target: "wasm64" }).target).toBe("wasm64"); // nothing was claimed
    expect(codeOf(() => new GuestMemory(source, value))).toBe("invalid-option");
  });

  it("of a debugger", () => {
    expect(codeOf(() => new BorrowDebugger(value))).toBe("invalid-option");
  });

  it("of bindings and their imports", () => {
    expect(codeOf(() => bindings(value))).toBe("invalid-binding");
    const { imports } = bindings({ module: "m", functions: { f: {} } });
    expect(codeOf(() => imports(value))).toBe("invalid-option");
  });

  it("of exports and instances", () => {
    const instance = { exports: { f: () => undefined } };
    expect(codeOf(() => exportsOf(instance, value))).toBe("invalid-option");
    expect(codeOf(() => exportsOf(value, { memory: memory(), functions: { f: {} } }))).toBe(
      "invalid-option",
    );
    expect(codeOf(() => wrapInstance(instance, value))).toBe("invalid-option");
    expect(codeOf(() => wrapInstance(value, { memory: [] }))).toBe("invalid-option");
  });

  it("of an error type", () => {
    expect(codeOf(() => errorType(errno, value))).toBe("invalid-option");
    expect(codeOf(() => errorType(errno, { host: value }))).toBe("invalid-option");
    expect(codeOf(() => errorType(errno, { host: [value] }))).toBe("invalid-option");
    expect(codeOf(() => errorType(value))).toBe("invalid-option");
  });
});

describe.each(NOTHING)("memories and regions that are %s", (value) => {
  it("are refused where a region is wanted", () => {
    const mem = memory();
    expect(codeOf(() => mem.tryBorrow("mut", value))).toBe("try-from-int-error");
    expect(codeOf(() => mem.mutBorrow(value))).toBe("try-from-int-error");
    expect(codeOf(() => mem.sharedBorrow(value))).toBe("try-from-int-error");
    expect(codeOf(() => mem.isMutBorrowed(value))).toBe("try-from-int-error");
    expect(codeOf(() => mem.isSharedBorrowed(value))).toBe("try-from-int-error");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("are refused where a memory is wanted", () => {
    const instance = { exports: { f: () => undefined } };
    expect(codeOf(() => new GuestAtomics(value))).toBe("invalid-option");
    expect(codeOf(() => assertNoBorrows(value))).toBe("invalid-option");
    expect(codeOf(() => borrowMap(value))).toBe("invalid-option");
    expect(codeOf(() => exportsOf(instance, { memory: value, functions: { f: {} } }))).toBe(
      "invalid-option",
    );
    expect(codeOf(() => wrapInstance(instance, { memory: value }))).toBe("invalid-option");
  });
});

describe.each(NO_FUNCTION)("functions that are %s", (value) => {
  it("are refused as callbacks of a borrow", () => {
    const mem = memory();
    expect(codeOf(() => mem.withSlice(0, 4, value))).toBe("invalid-option");
    expect(codeOf(() => mem.withSliceMut(0, 4, value))).toBe("invalid-option");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("are refused as options", () => {
    const functions = { f: () => undefined };
    const { imports } = bindings({ module: "m", functions: { f: {} } });
    for (const more of [{ trace: value }, { suspending: value }]) {
      expect(codeOf(() => imports({ memory: memory(), functions, ...more }))).toBe(
        "invalid-option",
      );
    }
    expect(codeOf(() => new BorrowDebugger({ onLeak: value }))).toBe("invalid-option");
    expect(codeOf(() => errorType(errno, { guest: value }))).toBe("invalid-option");
  });
});

describe("lists and names that are none", () => {
  it.each([null, 5, "f", {}, [5], [null]])("promising: %s", (promising) => {
    const instance = { exports: { f: () => undefined } };
    const options = { memory: [], promising } as never;
    expect(codeOf(() => wrapInstance(instance, options))).toBe("invalid-option");
  });

  it.each([
    [null, "invalid-option"],
    [5, "invalid-option"],
    ["malloc", "invalid-option"],
    [{}, "invalid-binding"],
    [{ malloc: 5, free: "free" }, "invalid-binding"],
    [{ malloc: "malloc", free: 5 }, "invalid-binding"],
  ])("allocator: %j", (allocator, code) => {
    const exports = { f: (_at: number, _len: number) => 0, malloc: () => 8, free: () => 0 };
    const functions = { f: { params: [["s", strPtr]] } } as const;
    const options = { memory: memory(), functions, allocator } as never;
    expect(codeOf(() => exportsOf({ exports }, options))).toBe(code);
  });

  it("values to copy", () => {
    const mem = memory();
    expect(codeOf(() => mem.arrayPtr(u8, 0, 2).copyFromSlice(null as never))).toBe(
      "try-from-int-error",
    );
  });
});

describe("a failure that is none", () => {
  it.each([0, -1, 1.5, Number.NaN, 2 ** 32, "1", null, undefined, 1n])("failure(%s)", (number) => {
    expect(codeOf(() => failure(number as number))).toBe("invalid-option");
  });

  it("made in spite of that, or meant by a verdict, tells the guest no success", () => {
    class Fine extends Error {}
    const error = errorType(errno, { host: [[Fine, () => 0]] });
    const forged = Object.assign(failure(1), {});
    Reflect.set(forged, "errno", 0);
    const forging = Object.create(failure(1), { errno: { value: 0 } }) as object;
    for (const raised of [new Fine(), forging]) {
      const { m } = bindings({
        module: "m",
        functions: { f: { results: [u32], error } },
      }).imports({
        memory: memory(),
        functions: {
          f: () => {
            throw raised;
          },
        },
      });
      const trap = thrownBy(() => m.f(8));
      expect(trapCause(trap)).toMatchObject({
        code: "host-threw",
        cause: { code: "invalid-enum-value", got: 0 },
      });
    }
    expect(forged.errno).toBe(1); // it is frozen
  });
});

describe("what a description makes", () => {
  it("cannot be changed afterwards, however deep", () => {
    const made = bindings({
      module: "m",
      functions: { f: { params: [["a", u32]], results: [u8] } },
    });
    const { signatures } = made;
    expect(Reflect.set(signatures, "f", null)).toBe(false);
    expect(Reflect.set(signatures.f, "params", [])).toBe(false);
    expect(() => (signatures.f.params as string[]).push("i64")).toThrow(TypeError);
    expect(() => (signatures.f.results as string[]).pop()).toThrow(TypeError);
    expect(signatures.f).toEqual({ params: ["i32"], results: ["i32"] });
  });

  it("nor can the memories that an instance is wrapped with (GM-12)", () => {
    const [mem, other] = [memory(), memory()];
    const memories = [mem, other];
    const { f } = wrapInstance<{ f(): void }>(
      { exports: { f: () => undefined } },
      { memory: memories },
    );
    memories.length = 0;
    const handle = other.sharedBorrow({ start: 0, len: 4 });
    expect(codeOf(f)).toBe("reentered");
    other.sharedUnborrow(handle);
    expect(codeOf(f)).toBeUndefined();
  });

  it("nor can an error type", () => {
    const made = errorType(errno, { host: [] });
    expect(Object.isFrozen(made)).toBe(true);
    expect(Object.isFrozen(made.host)).toBe(true);
  });
});

describe("a pointer of another memory", () => {
  const pointers = struct(["one", ptr(u8)], ["many", arrayPtr(u8)], ["text", strPtr]);

  it("is no address of this one", () => {
    const [mem, other] = [memory(), memory()];
    const own = { one: mem.ptr(u8, 1), many: mem.arrayPtr(u8, 2, 3), text: mem.strPtr(4, 5) };
    const at = mem.ptr(pointers, 64);
    const foreign = {
      one: other.ptr(u8, 1),
      many: other.arrayPtr(u8, 2, 3),
      text: other.strPtr(4, 5),
    };
    for (const name of ["one", "many", "text"] as const) {
      const value = { ...own, [name]: foreign[name] };
      expect(thrownBy(() => at.write(value))).toMatchObject({
        code: "try-from-int-error",
        path: name === "one" ? "one" : `${name}.ptr`,
      });
      expect(mem.copyOut(64, pointers.size)).toEqual(new Uint8Array(pointers.size));
    }
    at.write(own);
    expect(at.read().text.offsetBase).toBe(4);
  });

  it("of another GuestMemory over the same source is", () => {
    const source = new WebAssembly.Memory({ initial: 1 });
    const [mem, twin] = [new GuestMemory(source), new GuestMemory(source)];
    mem.ptr(ptr(u8), 8).write(twin.ptr(u8, 77));
    expect(mem.readU32(8)).toBe(77);
  });

  it("made by another copy of the package is a pointer all the same", async () => {
    vi.resetModules();
    const copy = await import("@memkit/guest-memory");
    expect(copy.GuestMemory).not.toBe(GuestMemory);
    const source = new WebAssembly.Memory({ initial: 1 });
    const [mem, theirs] = [new GuestMemory(source), new copy.GuestMemory(source)];
    const value = {
      one: theirs.ptr(u8, 1),
      many: theirs.arrayPtr(u8, 2, 3),
      text: theirs.strPtr(4, 5),
    };
    mem.ptr(pointers, 64).write(value);
    expect(mem.read(pointers, 64)).toEqual({
      one: 1,
      many: { ptr: 2, len: 3 },
      text: { ptr: 4, len: 5 },
    });
    const other = new copy.GuestMemory(new WebAssembly.Memory({ initial: 1 }));
    const foreign = { ...value, text: other.strPtr(4, 5) };
    expect(codeOf(() => mem.ptr(pointers, 64).write(foreign))).toBe("try-from-int-error");
  });

  it("is none as an argument of an export, nor as a result of a host function", () => {
    const [mem, other] = [memory(), memory()];
    const exports = { f: (_at: number, _len: number) => 0, p: (_at: number) => 0 };
    const functions = {
      f: { params: [["s", strPtr]] },
      p: { params: [["p", ptr(u8)]] },
    } as const;
    const guest = exportsOf({ exports }, { memory: mem, functions });
    expect(codeOf(() => guest.f(other.strPtr(0, 1)))).toBe("try-from-int-error");
    expect(codeOf(() => guest.p(other.ptr(u8, 0)))).toBe("try-from-int-error");
    guest.f(mem.strPtr(0, 1));
    const made = bindings({ module: "m", functions: { p: { results: [ptr(u8)] } } });
    const { p } = made.imports({ memory: mem, functions: { p: () => other.ptr(u8, 4) } }).m;
    expect(trapCause(thrownBy(p))).toMatchObject({ code: "host-threw" });
  });
});

describe("exports that take other numbers than described", () => {
  const { exports } = new WebAssembly.Instance(
    moduleOf(`(module (func (export "narrow") (param i32)) (func (export "wide") (param i64)))`),
  );

  it("are a signature mismatch before they are called, if the engine knows their types", () => {
    const functions = { narrow: { params: [["a", i64]] } } as const;
    expect(String(thrownBy(() => exportsOf({ exports }, { memory: memory(), functions })))).toBe(
      "GuestError: exports.narrow is described as (i64) -> (), but the guest has other types",
    );
  });

  it("are a signature mismatch when called if not, with the engine's words as its cause", () => {
    const functions = {
      narrow: { params: [["a", i64]] },
      wide: { params: [["a", u32]] },
    } as const;
    const wrapped = wrapInstance<object>({ exports }, { memory: memory() });
    const guest = exportsOf({ exports: wrapped }, { memory: memory(), functions });
    expect(thrownBy(() => guest.narrow(5n))).toMatchObject({
      code: "signature-mismatch",
      func: "narrow",
      expected: "(i64) -> ()",
      cause: expect.any(TypeError),
    });
    expect(thrownBy(() => guest.wide(5))).toMatchObject({ code: "signature-mismatch" });
  });
});

describe("bytes that say other things of their length than they are", () => {
  class Shorter extends Uint8Array {
    override get length(): number {
      return 1;
    }
    override get byteLength(): number {
      return 1;
    }
  }

  it("copyIn asks the engine, so that no borrow is written over (GM-7)", () => {
    const mem = memory();
    const guard = mem.arrayPtr(u8, 4, 4).asSliceMut()!;
    const src = new Shorter([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(codeOf(() => mem.copyIn(0, src))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.copyIn(65_535, src))).toBe("ptr-out-of-bounds");
    expect([...guard]).toEqual([0, 0, 0, 0]);
    guard.drop();
    const lying = Object.defineProperty(new Uint8Array([9, 9]), "length", { value: 0 });
    mem.copyIn(8, lying);
    expect([...mem.copyOut(8, 2)]).toEqual([9, 9]);
  });
});

describe("an empty value in a memory that is gone", () => {
  it("is not there: even no bytes need a memory", () => {
    const buffer = new ArrayBuffer(8);
    const mem = new GuestMemory({ buffer });
    expect(mem.read(struct(), 0)).toEqual({});
    expect(mem.read(struct(), 8)).toEqual({});
    structuredClone(buffer, { transfer: [buffer] });
    expect(codeOf(() => mem.read(struct(), 0))).toBe("source-detached");
    expect(codeOf(() => mem.write(struct(), 0, {}))).toBe("source-detached");
    expect(codeOf(() => mem.tryRead(struct(), 0))).toBe("source-detached");
  });
});

describe("promises that nobody will await", () => {
  it("do not end the process when they are rejected", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const mem = memory();
      const reject = (): Promise<never> => Promise.reject(new Error("lost"));
      expect(codeOf(() => mem.withSlice(0, 4, reject))).toBe("async-callback");
      const specs = {
        plain: {},
        direct: { results: [u32] },
        fallible: { results: [u32], error: errno },
        never: { noreturn: true },
      } as const;
      const functions = { plain: reject, direct: reject, fallible: reject, never: reject };
      const made = bindings({ module: "m", functions: specs });
      for (const more of [{}, { trace: () => undefined }]) {
        const { m } = made.imports({ memory: mem, functions, ...more } as never);
        for (const f of Object.values(m)) expect(trapCause(thrownBy(() => f(8)))).toBeDefined();
      }
      await new Promise((settled) => setTimeout(settled, 20));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});
