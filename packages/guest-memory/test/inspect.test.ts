/** How things print: to `console.log`, to a text and to JSON. Addresses are hex to people, plain numbers to programs. */

import { inspect } from "node:util";
import { ptr, struct, u8, u16 } from "@memkit/core";
import {
  BorrowChecker,
  GuestError,
  type GuestErrorDetail,
  GuestMemory,
} from "@memkit/guest-memory";
import { BorrowDebugger } from "@memkit/guest-memory/debug";
import { describe, expect, it } from "vitest";

const memory = (): GuestMemory => new GuestMemory({ buffer: new ArrayBuffer(256) });

/** What is shown of `thing`: inspected, as a text, and as JSON. */
const shown = (thing: object): unknown[] => [
  inspect(thing),
  String(thing),
  JSON.parse(JSON.stringify(thing)),
];

describe("prints", () => {
  it("GuestMemory, without its bytes", () => {
    const mem = memory();
    const region = { start: 16, len: 4 };
    mem.mutBorrow(region);
    mem.sharedBorrow({ start: 32, len: 0 });
    const text = "GuestMemory { wasm32, 0x100 bytes, 1 mut and 1 shared borrows }";
    expect(shown(mem)).toEqual([
      text,
      text,
      {
        target: "wasm32",
        byteLength: 256,
        shared: false,
        borrows: [
          { region, kind: "mut" },
          { region: { start: 32, len: 0 }, kind: "shared" },
        ],
      },
    ]);
    const shared = new GuestMemory({ buffer: new SharedArrayBuffer(8) }, { target: "wasm64" });
    expect(inspect({ shared })).toBe(
      "{\n  shared: GuestMemory { wasm64, shared, 0x8 bytes, 0 mut and 0 shared borrows }\n}",
    );
  });

  it("GuestMemory whose source is gone", () => {
    const source = { buffer: new ArrayBuffer(16) };
    const mem = new GuestMemory(source);
    structuredClone(source.buffer, { transfer: [source.buffer] });
    expect(inspect(mem)).toContain("0x0 bytes");
    expect(JSON.stringify(mem)).toContain('"byteLength":0');
  });

  it("pointers", () => {
    const mem = memory();
    expect(shown(mem.ptr(u16, 16))).toEqual([
      "*guest 0x10",
      "*guest 0x10",
      { type: "u16", offset: 16 },
    ]);
    expect(shown(mem.arrayPtr(u16, 16, 3))).toEqual([
      "*guest 0x10/3",
      "*guest 0x10/3",
      { type: "u16", offset: 16, len: 3 },
    ]);
    expect(shown(mem.strPtr(16, 3))).toEqual([
      "*guest 0x10/3",
      "*guest 0x10/3",
      { type: "str", offset: 16, len: 3 },
    ]);
    const iovec = struct(["buf", ptr(u8)], ["len", u16]).named("iovec");
    expect(inspect(mem.ptr(iovec, 8).read())).toBe("{ buf: *guest 0x0, len: 0 }");
  });

  it("guards, live and dropped", () => {
    const mem = memory();
    const json = { guard: "GuestSlice", start: 16, len: 4, borrowed: true, dropped: false };
    const slice = mem.arrayPtr(u16, 16, 2).asSlice()!;
    const live = "GuestSlice { *guest 0x10/4 }";
    expect(shown(slice)).toEqual([live, live, json]);
    slice.drop();
    const dropped = "GuestSlice { *guest 0x10/4 dropped }";
    expect(shown(slice)).toEqual([dropped, dropped, { ...json, dropped: true }]);
    mem.writeString(16, "hi");
    const str = mem.strPtr(16, 2).asStrMut()!;
    expect([inspect(str), String(str)]).toEqual(["GuestStrMut { *guest 0x10/2 }", "hi"]);
    mem.releaseAll();
    expect(inspect(str)).toBe("GuestStrMut { *guest 0x10/2 dropped }");
    const copy = new GuestMemory({ buffer: new SharedArrayBuffer(8) }).strPtr(0, 2).asCow();
    expect(JSON.parse(JSON.stringify(copy))).toMatchObject({
      guard: "GuestStrCow",
      borrowed: false,
    });
    expect(shown(mem.arrayPtr(u16, 8, 2).asUnsafeSliceMut())).toEqual([
      "UnsafeGuestSlice { *guest 0x8/2 }",
      "UnsafeGuestSlice { *guest 0x8/2 }",
      { type: "u16", offset: 8, len: 2 },
    ]);
  });

  it("checkers, by what they hold", () => {
    const debug = new BorrowDebugger();
    debug.sharedBorrow(0, 4);
    expect(inspect(debug)).toBe("BorrowDebugger { 0 mut and 1 shared borrows }");
    expect(JSON.parse(JSON.stringify(debug))).toEqual({
      borrows: [{ region: { start: 0, len: 4 }, kind: "shared", stack: expect.any(String) }],
    });
    const checker = new BorrowChecker("coarse");
    checker.mutBorrow(8, 4);
    const text = "BorrowChecker { coarse, 1 mut and 0 shared borrows }";
    const borrows = [{ region: { start: 8, len: 4 }, kind: "mut" }];
    expect(shown(checker)).toEqual([text, text, { policy: "coarse", borrows }]);
  });
});

describe("errors", () => {
  const region = { start: 0x10, len: 0x20 };
  const borrow = { region: { start: 0x18, len: 8 }, kind: "mut" } as const;
  const CASES: readonly (readonly [GuestErrorDetail, string])[] = [
    [
      { code: "ptr-borrowed", region, access: "shared borrow", conflict: borrow },
      "shared borrow of 0x10..0x2f (32 bytes) refused: it overlaps a live mut borrow of 0x18..0x1f (8 bytes)",
    ],
    [
      { code: "ptr-out-of-bounds", region, byteLength: 32 },
      "0x10..0x2f (32 bytes) is out of bounds of a memory of 0x20 bytes",
    ],
    [
      { code: "ptr-overflow", ptr: 0xffff_fff0, count: 4, size: 8 },
      "pointer 0xfffffff0 plus 4 * 8 bytes leaves the address space",
    ],
    [
      { code: "invalid-flag-value", type: "rights", got: 2n ** 63n, unknown: 2n ** 63n, path: "a" },
      "0x8000000000000000 has bits that rights does not name: 0x8000000000000000 in field a",
    ],
    [
      { code: "reentered", entry: "run", borrows: [borrow] },
      "export run called while the host holds 1 borrow(s), the first a mut borrow of 0x18..0x1f (8 bytes); release them before entering the guest",
    ],
    [
      { code: "released", guard: "GuestStr", region },
      "this GuestStr of 0x10..0x2f (32 bytes) was released; take a new one",
    ],
    [
      { code: "async-callback", region },
      "the callback that borrowed 0x10..0x2f (32 bytes) returned a promise or generator; borrows end when it returns, so copy the bytes first",
    ],
  ];

  it.each(CASES)("%o", (detail, message) => {
    const cause = new RangeError("why", { cause: new GuestError({ code: "memory-claimed" }) });
    const error = new GuestError(detail, { cause });
    expect(String(error)).toBe(`GuestError: ${message}`);
    const big = (_: string, value: unknown): unknown =>
      typeof value === "bigint" ? `${value}` : value;
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      ...JSON.parse(JSON.stringify(detail, big)),
      name: "GuestError",
      message,
      cause: {
        name: "RangeError",
        message: "why",
        cause: { name: "GuestError", code: "memory-claimed", message: expect.any(String) },
      },
    });
    const text = inspect(error);
    expect(text.startsWith(`GuestError: ${message}\n    at `)).toBe(true);
    expect(text).toContain(`code: '${detail.code}'`);
    expect(text).toMatch(/\[cause\]: RangeError: why.*\[cause\]: GuestError: another source/s);
  });
});
