// First: what it replaces must be in place before anything else is loaded.
import { explore, replay } from "@memkit/interleave";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** The accesses of one thread over 16 shared bytes, as a trace tells them. */
function accessesOf(run: (shared: SharedArrayBuffer) => unknown): string[] {
  const scenario = { setup: () => new SharedArrayBuffer(16), threads: [run] };
  const report = explore(scenario);
  expect(report).toMatchObject({ complete: true, failure: undefined });
  const schedule = new Array<number>(report.longestTrace).fill(0);
  return replay(scenario, { schedule, steps: [] }).trace.steps.map(({ access, value }) =>
    value === "" ? access : `${access}: ${value}`,
  );
}

describe("IL-1: every access to shared memory is seen:", () => {
  it("each function of Atomics", () => {
    expect(
      accessesOf((shared) => {
        const i32 = new Int32Array(shared);
        Atomics.store(i32, 1, 5);
        Atomics.load(i32, 1);
        Atomics.add(i32, 1, 4);
        Atomics.sub(i32, 1, 1);
        Atomics.and(i32, 1, 12);
        Atomics.or(i32, 1, 1);
        Atomics.xor(i32, 1, 3);
        Atomics.exchange(i32, 1, -7);
        Atomics.compareExchange(i32, 1, -7, 2);
        Atomics.compareExchange(i32, 1, -7, 3);
        Atomics.notify(i32, 1, 2);
        Atomics.wait(i32, 1, 9);
        Atomics.wait(i32, 1, 9, 10);
        Atomics.load(new BigUint64Array(shared), 0);
        Atomics.add(new Uint8Array(shared, 3), 2, 258);
      }),
    ).toEqual([
      "store i32[1] = 5",
      "load i32[1]: 5",
      "add i32[1] 4: 5",
      "sub i32[1] 1: 9",
      "and i32[1] 12: 8",
      "or i32[1] 1: 8",
      "xor i32[1] 3: 9",
      "exchange i32[1] -7: 10",
      "compareExchange i32[1] -7 -> 2: -7, swapped",
      "compareExchange i32[1] -7 -> 3: 2, kept",
      "notify i32[1], 2 at most: 0 woken",
      "wait i32[1] 9: not equal",
      "park until i32[1] is not 9",
      "load u64[0]: 8589934592",
      "add u8[5] 2: 0",
    ]);
  });

  it("elements of typed arrays, also through their methods", () => {
    expect(
      accessesOf((shared) => {
        const u8 = new Uint8Array(shared);
        u8[3] = 300;
        u8[2]! += 1;
        u8.fill(7, 14);
        u8.set([1, 2], 4);
        u8.copyWithin(0, 4, 6);
        u8.subarray(4, 6).slice(1);
        u8.subarray(4).indexOf(2);
        new Uint16Array(u8.subarray(0, 2));
        [...u8.subarray(0, 1)];
        Object.getOwnPropertyDescriptor(u8, 0);
        return u8.length + u8.byteLength + u8.byteOffset; // no access: these never change
      }),
    ).toEqual([
      "plain write u8[3] = 44",
      "plain read u8[2]: 0",
      "plain write u8[2] = 1",
      "plain write u8[14] = 7",
      "plain write u8[15] = 7",
      "plain write u8[4] = 1",
      "plain write u8[5] = 2",
      "plain read u8[4]: 1",
      "plain write u8[0] = 1",
      "plain read u8[5]: 2",
      "plain write u8[1] = 2",
      "plain read u8[5]: 2",
      "plain read u8[4]: 1",
      "plain read u8[5]: 2",
      "plain read u8[0]: 1",
      "plain read u8[1]: 2",
      "plain read u8[0]: 1",
      "plain read u8[0]: 1",
    ]);
  });

  it("DataViews, both byte orders, wherever they start", () => {
    expect(
      accessesOf((shared) => {
        const view = new DataView(shared, 1, 12);
        view.setUint16(1, 0x1234, true);
        view.getUint16(1);
        view.getUint8(2);
        view.setFloat64(3, 1.5, true);
        view.getBigInt64(3, true);
        new DataView(view.buffer, view.byteOffset).getInt8(0);
      }),
    ).toEqual([
      "plain write u16[1] = 4660",
      "plain read u16[1] (big-endian): 13330",
      "plain read u8[3]: 18",
      "plain write f64@0x4 = 1.5",
      "plain read i64@0x4: 4609434218613702656",
      "plain read i8[1]: 0",
    ]);
  });

  it("views of a shared wasm memory", () => {
    const memory = { initial: 1, maximum: 1, shared: true };
    const scenario = {
      setup: () => new WebAssembly.Memory(memory),
      threads: [
        ({ buffer }: { buffer: ArrayBuffer }) => Atomics.add(new Int32Array(buffer), 16, 1),
      ],
    };
    expect(replay(scenario, { schedule: [0], steps: [] }).trace.steps).toEqual([
      { thread: 0, operation: "run", access: "add i32[16] 1", value: "0" },
    ]);
  });

  it("a write by a constructor that was kept from before is an error, a read gives nonsense", () => {
    const Kept = Object.getPrototypeOf(new Int32Array(0)).constructor as Int32ArrayConstructor;
    expect(Kept).not.toBe(Int32Array);
    const shared = () => new SharedArrayBuffer(8);
    expect(() =>
      explore({
        setup: shared,
        threads: [
          (buffer) => {
            new Kept(buffer)[1] = 1;
          },
        ],
      }),
    ).toThrow(expect.objectContaining({ code: "unseen-access", buffer: 0, byteOffset: 4 }));
    const read = { setup: shared, threads: [(buffer: SharedArrayBuffer) => new Kept(buffer)[1]] };
    expect(replay(read, { schedule: [], steps: [] }).outcomes).toEqual([
      [{ value: 0xa5a5_a5a5 | 0 }],
    ]);
  });

  it("what an array kept from before does to a replaced one throws", () => {
    const { load } = Object.getPrototypeOf(Atomics) as typeof Atomics; // the original
    const report = explore({
      setup: () => new Int32Array(new SharedArrayBuffer(4)),
      threads: [(shared) => load(shared, 0)],
    });
    expect(report.failure).toMatchObject({ kind: "threw", message: "thread 0 threw TypeError" });
  });
});

describe("outside an exploration, and on memory that is not shared, nothing changes:", () => {
  it("views are the originals", () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    Atomics.store(shared, 1, 5);
    expect([...shared]).toEqual([0, 5]);
    expect(Object.prototype.toString.call(shared)).toBe("[object Int32Array]");
    expect(structuredClone(shared)).toEqual(shared); // which refuses a Proxy
    class Sub extends Float32Array {}
    expect(new Sub(2)).toBeInstanceOf(Sub);
    expect(Float32Array.from([1.5])).toBeInstanceOf(Float32Array);
    expect(Atomics.notify(shared, 0)).toBe(0);
    expect(Atomics.wait(shared, 0, 1)).toBe("not-equal");
    expect(Atomics.isLockFree(4)).toBe(true);
  });

  it("a replaced array looks like the original", () => {
    const report = explore({
      setup: () => new Int32Array(new SharedArrayBuffer(8)),
      threads: [
        (shared) => [
          shared instanceof Int32Array,
          ArrayBuffer.isView(shared),
          Object.prototype.toString.call(shared),
          shared.constructor === Int32Array,
          new DataView(shared.buffer) instanceof DataView,
          shared.buffer instanceof SharedArrayBuffer,
          shared[2],
          2 in shared,
          1 in shared,
          new Int32Array(2)[0],
          Atomics.add(new Int32Array(2), 0, 1),
        ],
      ],
      atEnd: {
        looks: (_, outcomes) => {
          expect(outcomes[0]![0]!.value).toEqual([
            true,
            true,
            "[object Int32Array]",
            true,
            true,
            true,
            undefined,
            false,
            true,
            0,
            0,
          ]);
        },
      },
    });
    expect(report.failure?.message).toBeUndefined();
  });
});

const CONSTRUCTORS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

type Anything = Record<string, (...args: unknown[]) => unknown>;
const FUNCTIONS = [
  "load",
  "store",
  "add",
  "sub",
  "and",
  "or",
  "xor",
  "exchange",
  "compareExchange",
];
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -3, max: 300 }),
  fc.constantFrom(
    2 ** 31,
    2 ** 32,
    -(2 ** 63),
    0.5,
    -0.5,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ),
);
const operand = fc.oneof(number, fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }));
const index = fc.oneof(fc.integer({ min: -1, max: 4 }), fc.constantFrom(1.5, "1", undefined));
const step = fc.oneof(
  fc.record({ does: fc.constantFrom(...FUNCTIONS), index, a: operand, b: operand }),
  fc.record({ does: fc.constantFrom("read", "write"), index, a: operand, b: operand }),
  fc.record({
    does: fc.constantFrom("subarray", "fill", "copyWithin", "slice", "includes", "join", "set"),
    index,
    a: operand,
    b: operand,
  }),
  fc.record({
    does: fc.constantFrom("getInt16", "setUint32", "setFloat32", "getBigUint64", "setBigInt64"),
    index,
    a: operand,
    b: fc.boolean(),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Does the step on a view of 32 bytes; what it gives or throws, as text. */
function perform(
  Constructor: (typeof CONSTRUCTORS)[number],
  buffer: ArrayBufferLike,
  s: Step,
): string {
  try {
    const array = new Constructor(buffer as ArrayBuffer) as unknown as Anything & unknown[];
    const view = new DataView(buffer) as unknown as Anything;
    const text = (value: unknown): string =>
      Object.is(value, -0)
        ? "-0"
        : typeof value === "object"
          ? [...(value as number[])].join()
          : String(value);
    if (s.does === "read") return text(array[s.index as number]);
    if (s.does === "write") {
      array[s.index as number] = s.a;
      return "";
    }
    if (s.does === "set") return text(array.set!([s.a, s.a], s.index));
    if (/^[gs]et./.test(s.does)) {
      return text(
        s.does.startsWith("get") ? view[s.does]!(s.index, s.b) : view[s.does]!(s.index, s.a, s.b),
      );
    }
    if (FUNCTIONS.includes(s.does)) {
      return text((Atomics as unknown as Anything)[s.does]!(array, s.index, s.a, s.b));
    }
    const args = s.does === "fill" ? [s.a, s.index] : [s.index, Number(s.a) % 4];
    return text(array[s.does]!(...args));
  } catch (error) {
    return (error as Error).name;
  }
}

it("IL-1: every step gives and leaves what it does on the real memory", () => {
  fc.assert(
    fc.property(fc.constantFrom(...CONSTRUCTORS), fc.array(step, { maxLength: 12 }), (C, steps) => {
      const real = new SharedArrayBuffer(32);
      const expected = steps.map((s) => perform(C, real, s));
      const bytes = [...new Uint8Array(real)];
      const report = explore({
        setup: () => new SharedArrayBuffer(32),
        threads: [(shared) => steps.map((s) => perform(C, shared, s))],
        atEnd: {
          same: (shared, outcomes) => {
            expect(outcomes[0]![0]!.value).toEqual(expected);
            expect([...new Uint8Array(shared)]).toEqual(bytes);
          },
        },
      });
      expect(report.failure?.message).toBeUndefined();
      expect(report.complete).toBe(true);
    }),
    { numRuns: 300 },
  );
});
