import { u8, u16, u32 } from "@memkit/core";
import { GuestMemory, type GuestMemoryOptions } from "@memkit/guest-memory";
import { BorrowChecker } from "@memkit/guest-memory/borrow";
import { BorrowDebugger } from "@memkit/guest-memory/debug";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const memory = (options: GuestMemoryOptions = {}): GuestMemory =>
  new GuestMemory(new WebAssembly.Memory({ initial: 1, maximum: 4 }), options);

/** Values that nothing can print: the error that refuses them must not fail itself. */
const UNPRINTABLE: readonly unknown[] = [
  Object.create(null),
  Symbol("s"),
  new Proxy({}, { get: () => expect.fail("a refused value was looked into") }),
  { toString: () => expect.fail("a refused value was asked for its text") },
  { valueOf: () => expect.fail("a refused value was asked for its number") },
];

describe("values that are no numbers", () => {
  it.each(UNPRINTABLE.map((value, i) => [i, value] as const))("pointer %i", (_, value) => {
    const mem = memory();
    const given = value as number;
    expect(codeOf(() => mem.readU32(given))).toBe("try-from-int-error");
    expect(codeOf(() => mem.copyOut(0, given))).toBe("try-from-int-error");
    expect(codeOf(() => mem.writeU32(0, given))).toBe("try-from-int-error");
    expect(codeOf(() => mem.mutBorrow({ start: given, len: 1 }))).toBe("try-from-int-error");
  });

  it.each([...UNPRINTABLE, 0n, "0", Number.NaN, 0.5, -1].map((value, i) => [i, value] as const))(
    "handle %i",
    (_, value) => {
      const mem = memory();
      const checker = new BorrowChecker();
      const live = mem.mutBorrow({ start: 0, len: 1 });
      checker.mutBorrow(0, 1);
      expect(codeOf(() => mem.mutUnborrow(value as number))).toBe("stale-handle");
      expect(codeOf(() => mem.sharedUnborrow(value as number))).toBe("stale-handle");
      expect(checker.lookup(value as number)).toBeUndefined();
      mem.mutUnborrow(live);
    },
  );

  it("minus zero is zero", () => {
    const mem = memory();
    expect(mem.toAddress(-0)).toBe(0);
    expect(mem.ptr(u8, -0).offset).toBe(0);
    expect(mem.validate(-0, 1, 1, 1)).toBe(0);
  });

  it.each([Number.NaN, -1, -1_000_000, 0.5, "4", 2n, undefined])("validate of size %s", (size) => {
    const at = typeof size === "number" && size < 0 ? 1_000_000 : 0;
    expect(codeOf(() => memory().validate(at, 1, size as number, 1))).toBe("try-from-int-error");
  });

  it.each([Number.NaN, -1, 0, 3, 6, 0.5, "4", 2n, 2 ** 32])("validate of align %s", (align) => {
    expect(codeOf(() => memory().validate(12, 1, 4, align as number))).toBe("try-from-int-error");
  });
});

describe("bytes and texts that are none", () => {
  const NO_BYTES: readonly unknown[] = [
    "123",
    [1, 300],
    { length: 2, 0: 1 },
    new Uint16Array([300]),
    new BigUint64Array(1),
    new DataView(new ArrayBuffer(1)),
    new Proxy(new Uint8Array(1), {}),
    null,
    undefined,
    7,
  ];
  it.each(NO_BYTES.map((value, i) => [i, value] as const))("copyIn of %i", (_, value) => {
    const mem = memory();
    expect(codeOf(() => mem.copyIn(0, value as Uint8Array))).toBe("try-from-int-error");
    expect(mem.copyOut(0, 8)).toEqual(new Uint8Array(8));
  });

  it.each([...UNPRINTABLE, 5, undefined, null].map((value, i) => [i, value] as const))(
    "writeString of %i",
    (_, value) => {
      const mem = memory();
      mem.writeString(0, "text");
      expect(codeOf(() => mem.writeString(0, value as string))).toBe("try-from-int-error");
      const guard = mem.strPtr(0, 4).asStrMut()!;
      expect(codeOf(() => guard.set(value as string))).toBe("try-from-int-error");
      expect(guard.text()).toBe("text");
      guard.drop();
    },
  );
});

describe("options that are none", () => {
  it.each(["wasm128", "constructor", 32, null])("target %s", (target) => {
    expect(codeOf(() => memory({ target: target as "wasm32" }))).toBe("invalid-option");
  });
  it.each([7, "checker", {}, { mutBorrow: 1 }])("policy %s", (policy) => {
    expect(codeOf(() => memory({ policy: policy as unknown as BorrowChecker }))).toBe(
      "invalid-option",
    );
  });
  it("a refused option claims nothing", () => {
    const source = { buffer: new ArrayBuffer(8) };
    expect(codeOf(() => new GuestMemory(source, { target: "x" as "wasm32" }))).toBe(
      "invalid-option",
    );
    expect(new GuestMemory(source, { target: "wasm64" }).target).toBe("wasm64");
  });
});

describe("values that run code while they are converted", () => {
  /** Two elements, the first of which does something when it is looked at. */
  const acting = (act: () => void): ArrayLike<number> => ({
    length: 2,
    get 0() {
      act();
      return 7;
    },
    1: 8,
  });

  it("growth under copyFromSlice of a guard", () => {
    const source = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    const mem = new GuestMemory(source);
    const guard = mem.arrayPtr(u16, 0, 2).asSliceMut()!;
    guard.copyFromSlice(acting(() => source.grow(1)));
    expect([...guard]).toEqual([7, 8]);
    guard.drop();
  });

  it("a guard dropped under its own copyFromSlice writes nothing (GM-14)", () => {
    const mem = memory();
    const guard = mem.arrayPtr(u8, 0, 2).asSliceMut()!;
    expect(codeOf(() => guard.copyFromSlice(acting(() => guard.drop())))).toBe("released");
    expect(mem.copyOut(0, 2)).toEqual(new Uint8Array(2));
  });

  it("a length that changes its mind does not write past the array", () => {
    const mem = memory();
    let asked = 0;
    const values = new Proxy([1, 2, 3, 4, 5, 6, 7, 8], {
      get: (target, key) => (key === "length" ? (asked++ === 0 ? 4 : 8) : Reflect.get(target, key)),
    });
    mem.arrayPtr(u8, 0, 4).copyFromSlice(values);
    expect([...mem.copyOut(0, 8)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
    asked = 0;
    const guard = mem.arrayPtr(u8, 8, 4).asSliceMut()!;
    guard.copyFromSlice(values);
    expect([...guard]).toEqual([1, 2, 3, 4]);
    guard.drop();
  });
});

describe("a guard's region", () => {
  it("cannot be moved to bytes that are not borrowed (GM-14)", () => {
    const mem = memory();
    mem.writeU32(64, 0xdead);
    const slice = mem.arrayPtr(u32, 0, 1).asSlice()!;
    expect(Reflect.set(slice.region, "start", 64)).toBe(false);
    expect(slice.at(0)).toBe(0);
    slice.drop();
  });
});

describe("a stack that is no text", () => {
  it("costs no borrow", () => {
    const { prepareStackTrace } = Error;
    const mem = memory({ policy: new BorrowDebugger() });
    try {
      Error.prepareStackTrace = (_, sites) => sites;
      mem.mutUnborrow(mem.mutBorrow({ start: 0, len: 4 }));
      Error.prepareStackTrace = () => {
        throw new RangeError("no stack today");
      };
      expect(() => mem.mutBorrow({ start: 0, len: 4 })).toThrow("no stack today");
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });

  it("reports borrows that its inner policy had before", () => {
    const inner = new BorrowChecker();
    inner.mutBorrow(0, 4);
    const watched = new BorrowDebugger({ policy: inner });
    watched.sharedBorrow(8, 4);
    expect(watched.outstanding()).toEqual([
      { region: { start: 8, len: 4 }, kind: "shared", stack: expect.any(String) },
      { region: { start: 0, len: 4 }, kind: "mut" },
    ]);
  });
});
