/** Typed calls of exports: arguments written into the guest, results out of it, and every block given back (GM-32). */

import {
  arrayPtr,
  bool8,
  enumeration,
  f64,
  i32,
  i64,
  ptr,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
} from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { type AllocatorNames, exportsOf } from "@memkit/guest-memory/bindings";
import { trap, wrapInstance } from "@memkit/guest-memory/instance";
import { describe, expect, it } from "vitest";
import { JSPI, moduleOf, rejectionOf, thrownBy } from "./support/guests.js";
import { leftOut } from "./support/left-out.js";
import { codeOf } from "./support/model.js";

const errno = enumeration(u16, ["success", "zero"]).named("errno");
const point = struct(["x", i32], ["y", i32]).named("point");
const named = struct(["name", strPtr], ["at", point]).named("named");

/**
 * An allocator that moves up by 16 bytes at least, grows the memory at each call, counts what is live, and answers what
 * `next` says if that is not -1.
 */
const GUEST = `(module
  (import "host" "call" (func $call))
  (memory (export "memory") 1 200)
  (global $top (mut i32) (i32.const 1024))
  (global $live (export "live") (mut i32) (i32.const 0))
  (global $next (export "next") (mut i32) (i32.const -1))
  (func $malloc (export "malloc") (param $n i32) (result i32)
    (if (i32.ne (global.get $next) (i32.const -1)) (then (return (global.get $next))))
    (drop (memory.grow (i32.const 1)))
    (global.set $live (i32.add (global.get $live) (i32.const 1)))
    (global.get $top)
    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get $n)) (i32.const 31)) (i32.const -16))))
  (func (export "free") (param i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
  (func (export "badfree") (param i32) unreachable)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $malloc (local.get 3)))
  (func $sum (export "sum") (param $p i32) (param $n i32) (result i32) (local $s i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $n)))
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
    (local.get $s))
  (func (export "both") (param i32 i32 i32 i32) (result i32)
    (i32.sub (call $sum (local.get 0) (local.get 1)) (call $sum (local.get 2) (local.get 3))))
  (func (export "where") (param i32 i32) (result i32) (local.get 0))
  (func (export "second") (param i32 i32) (result i32) (i32.load (i32.add (local.get 0) (i32.const 4))))
  (func (export "nameLength") (param i32) (result i32) (i32.load offset=4 (local.get 0)))
  (func (export "y") (param i32) (result i32) (i32.load offset=4 (local.get 0)))
  (func (export "divide") (param i32 i32 i32 i32) (result i32)
    (if (i32.eqz (local.get 1)) (then (return (i32.const 1))))
    (i32.store (local.get 2) (i32.div_s (local.get 0) (local.get 1)))
    (i64.store (local.get 3) (i64.extend_i32_s (i32.rem_s (local.get 0) (local.get 1))))
    (i32.const 0))
  (func (export "mirror") (param i32 i32) (result i32)
    (i32.store (local.get 1) (i32.load offset=4 (local.get 0)))
    (i32.store offset=4 (local.get 1) (i32.load (local.get 0)))
    (i32.const 0))
  (func (export "echo64") (param i64) (result i64) (local.get 0))
  (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
  (func (export "not") (param i32) (result i32) (i32.eqz (local.get 0)))
  (func (export "tell") (param i32 i32) (call $call))
  (func (export "own") (param i32 i32) unreachable)
  (func (export "wild") (result i32) (i32.const 7)))`;

const functions = {
  sum: { params: [["text", strPtr]], results: [u32] },
  both: {
    params: [
      ["a", strPtr],
      ["b", arrayPtr(u8)],
    ],
    results: [i32],
  },
  where: { params: [["list", arrayPtr(u32)]], results: [ptr(u32)] },
  second: { params: [["list", arrayPtr(u32)]], results: [u32] },
  y: { params: [["p", point]], results: [i32] },
  nameLength: { params: [["n", named]], results: [u32] },
  divide: {
    params: [
      ["a", i32],
      ["b", i32],
    ],
    results: [i32, i64],
    error: errno,
  },
  mirror: { params: [["p", point]], results: [point], error: errno },
  echo64: { params: [["n", u64]], results: [u64] },
  half: { params: [["n", f64]], results: [f64] },
  not: { params: [["b", bool8]], results: [bool8] },
  tell: { params: [["text", strPtr]] },
  own: { params: [["text", strPtr]] },
  wild: { results: [bool8] },
} as const;

const module = moduleOf(GUEST);
const C: AllocatorNames = { malloc: "malloc", free: "free" };

function guest(allocator: AllocatorNames | undefined = C, call: () => void = () => undefined) {
  const instance = new WebAssembly.Instance(module, { host: { call: () => call() } });
  const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
  const exports = exportsOf(instance, { memory, functions, ...(allocator && { allocator }) });
  const { live, next } = instance.exports as Record<string, WebAssembly.Global>;
  return {
    instance,
    memory,
    exports,
    live: (): number => live?.value,
    answer: (address: number): void => {
      if (next) next.value = address;
    },
  };
}

describe("arguments and results", () => {
  it("numbers, bigints, bools", () => {
    const { exports } = guest();
    expect(exports.echo64(2n ** 64n - 1n)).toBe(2n ** 64n - 1n);
    expect(exports.half(3)).toBe(1.5);
    expect(exports.not(true)).toBe(false);
    expect(exports.not(false)).toBe(true);
  });

  it("texts and lists, for as long as the call lasts (GM-32)", () => {
    const { exports, live } = guest();
    expect(exports.sum("abc")).toBe(294);
    expect(exports.sum("")).toBe(0);
    expect(exports.sum("é")).toBe(0xc3 + 0xa9);
    expect(exports.both("b", new Uint8Array([1, 2]))).toBe(95);
    expect(exports.both("b", [1, 2])).toBe(95);
    expect(exports.second([7, 8])).toBe(8);
    expect(exports.second(new Uint32Array([7, 8]))).toBe(8);
    expect(live()).toBe(0);
  });

  it("pointers are lifted, and know their memory", () => {
    const { exports, memory } = guest();
    const p = exports.where([41, 42]);
    expect(p.offset % 4).toBe(0);
    expect(p.mem).toBe(memory);
    expect(p.add(1).read()).toBe(42); // freed, but nobody has used it since
  });

  it("what lies in the guest already is passed as it is", () => {
    const { exports, memory, live } = guest();
    memory.writeString(16, "abc");
    memory.write(u32, 24, 5);
    expect(exports.sum(memory.strPtr(16, 2))).toBe(97 + 98);
    expect(exports.where(memory.arrayPtr(u32, 24, 1)).offset).toBe(24);
    expect(live()).toBe(0);
  });

  it("records by their address", () => {
    const { exports, memory, live } = guest();
    expect(exports.y({ x: 1, y: -2 })).toBe(-2);
    expect(exports.nameLength({ name: { ptr: 9, len: 4 }, at: { x: 0, y: 0 } })).toBe(4);
    expect(exports.nameLength({ name: memory.strPtr(9, 5), at: { x: 0, y: 0 } })).toBe(5);
    expect(live()).toBe(0);
  });

  it("results come through memory where the function can fail", () => {
    const { exports, live } = guest();
    expect(exports.divide(7, 2)).toEqual([3, 1n]);
    expect(exports.mirror({ x: 1, y: 2 })).toEqual({ x: 2, y: 1 });
    expect(live()).toBe(0);
  });

  it("an errno is thrown", () => {
    const { exports, live } = guest();
    const error = thrownBy(() => exports.divide(1, 0));
    expect(error).toMatchObject({ code: "guest-errno", entry: "divide", type: "errno", errno: 1 });
    expect(String(error)).toBe("GuestError: export divide failed: zero (errno)");
    expect(live()).toBe(0);
  });

  it("a result that is none of its type is an error", () => {
    expect(codeOf(() => guest().exports.wild())).toBe("invalid-enum-value");
  });

  it("arguments that are none of their types are refused, and nothing is left", () => {
    const { exports, live } = guest();
    const wrong = exports as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const [name, ...args] of [
      ["echo64", 5],
      ["echo64", -1n],
      ["half", "1"],
      ["not", 1],
      ["sum", 5],
      ["sum"],
      ["both", "text", 5],
      ["both", "text", [256]],
      ["second", ["1"]],
      ["y", { x: 1 }],
      ["y", undefined],
      ["divide", 1.5, 1],
    ] as [string, ...unknown[]][]) {
      expect(
        codeOf(() => wrong[name]?.(...args)),
        name,
      ).toBe("try-from-int-error");
    }
    expect(live()).toBe(0);
  });
});

describe("the guest's allocator", () => {
  it("has nothing left", () => {
    const { exports, answer } = guest();
    answer(0);
    const error = thrownBy(() => exports.sum("abc"));
    expect(error).toMatchObject({ code: "allocation-failed", entry: "malloc", size: 3, align: 1 });
    answer(-1);
    expect(exports.sum("abc")).toBe(294);
  });

  it("what was allocated before it failed is given back", () => {
    const { exports, instance, live, memory } = guest();
    memory.refresh();
    const { malloc } = instance.exports as { malloc: (n: number) => number };
    expect(malloc(1)).toBeGreaterThan(0);
    const before = live();
    const values = Object.assign([1, 2], { length: 2 });
    Object.defineProperty(values, 1, {
      get: () => {
        throw new Error("a getter");
      },
    });
    expect(() => exports.both("b", values)).toThrow("a getter");
    expect(live()).toBe(before);
  });

  it.each([
    ["beyond the memory", 0x7fff_0000, "ptr-out-of-bounds"],
    ["across its end", 65534, "ptr-out-of-bounds"],
    ["misaligned", 1026, "ptr-not-aligned"],
  ])("answers an address %s: a typed error before anything is written", (_, address, code) => {
    const { exports, answer } = guest();
    answer(address);
    expect(codeOf(() => exports.second([1, 2]))).toBe(code);
  });

  it("answers an address from 2 GiB on", () => {
    const { exports, answer } = guest();
    answer(-16);
    const error = thrownBy(() => exports.second([1, 2]));
    expect(error).toMatchObject({ region: { start: 0xffff_fff0 } });
  });

  it("is not asked for nothing", () => {
    const { exports, answer } = guest();
    answer(0);
    expect(exports.sum("")).toBe(0);
    expect(exports.where([]).offset).toBe(4); // as aligned as it would be, and not null
  });

  it("may be realloc alone: what it allocates is the callee's", () => {
    const instance = new WebAssembly.Instance(module, { host: { call: () => undefined } });
    const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
    const { sum } = exportsOf(instance, {
      memory,
      allocator: { realloc: "realloc" },
      functions: { sum: functions.sum },
    });
    expect(sum("abc")).toBe(294);
    expect((instance.exports.live as WebAssembly.Global).value).toBe(1);
    const freeing = exportsOf(instance, {
      memory,
      allocator: { realloc: "realloc", free: "free" },
      functions: { sum: functions.sum },
    });
    expect(freeing.sum("abc")).toBe(294);
    expect((instance.exports.live as WebAssembly.Global).value).toBe(1);
  });

  it("that fails to free ends the call with that; with what the call threw, if it threw", () => {
    const bad = { malloc: "malloc", free: "badfree" };
    expect(codeOf(() => guest(bad).exports.sum("abc"))).toBe("guest-trap");
    expect(codeOf(() => guest(bad).exports.divide(1, 0))).toBe("guest-errno");
  });
});

describe("entering (GM-12, GM-32)", () => {
  it("blocks are given back when the call throws", () => {
    const bug = new TypeError("bug");
    const { exports, live } = guest(C, () => {
      throw bug;
    });
    expect(thrownBy(() => exports.tell("abc"))).toBe(bug);
    expect(live()).toBe(0);
  });

  it("but not when the guest has ended", () => {
    const exit = new GuestError({ code: "exit", status: 1 });
    const ending = guest(C, () => trap(exit));
    expect(thrownBy(() => ending.exports.tell("abc"))).toBe(exit);
    expect(ending.live()).toBe(1);
    expect(codeOf(() => ending.exports.sum("abc"))).toBe("poisoned");
    const trapping = guest();
    expect(codeOf(() => trapping.exports.own("abc"))).toBe("guest-trap");
    expect(codeOf(() => trapping.exports.half(1))).toBe("poisoned");
  });

  it("is refused while a borrow is out, before anything is allocated", () => {
    const { exports, memory, live } = guest();
    const code = memory.withSlice(0, 4, () => codeOf(() => exports.sum("abc")));
    expect(code).toBe("reentered");
    expect(live()).toBe(0);
  });

  it("shares its end with wrapInstance", () => {
    const { exports, instance, memory } = guest();
    const raw = wrapInstance<{ own(a: number, b: number): void }>(instance, { memory });
    thrownBy(() => raw.own(0, 0));
    expect(codeOf(() => exports.half(1))).toBe("poisoned");
  });

  it("may happen from within a call", () => {
    const sums: number[] = [];
    const self = guest(C, () => {
      sums.push(self.exports.sum("abc"));
    });
    self.exports.tell("x");
    expect(sums).toEqual([294]);
    expect(self.live()).toBe(0);
  });
});

describe("a description", () => {
  const instance = new WebAssembly.Instance(module, { host: { call: () => undefined } });
  const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
  const describing = (spec: object, allocator?: AllocatorNames) =>
    codeOf(() =>
      exportsOf(instance, { memory, functions: spec, ...(allocator && { allocator }) } as never),
    );

  it.each<[string, object, AllocatorNames?]>([
    ["of what is not exported", { nothing: {} }],
    ["of what is no function", { memory: {} }],
    ["of what every object has", { toString: {} }],
    ["with too few parameters", { half: { results: [f64] } }],
    [
      "with too many",
      {
        half: {
          params: [
            ["a", f64],
            ["b", f64],
          ],
          results: [f64],
        },
      },
    ],
    ["with a record, but no allocator", { y: functions.y }],
    ["with results in memory, but no allocator", { divide: functions.divide }],
    [
      "with results in memory, and one that cannot free",
      { divide: functions.divide },
      { realloc: "realloc" },
    ],
    ["with an allocator that is not there", {}, { malloc: "malloc", free: "nothing" }],
    ["with results that nobody can return", { half: { params: [["a", f64]], results: [point] } }],
  ])("%s is refused", (_, spec, allocator) => {
    expect(describing(spec, allocator)).toBe("invalid-binding");
  });

  it("needs an allocator for a text only when one is given", () => {
    const { sum } = exportsOf(instance, { memory, functions: { sum: functions.sum } });
    expect(sum(memory.strPtr(0, 0))).toBe(0);
    expect(codeOf(() => sum("abc"))).toBe("invalid-binding");
  });
});

describe("exports that may be suspended", () => {
  const WAT = `(module
    (import "host" "wait" (func $wait (result i32)))
    (memory (export "memory") 1)
    (global $live (export "live") (mut i32) (i32.const 0))
    (func (export "malloc") (param i32) (result i32)
      (global.set $live (i32.add (global.get $live) (i32.const 1))) (i32.const 1024))
    (func (export "free") (param i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
    (func (export "run") (param i32 i32) (result i32) (i32.add (call $wait) (i32.load8_u (local.get 0)))))`;

  (JSPI ? it : leftOut("this host cannot suspend guests"))(
    "keep their arguments until their promise settles",
    async () => {
      let fails = false;
      const wait = async (): Promise<number> => {
        await new Promise((done) => setTimeout(done, 1));
        if (fails) throw new Error("bug");
        return 1;
      };
      const { Suspending } = WebAssembly as unknown as {
        Suspending: new (fn: object) => () => number;
      };
      const instance = new WebAssembly.Instance(moduleOf(WAT), {
        host: { wait: new Suspending(wait) },
      });
      const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
      const live = instance.exports.live as WebAssembly.Global;
      const { run } = exportsOf(instance, {
        memory,
        allocator: C,
        functions: { run: { params: [["text", strPtr]], results: [u32], async: true } },
      });
      const promise = run("a");
      expect(live.value).toBe(1);
      expect(await promise).toBe(98);
      expect(live.value).toBe(0);
      fails = true;
      expect(await rejectionOf(run("a"))).toMatchObject({ message: "bug" });
      expect(live.value).toBe(0);
    },
  );

  (JSPI ? leftOut("this host can suspend guests") : it)(
    "need a host that can suspend guests",
    () => {
      const instance = new WebAssembly.Instance(moduleOf(WAT), { host: { wait: () => 1 } });
      const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
      const run = { params: [["text", strPtr]], results: [u32], async: true } as const;
      expect(codeOf(() => exportsOf(instance, { memory, functions: { run } }))).toBe(
        "jspi-missing",
      );
    },
  );
});
