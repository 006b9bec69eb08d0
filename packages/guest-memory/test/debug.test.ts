import { u8, u16, u32 } from "@memkit/core";
import {
  BorrowChecker,
  GuestError,
  GuestMemory,
  type GuestSlice,
  GuestSliceMut,
} from "@memkit/guest-memory";
import { assertNoBorrows, BorrowDebugger, borrowMap } from "@memkit/guest-memory/debug";
import { wrapInstance } from "@memkit/guest-memory/instance";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";
import { PAGE, UNSHARED } from "./support/sources.js";

const debugged = (source = { buffer: new ArrayBuffer(64) as ArrayBufferLike }): GuestMemory =>
  new GuestMemory(source, { policy: new BorrowDebugger() });

function errorOf(run: () => unknown): GuestError {
  try {
    run();
  } catch (error) {
    if (error instanceof GuestError) return error;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

function takeTheCulprit(mem: GuestMemory): number {
  return mem.mutBorrow({ start: 8, len: 8 });
}

describe("stacks", () => {
  it("errors and the leak report say where a borrow was taken", () => {
    const policy = new BorrowDebugger();
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy });
    const other = mem.sharedBorrow({ start: 32, len: 8 });
    const culprit = takeTheCulprit(mem);
    expect(() => mem.readU32(12)).toThrow(
      /mut borrow of 0x8\.\.0xf \(8 bytes\) taken at\n.*takeTheCulprit/s,
    );
    expect(() => mem.writeU32(32, 1)).toThrow(/shared borrow of 0x20/);
    expect(
      mem.outstandingBorrows().map(({ kind, stack }) => [kind, stack?.includes("takeTheCulprit")]),
    ).toEqual([
      ["shared", false],
      ["mut", true],
    ]);
    expect(policy.lookup(culprit)?.stack).toContain("takeTheCulprit");
    mem.mutUnborrow(culprit);
    expect(codeOf(() => mem.mutUnborrow(culprit))).toBe("stale-handle");
    mem.sharedUnborrow(other);
    expect(mem.outstandingBorrows()).toEqual([]);
    expect(mem.tryBorrow("mut", { start: 0, len: 1 }).ok).toBe(true);
  });

  it("begin with frames, show the host's ten under ours, and leave the engine's limit as it was", () => {
    const { stackTraceLimit } = Error; // test runners raise it
    const mem = debugged();
    const deep = (n: number): unknown =>
      n === 0 ? mem.arrayPtr(u16, 0, 1).asSliceMut() : [deep(n - 1)];
    try {
      Error.stackTraceLimit = 10;
      deep(9);
      expect(Error.stackTraceLimit).toBe(10);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    const stack = mem.outstandingBorrows()[0]?.stack ?? "";
    expect(stack).toMatch(/^ +at /);
    expect(stack.match(/at deep /g)).toHaveLength(10);
  });

  it("a refused entry into the guest names each", () => {
    const mem = debugged();
    const instance = wrapInstance<{ run(): void }>(
      { exports: { run: () => undefined } },
      { memory: mem },
    );
    takeTheCulprit(mem);
    const error = errorOf(() => instance.run());
    expect(error).toMatchObject({
      code: "reentered",
      borrows: [{ region: { start: 8, len: 8 }, kind: "mut", stack: expect.stringMatching(/at /) }],
    });
    expect(error.message).toContain("takeTheCulprit");
  });

  it("two alike borrows keep a stack each", () => {
    const mem = debugged();
    const first = (): number => mem.sharedBorrow({ start: 0, len: 4 });
    const second = (): number => mem.sharedBorrow({ start: 0, len: 4 });
    const handle = first();
    second();
    const stacks = (): string[] => mem.outstandingBorrows().map(({ stack }) => stack ?? "none");
    expect(new Set(stacks()).size).toBe(2);
    mem.sharedUnborrow(handle);
    expect(stacks()).toEqual([expect.stringContaining("second")]);
  });

  it("a guard used after its end says where that was", () => {
    const mem = debugged();
    const endIt = (guard: Disposable): void => guard[Symbol.dispose]();
    const guards = [mem.arrayPtr(u8, 0, 4).asSlice()!, mem.strPtr(8, 2).asStrMut()!];
    guards.forEach(endIt);
    for (const guard of guards) {
      const error = errorOf(() => guard.bytes);
      expect(error).toMatchObject({ code: "released", releasedAt: expect.any(String) });
      expect(error.message).toMatch(/was released at\n.*endIt/s);
    }
    const plain = new GuestMemory({ buffer: new ArrayBuffer(8) }).arrayPtr(u8, 0, 4).asSlice()!;
    plain.drop();
    expect(Object.keys(errorOf(() => plain.bytes))).not.toContain("releasedAt");
  });

  it("a policy that cannot say what is in the way is taken as it is", () => {
    const policy = new BorrowDebugger();
    policy.conflict = () => undefined;
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy });
    mem.mutBorrow({ start: 0, len: 4 });
    expect(errorOf(() => mem.readU8(1))).toMatchObject({
      code: "ptr-borrowed",
      conflict: { region: { start: 1, len: 1 }, kind: "mut" },
    });
  });

  it("a conflict with a borrow that was there before has none", () => {
    const inner = new BorrowChecker();
    const before = inner.mutBorrow(0, 4);
    const policy = new BorrowDebugger({ policy: inner });
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy });
    expect(errorOf(() => mem.readU8(1))).toMatchObject({
      conflict: { region: { start: 0, len: 4 }, kind: "mut" },
    });
    mem.sharedBorrow({ start: 8, len: 4 });
    expect(mem.outstandingBorrows()).toEqual([
      { region: { start: 8, len: 4 }, kind: "shared", stack: expect.any(String) },
      { region: { start: 0, len: 4 }, kind: "mut" },
    ]);
    inner.mutUnborrow(before);
    expect(mem.outstandingBorrows()).toHaveLength(1);
  });

  it("handles are its own: a policy that gives all borrows the same one is watched like any other", () => {
    class Careless extends BorrowChecker {
      override mutBorrow(): number {
        return 0;
      }
      override mutUnborrow(): void {
        // nothing was recorded
      }
    }
    const policy = new BorrowDebugger({ policy: new Careless() });
    const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy });
    const [a, b] = [0, 8].map((at) => mem.arrayPtr(u8, at, 4).asSliceMut()!);
    a!.set(0, 1);
    b!.set(0, 2);
    a!.drop();
    expect([mem.readU8(0), b!.dropped, b!.at(0)]).toEqual([1, false, 2]);
    b!.drop();
    expect(mem.readU8(8)).toBe(2);
    for (const stale of [0, 1, 2, Number.NaN, "0"]) {
      expect(codeOf(() => mem.mutUnborrow(stale as number))).toBe("stale-handle");
    }
  });

  it("options that are none are refused", () => {
    const policy = 7 as unknown as BorrowChecker;
    expect(codeOf(() => new BorrowDebugger({ policy }))).toBe("invalid-option");
  });
});

describe.each(UNSHARED)("shadows over %s", (_, make) => {
  it("a mut holder's writes arrive when its borrow ends (GM-16)", () => {
    const { source, grow } = make();
    const mem = debugged(source);
    mem.copyIn(8, new Uint8Array([1, 2, 3, 4]));
    const slice = mem.arrayPtr(u8, 8, 4).asSliceMut()!;
    const view = slice.bytes;
    expect([...view]).toEqual([1, 2, 3, 4]);
    view[1] = 20;
    slice.set(2, 30);
    grow?.();
    expect([...slice]).toEqual([1, 20, 30, 4]);
    expect(slice.bytes).toBe(view);
    expect(mem.base().slice(8, 12)).toEqual(new Uint8Array([1, 2, 3, 4]));
    slice.drop();
    expect(mem.copyOut(8, 4)).toEqual(new Uint8Array([1, 20, 30, 4]));
    view[0] = 99;
    expect([mem.readU8(8), view[1]]).toEqual([1, 0xdd]);
  });

  it("releaseAll lets them arrive too, as without a debugger (GM-16)", () => {
    const { source } = make();
    for (const mem of [debugged(source), new GuestMemory({ buffer: new ArrayBuffer(64) })]) {
      const slice = mem.arrayPtr(u8, 8, 4).asSliceMut()!;
      const shared = mem.arrayPtr(u8, 16, 4).asSlice()!;
      slice.set(0, 77);
      shared.at(0);
      mem.releaseAll();
      expect([mem.readU8(8), mem.readU8(16), slice.dropped]).toEqual([77, 0, true]);
    }
  });

  it.each(["asSlice", "asSliceMut"] as const)(
    "%s: what others write is found also if nobody has looked yet (GM-16)",
    (take) => {
      const mem = debugged(make().source);
      const slice = mem.arrayPtr(u8, 8, 4)[take]()!;
      mem.base()[10] = 7;
      expect(errorOf(() => slice.drop())).toMatchObject({ at: 10, by: "other" });
      expect([mem.readU8(10), mem.hasOutstandingBorrows()]).toEqual([7, false]);
    },
  );

  it("one debugger watches one memory", () => {
    const policy = new BorrowDebugger();
    const { source } = make();
    const mem = new GuestMemory(source, { policy });
    const other = { buffer: new ArrayBuffer(8) };
    expect(errorOf(() => new GuestMemory(other, { policy }))).toMatchObject({
      code: "invalid-option",
      option: "policy",
    });
    new GuestMemory(source, { policy }).writeU8(0, 1);
    expect(mem.readU8(0)).toBe(1);
    new GuestMemory(other).writeU8(0, 1); // and the refused memory may have another
  });

  it("scoped borrows and text have theirs", () => {
    const mem = debugged(make().source);
    const views: Uint8Array[] = [];
    mem.withSliceMut(0, 4, (bytes) => {
      views.push(bytes);
      bytes.set([0x68, 0x6f]);
    });
    const str = mem.strPtr(0, 2).asStrMut()!;
    expect(str.text()).toBe("ho");
    str.set("hi");
    expect(str.text()).toBe("hi");
    str.drop();
    expect(mem.withSlice(0, 2, (bytes) => views.push(bytes))).toBe(2);
    for (const view of views) view.fill(1);
    expect(mem.readString(0, 2)).toBe("hi");
    const cow = mem.strPtr(0, 2).asCow();
    expect([cow.borrowed, cow.text()]).toEqual([true, "hi"]);
    cow.drop();
  });

  it("a write through a shared view is found when the borrow ends, and does not arrive (GM-16)", () => {
    const mem = debugged(make().source);
    const slice = mem.arrayPtr(u16, 16, 4).asSlice()!;
    const { bytes } = slice;
    bytes[5] = 1;
    bytes[6] = 2;
    const error = errorOf(() => slice.drop());
    expect(error).toMatchObject({
      code: "borrow-violated",
      borrow: {
        region: { start: 16, len: 8 },
        kind: "shared",
        stack: expect.stringMatching(/at /),
      },
      at: 21,
      by: "holder",
    });
    expect(error.message).toMatch(/a shared borrow of 0x10\.\.0x17 \(8 bytes\) taken at\n/);
    expect(error.message).toMatch(/written to.* \(first at 0x15\)$/s);
    expect([slice.dropped, mem.hasOutstandingBorrows(), mem.readU32(20)]).toEqual([true, false, 0]);
  });

  it("so is one in a callback, whose own error becomes the cause", () => {
    const mem = debugged(make().source);
    const own = new TypeError("mine");
    const scribble = (bytes: Uint8Array): void => {
      bytes[0] = 1;
    };
    expect(errorOf(() => mem.withSlice(3, 1, scribble))).toMatchObject({ at: 3, by: "holder" });
    const error = errorOf(() =>
      mem.withSlice(3, 1, (bytes) => {
        scribble(bytes);
        throw own;
      }),
    );
    expect([error.code, error.cause]).toEqual(["borrow-violated", own]);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it.each(["asSlice", "asSliceMut"] as const)(
    "%s: bytes that others change beneath a borrow are found, and stay (GM-16)",
    (take) => {
      const mem = debugged(make().source);
      const slice = mem.arrayPtr(u8, 8, 4)[take]()!;
      slice.at(0);
      mem.base()[10] = 7;
      expect(errorOf(() => slice.drop())).toMatchObject({ at: 10, by: "other" });
      expect([mem.readU8(10), mem.hasOutstandingBorrows()]).toEqual([7, false]);
    },
  );
});

describe("shadows", () => {
  it("what a policy refuses to end is settled once, and can be ended later", () => {
    class Reluctant extends BorrowChecker {
      reluctant = true;
      override mutUnborrow(handle: number): void {
        if (this.reluctant) throw new Error("not now");
        super.mutUnborrow(handle);
      }
    }
    const inner = new Reluctant();
    const policy = new BorrowDebugger({ policy: inner });
    const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy });
    const slice = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    slice.set(0, 5);
    expect(() => slice.drop()).toThrow("not now");
    expect([slice.dropped, slice.at(0)]).toEqual([false, 5]);
    slice.set(1, 6);
    inner.reluctant = false;
    slice.drop();
    expect([mem.readU8(0), mem.readU8(1)]).toEqual([5, 6]);
  });

  it("a handle of the other kind settles nothing", () => {
    const policy = new BorrowDebugger();
    const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy });
    const handle = mem.mutBorrow({ start: 0, len: 4 });
    policy.lend(handle, mem)[0] = 1;
    expect(codeOf(() => mem.sharedUnborrow(handle))).toBe("wrong-handle-kind");
    expect(mem.base()[0]).toBe(0);
    mem.mutUnborrow(handle);
    expect(mem.base()[0]).toBe(1);
    expect(codeOf(() => policy.lend(handle, mem))).toBe("stale-handle");
  });

  it("a memory that shrinks takes the bytes that it no longer has", () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const mem = debugged({ buffer });
    const slice = mem.arrayPtr(u8, 8, 16).asSliceMut()!;
    slice.bytes.fill(1);
    buffer.resize(16);
    expect(codeOf(() => slice.bytes)).toBe("ptr-out-of-bounds");
    slice.drop();
    expect(mem.copyOut(8, 8)).toEqual(new Uint8Array(8).fill(1));
  });

  it("a memory that is gone takes them all, and the borrow ends as without a debugger", () => {
    const source = { buffer: new ArrayBuffer(64) };
    const mem = debugged(source);
    const slice = mem.arrayPtr(u8, 8, 16).asSliceMut()!;
    slice.bytes.fill(1);
    structuredClone(source.buffer, { transfer: [source.buffer] });
    slice.drop();
    expect([slice.dropped, mem.hasOutstandingBorrows()]).toEqual([true, false]);
  });

  it("a borrow that ends with all others says where, and its view is cut off (GM-16)", () => {
    const mem = debugged();
    const slice = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    const view = slice.bytes;
    view.fill(1);
    mem.releaseAll();
    view.fill(2); // too late
    expect([mem.readU32(0), view[0], slice.dropped]).toEqual([0x01010101, 2, true]);
    expect(errorOf(() => slice.at(0)).message).toMatch(/released at\n/);
  });
});

describe("a debugged memory behaves as a plain one", () => {
  type Op = readonly ["take" | "set" | "get" | "drop" | "read" | "write" | "grow", number, number];
  const op: fc.Arbitrary<Op> = fc.tuple(
    fc.constantFrom("take", "set", "get", "drop", "read", "write", "grow"),
    fc.nat(31),
    fc.nat(255),
  );

  /** Performs `ops`, ends all borrows; everything that could be seen meanwhile, and the bytes in the end. */
  function run(ops: readonly Op[], policy?: BorrowDebugger): unknown[] {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const mem = new GuestMemory(memory, policy === undefined ? {} : { policy });
    const guards: (GuestSlice<typeof u8> | GuestSliceMut<typeof u8>)[] = [];
    const step = ([what, at, value]: Op): unknown => {
      const guard = guards[at % Math.max(1, guards.length)];
      switch (what) {
        case "take": {
          const ptr = mem.arrayPtr(u8, at, value % 9);
          return guards.push((value & 1 ? ptr.asSlice() : ptr.asSliceMut())!);
        }
        case "set":
          return guard instanceof GuestSliceMut ? guard.set(at % 9, value) : undefined;
        case "get":
          return guard && [...guard];
        case "drop":
          return guard?.drop();
        case "read":
          return mem.readU8(at);
        case "write":
          return mem.writeU8(at, value);
        case "grow":
          return memory.grow(0);
      }
    };
    const seen = ops.map((o) => {
      try {
        return step(o);
      } catch (error) {
        return (error as GuestError).code;
      }
    });
    for (const guard of guards) guard[Symbol.dispose]();
    return [seen, mem.copyOut(0, 64), mem.hasOutstandingBorrows()];
  }

  it("whatever is borrowed, written and dropped (GM-16)", () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
        expect(run(ops, new BorrowDebugger())).toEqual(run(ops));
      }),
      { numRuns: 300 },
    );
  });
});

describe("reports", () => {
  it("assertNoBorrows names every borrow", () => {
    const mem = debugged();
    assertNoBorrows(mem);
    takeTheCulprit(mem);
    mem.sharedBorrow({ start: 40, len: 0 });
    const error = errorOf(() => assertNoBorrows(mem));
    expect(error).toMatchObject({ code: "borrows-outstanding", borrows: [{}, {}] });
    expect(error.message).toMatch(/^2 borrow\(s\) still live: mut .*takeTheCulprit/s);
    expect(error.message).toContain("shared borrow of 0x28 (empty)");
  });

  it("borrowMap draws them to scale", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(PAGE) });
    expect(borrowMap(mem)).toBe(`0x0 [${".".repeat(64)}] 0x10000, 1024 bytes a cell`);
    mem.mutBorrow({ start: 1024, len: 1 });
    mem.sharedBorrow({ start: 1025, len: 2048 });
    mem.sharedBorrow({ start: PAGE - 1, len: 1 });
    mem.sharedBorrow({ start: 0, len: 0 });
    mem.sharedBorrow({ start: PAGE, len: 4 }); // raw borrows know no bounds
    expect(borrowMap(mem).split("\n")).toEqual([
      `0x0 [.!ss${".".repeat(59)}s] 0x10000, 1024 bytes a cell`,
      "  shared 0x0 (empty)",
      "  mut 0x400 (1 byte)",
      "  shared 0x401..0xc00 (2048 bytes)",
      "  shared 0xffff (1 byte)",
      "  shared 0x10000..0x10003 (4 bytes)",
    ]);
    const small = new GuestMemory({ buffer: new ArrayBuffer(4) });
    expect(borrowMap(small)).toBe("0x0 [....] 0x4, 1 byte a cell");
    small.sharedBorrow({ start: 0, len: 2 ** 32 - 1 }); // one that claims all addresses draws in no time
    expect(borrowMap(small)).toContain("[ssss]");
    expect(borrowMap(debugged())).not.toContain(" at ");
  });

  it("borrowMap shows stacks where there are some", () => {
    const mem = debugged();
    takeTheCulprit(mem);
    expect(borrowMap(mem)).toMatch(/\n {2}mut 0x8\.\.0xf \(8 bytes\)\n.*takeTheCulprit/s);
    expect(mem.read(u32, 0)).toBe(0);
  });
});
