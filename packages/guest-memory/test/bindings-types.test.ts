/** What the compiler infers from a description, and what it refuses. The calls are never made. */

import {
  arrayPtr,
  boolWitx32,
  enumeration,
  f32,
  flags,
  handle,
  i64,
  ptr,
  type Scalar,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  variant,
} from "@memkit/core";
import {
  type GuestArrayPtr,
  GuestMemory,
  type GuestPtr,
  type GuestStrPtr,
} from "@memkit/guest-memory";
import {
  bindings,
  errorType,
  exportsOf,
  type Failure,
  failure,
  type HostFunction,
  type Implementation,
  type RawFunction,
} from "@memkit/guest-memory/bindings";
import { describe, expectTypeOf, it } from "vitest";

const errno = enumeration(u16, ["success", "badf", "inval"]).named("errno");
const ciovec = struct(["buf", ptr(u8)], ["len", u32]).named("ciovec");
const rights = flags(u64, ["read", "write"]).named("rights");
const event = variant(u8, ["none", ["clock", u64], ["fd", struct(["name", strPtr])]]);

class Refused extends Error {
  readonly why: string = "";
}
class Gone {
  readonly since: number = 0;
}
const rich = errorType(errno, {
  host: [
    [Refused, (error) => (error.why === "" ? errno.cases.badf : "trap")],
    [Gone, ({ since }) => since],
  ],
});

const wasi = bindings({
  module: "wasi",
  functions: {
    write: {
      params: [
        ["fd", handle],
        ["iovs", arrayPtr(ciovec)],
      ],
      results: [u32],
      error: errno,
    },
    open: {
      params: [
        ["path", strPtr],
        ["rights", rights],
        ["follow", boolWitx32],
        ["offset", u64Number],
      ],
      results: [handle, u64],
      error: rich,
    },
    poll: { params: [["event", event]], error: errno, async: true },
    close: { params: [["fd", handle]], error: errno },
    now: { results: [i64] },
    spin: {},
    exit: { params: [["status", u32]], noreturn: true },
  },
});
type Wasi = Implementation<typeof wasi>;

describe("an implementation", () => {
  it("gets pointers that know their memory, and values", () => {
    expectTypeOf<Parameters<Wasi["write"]>>().toEqualTypeOf<
      [number, GuestArrayPtr<typeof ciovec>]
    >();
    expectTypeOf<Parameters<Wasi["open"]>>().toEqualTypeOf<
      [GuestStrPtr, bigint, boolean, number]
    >();
    expectTypeOf<Parameters<Wasi["poll"]>[0]>().toEqualTypeOf<
      | { tag: "none"; value?: undefined }
      | { tag: "clock"; value: bigint }
      | { tag: "fd"; value: { name: GuestStrPtr } }
    >();
    expectTypeOf<Parameters<Wasi["now"]>>().toEqualTypeOf<[]>();
  });

  it("returns its result or a failure; several results as a tuple", () => {
    expectTypeOf<ReturnType<Wasi["write"]>>().toEqualTypeOf<number | Failure>();
    expectTypeOf<ReturnType<Wasi["open"]>>().toEqualTypeOf<
      readonly [number, bigint] | Failure | Refused | Gone
    >();
    // biome-ignore lint/suspicious/noConfusingVoidType: what the type is
    expectTypeOf<ReturnType<Wasi["close"]>>().toEqualTypeOf<void | Failure>();
    expectTypeOf<ReturnType<Wasi["now"]>>().toEqualTypeOf<bigint>();
    expectTypeOf<ReturnType<Wasi["spin"]>>().toEqualTypeOf<void>();
    expectTypeOf<ReturnType<Wasi["exit"]>>().toEqualTypeOf<Error>();
  });

  it("may be a class", () => {
    class Host implements Wasi {
      readonly closed: number[] = [];
      write(fd: number, iovs: GuestArrayPtr<typeof ciovec>): number | Failure {
        return fd === 1 ? iovs.len : failure(errno.cases.badf);
      }
      open(): readonly [number, bigint] | Refused {
        return this.closed.length > 0 ? [3, 4n] : new Refused();
      }
      async poll(): Promise<undefined> {
        return undefined;
      }
      close(fd: number): void {
        this.closed.push(fd);
      }
      now(): bigint {
        return 1n;
      }
      spin(): void {
        this.closed.pop();
      }
      exit(): Error {
        return new Error();
      }
    }
    const memory = (): GuestMemory => new GuestMemory({ buffer: new ArrayBuffer(8) });
    const imports = wasi.imports({ memory, functions: new Host(), suspending: (fn) => fn });
    expectTypeOf(imports.wasi.close).toEqualTypeOf<RawFunction>();
    expectTypeOf(imports).toExtend<WebAssembly.Imports>();
    // @ts-expect-error there is no such function
    imports.wasi.closed;
  });

  it("is refused when it returns something else, or is missing", () => {
    // @ts-expect-error a result is missing
    const write: Wasi["write"] = () => undefined;
    // @ts-expect-error a number, not a bigint
    const now: Wasi["now"] = () => 5;
    // @ts-expect-error the others are missing
    const all: Wasi = { write: () => 0 };
    expectTypeOf([write, now, all]).toBeArray();
  });
});

describe("a description", () => {
  it("with mistakes does not compile", () => {
    const refused = (memory: GuestMemory): unknown[] => [
      // @ts-expect-error two results need an error type
      bindings({ module: "m", functions: { f: { results: [u32, u32] } } }),
      // @ts-expect-error a record is no wasm number
      bindings({ module: "m", functions: { f: { results: [ciovec] } } }),
      // @ts-expect-error what does not return has no results
      bindings({ module: "m", functions: { f: { noreturn: true, results: [u32] } } }),
      // @ts-expect-error no description has this key
      bindings({ module: "m", functions: { f: { param: [["a", u32]], results: [u32] } } }),
      // @ts-expect-error no description has this key
      exportsOf({ exports: {} }, { memory, functions: { f: { result: [u32] } } }),
      // @ts-expect-error a parameter has a name
      bindings({ module: "m", functions: { f: { params: [u32] } } }),
      // @ts-expect-error errors are enumerations
      bindings({ module: "m", functions: { f: { error: u32 } } }),
      // @ts-expect-error no such target
      bindings({ module: "m", functions: {}, target: "wasm16" }),
    ];
    expectTypeOf(refused).toBeFunction();
  });

  it("of one function can be used alone", () => {
    type Add = {
      params: readonly [["a", Scalar<"f32">], ["b", Scalar<"f32">]];
      results: [Scalar<"f32">];
    };
    expectTypeOf<HostFunction<Add>>().toEqualTypeOf<(a: number, b: number) => number>();
  });
});

describe("exports", () => {
  it("take values and give values", () => {
    const call = (instance: { exports: object }, memory: GuestMemory) =>
      exportsOf(instance, {
        memory,
        allocator: { malloc: "malloc", free: "free" },
        functions: {
          greet: { params: [["name", strPtr]], results: [ptr(u8)] },
          sum: {
            params: [
              ["values", arrayPtr(f32)],
              ["table", arrayPtr(ciovec)],
            ],
            results: [u64, ciovec],
            error: errno,
          },
          later: { results: [u32], async: true },
          start: { noreturn: true },
        },
      });
    type Guest = ReturnType<typeof call>;
    expectTypeOf<Parameters<Guest["greet"]>>().toEqualTypeOf<[GuestStrPtr | string]>();
    expectTypeOf<ReturnType<Guest["greet"]>>().toEqualTypeOf<GuestPtr<Scalar<"u8">>>();
    expectTypeOf<Parameters<Guest["sum"]>[0]>().toEqualTypeOf<
      GuestArrayPtr<Scalar<"f32">> | ArrayLike<number>
    >();
    expectTypeOf<Float32Array>().toExtend<Parameters<Guest["sum"]>[0]>();
    expectTypeOf<{ buf: number; len: number }[]>().toExtend<Parameters<Guest["sum"]>[1]>();
    expectTypeOf<ReturnType<Guest["sum"]>>().toEqualTypeOf<
      readonly [bigint, { buf: GuestPtr<Scalar<"u8">>; len: number }]
    >();
    expectTypeOf<ReturnType<Guest["later"]>>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<ReturnType<Guest["start"]>>().toEqualTypeOf<never>();
  });
});
