import { ptr, struct, u8, u16, u64 } from "@memkit/core";
import { type Guard, GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it, vi } from "vitest";
import { codeOf } from "./support/model.js";
import { PAGE, UNSHARED } from "./support/sources.js";

describe.each(UNSHARED)("guards over %s", (_, make) => {
  it("GuestSlice reads; others may read, none may write, until it is dropped", () => {
    const mem = new GuestMemory(make().source);
    mem.copyIn(8, new Uint8Array([1, 2, 3, 4]));
    const slice = mem.arrayPtr(u16, 8, 2).asSlice()!;
    expect([...slice]).toEqual([0x0201, 0x0403]);
    expect([slice.length, slice.at(2), slice.at(-1), slice.at(0.5)]).toEqual([
      2,
      undefined,
      undefined,
      undefined,
    ]);
    expect(slice.toVec()).toEqual(new Uint16Array([0x0201, 0x0403]));
    expect(mem.readU8(8)).toBe(1);
    expect(codeOf(() => mem.writeU8(8, 1))).toBe("ptr-borrowed");
    const second = mem.arrayPtr(u8, 9, 1).asCow();
    expect([second.borrowed, second.at(0)]).toEqual([true, 2]);
    slice.drop();
    expect(codeOf(() => mem.writeU8(9, 1))).toBe("ptr-borrowed");
    second[Symbol.dispose]();
    mem.writeU8(9, 1);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("GuestSliceMut writes; nobody else may look", () => {
    const mem = new GuestMemory(make().source);
    const slice = mem.arrayPtr(u64, 8, 2).asSliceMut()!;
    slice.set(1, 5n);
    slice.copyFromSlice([slice.at(1)!, 6n]);
    expect(codeOf(() => slice.set(2, 1n))).toBe("index-out-of-range");
    expect(codeOf(() => slice.set(0, -1n))).toBe("try-from-int-error");
    expect(codeOf(() => slice.copyFromSlice([1n]))).toBe("slice-lengths-differ");
    for (const none of [null, undefined, 2, "ab"]) {
      const values = none as unknown as ArrayLike<bigint>;
      expect(codeOf(() => slice.copyFromSlice(values))).toBe("try-from-int-error");
      expect(codeOf(() => mem.arrayPtr(u64, 8, 2).copyFromSlice(values))).toBe(
        "try-from-int-error",
      );
    }
    expect(codeOf(() => mem.readU8(8))).toBe("ptr-borrowed");
    expect(codeOf(() => mem.arrayPtr(u8, 23, 1).asSlice())).toBe("ptr-borrowed");
    slice.drop();
    expect([mem.readU64(8), mem.readU64(16)]).toEqual([5n, 6n]);
  });

  it("every access after drop throws, and so does a second drop; dispose does not (GM-14)", () => {
    const mem = new GuestMemory(make().source);
    const slice = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    const str = mem.strPtr(8, 0).asStrMut()!;
    for (const guard of [slice, str]) guard.drop();
    const uses = [
      () => slice.bytes,
      () => slice.at(0),
      () => slice.set(0, 1),
      () => slice.toVec(),
      () => [...slice],
      () => slice.copyFromSlice([1, 2, 3, 4]),
      () => slice.drop(),
      () => str.text(),
      () => String(str),
      () => str.set(""),
    ];
    for (const use of uses) expect(codeOf(use)).toBe("released");
    slice[Symbol.dispose]();
    expect(slice.dropped).toBe(true);
    const other = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    expect(codeOf(() => slice.drop())).toBe("released"); // and the other's borrow stays
    expect(mem.hasOutstandingBorrows()).toBe(true);
    other.drop();
  });

  it("a live guard survives growth: its view is made anew (GM-14)", () => {
    const { source, grow } = make();
    if (grow === undefined) return;
    const mem = new GuestMemory(source);
    const slice = mem.arrayPtr(u8, 4, 4).asSliceMut()!;
    const str = mem.strPtr(100, 1).asStrMut()!;
    const stale = slice.bytes;
    grow();
    slice.set(0, 7);
    expect(slice.at(0)).toBe(7);
    if (stale.length === 0) expect(slice.bytes === stale).toBe(false); // detached: made anew
    expect(slice.bytes.length).toBe(4);
    str.set("x");
    expect(str.text()).toBe("x");
    slice.drop();
    str.drop();
    expect(mem.readU8(4)).toBe(7);
  });

  it("strings: UTF-8 or nothing, and a refusal leaves no borrow", () => {
    const mem = new GuestMemory(make().source);
    const cases: [number[], number, number][] = [
      [[0x61, 0xff], 1, 1],
      [[0xc3], 0, 0],
      [[0x61, 0xe2, 0x82], 1, 0],
      [[0xed, 0xa0, 0x80], 0, 1],
      [[0xf0, 0x9f, 0x41], 0, 2],
      [[0xc0, 0x80], 0, 1],
      [[0xf4, 0x90, 0x80, 0x80], 0, 1],
      [[0xe2, 0x82, 0x41], 0, 2],
    ];
    for (const [bytes, validUpTo, errorLen] of cases) {
      mem.copyIn(8, new Uint8Array(bytes));
      const p = mem.strPtr(8, bytes.length);
      for (const take of [
        () => p.asStr(),
        () => p.asStrMut(),
        () => p.asCow(),
        () => mem.readString(8, bytes.length),
      ]) {
        expect(take).toThrow(
          expect.objectContaining({ code: "invalid-utf8", validUpTo, errorLen }),
        );
      }
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
    mem.writeString(8, "\ufeffBOM");
    const str = mem.strPtr(8, 6).asStr()!;
    expect(str.text()).toBe("\ufeffBOM");
    str.drop();
    expect(codeOf(() => mem.strPtr(PAGE, 1).asStr())).toBe("ptr-out-of-bounds");
    const mut = mem.strPtr(8, 6).asStrMut()!;
    expect(codeOf(() => mut.set("short"))).toBe("slice-lengths-differ");
    mut.bytes[0] = 0xff;
    expect(codeOf(() => mut.text())).toBe("invalid-utf8");
    expect(codeOf(() => mem.strPtr(8, 6).asCow())).toBe("ptr-borrowed");
    mut.drop();
  });
});

describe("a memory that shrinks under a guard", () => {
  it("gives a typed error, and the borrow still ends", () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const mem = new GuestMemory({ buffer });
    const slice = mem.arrayPtr(u8, 32, 32).asSlice()!;
    buffer.resize(16);
    expect(codeOf(() => slice.bytes)).toBe("ptr-out-of-bounds");
    slice.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

/** What a guard may say after its end: what it was. */
const NAMES = new Set(
  ["constructor", "mem", "region", "type", "length", "guardName", "borrowed", "dropped", "toJSON"]
    .map((name): string | symbol => name)
    .concat([Symbol.dispose, Symbol.for("nodejs.util.inspect.custom")]),
);

const parentOf = (type: object): object => Reflect.getPrototypeOf(type) ?? Object.prototype;

/** Everything that a guard's class and the classes below it can do. */
function accessesOf(guard: Guard): [string | symbol, () => unknown][] {
  const accesses: [string | symbol, () => unknown][] = [];
  for (let type = parentOf(guard); type !== Object.prototype; type = parentOf(type)) {
    for (const name of Reflect.ownKeys(type)) {
      if (NAMES.has(name)) continue;
      accesses.push([
        name,
        () => {
          const value: unknown = Reflect.get(guard, name);
          const result: unknown =
            typeof value === "function" ? Reflect.apply(value, guard, [0, 0]) : value;
          if (result !== null && typeof result === "object" && Symbol.iterator in result) {
            return [...(result as Iterable<unknown>)];
          }
          return result;
        },
      ]);
    }
  }
  return accesses;
}

describe("after release (GM-14)", () => {
  const plain = (): GuestMemory => new GuestMemory({ buffer: new ArrayBuffer(16) });
  const shared = (): GuestMemory => new GuestMemory({ buffer: new SharedArrayBuffer(16) });
  const GUARDS: readonly (readonly [string, () => Guard])[] = [
    ["GuestSlice", () => plain().arrayPtr(u16, 0, 2).asSlice()!],
    ["GuestSliceMut", () => plain().arrayPtr(u16, 0, 2).asSliceMut()!],
    ["GuestCow, borrowed", () => plain().arrayPtr(u16, 0, 2).asCow()],
    ["GuestCow, copied", () => shared().arrayPtr(u16, 0, 2).asCow()],
    ["GuestStr", () => plain().strPtr(0, 2).asStr()!],
    ["GuestStrMut", () => plain().strPtr(0, 2).asStrMut()!],
    ["GuestStrCow, borrowed", () => plain().strPtr(0, 2).asCow()],
    ["GuestStrCow, copied", () => shared().strPtr(0, 2).asCow()],
  ];

  it.each(GUARDS)("%s: nothing works but to say what it was", (_, make) => {
    const guard = make();
    guard.drop();
    let refused = 0;
    for (const [name, access] of accessesOf(guard)) {
      if (name === "toString" && !guard.guardName.startsWith("GuestStr")) continue; // says what it was
      if (name === "shows") continue; // private, and no access
      expect([name, codeOf(access)]).toEqual([name, "released"]);
      refused++;
    }
    expect(refused).toBeGreaterThanOrEqual(3);
    expect([guard.dropped, guard.region.len]).toEqual([true, make().region.len]);
  });

  it.each(GUARDS)("%s ends once: drop, then dispose, or dispose, then drop", (_, make) => {
    const dropped = make();
    dropped.drop();
    dropped[Symbol.dispose]();
    const disposed = make();
    disposed[Symbol.dispose]();
    disposed[Symbol.dispose]();
    expect(codeOf(() => disposed.drop())).toBe("released");
    expect(disposed.mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("memories that move under a live guard (GM-14)", () => {
  const detach = (buffer: ArrayBuffer): void => {
    structuredClone(buffer, { transfer: [buffer] });
  };

  it("an empty one survives growth like any other", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const mem = new GuestMemory(memory);
    const slice = mem.arrayPtr(u16, 8, 0).asSliceMut()!;
    const str = mem.strPtr(PAGE, 0).asStrMut()!;
    const views = [slice.bytes, str.bytes];
    const stale = new Uint16Array(memory.buffer);
    memory.grow(1);
    expect([slice.toVec(), [...slice], str.text()]).toEqual([new Uint16Array(0), [], ""]);
    slice.copyFromSlice([]);
    slice.copyFromSlice(stale);
    mem.arrayPtr(u16, 8, 0).copyFromSlice(stale);
    str.set("");
    expect(views.includes(slice.bytes)).toBe(false);
    slice.bytes.slice(); // a detached view would throw a TypeError
    slice.drop();
    str.drop();
  });

  it("a resizable buffer shrinks and grows again: a typed error, then zeros", () => {
    const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
    const mem = new GuestMemory({ buffer });
    const slice = mem.arrayPtr(u16, 32, 8).asSliceMut()!;
    slice.copyFromSlice(new Uint16Array(8).fill(7));
    buffer.resize(40);
    const uses = [
      () => slice.bytes,
      () => slice.at(0),
      () => slice.set(0, 1),
      () => slice.toVec(),
      () => [...slice],
      () => slice.copyFromSlice(new Uint16Array(8)),
    ];
    for (const use of uses) expect(codeOf(use)).toBe("ptr-out-of-bounds");
    buffer.resize(64);
    expect([...slice]).toEqual([7, 7, 7, 7, 0, 0, 0, 0]);
    slice.set(7, 1);
    slice.drop();
    expect(mem.readU16(46)).toBe(1);
  });

  it("a source exchanges its buffer: the guard follows, as far as there are bytes", () => {
    const source = { buffer: new ArrayBuffer(64) };
    const mem = new GuestMemory(source);
    const slice = mem.arrayPtr(u8, 16, 16).asSliceMut()!;
    slice.set(0, 1);
    const exchange = (length: number): void => {
      const old = source.buffer;
      source.buffer = new ArrayBuffer(length);
      new Uint8Array(source.buffer).set(new Uint8Array(old).subarray(0, length));
      detach(old);
    };
    exchange(128);
    slice.set(1, 2);
    exchange(64);
    expect([...slice].slice(0, 3)).toEqual([1, 2, 0]);
    exchange(24);
    expect(codeOf(() => slice.at(0))).toBe("ptr-out-of-bounds");
    slice.drop();
    expect(mem.copyOut(16, 2)).toEqual(new Uint8Array([1, 2]));
  });

  it("a source that kept the old buffer alive is followed once it says so", () => {
    const source = { buffer: new ArrayBuffer(64) };
    const mem = new GuestMemory(source);
    const slice = mem.arrayPtr(u8, 16, 16).asSliceMut()!;
    slice.set(0, 1);
    source.buffer = new ArrayBuffer(64);
    mem.refresh();
    expect(slice.at(0)).toBe(0);
    source.buffer = new ArrayBuffer(16);
    mem.refresh();
    expect(codeOf(() => slice.at(0))).toBe("ptr-out-of-bounds");
    slice.drop();
  });

  it("a source that is gone, or gives no memory, is core's error; the guard still ends", () => {
    const source: { buffer: ArrayBuffer } = { buffer: new ArrayBuffer(64) };
    const mem = new GuestMemory(source);
    const slice = mem.arrayPtr(u8, 16, 16).asSlice()!;
    const str = mem.strPtr(0, 4).asStr()!;
    detach(source.buffer);
    for (const use of [() => slice.bytes, () => slice.at(0), () => str.text()]) {
      expect(codeOf(use)).toBe("source-detached");
    }
    Object.assign(source, { buffer: "none" });
    expect(codeOf(() => slice.toVec())).toBe("invalid-source");
    slice.drop();
    str.drop();
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("callbacks (GM-10)", () => {
  const memory = (): GuestMemory =>
    new GuestMemory({ buffer: new Uint8Array([1, 2, 3, 4]).buffer });

  /** Callbacks whose work is not done when they return. */
  const UNFINISHED: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
    ["a promise", async (bytes) => bytes[0]],
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    ["a thenable", () => ({ then: () => undefined })],
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    ["a thenable function", () => Object.assign(() => 1, { then: () => undefined })],
    [
      "a generator",
      function* (bytes) {
        yield bytes[0];
      },
    ],
    [
      "an async generator",
      async function* (bytes) {
        yield bytes[0];
      },
    ],
    ["an iterator over the view", (bytes) => bytes.values()],
  ];

  it.each(UNFINISHED)("%s is refused, and the borrow has ended", (_, use) => {
    const mem = memory();
    expect(codeOf(() => mem.withSlice(0, 4, use))).toBe("async-callback");
    expect(codeOf(() => mem.withSliceMut(0, 4, use))).toBe("async-callback");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it.each([
    [undefined],
    [null],
    [0],
    ["then"],
    [[1, 2]],
    [new Uint8Array(2)],
    [new Map()],
    [{ next: () => 1 }],
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    [{ then: 1, next: 2 }],
    [() => 1],
    [Object.create(null)],
  ])("%o is a result like any other", (result) => {
    const mem = memory();
    expect(mem.withSlice(0, 4, () => result)).toBe(result);
    expect(mem.withSliceMut(0, 4, () => result)).toBe(result);
  });

  it("a result that throws when it is looked at throws, after the borrow has ended", () => {
    const mem = memory();
    const trap = {
      // biome-ignore lint/suspicious/noThenProperty: what is tested
      get then(): unknown {
        expect(mem.hasOutstandingBorrows()).toBe(false);
        throw new Error("do not look");
      },
    };
    expect(() => mem.withSlice(0, 4, () => trap)).toThrow("do not look");
  });

  it("what a callback throws is thrown as it is, and the borrow has ended", () => {
    const mem = memory();
    for (const thrown of [new Error("mine"), "text", undefined, null]) {
      let caught: unknown = "nothing";
      try {
        mem.withSliceMut(1, 2, () => {
          expect(mem.isMutBorrowed({ start: 2, len: 1 })).toBe(true);
          throw thrown;
        });
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(thrown);
      expect(mem.hasOutstandingBorrows()).toBe(false);
    }
  });

  it("nest, shared in shared, but not mut in any; and the memory may move meanwhile", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const mem = new GuestMemory(memory);
    mem.withSlice(0, 8, (outer) => {
      expect(mem.withSlice(4, 8, (inner) => inner.length)).toBe(8);
      expect(codeOf(() => mem.withSliceMut(7, 1, () => 0))).toBe("ptr-borrowed");
      memory.grow(1);
      expect(outer.length).toBe(0); // detached, as `withSlice` says
      expect(mem.withSlice(PAGE, 8, (inner) => inner.length)).toBe(8);
    });
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("what one copy of the package makes, another knows", () => {
  it("memories and pointers are instances, borrows and claims are seen, guards end", async () => {
    vi.resetModules();
    const other = await import("@memkit/guest-memory");
    expect(other.GuestMemory).not.toBe(GuestMemory);
    const source = { buffer: new ArrayBuffer(64) };
    const ours = new GuestMemory(source);
    const theirs = new other.GuestMemory(source);
    expect([ours instanceof other.GuestMemory, theirs instanceof GuestMemory]).toEqual([
      true,
      true,
    ]);
    expect([{} instanceof GuestMemory, (null as unknown) instanceof GuestMemory]).toEqual([
      false,
      false,
    ]);
    const iovec = struct(["buf", ptr(u8)], ["len", u16]);
    ours.ptr(iovec, 0).write({ buf: theirs.ptr(u8, 32), len: 4 });
    expect(theirs.readU32(0)).toBe(32);
    const guard = ours.arrayPtr(u8, 8, 4).asSliceMut()!;
    expect(codeOf(() => theirs.readU8(9))).toBe("ptr-borrowed");
    theirs.releaseAll();
    expect([guard.dropped, codeOf(() => guard.bytes)]).toEqual([true, "released"]);
    const buffer = source.buffer;
    expect(codeOf(() => new other.GuestMemory({ buffer }))).toBe("memory-claimed");
    const { BorrowDebugger } = await import("@memkit/guest-memory/debug");
    const options = { policy: new BorrowDebugger() };
    const watched = new GuestMemory({ buffer: new ArrayBuffer(8) }, options);
    const slice = watched.arrayPtr(u8, 0, 4).asSlice()!;
    slice.bytes[0] = 1;
    expect(codeOf(() => slice.drop())).toBe("borrow-violated");
  });
});
