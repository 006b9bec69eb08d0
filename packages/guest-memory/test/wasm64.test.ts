/** 64-bit guests: addresses up to 2^53 - 1, and the arithmetic at their end. */

import { ptr, struct, u8, u32, u64 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { GuestAtomics } from "@memkit/guest-memory/atomics";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");
const MAX = Number.MAX_SAFE_INTEGER;
const open = (): GuestMemory =>
  new GuestMemory({ buffer: new ArrayBuffer(64) }, { target: "wasm64" });

describe("addresses of a 64-bit guest", () => {
  it("are numbers up to 2^53 - 1; a bigint is converted once, at the door", () => {
    const mem = open();
    mem.writeU32(60, 5);
    expect(mem.readU32(60)).toBe(5);
    for (const p of [2 ** 32, 2 ** 32 + 60, 2 ** 52, MAX - 3]) {
      expect(codeOf(() => mem.readU32(p))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => mem.writeU32(p, 1))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => new GuestAtomics(mem).add(u32, p, 1))).toBe("ptr-out-of-bounds");
      expect(codeOf(() => mem.copyOut(p, 1))).toBe("ptr-out-of-bounds");
    }
    for (const p of [2 ** 53, -4, -1, 4n, 1e300, Number.NaN]) {
      expect(codeOf(() => mem.readU32(p as number))).toBe("try-from-int-error");
    }
    expect([mem.toAddress(60n), mem.toAddress(BigInt(MAX))]).toEqual([60, MAX]);
    for (const p of [-1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)]) {
      expect(codeOf(() => mem.toAddress(p))).toBe("try-from-int-error");
    }
    expect(mem.toAddress(2n ** 64n + 8n)).toBe(8); // as wasm has it, 64 bits
  });

  it("are not taken for those of a 32-bit guest: 2^32 + 8 is not 8", () => {
    const mem = open();
    mem.writeU8(8, 7);
    expect(codeOf(() => mem.readU8(2 ** 32 + 8))).toBe("ptr-out-of-bounds");
    expect(mem.ptr(u8, 2 ** 32 + 8).offset).toBe(4_294_967_304);
    expect(mem.tryRead(u8, 2 ** 40 + 8)).toMatchObject({ error: { code: "ptr-out-of-bounds" } });
  });

  it("ptr-overflow begins where numbers stop being exact", () => {
    const mem = open();
    expect(codeOf(() => mem.validate(0, 2 ** 50, 8, 8))).toBe("ptr-overflow");
    expect(codeOf(() => mem.validate(0, 2 ** 52, 8, 8))).toBe("ptr-overflow");
    expect(codeOf(() => mem.validate(0, 2 ** 50 - 1, 8, 8))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.validate(MAX, MAX, 1, 1))).toBe("ptr-out-of-bounds"); // the sum is no length
    expect(codeOf(() => mem.validate(MAX - 7, 1, 8, 8))).toBe("ptr-out-of-bounds");
    const last = mem.ptr(u64, MAX - 7);
    expect(last.add(0).offset).toBe(MAX - 7);
    expect(codeOf(() => last.add(1))).toBe("ptr-overflow");
    expect(mem.ptr(u64, 0).add(2 ** 50 - 1).offset).toBe(2 ** 53 - 8);
    expect(codeOf(() => mem.ptr(u64, 0).add(2 ** 50))).toBe("ptr-overflow");
    expect(codeOf(() => mem.arrayPtr(u64, MAX - 15, 4).get(2))).toBe("ptr-overflow");
    expect(mem.arrayPtr(u64, MAX - 15, 4).get(1)?.offset).toBe(MAX - 7);
  });

  it("can be borrowed wherever they lie, to the byte", () => {
    const mem = open();
    const high = mem.mutBorrow({ start: 2 ** 40, len: 8 });
    expect(mem.isMutBorrowed({ start: 2 ** 40 + 7, len: 1 })).toBe(true);
    expect(mem.isMutBorrowed({ start: 2 ** 40 + 8, len: 1 })).toBe(false);
    expect(mem.isMutBorrowed({ start: 0, len: 8 })).toBe(false); // the same low 32 bits
    const top = mem.mutBorrow({ start: MAX - 8, len: 8 });
    expect(mem.isMutBorrowed({ start: MAX - 9, len: 1 })).toBe(false);
    expect(mem.isMutBorrowed({ start: MAX - 9, len: 2 })).toBe(true);
    expect(mem.tryBorrow("shared", { start: MAX - 1, len: 1 })).toMatchObject({
      error: { conflict: { region: { start: MAX - 8, len: 8 } } },
    });
    mem.mutUnborrow(high);
    mem.mutUnborrow(top);
    expect(mem.hasOutstandingBorrows()).toBe(false);
  });
});

describe("pointers in records of a 64-bit guest", () => {
  it("have 8 bytes and pass 4 GiB", () => {
    const mem = open();
    mem.write(iovec, 8, { buf: 2 ** 40, len: 3 });
    expect(mem.readU64(8)).toBe(2n ** 40n);
    expect(mem.read(iovec, 8)).toEqual({ buf: 2 ** 40, len: 3 });
    const io = mem.ptr(iovec, 8);
    expect(io.add(1).offset).toBe(24);
    expect(io.read().buf.add(2 ** 41).offset).toBe(2 ** 40 + 2 ** 41);
    expect(codeOf(() => io.read().buf.read())).toBe("ptr-out-of-bounds");
    mem.writeU64(8, 2n ** 53n);
    expect(codeOf(() => mem.read(iovec, 8))).toBe("try-from-int-error");
    mem.writeU64(8, BigInt(MAX));
    expect(mem.read(iovec, 8).buf).toBe(MAX);
  });
});
