import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LimitSizes, Limits } from "../src/limits.js";
import { refusal } from "./expect-error.js";

const GiB = 2 ** 30;

describe("Limits", () => {
  test("has lucet's defaults", () => {
    expect({ ...new Limits() }).toEqual({
      heapMemorySize: 0x10_0000,
      heapAddressSpaceSize: 8 * GiB,
      stackSize: 0x2_0000,
      hostcallReservation: 0x8000,
      globalsSize: 0x1000,
      signalStackSize: 0x2000,
    });
    expect(() => new Limits().validate()).not.toThrow();
  });

  test("is frozen, and with() copies (MR-1)", () => {
    const limits = new Limits();
    const larger = limits.with({ heapMemorySize: 2 ** 22 });
    expect([limits.heapMemorySize, larger.heapMemorySize]).toEqual([2 ** 20, 2 ** 22]);
    expect(() => Object.assign(limits, { stackSize: 1 })).toThrow(TypeError);
    expect(limits.with({})).toEqual(limits);
  });

  test("totalMemorySize is the slot of a native region", () => {
    // 4096 + 8 GiB + 4096 + 128 KiB + 4 KiB + 4096 + 8 KiB
    expect(new Limits().totalMemorySize).toBe(8 * GiB + 3 * 4096 + 0x2_0000 + 0x1000 + 0x2000);
  });

  test("totalMemorySize never wraps", () => {
    const most = Number.MAX_SAFE_INTEGER;
    const fixed = 3 * 4096 + 0x1000 + 0x2000;
    const edge = new Limits({ heapAddressSpaceSize: most - fixed - 5, stackSize: 5 });
    expect(edge.totalMemorySize).toBe(most);
    refusal(() => edge.with({ stackSize: 6 }).totalMemorySize, "limits-exceeded", { limit: most });
    refusal(
      () => edge.with({ heapAddressSpaceSize: most, stackSize: most }).totalMemorySize,
      "limits-exceeded",
    );
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0.5])(
    "refuses %d",
    (size) => {
      refusal(() => new Limits({ stackSize: size }), "invalid-argument", { argument: "stackSize" });
    },
  );

  test.each(["1", null, 4096n, {}])("refuses what is no number: %s", (value) => {
    const sizes = { globalsSize: value } as unknown as LimitSizes;
    refusal(() => new Limits(sizes), "invalid-argument", { argument: "globalsSize" });
  });

  // Every row breaks one rule and all that come after it in the table: the order is lucet's.
  const late = { signalStackSize: 1 };
  const reservation = { ...late, hostcallReservation: 2 ** 40 };
  const stack = { ...reservation, stackSize: 0 };
  const globals = { ...stack, globalsSize: 1 };
  const rows: readonly (readonly [string, Partial<LimitSizes>])[] = [
    [
      "memory size must be a multiple of host page size",
      { ...globals, stackSize: 1, heapMemorySize: 4097, heapAddressSpaceSize: 1 },
    ],
    [
      "address space size must be a multiple of host page size",
      { ...globals, stackSize: 1, heapMemorySize: 4096, heapAddressSpaceSize: 1 },
    ],
    [
      "address space size must be at least as large as memory size",
      { ...globals, stackSize: 1, heapMemorySize: 8192, heapAddressSpaceSize: 4096 },
    ],
    ["stack size must be a multiple of host page size", { ...globals, stackSize: 1 }],
    ["globals size must be a multiple of host page size", globals],
    ["stack size must be greater than 0", stack],
    ["hostcall reserved space must not be greater than stack size", reservation],
    ["signal stack size must be a multiple of host page size", late],
  ];
  test.each(rows)("validate: %s", (reason, sizes) => {
    refusal(() => new Limits(sizes).validate(), "invalid-argument", { reason });
  });

  test("accepts what lucet accepts at the edges", () => {
    for (const sizes of [
      { globalsSize: 0 },
      { signalStackSize: 0 },
      { heapMemorySize: 0, heapAddressSpaceSize: 0 },
      { hostcallReservation: 0x2_0000 },
      { hostcallReservation: 1 },
      { heapMemorySize: 8 * GiB },
    ]) {
      expect(() => new Limits(sizes).validate()).not.toThrow();
    }
  });

  test("agrees with the rules written out", () => {
    const size = fc.oneof(
      fc.nat(3).map((n) => n * 4096),
      fc.nat(9000),
    );
    fc.assert(
      fc.property(
        size,
        size,
        size,
        size,
        size,
        size,
        (memory, space, stack, calls, globals, signal) => {
          const limits = new Limits({
            heapMemorySize: memory,
            heapAddressSpaceSize: space,
            stackSize: stack,
            hostcallReservation: calls,
            globalsSize: globals,
            signalStackSize: signal,
          });
          const good =
            [memory, space, stack, globals, signal].every((n) => n % 4096 === 0) &&
            memory <= space &&
            stack > 0 &&
            calls <= stack;
          if (good) limits.validate();
          else refusal(() => limits.validate(), "invalid-argument");
        },
      ),
      { numRuns: 500 },
    );
  });
});

test("a limit that is misspelt is refused: it would not hold", () => {
  for (const name of ["heapMemorysize", "heap_memory_size", "toString", "__proto_", ""]) {
    const error = refusal(() => new Limits({ [name]: 65536 }), "invalid-argument", { value: name });
    expect(error.message).toContain("heapMemorySize");
    refusal(() => new Limits().with({ [name]: 65536 }), "invalid-argument", { value: name });
  }
  expect(new Limits(new Limits({ stackSize: 4096, hostcallReservation: 0 })).stackSize).toBe(4096);
});
