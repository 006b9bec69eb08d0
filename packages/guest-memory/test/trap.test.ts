import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { trap, trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import { beforeAll, describe, expect, it } from "vitest";
import wabt from "wabt";
import { TRAP_MODULE } from "../src/trap-module.js";
import { codeOf } from "./support/model.js";

/** A guest that wraps every call in catch_all, and counts what it swallowed. */
const SWALLOWER = `(module
  (import "host" "call" (func $call))
  (memory (export "memory") 1)
  (global $swallowed (export "swallowed") (mut i32) (i32.const 0))
  (func (export "run") (result i32)
    (try (do (call $call)) (catch_all (global.set $swallowed (i32.add (global.get $swallowed) (i32.const 1)))))
    (i32.const 7))
  (func (export "tag") (result i32) (i32.const 9))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func $deep (export "deep") (call $deep))
  (func (export "own") unreachable))`;

type Assemble = (wat: string) => Uint8Array<ArrayBuffer>;
let assemble: Assemble;
let module: WebAssembly.Module;

beforeAll(async () => {
  const tools = await wabt();
  assemble = (wat) => {
    const parsed = tools.parseWat("test.wat", wat, { exceptions: true });
    return Uint8Array.from(parsed.toBinary({}).buffer);
  };
  module = new WebAssembly.Module(assemble(SWALLOWER));
});

interface Guest {
  run(): number;
  tag(): number;
  load(at: number): number;
  deep(): void;
  own(): void;
  readonly swallowed: WebAssembly.Global;
}

/** An instance of the swallower whose one import does `call`. */
function guest(call: (self: { exports: Guest; memory: GuestMemory }) => void): {
  exports: Guest;
  memory: GuestMemory;
  raw: Guest;
} {
  const instance = new WebAssembly.Instance(module, { host: { call: () => call(self) } });
  const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
  const self = {
    memory,
    raw: instance.exports as unknown as Guest,
    exports: wrapInstance<Guest>(instance, { memory }),
  };
  return self;
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("the trap module", () => {
  it("is its own text, assembled", () => {
    expect([...assemble('(module (func (export "trap") unreachable))')]).toEqual([...TRAP_MODULE]);
  });
});

describe("what a catch_all guest can swallow (GM-11)", () => {
  it("a plain throw: yes, it runs on", () => {
    const { exports } = guest(() => {
      throw new GuestError({ code: "exit", status: 1 });
    });
    expect(exports.run()).toBe(7);
    expect(exports.swallowed.value).toBe(1);
  });

  it("a trap: no; the typed error comes out and the guest did not run on", () => {
    const error = new GuestError({ code: "exit", status: 3 });
    const { exports } = guest(() => trap(error));
    expect(thrownBy(() => exports.run())).toBe(error);
    expect(exports.swallowed.value).toBe(0);
  });

  it.each([undefined, null, 0, "text"])("carries %j as well", (value) => {
    const { exports } = guest(() => trap(value));
    expect(thrownBy(() => exports.run())).toBe(value);
    expect(exports.swallowed.value).toBe(0);
  });

  it("through raw exports the trap stays a RuntimeError, and trapCause finds what it carries", () => {
    const error = new Error("carried");
    const { raw } = guest(() => trap(error));
    const raised = thrownBy(() => raw.run());
    expect(raised).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(trapCause(raised)).toBe(error);
    expect(trapCause(error)).toBeUndefined();
    expect(trapCause(undefined)).toBeUndefined();
  });
});

describe("poisoning (GM-12)", () => {
  it("after a trap every export refuses, naming the end as its cause", () => {
    const error = new GuestError({ code: "exit", status: 3 });
    const { exports } = guest(() => trap(error));
    thrownBy(() => exports.run());
    const again = thrownBy(() => exports.tag());
    expect(again).toMatchObject({ code: "poisoned", entry: "tag", cause: error });
  });

  it.each([
    ["own", (e: Guest) => e.own(), /unreachable/],
    ["load", (e: Guest) => e.load(-4), /out of bounds/],
    ["deep", (e: Guest) => e.deep(), /call stack/],
  ] as const)("the guest's own trap in %s poisons and is typed", (entry, run, reason) => {
    const { exports } = guest(() => undefined);
    const error = thrownBy(() => run(exports));
    expect(error).toMatchObject({
      code: "guest-trap",
      entry,
      reason: expect.stringMatching(reason),
    });
    expect((error as Error).cause).toBeInstanceOf(Error);
    expect(codeOf(() => exports.tag())).toBe("poisoned");
  });

  it("a plain exception passes unchanged and ends nothing", () => {
    const boom = new TypeError("boom");
    const instance = {
      exports: {
        fail: () => {
          throw boom;
        },
        range: () => {
          throw new RangeError("an index");
        },
        fine: () => 1,
        constant: 5,
      },
    };
    const wrapped = wrapInstance<typeof instance.exports>(instance, { memory: [] });
    expect(thrownBy(() => wrapped.fail())).toBe(boom);
    expect(thrownBy(() => wrapped.range())).toBeInstanceOf(RangeError);
    expect(wrapped.fine()).toBe(1);
    expect(wrapped.constant).toBe(5);
  });

  it("wrapping twice shares the end", () => {
    const instance = { exports: { end: () => trap("over"), fine: () => 1 } };
    const first = wrapInstance<typeof instance.exports>(instance, { memory: [] });
    const second = wrapInstance<typeof instance.exports>(instance, { memory: [] });
    thrownBy(() => first.end());
    expect(codeOf(() => second.fine())).toBe("poisoned");
  });

  it("an export may have any name", () => {
    const instance = { exports: Object.fromEntries([["__proto__", () => 4]]) };
    const wrapped = wrapInstance(instance, { memory: [] });
    expect(Object.hasOwn(wrapped, "__proto__")).toBe(true);
  });
});

describe("re-entry (GM-12)", () => {
  it("is refused while a borrow is out, and the refusal names it", () => {
    const { exports, memory } = guest(() => undefined);
    const handle = memory.mutBorrow({ start: 16, len: 8 });
    const error = thrownBy(() => exports.tag());
    expect(error).toMatchObject({
      code: "reentered",
      entry: "tag",
      borrows: [{ region: { start: 16, len: 8 }, kind: "mut" }],
    });
    expect(String(error)).toContain("0x10..0x17 (8 bytes)");
    memory.mutUnborrow(handle);
    expect(exports.tag()).toBe(9);
  });

  it("is refused inside withSlice, also through a nested call", () => {
    let code: string | undefined;
    const { exports } = guest(({ memory, exports: inner }) => {
      code = memory.withSlice(0, 4, () => codeOf(() => inner.tag()));
    });
    exports.run();
    expect(code).toBe("reentered");
  });

  it("an empty borrow counts", () => {
    const { exports, memory } = guest(() => undefined);
    memory.sharedBorrow({ start: 0, len: 0 });
    expect(codeOf(() => exports.tag())).toBe("reentered");
  });
});

describe("nested entries (GM-13)", () => {
  it("return values pass; the outer entry goes on", () => {
    let inner = 0;
    const { exports } = guest(({ exports: self }) => {
      inner = self.tag();
    });
    expect(exports.run()).toBe(7);
    expect(inner).toBe(9);
  });

  it("a trap in a nested entry of the same instance cannot be swallowed by its outer frames", () => {
    const { exports } = guest(({ exports: self }) => self.own());
    expect(codeOf(() => exports.run())).toBe("guest-trap");
    expect(exports.swallowed.value).toBe(0);
  });

  it("a nested error given to trap again comes out as it was", () => {
    const first = new Error("first");
    const inner = { exports: { end: () => trap(first) } };
    const entry = wrapInstance<typeof inner.exports>(inner, { memory: [] });
    const { exports } = guest(() => {
      try {
        inner.exports.end();
      } catch (raised) {
        trap(raised);
      }
    });
    expect(thrownBy(() => exports.run())).toBe(first);
    expect(thrownBy(() => entry.end())).toBe(first);
  });

  it("another instance's trap reaches the import as a typed error, and the outer guest may live", () => {
    const plugin = guest(() => undefined);
    const codes: (string | undefined)[] = [];
    const { exports } = guest(() => {
      codes.push(codeOf(() => plugin.exports.own()));
    });
    expect(exports.run()).toBe(7);
    expect(exports.tag()).toBe(9);
    expect(codes).toEqual(["guest-trap"]);
  });

  it("an import that swallows a nested trap gains nothing: the outer entry throws the end", () => {
    const { exports } = guest(({ exports: self }) => {
      thrownBy(() => self.own());
    });
    expect(codeOf(() => exports.run())).toBe("guest-trap");
    expect(codeOf(() => exports.run())).toBe("poisoned");
  });
});

describe("who is not a trap", () => {
  it.each([
    ["an error called InternalError", Object.assign(new Error("disk"), { name: "InternalError" })],
    ["a RangeError about call stacks", new RangeError("the call stack view is out of range")],
  ])("%s passes unchanged and ends nothing", (_, error) => {
    const memory = new GuestMemory({ buffer: new ArrayBuffer(8) });
    let fail = true;
    const run = (): number => {
      if (fail) throw error;
      return 7;
    };
    const exports = wrapInstance<{ run(): number }>({ exports: { run } }, { memory });
    expect(thrownBy(() => exports.run())).toBe(error);
    fail = false;
    expect(exports.run()).toBe(7);
  });

  it("a trap that carries undefined still carries it when raised again", () => {
    const first = thrownBy(() => trap(undefined));
    const second = thrownBy(() => trap(first));
    expect(second).not.toBe(first);
    expect(trapCause(second)).toBeUndefined();
  });
});

describe("GM-13: a trap that an import in the middle swallows", () => {
  it.each([
    ["returns", (): void => undefined],
    [
      "throws something else",
      (): void => {
        throw new Error("something else");
      },
    ],
  ])("and then %s, is one again for the guest's outer frames", (_, afterwards) => {
    const end = new GuestError({ code: "exit", status: 5 });
    let depth = 0;
    let middle: unknown;
    const self = guest(({ exports }) => {
      depth++;
      if (depth === 3) trap(end);
      if (depth === 2) {
        thrownBy(() => exports.run());
        return afterwards();
      }
      middle = thrownBy(() => exports.run());
      throw middle;
    });
    expect(thrownBy(() => self.exports.run())).toBe(end);
    expect(middle).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(trapCause(middle)).toBe(end);
  });
});

describe("a trap in a start function", () => {
  it("comes out of the instantiation, and tells its cause", () => {
    const wat = `(module (import "host" "call" (func $call)) (start $call))`;
    const starting = new WebAssembly.Module(assemble(wat));
    const end = new GuestError({ code: "exit", status: 0 });
    const raised = thrownBy(
      () => new WebAssembly.Instance(starting, { host: { call: () => trap(end) } }),
    );
    expect(raised).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(trapCause(raised)).toBe(end);
  });
});

it("what is no instance, or no checked memory, is refused before anything runs", () => {
  const memory = new GuestMemory({ buffer: new ArrayBuffer(8) });
  const instance = { exports: {} };
  const wrap = wrapInstance as (instance: unknown, options: { memory: unknown }) => unknown;
  expect(codeOf(() => wrap({ run: () => 1 }, { memory }))).toBe("invalid-option");
  expect(codeOf(() => wrap(undefined, { memory }))).toBe("invalid-option");
  expect(codeOf(() => wrap(instance, { memory: { buffer: new ArrayBuffer(8) } }))).toBe(
    "invalid-option",
  );
  expect(codeOf(() => wrap(instance, { memory: [memory, null] }))).toBe("invalid-option");
  expect(codeOf(() => wrap(instance, { memory: undefined }))).toBe("invalid-option");
});
