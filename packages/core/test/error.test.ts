import {
  CoreError,
  type CoreErrorDetail,
  defineError,
  type ErrorClass,
  MemkitError,
  type RegistryKey,
  sharedRegistry,
} from "@memkit/core";
import { defineErrorCases } from "@memkit/core/error";
import { describe, expect, it } from "vitest";

type Detail = { code: "big"; size: bigint } | { code: "closed" };
const define = (): ErrorClass<Detail> =>
  defineError<Detail>("@memkit/test/PoolError", (d) => (d.code === "big" ? `${d.size}` : "closed"));

describe("defineError", () => {
  const PoolError = define();
  it("makes errors with name, message, stack and the fields of the detail", () => {
    const error = new PoolError({ code: "big", size: 9n }, { cause: "why" });
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe("PoolError: 9");
    expect(error.stack).toContain("error.test.ts");
    expect({ ...error }).toEqual({ code: "big", size: 9n });
    expect(error.cause).toBe("why");
  });
  it("is recognised by a second copy of the class, and by no other class", () => {
    const Twin = define();
    const error = new PoolError({ code: "closed" });
    expect(Twin).not.toBe(PoolError);
    expect(error).toBeInstanceOf(Twin);
    expect(error).toBeInstanceOf(MemkitError);
    expect(error).not.toBeInstanceOf(CoreError);
    expect(new CoreError({ code: "source-detached" })).not.toBeInstanceOf(PoolError);
  });
  it.each([null, undefined, 5, "error", {}, new Error("plain")])("%o is none", (value) => {
    expect((value as unknown) instanceof PoolError).toBe(false);
    expect((value as unknown) instanceof MemkitError).toBe(false);
  });
  it("can be logged as JSON, bigints included", () => {
    expect(JSON.parse(JSON.stringify(new PoolError({ code: "big", size: 2n ** 64n })))).toEqual({
      name: "PoolError",
      message: "18446744073709551616",
      code: "big",
      size: "18446744073709551616",
    });
  });
  it("can be logged with its causes, whatever they are, even in a circle", () => {
    const json = (cause: unknown): unknown =>
      JSON.parse(JSON.stringify(new PoolError({ code: "closed" }, { cause })));
    const closed = { name: "PoolError", code: "closed", message: "closed" };
    const inner = new TypeError("deep", { cause: new PoolError({ code: "big", size: 1n }) });
    expect(json(inner)).toEqual({
      ...closed,
      cause: {
        name: "TypeError",
        message: "deep",
        cause: { name: "PoolError", code: "big", message: "1", size: "1" },
      },
    });
    const secret = { toJSON: () => expect.fail("a cause that is no error was looked into") };
    expect(json(secret)).toEqual({ ...closed, cause: "an object" });
    expect(json(Symbol("s"))).toEqual({ ...closed, cause: "Symbol(s)" });
    expect(json(null)).toEqual({ ...closed, cause: "null" });
    expect(json(2n)).toEqual({ ...closed, cause: "2" });
    const loop = new Error("loop");
    loop.cause = new Error("back", { cause: loop });
    expect(json(loop)).toEqual({
      ...closed,
      cause: { name: "Error", message: "loop", cause: { name: "Error", message: "back" } },
    });
  });
});

describe("defineErrorCases", () => {
  const cases = defineErrorCases<Detail>("@memkit/test/CasesError", {
    closed: () => "it is closed",
  });
  it("says what was added, and the code where nothing was", () => {
    const CasesError = cases({});
    const big = (): string => new CasesError({ code: "big", size: 9n }).message;
    expect([big(), new CasesError({ code: "closed" }).message]).toEqual(["big", "it is closed"]);
    expect(cases<"big">({ big: (d) => `${d.size} is too big` })).toBe(CasesError);
    expect(big()).toBe("9 is too big");
  });
});

describe("CoreError", () => {
  type Details = { [C in CoreErrorDetail["code"]]: Extract<CoreErrorDetail, { code: C }> };
  const details: Details = {
    "invalid-source": { code: "invalid-source", got: "null" },
    "source-detached": { code: "source-detached" },
    "source-threw": { code: "source-threw" },
    "address-out-of-range": { code: "address-out-of-range", kind: "paddr", got: -1, max: 5 },
    "address-overflow": { code: "address-overflow", start: 1, len: 2n },
    "invalid-level": { code: "invalid-level", got: 6 },
    "not-a-power-of-two": { code: "not-a-power-of-two", got: 3 },
    "not-aligned": { code: "not-aligned", what: "thing", got: 5, align: 4 },
    "invalid-frame-range": { code: "invalid-frame-range", firstPfn: 0, frames: 0 },
    "frames-overlap": { code: "frames-overlap", pfn: 3 },
    "banks-share-bytes": { code: "banks-share-bytes", byteOffset: 8 },
    "out-of-bounds": { code: "out-of-bounds", start: 1, len: 2, byteLength: 2 },
    "too-short": { code: "too-short", needed: 4, remain: 3 },
    "not-a-single-access": { code: "not-a-single-access", type: "point", size: 3 },
    "page-fault": { code: "page-fault", at: 4096 },
    "not-the-same-place": { code: "not-the-same-place" },
    "used-after-drop": { code: "used-after-drop", what: "frame" },
    "not-in-ledger": { code: "not-in-ledger", kind: "frame", id: 7 },
    "duplicate-name": { code: "duplicate-name", type: "point", member: "x" },
    "invalid-name": { code: "invalid-name", type: "point", member: "seat" },
    "invalid-count": { code: "invalid-count", type: "point", count: -1, min: 0, max: 4 },
    "invalid-align": { code: "invalid-align", align: 3 },
    "layout-too-large": { code: "layout-too-large", type: "point" },
    "not-a-layout": { code: "not-a-layout", wanted: "a type", got: "number" },
    "codec-mismatch": { code: "codec-mismatch", type: "point", target: "wasm32", shape: "struct" },
    "no-such-field": { code: "no-such-field", type: "point", member: "z" },
    "value-out-of-range": { code: "value-out-of-range", type: "point", got: 9, path: "x" },
    "invalid-enum-value": { code: "invalid-enum-value", type: "point", got: 9, path: "" },
    "invalid-flag-value": {
      code: "invalid-flag-value",
      type: "point",
      got: 9,
      unknown: 8,
      path: "",
    },
    "index-out-of-range": { code: "index-out-of-range", type: "point", index: 3, length: 3 },
    "atomic-misaligned": { code: "atomic-misaligned", type: "point", address: 3, align: 4 },
  };
  it.each(Object.entries(details))("%s has a sentence", (_, detail) => {
    const { message } = new CoreError(detail);
    expect(message.length).toBeGreaterThan(20);
    expect(message).not.toMatch(/undefined|NaN|\[object|function/);
  });
});

describe("sharedRegistry", () => {
  it("is made once per key, and cannot be replaced", () => {
    const key: RegistryKey = "@memkit/test/v7";
    let made = 0;
    const init = () => ({ n: ++made });
    const first = sharedRegistry(key, init);
    expect(sharedRegistry(key, init)).toBe(first);
    expect(made).toBe(1);
    expect(sharedRegistry("@memkit/test/v8", init)).not.toBe(first);
    expect(Reflect.set(globalThis, Symbol.for(key), {})).toBe(false);
    expect(Object.keys(globalThis).some((k) => k.includes("memkit"))).toBe(false);
  });
  it("is not made by an init that throws", () => {
    const key: RegistryKey = "@memkit/test/v9";
    expect(() =>
      sharedRegistry(key, () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(sharedRegistry(key, () => ({ ok: true }))).toEqual({ ok: true });
  });
});
