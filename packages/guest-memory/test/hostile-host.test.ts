/** Bound functions and typed exports in clumsy or hostile hands: odd errors and results, wrong numbers, wrong objects. */

import { arrayPtr, charU8, enumeration, flags, i8, type Layout, u8, u16, u32 } from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import {
  bindings,
  errorType,
  exportsOf,
  failure,
  formatCall,
  type RawFunction,
} from "@memkit/guest-memory/bindings";
import { trap, trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import { describe, expect, it } from "vitest";
import { moduleOf, thrownBy } from "./support/guests.js";
import { codeOf } from "./support/model.js";

const errno = enumeration(u16, ["success", "badf", "fault", "inval"]).named("errno");
const memoryOf = (): GuestMemory => new GuestMemory(new WebAssembly.Memory({ initial: 1 }));

/** One function, bound without the compiler's help. */
function bound(description: object, f: unknown, more: object = {}): RawFunction {
  const spec = bindings({ module: "m", functions: { f: description } });
  const options = { memory: memoryOf(), functions: { f }, ...more };
  return spec.imports(options as never).m.f;
}

/** One that throws an error of no class of its own. */
const failing = (description: object): RawFunction =>
  bound(description, () => {
    throw new Error("bug");
  });

/** What the trap that `run` ends with carries; anything else that is thrown fails the test. */
function carriedBy(run: () => unknown): unknown {
  const raised = thrownBy(run);
  expect(Object.getPrototypeOf(raised)).toBe(WebAssembly.RuntimeError.prototype);
  expect(trapCause(raised)).toBeDefined();
  return trapCause(raised);
}

const refuse = (): never => {
  throw new Error("not to be looked into");
};
const closed: object = new Proxy({}, { has: refuse, get: refuse, getPrototypeOf: refuse });
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const cyclic = (): Error => {
  const first = new Error("first");
  first.cause = new Error("second", { cause: first });
  return first;
};

/** What looks harmless until it is looked into. */
const ODD: readonly [string, () => unknown][] = [
  ["a proxy that refuses everything", () => closed],
  ["a revoked proxy", revoked],
  ["a proxy whose properties throw", () => new Proxy({}, { get: refuse })],
  [
    "an error whose message is a getter",
    () => Object.defineProperty(new Error(), "message", { get: refuse }),
  ],
  [
    "an error whose message is a number",
    () => Object.assign(new Error("", { cause: new Error() }), { message: 5 }),
  ],
  ["errors that cause one another", cyclic],
  [
    "a failure whose number is a getter",
    () => Object.defineProperty(failure(1), "errno", { get: refuse }),
  ],
  ["an object without a prototype", () => Object.create(null)],
  ["a symbol", () => Symbol("odd")],
  ["an engine's error that is no trap", () => new WebAssembly.RuntimeError("Aborted()")],
];

describe("what an implementation throws (GM-31)", () => {
  const thrown = ODD.flatMap(([name, make]) =>
    [
      { results: [u32], error: errno },
      { error: errno },
      { results: [u32] },
      {},
      { noreturn: true },
    ].map((description) => [name, description, make] as const),
  );

  it.each(thrown)("%s, %j: a trap, traced or not", (_, description, make) => {
    const raise = (): never => {
      throw make();
    };
    const lines: string[] = [];
    const trace = (event: Parameters<typeof formatCall>[0]): unknown =>
      lines.push(formatCall(event));
    carriedBy(() => bound(description, raise)(8));
    carriedBy(() => bound(description, raise, { trace })(8));
    expect(lines).toHaveLength(1);
    if (!("noreturn" in description)) return;
    carriedBy(() => bound(description, make)());
    carriedBy(() => bound(description, make, { trace })());
  });

  it.each(ODD)("%s, returned for a number: a trap, traced or not", (_, make) => {
    for (const description of [{ results: [u32], error: errno }, { results: [u32] }]) {
      carriedBy(() => bound(description, make)(8));
      carriedBy(() => bound(description, make, { trace: formatCall })(8));
    }
  });

  it("an engine's error that is no trap cannot be swallowed, and is told of as one", () => {
    const aborted = new WebAssembly.RuntimeError("Aborted()");
    const f = bound({}, () => {
      throw aborted;
    });
    const { exports } = new WebAssembly.Instance(
      moduleOf(`(module (import "m" "f" (func $f)) (global $n (export "n") (mut i32) (i32.const 0))
        (func (export "run") (try (do (call $f)) (catch_all (global.set $n (i32.const 1))))))`),
      { m: { f } },
    );
    const { run } = wrapInstance<{ run(): void }>({ exports }, { memory: [] });
    expect(thrownBy(run)).toMatchObject({ code: "guest-trap", entry: "run", cause: aborted });
    expect((exports.n as WebAssembly.Global).value).toBe(0);
  });

  it("the end of the stack is what engines make of it, whoever reached it", () => {
    let depth = 0;
    const dig = (): number => 1 + (depth++ < 1e6 ? dig() : 0);
    expect(carriedBy(bound({ error: errno }, dig))).toBeInstanceOf(RangeError);
  });

  it.each<[string, (dig: () => number) => RawFunction]>([
    [
      "the verdict on an error",
      (dig) => failing({ error: errorType(errno, { host: [[Error, dig]] }) }),
    ],
    [
      "a class that is asked",
      (dig) => {
        const asked = { [Symbol.hasInstance]: dig };
        return failing({ error: errorType(errno, { host: [[asked as never, () => 1]] }) });
      },
    ],
    ["who is told of a call", (dig) => bound({}, () => undefined, { trace: dig })],
    ["who looks for the memory", (dig) => bound({}, () => undefined, { memory: dig })],
  ])("so it is where %s reached it, whose fault it is as little", (_, make) => {
    let depth = 0;
    const dig = (): number => 1 + (depth++ < 1e6 ? dig() : 0);
    expect(carriedBy(make(dig))).toBeInstanceOf(RangeError);
  });

  it("a class that cannot be asked is the host's fault", () => {
    const error = errorType(errno, { host: [[closed as never, () => 1]] });
    const f = bound({ error }, () => {
      throw new Error("bug");
    });
    expect(carriedBy(f)).toMatchObject({ code: "host-threw" });
  });
});

describe("what an implementation returns", () => {
  it.each([
    ["a number", 3, "invalid-binding"],
    ["a record", {}, "invalid-binding"],
    ["an error that is not declared", new Error("undeclared"), "host-threw"],
    ["what a guest did", new GuestError({ code: "exit", status: 1 }), "host-threw"],
  ])(
    "%s where an errno is told and there is no result: the host's fault, no success",
    (_, value, code) => {
      expect(carriedBy(bound({ error: errno }, () => value))).toMatchObject({ code });
    },
  );

  it("an error or failure of what cannot fail: the host's fault; anything else is nobody's business", () => {
    expect(carriedBy(bound({}, () => new Error("lost")))).toMatchObject({ code: "host-threw" });
    expect(carriedBy(bound({}, () => failure(1)))).toMatchObject({ code: "invalid-binding" });
    expect(bound({}, () => 5)()).toBeUndefined();
  });

  it("any thenable will do, also where calls are traced", async () => {
    // biome-ignore lint/suspicious/noThenProperty: the object is to be a thenable
    const thenable = { then: (settle: (value: number) => void) => settle(7) };
    const memory = memoryOf();
    const more = { memory, trace: formatCall, suspending: (fn: unknown) => fn };
    const f = bound({ results: [u32], error: errno, async: true }, () => thenable, more);
    expect(await f(64)).toBe(0);
    expect(memory.readU32(64)).toBe(7);
  });

  it("success as a failure is the host's mistake, traced or not", () => {
    const pair = { results: [flags(u8, ["a"]), flags(u8, ["a"])], error: errno };
    for (const more of [{}, { trace: formatCall }]) {
      const run = bound(pair, () => failure(0), more);
      const cause = { code: "invalid-option", option: "errno" };
      expect(carriedBy(() => run(8, 9))).toMatchObject({ code: "host-threw", cause });
    }
  });
});

describe("a trace that borrows (GM-30)", () => {
  it("does not let the guest run on", () => {
    const memory = memoryOf();
    const trace = (): unknown => memory.mutBorrow({ start: 0, len: 4 });
    const f = bound({ error: errno }, () => undefined, { memory, trace });
    expect(carriedBy(f)).toMatchObject({ code: "borrow-outlives-call" });
  });
});

describe("a guest that declares a float where an integer is described", () => {
  const kinds: [Layout][] = [
    u8,
    i8,
    u16,
    charU8,
    enumeration(u8, ["a", "b", "c"]),
    flags(u8, ["a", "b"]),
  ].map((type) => [type]);

  it.each(kinds)("%s is never a fraction", (type) => {
    const got: unknown[] = [];
    const suspending = (fn: unknown) => fn;
    const spec = { params: [["a", type]], async: true };
    const f = bound(spec, (a: unknown) => void got.push(a), { suspending });
    for (const raw of [0.5, 1.5, 1e-9, NaN, Infinity]) {
      expect(carriedBy(() => f(raw))).toMatchObject({ code: "signature-mismatch" });
    }
    f(-0);
    expect(got).toEqual([0]);
  });
});

describe("objects in the wrong place", () => {
  it("what every object inherits implements nothing", () => {
    for (const name of ["toString", "valueOf", "hasOwnProperty", "constructor"]) {
      const spec = bindings({ module: "m", functions: { [name]: {} } });
      const imports = (functions: object) => () =>
        spec.imports({ memory: memoryOf(), functions: functions as never });
      expect(codeOf(imports({})), name).toBe("invalid-binding");
      expect(imports({ [name]: () => undefined })).not.toThrow();
    }
  });

  it("are refused with a code", () => {
    const { imports } = bindings({ module: "m", functions: { f: {} } });
    const memory = memoryOf();
    for (const functions of [undefined, null, 5]) {
      expect(codeOf(() => imports({ memory, functions } as never))).toBe("invalid-binding");
      expect(codeOf(() => bindings({ module: "m", functions } as never))).toBe("invalid-binding");
      expect(codeOf(() => exportsOf({ exports: {} }, { memory, functions } as never))).toBe(
        "invalid-binding",
      );
    }
    const lists = [null, 5, {}, "ab", u32, new Array(1)];
    for (const description of lists.flatMap((list) => [{ params: list }, { results: list }])) {
      expect(codeOf(() => bound(description, () => 0))).toBe("invalid-binding");
    }
  });

  it("a key that no description has is refused, and named", () => {
    expect(String(thrownBy(() => bound({ param: [["a", u32]], results: [u32] }, () => 0)))).toBe(
      'GuestError: m.f cannot be bound: its description has params, results, error, async, noreturn, but no "param"',
    );
    const misspelt = { module: "m", functions: {}, targets: "wasm64" };
    expect(codeOf(() => bindings(misspelt as never))).toBe("invalid-binding");
    const functions = { f: { result: [u32] } } as never;
    const memory = memoryOf();
    expect(codeOf(() => exportsOf({ exports: { f: () => 1 } }, { memory, functions }))).toBe(
      "invalid-binding",
    );
  });

  it("a memory that cannot be made is the host's fault, whatever the verdict", () => {
    const buffer = new ArrayBuffer(8);
    const other = new GuestMemory({ buffer });
    const memory = (): GuestMemory => new GuestMemory({ buffer });
    const error = errorType(errno, { guest: () => errno.cases.fault });
    expect(carriedBy(bound({ error }, () => undefined, { memory }))).toMatchObject({
      code: "host-threw",
      cause: { code: "memory-claimed" },
    });
    expect(other.byteLength).toBe(8);
  });
});

describe("exports that are not what is described", () => {
  const calling = (description: object, f: (...args: number[]) => unknown) => {
    const memory = memoryOf();
    const calls: number[] = [];
    const malloc = (size: number): number => {
      calls.push(size);
      return 8;
    };
    const instance = { exports: { f, malloc, free: () => undefined } };
    const allocator = { malloc: "malloc", free: "free" } as const;
    const guest = exportsOf(instance, { memory, allocator, functions: { f: description } });
    return { f: guest.f as (...args: unknown[]) => unknown, calls };
  };

  it.each([undefined, 0n, 0.5, NaN])("an errno that is %s is a signature mismatch", (raw) => {
    const { f } = calling({ error: errno }, () => raw);
    expect(codeOf(f)).toBe("signature-mismatch");
  });

  it("what should not return, and does, is none of its description", () => {
    expect(codeOf(calling({ noreturn: true }, () => undefined).f)).toBe("invalid-binding");
  });

  it.each([-1, 1.5, NaN, Infinity, 2 ** 53, "3", true, 5n, undefined, null])(
    "a list of length %s is refused before the guest is asked for memory",
    (length) => {
      const { f, calls } = calling({ params: [["l", arrayPtr(u32)]] }, (_at, _len) => undefined);
      expect(codeOf(() => f({ length }))).toBe("try-from-int-error");
      expect(calls).toEqual([]);
    },
  );

  it("an instance is known by its exports, whatever object holds them (GM-12)", () => {
    const exports = { end: () => trap(new GuestError({ code: "exit", status: 3 })), fine: () => 1 };
    const first = wrapInstance<typeof exports>({ exports }, { memory: [] });
    const second = wrapInstance<typeof exports>({ exports }, { memory: [] });
    expect(codeOf(() => first.end())).toBe("exit");
    expect(codeOf(() => second.fine())).toBe("poisoned");
  });
});
