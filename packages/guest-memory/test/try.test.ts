/** What a guest can cause is returned by `tryRead`, `tryWrite` and `tryBorrow`; only what a host does wrong is thrown. */

import { enumeration, flags, struct, u8, u32 } from "@memkit/core";
import { type GuestErrorDetail, GuestMemory, type Result } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const outcome = (result: Result<unknown>): GuestErrorDetail["code"] | "ok" =>
  result.ok ? "ok" : result.error.code;

/** Pointers and lengths that a host may have made of a guest's arguments without looking. */
const NO_ADDRESSES: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0.5,
  -(2 ** 31) - 1,
  2 ** 53,
  Number(2n ** 64n - 1n),
  8n,
  "8",
  undefined,
  null,
  {},
];

describe.each(["wasm32", "wasm64"] as const)("a %s guest", (target) => {
  const memory = (): GuestMemory => new GuestMemory({ buffer: new ArrayBuffer(64) }, { target });

  it.each(NO_ADDRESSES.map((value, i) => [i, value as number] as const))(
    "pointer %i that is none",
    (_, value) => {
      const mem = memory();
      expect(outcome(mem.tryRead(u8, value))).toBe("try-from-int-error");
      expect(outcome(mem.tryWrite(u8, value, 1))).toBe("try-from-int-error");
      for (const kind of ["mut", "shared"] as const) {
        expect(outcome(mem.tryBorrow(kind, { start: value, len: 1 }))).toBe("try-from-int-error");
        expect(outcome(mem.tryBorrow(kind, { start: 0, len: value }))).toBe("try-from-int-error");
      }
      // And says the same as what is thrown.
      expect(mem.tryRead(u8, value)).toEqual({
        ok: false,
        error: { code: "try-from-int-error", type: expect.any(String), got: expect.any(String) },
      });
      expect(codeOf(() => mem.readU8(value))).toBe("try-from-int-error");
      expect([mem.hasOutstandingBorrows(), mem.copyOut(0, 64)]).toEqual([
        false,
        new Uint8Array(64),
      ]);
    },
  );

  it("pointers that are one, but not here", () => {
    const mem = memory();
    const end = target === "wasm32" ? 0xffff_ffff : Number.MAX_SAFE_INTEGER;
    expect(outcome(mem.tryRead(u8, end))).toBe("ptr-out-of-bounds");
    expect(outcome(mem.tryRead(u32, end - 3))).toBe("ptr-out-of-bounds"); // bounds before alignment
    expect(outcome(mem.tryRead(u32, 2))).toBe("ptr-not-aligned");
    expect(outcome(mem.tryRead(u8, 64))).toBe("ptr-out-of-bounds");
    expect(outcome(mem.tryRead(u8, -1))).toBe(
      target === "wasm32" ? "ptr-out-of-bounds" : "try-from-int-error",
    );
  });

  it("values and borrows", () => {
    const mem = memory();
    const colour = enumeration(u8, ["red", "green"]);
    const rights = flags(u8, ["read"]);
    mem.writeU8(8, 7);
    expect(outcome(mem.tryRead(colour, 8))).toBe("invalid-enum-value");
    expect(outcome(mem.tryRead(rights, 8))).toBe("invalid-flag-value");
    const point = struct(["x", u32], ["y", u8]);
    expect(outcome(mem.tryWrite(point, 0, { x: 1, y: 256 }))).toBe("try-from-int-error");
    expect(mem.readU32(0)).toBe(0);
    expect(outcome(mem.tryBorrow("mut", { start: 0, len: 4 }))).toBe("ok");
    expect(outcome(mem.tryBorrow("shared", { start: 3, len: 1 }))).toBe("ptr-borrowed");
    expect(outcome(mem.tryRead(u8, 3))).toBe("ptr-borrowed");
    expect(outcome(mem.tryWrite(u8, 3, 1))).toBe("ptr-borrowed");
  });

  it("a memory that is gone is the host's doing", () => {
    const source = { buffer: new ArrayBuffer(64) };
    const mem = new GuestMemory(source, { target });
    structuredClone(source.buffer, { transfer: [source.buffer] });
    expect(codeOf(() => mem.tryRead(u8, 0))).toBe("source-detached");
    expect(codeOf(() => mem.tryWrite(u8, 0, 1))).toBe("source-detached");
  });
});

it("a shared memory refuses borrows without throwing", () => {
  const mem = new GuestMemory({ buffer: new SharedArrayBuffer(64) });
  expect(outcome(mem.tryBorrow("mut", { start: 0, len: 1 }))).toBe("shared-memory");
  expect(outcome(mem.tryBorrow("shared", { start: 0, len: 0 }))).toBe("shared-memory");
});
