/**
 * Functions that return promises. Without JSPI (Node before 24) the promises are looked at as they are and what needs a
 * suspended guest is tested for its refusal.
 */

import { enumeration, f32, u8, u16, u32 } from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import { bindings, failure, formatCall } from "@memkit/guest-memory/bindings";
import { trap, trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import { describe, expect, it } from "vitest";
import { fault, JSPI, moduleOf, rejectionOf, thrownBy } from "./support/guests.js";
import { leftOut } from "./support/left-out.js";
import { codeOf } from "./support/model.js";

const errno = enumeration(u16, ["success", "badf", "fault", "inval", "overflow"]).named("errno");
const spec = bindings({
  module: "m",
  functions: {
    f: { params: [["n", u32]], results: [u32], error: errno, async: true },
    plain: { params: [["n", u8]], results: [f32], async: true },
  },
});
type Returns = number | PromiseLike<number>;

const later = (ms = 0): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Bound for a host that awaits promises by itself. */
function bound(f: (n: number) => Returns, plain: (n: number) => Returns = () => 0.5) {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
  const { m } = spec.imports({ memory, functions: { f, plain }, suspending: (fn) => fn });
  return { memory, f: m.f, plain: m.plain };
}

/** What the trap carries that `promise` rejects with. */
async function trappedBy(promise: unknown): Promise<unknown> {
  const raised = await rejectionOf(promise);
  expect(raised).toBeInstanceOf(WebAssembly.RuntimeError);
  return trapCause(raised);
}

describe("an import that returns a promise", () => {
  it("has stored its result when the promise is there", async () => {
    const { f, plain, memory } = bound(async (n) => {
      await later();
      return n + 1;
    });
    const promise = f(4, 8);
    expect(promise).toBeInstanceOf(Promise);
    expect(memory.readU32(8)).toBe(0);
    expect(await promise).toBe(0);
    expect(memory.readU32(8)).toBe(5);
    expect(await plain(1)).toBe(0.5);
  });

  it("may as well be ready at once", () => {
    const { f, memory } = bound((n) => n + 1);
    expect(f(4, 8)).toBe(0);
    expect(memory.readU32(8)).toBe(5);
  });

  it("refuses arguments and places before it starts", () => {
    let runs = 0;
    const { f, plain } = bound(async () => ++runs);
    expect(trapCause(thrownBy(() => f(4, 65536)))).toMatchObject({ code: "in-func" });
    expect(trapCause(thrownBy(() => plain(256)))).toMatchObject({ location: "convert u8" });
    expect(runs).toBe(0);
  });

  it("maps what it rejects with", async () => {
    const bug = new Error("bug");
    const gone = fault("ptr-borrowed");
    const exit = new GuestError({ code: "exit", status: 2 });
    const rejecting = (error: unknown): unknown => bound(() => Promise.reject(error)).f(1, 8);
    expect(await rejecting(failure(1))).toBe(1);
    expect(await bound(async () => failure(1) as never).f(1, 8)).toBe(1);
    expect(await rejecting(gone)).toBe(2);
    expect(await trappedBy(rejecting(bug))).toMatchObject({ code: "host-threw", cause: bug });
    expect(await trappedBy(rejecting(exit))).toBe(exit);
    const ending = bound(async () => trap(exit)).f(1, 8);
    expect(await trappedBy(ending)).toBe(exit);
  });

  it("may resolve with what it cannot store", async () => {
    const { f } = bound(async () => "text" as never);
    expect(await trappedBy(f(1, 8))).toMatchObject({ code: "host-threw" });
  });

  it("finds the memory as it is by then", async () => {
    const source = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const memory = new GuestMemory(source);
    const { f } = spec.imports({
      memory,
      suspending: (fn) => fn,
      functions: {
        plain: () => 0,
        async f() {
          await later();
          source.grow(1);
          return 6;
        },
      },
    }).m;
    expect(await f(1, 65532)).toBe(0);
    expect(memory.readU32(65532)).toBe(6);
  });

  it("any thenable will do", async () => {
    // biome-ignore lint/suspicious/noThenProperty: a promise that is none of the engine's
    const thenable = { then: (done: (n: number) => void) => done(9) } as PromiseLike<number>;
    const { f, memory } = bound(() => thenable);
    expect(await f(1, 8)).toBe(0);
    expect(memory.readU32(8)).toBe(9);
  });
});

describe("a borrow across an await (GM-30)", () => {
  it("ends the guest at once, naming the borrow; what the function does then is nobody's", async () => {
    const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
    let finished = false;
    const { f } = spec.imports({
      memory,
      suspending: (fn) => fn,
      functions: {
        plain: () => 0,
        async f() {
          const guard = memory.arrayPtr(u8, 32, 4).asSliceMut();
          try {
            await later();
          } finally {
            guard?.drop();
            finished = true;
          }
          throw new Error("heard by nobody");
        },
      },
    }).m;
    const error = trapCause(thrownBy(() => f(1, 8)));
    expect(error).toMatchObject({
      code: "borrow-outlives-call",
      func: "f",
      borrows: [{ region: { start: 32, len: 4 }, kind: "mut" }],
    });
    expect(String(error)).toContain("awaited");
    expect(memory.hasOutstandingBorrows()).toBe(true);
    await later(5);
    expect(finished).toBe(true);
    expect(memory.hasOutstandingBorrows()).toBe(false);
  });

  it("that ended before is nobody's business", async () => {
    const { f, memory } = bound(async () => {
      const first = memory.withSliceMut(32, 4, (bytes) => bytes.fill(7)[0] as number);
      await later();
      return first;
    });
    expect(await f(1, 8)).toBe(0);
    expect(memory.readU32(8)).toBe(7);
  });

  it("taken after the first one ends the guest when it would go on", async () => {
    const { f, memory } = bound(async () => {
      await later();
      memory.sharedBorrow({ start: 0, len: 1 });
      return 1;
    });
    expect(await trappedBy(f(1, 8))).toMatchObject({ code: "borrow-outlives-call" });
    const rejecting = bound(async () => {
      await later();
      rejecting.memory.sharedBorrow({ start: 0, len: 1 });
      throw failure(1);
    });
    expect(await trappedBy(rejecting.f(1, 8))).toMatchObject({ code: "borrow-outlives-call" });
  });
});

describe("traces", () => {
  const traced = (f: (n: number) => Returns, trace: (line: string) => void) => {
    const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
    const { m } = spec.imports({
      memory,
      functions: { f, plain: (n) => n },
      suspending: (fn) => fn,
      trace: (event) => trace(formatCall({ ...event, ns: 0 })),
    });
    return { ...m, memory };
  };

  it("tell of calls side by side, each with its own arguments and results", async () => {
    const lines: string[] = [];
    const { f } = traced(
      async (n) => {
        await later(n);
        if (n === 2) throw failure(3);
        if (n === 3) throw new Error("bug");
        return n + 10;
      },
      (line) => lines.push(line),
    );
    const calls = [8, 2, 3, 1].map((n) => f(n, 8));
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: 0 },
      { value: 3 },
      { status: "rejected" },
      { value: 0 },
    ]);
    // In the order in which they ended, which timers that are close to one another do not settle.
    expect(lines.sort()).toEqual([
      "m.f(n: 1) -> ok 11 [0 us]",
      "m.f(n: 2) -> errno inval [0 us]",
      "m.f(n: 3) -> trap the host failed in m.f: bug; this is no fault of the guest's [0 us]",
      "m.f(n: 8) -> ok 18 [0 us]",
    ]);
  });

  it("tell of calls within calls", () => {
    const lines: string[] = [];
    const { f, plain } = traced(
      (n) => plain(n) as number,
      (line) => lines.push(line),
    );
    f(5, 8);
    expect(lines).toEqual(["m.plain(n: 5) -> ok 5 [0 us]", "m.f(n: 5) -> ok 5 [0 us]"]);
  });

  it("tell why a guest gets an errno", () => {
    const lines: string[] = [];
    const { f, memory } = traced(
      () => memory.withSliceMut(0, 4, () => memory.readU32(0)),
      (line) => lines.push(line),
    );
    f(5, 8);
    expect(lines[0]).toContain("-> errno fault (read of 0x0..0x3 (4 bytes) refused");
  });

  it("that throw end the guest: it is the host's fault", () => {
    const { f } = traced(
      () => 1,
      () => {
        throw new Error("disk full");
      },
    );
    const error = trapCause(thrownBy(() => f(1, 8)));
    expect(error).toMatchObject({ code: "host-threw", cause: { message: "disk full" } });
  });
});

(JSPI ? leftOut("this host can suspend guests") : it)(
  "a host that cannot suspend guests says so",
  () => {
    const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
    const functions = { f: () => 0, plain: () => 0 };
    const error = thrownBy(() => spec.imports({ memory, functions }));
    expect(error).toMatchObject({ code: "jspi-missing", feature: "WebAssembly.Suspending" });
    expect(String(error)).toContain("Node 24");
    const instance = { exports: { run: () => 1 } };
    expect(codeOf(() => wrapInstance(instance, { memory, promising: ["run"] }))).toBe(
      "jspi-missing",
    );
  },
);

/** A guest whose `run` stores what `f` gives, and which swallows whatever it can. */
const GUEST = `(module
  (import "m" "f" (func $f (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $swallowed (export "swallowed") (mut i32) (i32.const 0))
  (func (export "run") (param i32) (result i32)
    (try (do (drop (call $f (local.get 0) (i32.const 8))))
      (catch_all (global.set $swallowed (i32.const 1))))
    (i32.load (i32.const 8)))
  (func (export "bare") (drop (call $f (i32.const 1) (i32.const 8))))
  (func (export "tag") (result i32) (i32.const 9))
  (func (export "own") unreachable))`;

interface Guest {
  run(n: number): Promise<number>;
  bare(): void;
  tag(): number;
  own(): void;
}

interface Suspendable {
  readonly memory: GuestMemory;
  readonly exports: Guest;
  readonly raw: WebAssembly.Exports;
}

/** An instance of {@link GUEST}, really suspended. */
function suspendable(f: (self: Suspendable, n: number) => Returns): Suspendable {
  let memory: GuestMemory | undefined;
  const instance: WebAssembly.Instance = new WebAssembly.Instance(
    moduleOf(GUEST),
    spec.imports({
      memory: () => memory,
      functions: { f: (n) => f(self, n), plain: () => 0 },
    }) as WebAssembly.Imports,
  );
  memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
  const exports = wrapInstance<Guest>(instance, { memory, promising: ["run"] });
  const self: Suspendable = { memory, exports, raw: instance.exports };
  return self;
}

// Where JSPI is missing: `npx node@24 node_modules/vitest/vitest.mjs run --project guest-memory bindings-async`.
(JSPI ? describe : leftOut("this host cannot suspend guests"))("a suspended guest", () => {
  it("goes on when the host's promise is there, and sees its result", async () => {
    const { exports } = suspendable(async (_, n) => {
      await later(10);
      return n * 2;
    });
    expect(await exports.run(21)).toBe(42);
    expect(await exports.run(4)).toBe(8);
  });

  it("need not be suspended at all", async () => {
    const { exports } = suspendable((_, n) => n * 2);
    expect(await exports.run(21)).toBe(42);
  });

  it("cannot swallow what the promise rejects with (GM-31)", async () => {
    const bug = new Error("bug");
    const { exports, raw } = suspendable(async () => {
      await later();
      throw bug;
    });
    expect(await rejectionOf(exports.run(1))).toMatchObject({ code: "host-threw", cause: bug });
    expect((raw.swallowed as WebAssembly.Global).value).toBe(0);
    expect(codeOf(() => exports.tag())).toBe("poisoned");
    expect(await rejectionOf(exports.run(1))).toMatchObject({ code: "poisoned" });
  });

  it("ends with what the host exits with", async () => {
    const exit = new GuestError({ code: "exit", status: 7 });
    const { exports } = suspendable(async () => {
      await later();
      return trap(exit);
    });
    expect(await rejectionOf(exports.run(1))).toBe(exit);
  });

  it("does not run on over a borrow (GM-30)", async () => {
    const { exports, raw } = suspendable(async ({ memory }) => {
      const guard = memory.arrayPtr(u8, 0, 4).asSlice();
      await later();
      guard?.drop();
      return 1;
    });
    expect(await rejectionOf(exports.run(1))).toMatchObject({ code: "borrow-outlives-call" });
    expect((raw.swallowed as WebAssembly.Global).value).toBe(0);
    await later(5);
  });

  it("is the only one of its instance (GM-33), but other exports may be called", async () => {
    const { exports } = suspendable(async ({ exports: self }, n) => {
      await later(5);
      return n + self.tag();
    });
    const first = exports.run(1);
    expect(exports.tag()).toBe(9);
    const refused = await rejectionOf(exports.run(2));
    expect(refused).toMatchObject({ code: "suspended", entry: "run", suspended: "run" });
    expect(await first).toBe(10);
    expect(await exports.run(2)).toBe(11);
  });

  it("keeps others out while it holds a borrow, like every host (GM-12)", async () => {
    let code: string | undefined;
    const { exports } = suspendable(async ({ memory, exports: self }) => {
      await later();
      code = memory.withSlice(0, 4, () => codeOf(() => self.tag()));
      return 1;
    });
    expect(await exports.run(1)).toBe(1);
    expect(code).toBe("reentered");
  });

  it("does not survive a trap in a nested entry, which stays one until the outermost (GM-13)", async () => {
    let nested: unknown;
    const { exports } = suspendable(async ({ exports: self }) => {
      await later();
      nested = thrownBy(() => self.own());
      return 1;
    });
    expect(await rejectionOf(exports.run(1))).toMatchObject({ code: "guest-trap", entry: "own" });
    expect(nested).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(codeOf(() => exports.tag())).toBe("poisoned");
  });

  it("is refused by the engine where its export is not promising", () => {
    const { exports } = suspendable(async () => 1);
    expect(thrownBy(() => exports.bare())).toHaveProperty("name", "SuspendError");
    expect(exports.tag()).toBe(9);
  });

  it("names exports that are there", () => {
    const memory = new GuestMemory(new WebAssembly.Memory({ initial: 1 }));
    const wrap = (name: string) =>
      wrapInstance({ exports: { run: 5 } }, { memory, promising: [name] });
    expect(codeOf(() => wrap("run"))).toBe("invalid-option");
    expect(codeOf(() => wrap("toString"))).toBe("invalid-option");
  });
});
