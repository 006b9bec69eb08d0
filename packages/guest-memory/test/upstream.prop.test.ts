/**
 * wiggle's own tests of generated host functions, by their names, against bound ones. Like there, values and places are
 * drawn at random; the places never overlap. See UPSTREAM.md.
 *
 * @see wiggle `tests/*.rs`
 */

import {
  arrayPtr,
  type Enumeration,
  enumeration,
  f32,
  flags,
  handle,
  i16,
  i32,
  i64,
  type Layout,
  ptr,
  strPtr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import {
  bindings,
  type CallEvent,
  errorType,
  type FunctionSpecs,
  failure,
  formatCall,
  type HostFunctions,
  type Known,
} from "@memkit/guest-memory/bindings";
import { trapCause, wrapInstance } from "@memkit/guest-memory/instance";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JSPI, moduleOf, thrownBy } from "./support/guests.js";

/** tests/errno.witx */
const errno = enumeration(u32, [
  "ok",
  "invalid_arg",
  "dont_want_to",
  "physically_unable",
  "picket_line",
]).named("errno");
const E = errno.cases;
const excuse = enumeration(u8, ["dog_ate", "traffic", "sleeping"]).named("excuse");

const BYTES = 4096;

/** `f` bound over 4096 bytes. */
function host<const F extends FunctionSpecs>(
  functions: F & Known<F>,
  run: (mem: GuestMemory) => HostFunctions<F>,
) {
  const mem = new GuestMemory({ buffer: new ArrayBuffer(BYTES) });
  const { test } = bindings({ module: "test", functions }).imports({
    memory: mem,
    functions: run(mem),
    suspending: (fn) => fn,
  });
  return { mem, ...test };
}

/** Addresses of `count` areas of `size` bytes, multiples of `size`, none of which overlap. */
const places = (count: number, size = 8) =>
  fc
    .uniqueArray(fc.nat(BYTES / size - 1), { minLength: count, maxLength: count })
    .map(
      (slots) => slots.map((slot) => slot * size) as [number, number, number, number, ...number[]],
    );

const u32s = fc.nat(0xffff_ffff);
const i32s = fc.integer();
const f32s = fc.float({ noNaN: true });
const caseOf = (type: Enumeration) => fc.nat(type.names.length - 1);
const check = <T extends [unknown, ...unknown[]]>(
  ...of: [...{ [I in keyof T]: fc.Arbitrary<T[I]> }, (...args: T) => void]
): void => fc.assert(fc.property(...(of as unknown as [fc.Arbitrary<unknown>, () => void])));

describe("atoms", () => {
  const atoms = {
    int_float_args: {
      params: [
        ["an_int", u32],
        ["an_float", f32],
      ],
      error: errno,
    },
    double_int_return_float: { params: [["an_int", u32]], results: [f32], error: errno },
  } as const;

  it("int_float", () => {
    const given: unknown[] = [];
    const { int_float_args } = host(atoms, () => ({
      int_float_args: (...args) => void given.push(...args),
      double_int_return_float: () => 0,
    }));
    check(u32s, f32s, (int, float) => {
      expect(int_float_args(int | 0, float)).toBe(E.ok);
      expect(given.splice(0)).toEqual([int, float]);
    });
  });

  it("double_int_return_float", () => {
    const { double_int_return_float, mem } = host(atoms, () => ({
      int_float_args: () => undefined,
      double_int_return_float: (n) => n * 2,
    }));
    check(u32s, places(1, 4), (n, [out]) => {
      expect(double_int_return_float(n | 0, out)).toBe(E.ok);
      expect(mem.readF32(out)).toBe(Math.fround(n * 2));
    });
  });

  it("async: both, through functions that return promises", async () => {
    const given: unknown[] = [];
    const later = {
      int_float_args: { ...atoms.int_float_args, async: true },
      double_int_return_float: { ...atoms.double_int_return_float, async: true },
    } as const;
    const { int_float_args, double_int_return_float, mem } = host(later, () => ({
      int_float_args: async (...args) => void given.push(...args),
      double_int_return_float: async (n) => n * 2,
    }));
    await fc.assert(
      fc.asyncProperty(u32s, f32s, places(1, 4), async (int, float, [out]) => {
        expect(await int_float_args(int | 0, float)).toBe(E.ok);
        expect(given.splice(0)).toEqual([int, float]);
        expect(await double_int_return_float(int | 0, out)).toBe(E.ok);
        expect(mem.readF32(out)).toBe(Math.fround(int * 2));
      }),
    );
  });
});

describe("errors", () => {
  class RichError extends Error {
    readonly kind: "InvalidArg" | "PicketLine";
    constructor(kind: "InvalidArg" | "PicketLine", message: string) {
      super(message);
      this.kind = kind;
    }
  }
  const few = enumeration(u8, ["ok", "invalid_arg", "picket_line"]).named("errno");
  const log: string[] = [];
  const rich = errorType(few, {
    host: [
      [
        RichError,
        ({ kind, message }) => {
          log.push(message);
          return kind === "PicketLine" ? few.cases.picket_line : few.cases.invalid_arg;
        },
      ],
    ],
  });

  it("one_error_conversion", () => {
    const { foo } = host({ foo: { params: [["strike", u32]], error: rich } }, () => ({
      foo(strike) {
        if (strike === 0) return;
        if (strike === 1) return new RichError("PicketLine", "I'm not a scab");
        throw new RichError("InvalidArg", `out-of-bounds: ${strike}`);
      },
    }));
    expect(foo(0)).toBe(few.cases.ok);
    expect(log).toEqual([]);
    expect(foo(1)).toBe(few.cases.picket_line);
    expect(foo(2)).toBe(few.cases.invalid_arg);
    expect(log).toEqual(["I'm not a scab", "out-of-bounds: 2"]);
  });

  it("two_error_conversions, and a noreturn function", () => {
    class AnotherRichError {
      readonly cups: number;
      constructor(cups: number) {
        this.cups = cups;
      }
    }
    const errno2 = enumeration(u8, ["ok", "too_much_coffee"]).named("errno2");
    const another = errorType(errno2, {
      host: [[AnotherRichError, () => errno2.cases.too_much_coffee]],
    });
    const { foo, bar, baz } = host(
      {
        foo: { params: [["strike", u32]], error: rich },
        bar: { params: [["drink", u32]], error: another },
        baz: { params: [["drink", u32]], noreturn: true },
      },
      () => ({
        foo: () => new RichError("PicketLine", "no"),
        bar: (drink) => (drink > 3 ? new AnotherRichError(drink) : undefined),
        baz: (drink) => new Error(`trap ${drink}`),
      }),
    );
    expect([foo(0), bar(3), bar(4)]).toEqual([2, 0, 1]);
    expect(trapCause(thrownBy(() => baz(5)))).toMatchObject({ message: "trap 5" });
  });
});

describe("flags", () => {
  const car_config = flags(u8, ["automatic", "awd", "suv"]).named("car_config");
  const configure_car = {
    params: [
      ["old_config", car_config],
      ["other_config_ptr", ptr(car_config)],
    ],
    results: [car_config],
    error: errno,
  } as const;

  it("configure_car", () => {
    const { configure_car: run, mem } = host({ configure_car }, () => ({
      configure_car: (old, other) => old ^ other.read(),
    }));
    const config = fc.integer({ min: 1, max: 7 });
    check(config, config, places(2, 4), (old, other, [at, out]) => {
      mem.write(car_config, at, other);
      expect(run(old, at, out)).toBe(E.ok);
      expect(mem.read(car_config, out)).toBe(old ^ other);
    });
  });

  it("flags_fmt", () => {
    const lines: string[] = [];
    const { test } = bindings({
      module: "test",
      functions: { f: { params: [["c", car_config]] } },
    }).imports({
      memory: new GuestMemory({ buffer: new ArrayBuffer(8) }),
      functions: { f: () => undefined },
      trace: ({ args }) => lines.push(...args),
    });
    for (const config of [0, 2, 5, 7]) test.f(config);
    expect(lines).toEqual([
      "c: car_config(empty (0x0))",
      "c: car_config(awd (0x2))",
      "c: car_config(automatic|suv (0x5))",
      "c: car_config(automatic|awd|suv (0x7))",
    ]);
  });
});

it("handles", () => {
  const { fd_create, fd_consume, mem } = host(
    {
      fd_create: { results: [handle], error: errno },
      fd_consume: { params: [["fd", handle]], error: errno },
    },
    () => ({
      fd_create: () => 123,
      fd_consume: (fd) => (fd === 123 ? undefined : failure(E.invalid_arg)),
    }),
  );
  check(places(1, 4), ([out]) => {
    expect(fd_create(out)).toBe(E.ok);
    expect(mem.readU32(out)).toBe(123);
    expect(fd_consume(123)).toBe(E.ok);
    expect(fd_consume(124)).toBe(E.invalid_arg);
  });
});

it("ints cookie_cutter", () => {
  const START = 0xdead_beef_dead_beefn;
  const bool = enumeration(u8, ["false", "true"]).named("bool");
  const { cookie_cutter, mem } = host(
    { cookie_cutter: { params: [["init_cookie", u64]], results: [bool], error: errno } },
    () => ({
      cookie_cutter: (cookie) => (cookie === START ? bool.cases.true : bool.cases.false),
    }),
  );
  const cookies = fc.oneof(fc.constant(START), fc.bigInt(0n, 2n ** 64n - 1n));
  check(cookies, places(1, 4), (cookie, [out]) => {
    expect(cookie_cutter(BigInt.asIntN(64, cookie), out)).toBe(E.ok);
    expect(mem.read(bool, out)).toBe(cookie === START ? 1 : 0);
  });
});

describe("lists", () => {
  /** Excuses at places of their own, and an array of pointers to them at 0. */
  const excuses = fc.array(fc.nat(2), { minLength: 1, maxLength: 255 }).chain((values) => {
    const count = { minLength: values.length, maxLength: values.length };
    const at = fc.uniqueArray(fc.integer({ min: 1024, max: 4000 }), count);
    return fc.record({ values: fc.constant(values), at });
  });
  const OUT = BYTES - 4;

  it("reduce_excuses", () => {
    const { reduce_excuses, mem } = host(
      {
        reduce_excuses: {
          params: [["excuses", arrayPtr(ptr(excuse))]],
          results: [excuse],
          error: errno,
        },
      },
      () => ({
        reduce_excuses: (list) => [...list].at(-1)?.read().read() ?? failure(E.invalid_arg),
      }),
    );
    check(excuses, ({ values, at }) => {
      values.forEach((value, i) => {
        mem.write(excuse, at[i] as number, value);
        mem.writeU32(4 * i, at[i] as number);
      });
      expect(reduce_excuses(0, values.length, OUT)).toBe(E.ok);
      expect(mem.read(excuse, OUT)).toBe(mem.read(excuse, at.at(-1) as number));
    });
  });

  it("populate_excuses", () => {
    const { populate_excuses, mem } = host(
      { populate_excuses: { params: [["excuses", arrayPtr(ptr(excuse))]], error: errno } },
      () => ({
        populate_excuses(list) {
          for (const each of list) each.read().write(excuse.cases.sleeping);
        },
      }),
    );
    check(excuses, ({ values, at }) => {
      values.forEach((value, i) => {
        mem.write(excuse, at[i] as number, value);
        mem.writeU32(4 * i, at[i] as number);
      });
      expect(populate_excuses(0, values.length)).toBe(E.ok);
      for (const each of at) expect(mem.read(excuse, each)).toBe(excuse.cases.sleeping);
    });
  });

  it("sum_elements", () => {
    const pair = struct(["first", i32], ["second", i32]).named("pair_ints");
    const list = ["elements", arrayPtr(pair)] as const;
    const { sum_of_element, sum_of_elements, mem } = host(
      {
        sum_of_element: { params: [list, ["index", u32]], results: [i32], error: errno },
        sum_of_elements: {
          params: [list, ["start", u32], ["end", u32]],
          results: [i32],
          error: errno,
        },
      },
      () => {
        const sum = ({ first, second }: { first: number; second: number }): number =>
          (first + second) | 0;
        return {
          sum_of_element(elements, index) {
            const at = elements.get(index);
            return at === undefined ? failure(E.invalid_arg) : sum(at.read());
          },
          sum_of_elements(elements, start, end) {
            const range = elements.getRange(start, end);
            if (range === undefined) return failure(E.invalid_arg);
            return [...range].reduce((total, each) => (total + sum(each.read())) | 0, 0);
          },
        };
      },
    );
    const pairs = fc.array(fc.tuple(i32s, i32s), { minLength: 1, maxLength: 255 });
    check(pairs, fc.nat(), fc.nat(), (values, a, b) => {
      const count = values.length;
      const [start, end] = [a % count, b % count];
      values.forEach(([first, second], i) => {
        mem.write(pair, 8 * i, { first, second });
      });
      const sums = values.map(([first, second]) => (first + second) | 0);
      expect(sum_of_element(0, count, start, OUT)).toBe(E.ok);
      expect(mem.readI32(OUT)).toBe(sums[start]);
      expect(sum_of_element(0, count, count, OUT)).toBe(E.invalid_arg);
      expect(sum_of_elements(0, count, start, end, OUT)).toBe(start <= end ? E.ok : E.invalid_arg);
      if (start <= end) {
        const total = sums.slice(start, end).reduce((x, y) => (x + y) | 0, 0);
        expect(mem.readI32(OUT)).toBe(total);
      }
      expect(sum_of_elements(0, count, start, count + 1, OUT)).toBe(E.invalid_arg);
    });
  });
});

it("pointers_and_enums", () => {
  const { pointers_and_enums, mem } = host(
    {
      pointers_and_enums: {
        params: [
          ["input1", excuse],
          ["input2_ptr", ptr(excuse)],
          ["input3_ptr", ptr(excuse)],
          ["input4_ptr_ptr", ptr(ptr(excuse))],
        ],
        error: errno,
      },
    },
    () => ({
      pointers_and_enums(_, input2, input3, input4) {
        input2.read();
        input2.write(input3.read());
        input4.read().read();
        input4.write(input2);
      },
    }),
  );
  const one = caseOf(excuse);
  check(one, one, one, one, places(4), (input1, input2, input3, input4, [at2, at3, at4, at4p]) => {
    mem.write(excuse, at2, input2);
    mem.write(excuse, at3, input3);
    mem.write(excuse, at4, input4);
    mem.writeU32(at4p, at4);
    expect(pointers_and_enums(input1, at2, at3, at4p)).toBe(E.ok);
    expect(mem.read(excuse, at2)).toBe(input3);
    expect(mem.readU32(at4p)).toBe(at2);
  });
});

describe("records", () => {
  const pair_ints = struct(["first", i32], ["second", i32]).named("pair_ints");
  const pair_int_ptrs = struct(["first", ptr(i32)], ["second", ptr(i32)]).named("pair_int_ptrs");
  const pair_int_and_ptr = struct(["first", ptr(i32)], ["second", i32]).named("pair_int_and_ptr");
  const record_of_list = struct(["arr", arrayPtr(u8)]).named("record_of_list");
  const taking = <L extends Layout, R extends Layout>(type: L, result: R) =>
    ({ params: [["an_pair", type]], results: [result], error: errno }) as const;

  it("sum_of_pair", () => {
    const { f, mem } = host({ f: taking(pair_ints, i64) }, () => ({
      f: ({ first, second }) => BigInt(first) + BigInt(second),
    }));
    check(i32s, i32s, places(2), (first, second, [at, out]) => {
      mem.write(pair_ints, at, { first, second });
      expect(f(at, out)).toBe(E.ok);
      expect(mem.readI64(out)).toBe(BigInt(first) + BigInt(second));
    });
  });

  it("sum_of_pair_of_ptrs", () => {
    const { f, mem } = host({ f: taking(pair_int_ptrs, i64) }, () => ({
      f: ({ first, second }) => BigInt(first.read()) + BigInt(second.read()),
    }));
    check(i32s, i32s, places(4), (first, second, [at, out, a, b]) => {
      mem.writeI32(a, first);
      mem.writeI32(b, second);
      mem.write(pair_int_ptrs, at, { first: a, second: b });
      expect(f(at, out)).toBe(E.ok);
      expect(mem.readI64(out)).toBe(BigInt(first) + BigInt(second));
    });
  });

  it("sum_of_int_and_ptr", () => {
    const { f, mem } = host({ f: taking(pair_int_and_ptr, i64) }, () => ({
      f: ({ first, second }) => BigInt(first.read()) + BigInt(second),
    }));
    check(i32s, i32s, places(3), (first, second, [at, out, a]) => {
      mem.writeI32(a, first);
      mem.write(pair_int_and_ptr, at, { first: a, second });
      expect(f(at, out)).toBe(E.ok);
      expect(mem.readI64(out)).toBe(BigInt(first) + BigInt(second));
    });
  });

  it("return_pair_ints", () => {
    const { f, mem } = host({ f: { results: [pair_ints], error: errno } }, () => ({
      f: () => ({ first: 10, second: 20 }),
    }));
    check(places(1), ([out]) => {
      expect(f(out)).toBe(E.ok);
      expect(mem.read(pair_ints, out)).toEqual({ first: 10, second: 20 });
    });
  });

  it("return_pair_of_ptrs", () => {
    const two = [
      ["first", ptr(i32)],
      ["second", ptr(i32)],
    ] as const;
    const { f, mem } = host({ f: { params: two, results: [pair_int_ptrs], error: errno } }, () => ({
      f: (first, second) => ({ first, second }),
    }));
    check(i32s, i32s, places(3), (first, second, [a, b, out]) => {
      mem.writeI32(a, first);
      mem.writeI32(b, second);
      expect(f(a, b, out)).toBe(E.ok);
      const back = mem.ptr(pair_int_ptrs, out).read();
      expect([back.first.read(), back.second.read()]).toEqual([first, second]);
    });
  });

  it("sum_of_array", () => {
    const { f, mem } = host({ f: taking(record_of_list, u16) }, () => ({
      f: ({ arr }) => arr.toVec().reduce((a, b) => a + b, 0),
    }));
    check(fc.uint8Array({ maxLength: 255 }), fc.nat(1000), (bytes, at) => {
      mem.copyIn(at, bytes);
      mem.write(record_of_list, 2048, { arr: { ptr: at, len: bytes.length } });
      expect(f(2048, 2056)).toBe(E.ok);
      expect(mem.readU16(2056)).toBe(bytes.reduce((a, b) => a + b, 0));
    });
  });

  it("offset constants", () => {
    const different = struct(["first", i64], ["second", i16], ["third", i16], ["fourth", i32]);
    const offsets = (type: { fields: readonly { offset: number }[] }): number[] =>
      type.fields.map(({ offset }) => offset);
    expect(offsets(pair_ints)).toEqual([0, 4]);
    expect(offsets(different)).toEqual([0, 8, 10, 12]);
    expect(offsets(pair_int_ptrs)).toEqual([0, 4]);
    expect(offsets(pair_int_and_ptr)).toEqual([0, 4]);
    expect(offsets(record_of_list)).toEqual([0]);
  });
});

describe("strings", () => {
  const words = {
    hello_string: { params: [["a_string", strPtr]], results: [u32], error: errno },
    multi_string: {
      params: [
        ["a", strPtr],
        ["b", strPtr],
        ["c", strPtr],
      ],
      results: [u32],
      error: errno,
    },
  } as const;
  const { hello_string, multi_string, mem } = host(words, () => ({
    hello_string(text) {
      const str = text.asStr();
      const length = new TextEncoder().encode(String(str)).length;
      str?.drop();
      return length;
    },
    multi_string(...texts) {
      const strs = texts.map((text) => text.asStr()); // all at once: shared borrows may overlap
      const total = strs.reduce((sum, str) => sum + String(str).length, 0);
      for (const str of strs) str?.drop();
      return total;
    },
  }));

  it("hello_string", () => {
    const greek = fc.string({
      unit: fc.integer({ min: 0x391, max: 0x3a1 }).map((n) => String.fromCodePoint(n)),
    });
    check(greek, fc.nat(1000), (text, at) => {
      const bytes = new TextEncoder().encode(text);
      bytes.forEach((byte, i) => {
        mem.writeU8(at + i, byte);
      });
      expect(hello_string(at, bytes.length, 4092)).toBe(E.ok);
      expect(mem.readU32(4092)).toBe(bytes.length);
    });
  });

  it("multi_string", () => {
    const text = fc.string({ maxLength: 300, unit: fc.constantFrom(..."abcxyz ") });
    check(text, text, text, (a, b, c) => {
      const raw = [a, b, c].flatMap((each, i) => [1000 * i, mem.writeString(1000 * i, each)]);
      expect(multi_string(...raw, 4092)).toBe(E.ok);
      expect(mem.readU32(4092)).toBe(a.length + b.length + c.length);
    });
  });

  it("overlapping_string", () => {
    check(
      fc.string({ minLength: 3, unit: fc.constantFrom(..."abc") }),
      fc.nat(1000),
      (text, at) => {
        const { length } = text;
        mem.writeString(at, text);
        expect(multi_string(at, length, at + 1, length - 1, at + 2, length - 2, 4092)).toBe(E.ok);
        expect(mem.readU32(4092)).toBe(3 * length - 3);
      },
    );
  });
});

describe("variants", () => {
  const reason = variant(u8, [["dog_ate", f32], ["traffic", i32], "sleeping"]).named("reason");
  const reason_mut = variant(u8, [["dog_ate", ptr(f32)], ["traffic", ptr(i32)], "sleeping"]).named(
    "reason_mut",
  );
  const reasons = fc.oneof(
    f32s.map((value) => ({ tag: "dog_ate" as const, value })),
    i32s.map((value) => ({ tag: "traffic" as const, value })),
    fc.constant({ tag: "sleeping" as const }),
  );

  it("get_tag", () => {
    const { get_tag, mem } = host(
      { get_tag: { params: [["r", reason]], results: [excuse], error: errno } },
      () => ({ get_tag: ({ tag }) => excuse.cases[tag] }),
    );
    check(reasons, places(2), (value, [at, out]) => {
      mem.write(reason, at, value);
      expect(get_tag(at, out)).toBe(E.ok);
      expect(excuse.nameOf(mem.read(excuse, out))).toBe(value.tag);
    });
  });

  it("reason_mult", () => {
    const { reason_mult, mem } = host(
      {
        reason_mult: {
          params: [
            ["r", reason_mut],
            ["multiply_by", u32],
          ],
          error: errno,
        },
      },
      () => ({
        reason_mult(r, by) {
          if (r.tag === "dog_ate") r.value.write(r.value.read() * by);
          if (r.tag === "traffic") r.value.write(Math.imul(r.value.read(), by));
        },
      }),
    );
    check(reasons, u32s, places(2), (value, by, [at, to]) => {
      if (value.tag === "sleeping") mem.write(reason_mut, at, value);
      else mem.write(reason_mut, at, { tag: value.tag, value: to });
      if (value.tag === "dog_ate") mem.writeF32(to, value.value);
      if (value.tag === "traffic") mem.writeI32(to, value.value);
      expect(reason_mult(at, by | 0)).toBe(E.ok);
      if (value.tag === "dog_ate")
        expect(mem.readF32(to)).toBe(Math.fround(Math.fround(value.value) * by));
      if (value.tag === "traffic") expect(mem.readI32(to)).toBe(Math.imul(value.value, by));
    });
  });
});

it("wasi fd_pread: each iovec is read before its buffer is borrowed, all are borrowed at once", () => {
  const iovec = struct(["buf", ptr(u8)], ["buf_len", u32]).named("iovec");
  const { fd_pread, mem } = host(
    {
      fd_pread: {
        params: [
          ["fd", handle],
          ["iovs", arrayPtr(iovec)],
          ["offset", u64],
        ],
        results: [u32],
        error: errorType(enumeration(u16, ["success", "fault"])),
      },
    },
    () => ({
      fd_pread(fd, iovs, offset) {
        const guards: { drop(): void }[] = [];
        try {
          let next = Number(offset);
          const slices = [...iovs].map((each) => {
            const { buf, buf_len } = each.read();
            const slice = buf.asArray(buf_len).asSliceMut();
            if (slice !== null) guards.push(slice);
            return slice;
          });
          for (const slice of slices) {
            for (let i = 0; slice !== null && i < slice.length; i++)
              slice.set(i, (fd + next++) & 0xff);
          }
          return next - Number(offset);
        } finally {
          for (const guard of guards) guard.drop();
        }
      },
    }),
  );
  mem.write(iovec, 0, { buf: 100, buf_len: 3 });
  mem.write(iovec, 8, { buf: 200, buf_len: 2 });
  expect(fd_pread(1, 0, 2, 10n, 16)).toBe(0);
  expect(mem.readU32(16)).toBe(5);
  expect([...mem.copyOut(100, 3), ...mem.copyOut(200, 2)]).toEqual([11, 12, 13, 14, 15]);
  mem.write(iovec, 8, { buf: 102, buf_len: 2 });
  expect(fd_pread(1, 0, 2, 10n, 16)).toBe(1); // EFAULT: the buffers overlap
});

describe("wasmtime", () => {
  const WAT = `(module
    (import "atoms" "double_int_return_float" (func $double (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "double") (param i32) (result f32)
      (drop (call $double (local.get 0) (i32.const 0)))
      (f32.load (i32.const 0))))`;
  const module = moduleOf(WAT);
  const spec = { params: [["an_int", u32]], results: [f32], error: errno } as const;
  const sync = bindings({ module: "atoms", functions: { double_int_return_float: spec } });
  const async = bindings({
    module: "atoms",
    functions: { double_int_return_float: { ...spec, async: true } },
  });
  /** An instance with memory of its own, and imports made of it. */
  function instantiate(imports: (memory: () => GuestMemory) => object): WebAssembly.Instance {
    let memory: GuestMemory | undefined;
    const instance = new WebAssembly.Instance(
      module,
      imports(() => memory as GuestMemory) as WebAssembly.Imports,
    );
    memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
    return instance;
  }
  const double = (instance: WebAssembly.Instance): ((n: number) => number) =>
    instance.exports.double as (n: number) => number;

  it("sync: a sync function", () => {
    const functions = { double_int_return_float: (n: number) => n * 2 };
    expect(double(instantiate((memory) => sync.imports({ memory, functions })))(5)).toBe(10);
  });

  it("integration: the same description, bound twice", () => {
    const twice = [2, 4].map((by) => {
      const functions = { double_int_return_float: (n: number) => n * by };
      return instantiate((memory) => sync.imports({ memory, functions }));
    });
    expect(twice.map((instance) => double(instance)(5))).toEqual([10, 20]);
  });

  const suspending: readonly (readonly [string, (n: number) => number | Promise<number>])[] = [
    ["sync function inside an async store", (n: number) => n * 2],
    ["async function, ready at once", async (n: number) => n * 2],
    [
      "async function that suspends for 10 ms",
      async (n: number) => {
        await new Promise((done) => setTimeout(done, 10));
        return n * 2;
      },
    ],
  ];
  it.each(JSPI ? suspending : [])("async: a %s", async (_, run) => {
    const functions = { double_int_return_float: run };
    const instance = instantiate((memory) => async.imports({ memory, functions }));
    const memory = new GuestMemory(instance.exports.memory as WebAssembly.Memory);
    const exports = wrapInstance<{ double(n: number): Promise<number> }>(instance, {
      memory,
      promising: ["double"],
    });
    expect(await exports.double(5)).toBe(10);
  });
});

it("tracing: a line for every call, with names", () => {
  const lines: string[] = [];
  const events: CallEvent[] = [];
  const memory = new GuestMemory({ buffer: new ArrayBuffer(64) });
  const { test } = bindings({
    module: "test",
    functions: {
      sort: {
        params: [
          ["why", excuse],
          ["text", strPtr],
        ],
        results: [excuse, u32],
        error: errno,
      },
    },
  }).imports({
    memory,
    functions: { sort: (why, { len }) => (len > 9 ? failure(E.invalid_arg) : [why, len]) },
    trace: (event) => {
      events.push(event);
      lines.push(formatCall({ ...event, ns: 1000 }));
    },
  });
  test.sort(1, 16, 4, 0, 4);
  test.sort(1, 16, 10, 0, 4);
  thrownBy(() => test.sort(3, 16, 4, 0, 4));
  thrownBy(() => test.sort(1, 16, 4, 64, 4));
  expect(lines).toEqual([
    "test.sort(why: traffic, text: *guest 0x10/4) -> ok traffic, 4 [1 us]",
    "test.sort(why: traffic, text: *guest 0x10/10) -> errno invalid_arg [1 us]",
    "test.sort(3, 16, 4, 0, 4) -> trap in test.sort, convert excuse: 3 is not a case of excuse [1 us]",
    "test.sort(1, 16, 4, 64, 4) -> trap in test.sort, write excuse: 0x40 (1 byte) is out of bounds of a memory of 0x40 bytes [1 us]",
  ]);
  expect(events.every(({ ns }) => ns >= 0)).toBe(true);
});
