import { aligned, u8, u32 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { BorrowDebugger } from "@memkit/guest-memory/debug";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const memory = (): GuestMemory =>
  new GuestMemory(new WebAssembly.Memory({ initial: 1, maximum: 4 }));

describe("bytes that are gone", () => {
  it("copyIn of bytes that are gone copies none", () => {
    const src = new Uint8Array(4);
    structuredClone(src.buffer, { transfer: [src.buffer] });
    const mem = memory();
    mem.copyIn(8, src);
    expect(codeOf(() => mem.copyIn(65_537, src))).toBe("ptr-out-of-bounds");
    expect(mem.copyOut(0, 16)).toEqual(new Uint8Array(16));
  });
});

describe("typed arrays that say other things of themselves than they are", () => {
  class Longer extends Uint8Array {
    override get length(): number {
      return 4;
    }
    override get byteLength(): number {
      return 8;
    }
  }

  it("write nothing past the range", () => {
    const mem = memory();
    mem.arrayPtr(u8, 0, 4).copyFromSlice(new Longer([1, 2, 3, 4, 5, 6, 7, 8]));
    expect([...mem.copyOut(0, 8)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
    const guard = mem.arrayPtr(u8, 65_532, 4).asSliceMut()!;
    guard.copyFromSlice(new Longer([1, 2, 3, 4, 5, 6, 7, 8]));
    expect([...guard]).toEqual([1, 2, 3, 4]);
    guard.drop();
  });

  it("are lists like any other where they are none", () => {
    const list = Object.create(Uint8Array.prototype, { length: { value: 2 }, 0: { value: 7 } });
    const mem = memory();
    expect(codeOf(() => mem.arrayPtr(u8, 0, 2).copyFromSlice(list))).toBe("try-from-int-error");
    expect(mem.copyOut(0, 2)).toEqual(new Uint8Array(2));
  });
});

describe("numbers whose alignment was raised", () => {
  it("have no slices: there is more between them than their bytes", () => {
    const spaced = aligned(16, u8) as unknown as typeof u8;
    const ptr = memory().arrayPtr(spaced, 0, 4);
    expect(codeOf(() => ptr.toVec())).toBe("not-transparent");
    expect(codeOf(() => ptr.copyFromSlice(new Uint8Array(4)))).toBe("not-transparent");
    expect(codeOf(() => ptr.asSlice())).toBe("not-transparent");
    const same = aligned(4, u32) as unknown as typeof u32;
    expect(memory().arrayPtr(same, 0, 2).toVec()).toEqual(new Uint32Array(2));
  });
});

describe("a range of 4 GiB", () => {
  it("is ptr-overflow, also where the memory is as long", () => {
    const mem = new GuestMemory(new WebAssembly.Memory({ initial: 65_536, maximum: 65_536 }));
    expect(codeOf(() => mem.validate(0, 2 ** 30, 4, 4))).toBe("ptr-overflow");
    expect(codeOf(() => mem.arrayPtr(u32, 0, 2 ** 30).asSlice())).toBe("ptr-overflow");
    expect(mem.validate(4, 2 ** 30 - 1, 4, 4)).toBe(4);
  });
});

describe("types and kinds that are none", () => {
  it.each([undefined, null, {}, "u32", 4].map((value, i) => [i, value] as const))(
    "type %i",
    (_, value) => {
      const type = value as unknown as typeof u8;
      const mem = memory();
      expect(codeOf(() => mem.read(type, 0))).toBe("not-a-layout");
      expect(codeOf(() => mem.write(type, 0, 1))).toBe("not-a-layout");
      expect(codeOf(() => mem.tryRead(type, 0))).toBe("not-a-layout");
      expect(codeOf(() => mem.ptr(type, 0))).toBe("not-a-layout");
      expect(codeOf(() => mem.arrayPtr(type, 0, 1))).toBe("not-a-layout");
    },
  );

  it.each(["Mut", "", undefined, null, 0])("tryBorrow of kind %s", (kind) => {
    const mem = memory();
    const borrow = () => mem.tryBorrow(kind as "mut", { start: 0, len: 1 });
    expect(codeOf(borrow)).toBe("invalid-option");
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("a value that is a revoked proxy", () => {
  it("is refused where a number is wanted", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const value = proxy as unknown as number;
    expect(codeOf(() => memory().write(u32, 0, value))).toBe("try-from-int-error");
    expect(codeOf(() => memory().write(u8, 0, value))).toBe("try-from-int-error");
  });
});

describe("a stack that cannot be taken while all borrows end", () => {
  it("ends nothing, and can be tried again", () => {
    const mem = new GuestMemory({ buffer: new ArrayBuffer(16) }, { policy: new BorrowDebugger() });
    const first = mem.arrayPtr(u8, 0, 4).asSliceMut()!;
    const second = mem.arrayPtr(u8, 8, 4).asSliceMut()!;
    first.set(0, 1);
    second.set(0, 2);
    const { prepareStackTrace } = Error;
    try {
      Error.prepareStackTrace = () => {
        throw new RangeError("no stack today");
      };
      expect(() => mem.releaseAll()).toThrow("no stack today");
      expect([first.dropped, second.dropped, mem.outstandingBorrows().length]).toEqual([
        false,
        false,
        2,
      ]);
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
    }
    mem.releaseAll();
    expect([first.dropped, second.dropped, mem.outstandingBorrows()]).toEqual([true, true, []]);
    expect(codeOf(() => second.drop())).toBe("released");
    expect([mem.readU8(0), mem.readU8(8)]).toEqual([1, 2]);
  });
});

describe("a refused GuestMemory (GM-9)", () => {
  it("has not claimed the buffer for its source", () => {
    const buffer = new ArrayBuffer(8);
    const refused = { buffer };
    expect(codeOf(() => new GuestMemory(refused, { target: "x" as "wasm32" }))).toBe(
      "invalid-option",
    );
    expect(new GuestMemory({ buffer }).byteLength).toBe(8);
    expect(codeOf(() => new GuestMemory(refused, { target: "wasm64" }))).toBe("memory-claimed");
    const later = { buffer: new ArrayBuffer(4) };
    refused.buffer = later.buffer;
    expect(new GuestMemory(refused).target).toBe("wasm32");
  });
});

describe("a text longer than a string can be", () => {
  it("is not called malformed", () => {
    const length = 2 ** 29 - 24 + 1; // V8's String::kMaxLength is 2^29 - 24
    const mem = new GuestMemory(new WebAssembly.Memory({ initial: 8192, maximum: 8192 }));
    expect(codeOf(() => mem.readString(0, length))).toBe("try-from-int-error");
  }, 60_000);
});
