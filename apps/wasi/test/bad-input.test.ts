/** What a guest gets for arguments that cannot be right, for every function there is. */

import { handle } from "@memkit/core";
import { GuestError } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { FUNCTIONS } from "../src/functions.js";
import { BUFFER, FIXTURES, OUT, type Pointer, SUBSCRIPTION, stage, VECTORS } from "./fixtures.js";
import { assemble, makeGuest, type TestGuest } from "./harness.js";

const MEMORY = 0x1_0000;
const IMPLEMENTED = FUNCTIONS.filter(({ call }) => call !== undefined);

type Args = readonly (number | bigint)[];
type Ranges = readonly (readonly [number, number])[];

/** Runs a call and answers with an errno's name or the code of the error that ended the guest. */
function outcome(guest: TestGuest, name: string, args: Args): string {
  try {
    return String(guest.call(name, ...args));
  } catch (error) {
    if (error instanceof GuestError) return error.code;
    throw error; // anything else would be a raw error in the guest, or a host fault: the test fails with it
  }
}

/** The addresses of bytes that differ, outside the ranges that may. */
function damage(before: Uint8Array, after: Uint8Array, allowed: Ranges): number[] {
  if (Buffer.compare(before, after) === 0) return [];
  const changed: number[] = [];
  for (let i = 0; i < before.length; i += 1) {
    const may = allowed.some(([start, len]) => i >= start && i < start + len);
    if (!may && before[i] !== after[i]) changed.push(i);
  }
  return changed;
}

/** A call with one argument replaced; what came of it, and what it damaged. */
function attack(name: string, replace: Readonly<Record<number, number | bigint>>) {
  const fixture = FIXTURES[name];
  if (fixture === undefined) throw new Error(`no fixture for ${name}`);
  const { guest, fd } = stage();
  const args = fixture.args(fd).map((arg, i) => replace[i] ?? arg);
  const before = guest.bytes().slice();
  const got = outcome(guest, name, args);
  const changed = damage(before, guest.bytes(), fixture.writes);
  return { guest, got, changed, args };
}

/** An address that the whole access does not fit behind, aligned. */
function justBeyond({ size, align }: Pointer): number {
  return MEMORY - size + align;
}

const FATAL = ["ptr-overflow", "ptr-out-of-bounds", "ptr-not-aligned"];

describe("the fixtures", () => {
  it("cover every implemented function", () => {
    expect(Object.keys(FIXTURES).sort()).toEqual(IMPLEMENTED.map(({ name }) => name).sort());
  });

  it.each(IMPLEMENTED.map(({ name }) => name))(
    "%s goes well and touches only what it may",
    (name) => {
      const { got, changed } = attack(name, {});
      expect(got).toBe(FIXTURES[name]?.answer ?? "ESUCCESS");
      expect(changed).toEqual([]);
    },
  );
});

const CASES = Object.entries(FIXTURES).flatMap(([name, { pointers }]) =>
  pointers.map((pointer) => ({ name, arg: pointer.arg, pointer })),
);

describe("a pointer that cannot be right ends the guest", () => {
  it.each(CASES)("$name argument $arg", ({ name, arg, pointer }) => {
    const bad: [string, Readonly<Record<number, number>>, string][] = [
      ["just beyond the end", { [arg]: justBeyond(pointer) }, "ptr-out-of-bounds"],
      ["far beyond, below 2 GiB", { [arg]: 0x7fff_fff8 }, "ptr-out-of-bounds"],
      ["2 GiB, negative as an i32", { [arg]: -0x8000_0000 }, "ptr-out-of-bounds"],
      ["the last address", { [arg]: -pointer.align }, "ptr-out-of-bounds"],
    ];
    if (pointer.align > 1) {
      bad.push(["misaligned", { [arg]: OUT + 1 }, "ptr-not-aligned"]);
      bad.push([
        "misaligned at 2 GiB: bounds come first",
        { [arg]: -0x7fff_ffff },
        "ptr-out-of-bounds",
      ]);
    }
    if (pointer.length !== undefined) {
      const overflows = pointer.size > 1;
      bad.push([
        "as long as can be",
        { [pointer.length]: -1 },
        overflows ? "ptr-overflow" : "ptr-out-of-bounds",
      ]);
      bad.push(["longer than the memory", { [pointer.length]: MEMORY }, "ptr-out-of-bounds"]);
    }
    for (const [what, replace, expected] of bad) {
      const { guest, got, changed } = attack(name, replace);
      expect(`${what}: ${got}`).toBe(`${what}: ${expected}`);
      expect(FATAL).toContain(got);
      expect(changed, what).toEqual([]);
      expect(outcome(guest, "sched_yield", []), "poisoned afterwards").toBe("poisoned");
      expect(guest.memory.hasOutstandingBorrows()).toBe(false);
    }
  });
});

describe("text that is not UTF-8 is EILSEQ", () => {
  it.each(CASES.filter(({ pointer }) => pointer.path === true))(
    "$name argument $arg",
    ({ name, arg }) => {
      const { guest, fd } = stage();
      guest.put(0x7000, new Uint8Array([0x66, 0xc3, 0x28, 0xff])); // "f", then no continuation of 0xc3
      const args = (FIXTURES[name]?.args(fd) ?? []).map((a, i) =>
        i === arg ? 0x7000 : i === arg + 1 ? 4 : a,
      );
      const before = guest.bytes().slice();
      expect(outcome(guest, name, args)).toBe("EILSEQ");
      expect(damage(before, guest.bytes(), [])).toEqual([]);
    },
  );
});

describe("a path of PATH_MAX bytes is too long before it is anything else", () => {
  it.each(CASES.filter(({ pointer }) => pointer.path === true))(
    "$name argument $arg",
    ({ name, arg }) => {
      const { guest, fd } = stage();
      guest.bytes().fill(0xff, 0x7000, 0x8000);
      const args = (FIXTURES[name]?.args(fd) ?? []).map((a, i) =>
        i === arg ? 0x7000 : i === arg + 1 ? 0x1000 : a,
      );
      expect(outcome(guest, name, args)).toBe("ENAMETOOLONG");
    },
  );
});

/** A value that fits but means nothing, and one that does not fit where there is such a number; per type of parameter. */
const ENUMS: Readonly<
  Record<string, readonly [unknown: number | bigint, tooWide?: number | bigint]>
> = {
  clockid: [4],
  advice: [6, 256],
  whence: [3, 256],
  fdflags: [0x20, 0x1_0000],
  fstflags: [0x10, 0x1_0000],
  oflags: [0x10, 0x1_0000],
  lookupflags: [2],
  rights: [1n << 30n],
};
const ENUM_CASES = IMPLEMENTED.flatMap(({ name, params }) =>
  params.flatMap(([param, { name: kind }], arg) =>
    kind in ENUMS ? [{ name, param, kind, arg }] : [],
  ),
);

describe("enumerations and flags", () => {
  it("of every kind occur", () => {
    expect([...new Set(ENUM_CASES.map(({ kind }) => kind))].sort()).toEqual(
      Object.keys(ENUMS).sort(),
    );
  });

  it.each(ENUM_CASES)(
    "$name $param: EINVAL when undefined, EOVERFLOW when too wide",
    ({ name, kind, arg }) => {
      const [undefinedValue, tooWide] = ENUMS[kind] ?? [0];
      const undefinedCall = attack(name, { [arg]: undefinedValue });
      expect([undefinedCall.got, undefinedCall.changed]).toEqual(["EINVAL", []]);
      if (tooWide === undefined) return;
      const wideCall = attack(name, { [arg]: tooWide });
      expect([wideCall.got, wideCall.changed]).toEqual(["EOVERFLOW", []]);
    },
  );

  it.each([
    ["tag", 8, 3],
    ["clock id", 16, 4],
    ["clock flags", 40, 2],
  ])("in a subscription, %s: EINVAL", (_what, offset, value) => {
    const { guest } = stage();
    guest.bytes()[SUBSCRIPTION + offset] = value;
    expect(outcome(guest, "poll_oneoff", [SUBSCRIPTION, 0x6000, 1, OUT])).toBe("EINVAL");
  });
});

const FILLING = ["fd_read", "fd_pread"];
const WRITING = ["fd_write", "fd_pwrite"];

/** The vectored calls with their arguments; fd_pread and fd_pwrite take an offset. */
function vectored(name: string, fd: number, table: number, count: number): Args {
  return name.includes("_p") ? [fd, table, count, 0n, OUT] : [fd, table, count, OUT];
}

describe("buffers named by iovecs", () => {
  const ALL_CALLS = [...FILLING, ...WRITING];
  const BAD: readonly (readonly [string, number, number])[] = [
    ["out of range", MEMORY, 1],
    ["running past the end", MEMORY - 8, 16],
    ["at 2 GiB", 0x8000_0000, 1],
    ["wrapping around 2^32", 0xffff_fff0, 0x20],
    ["empty, but beyond the end", MEMORY + 1, 0],
  ];
  it.each(ALL_CALLS.flatMap((name) => BAD.map(([what, buf, len]) => ({ name, what, buf, len }))))(
    "$name $what: the guest ends, no buffer is touched",
    ({ name, buf, len }) => {
      const { guest, fd } = stage();
      guest.vectors(VECTORS, [BUFFER, 16], [buf, len]);
      const before = guest.bytes().slice();
      expect(outcome(guest, name, vectored(name, fd, VECTORS, 2))).toBe("ptr-out-of-bounds");
      expect(damage(before, guest.bytes(), [])).toEqual([]);
      expect(guest.memory.hasOutstandingBorrows()).toBe(false);
    },
  );

  const OVERLAPS: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
    [
      "by one byte",
      [
        [BUFFER, 16],
        [BUFFER + 15, 16],
      ],
    ],
    [
      "entirely",
      [
        [BUFFER, 16],
        [BUFFER, 16],
      ],
    ],
    [
      "with the table",
      [
        [BUFFER, 16],
        [VECTORS + 4, 4],
      ],
    ],
    [
      "with the table's first byte",
      [
        [VECTORS - 15, 16],
        [BUFFER, 16],
      ],
    ],
  ];
  const OVERLAP_CASES = (names: readonly string[]) =>
    names.flatMap((name) => OVERLAPS.map(([what, pairs]) => ({ name, what, pairs })));

  it.each(OVERLAP_CASES(FILLING))("$name overlapping $what: EFAULT", ({ name, pairs }) => {
    const { guest, fd } = stage();
    guest.vectors(VECTORS, ...pairs);
    const before = guest.bytes().slice();
    expect(outcome(guest, name, vectored(name, fd, VECTORS, 2))).toBe("EFAULT");
    expect(damage(before, guest.bytes(), [])).toEqual([]);
    expect(guest.memory.hasOutstandingBorrows()).toBe(false);
    expect(outcome(guest, "fd_tell", [fd, OUT])).toBe("ESUCCESS");
    expect(guest.dv().getBigUint64(OUT, true), "nothing was consumed").toBe(0n);
  });

  it.each(OVERLAP_CASES(WRITING))("$name overlapping $what: legal", ({ name, pairs }) => {
    const { guest, fd } = stage();
    guest.vectors(VECTORS, ...pairs);
    expect(outcome(guest, name, vectored(name, fd, VECTORS, 2))).toBe("ESUCCESS");
  });

  it("touching each other are no overlap, and empty ones overlap nothing", () => {
    const { guest, fd } = stage();
    const count = guest.vectors(
      VECTORS,
      [BUFFER, 16],
      [BUFFER + 8, 0],
      [BUFFER + 16, 16],
      [MEMORY, 0],
    );
    expect(outcome(guest, "fd_read", [fd, VECTORS, count, OUT])).toBe("ESUCCESS");
    expect(guest.dv().getUint32(OUT, true)).toBe(32);
  });

  it("that add up to more than a u32 can report: EINVAL, nothing written", () => {
    const { guest } = stage();
    guest.grow(7);
    const table = MEMORY;
    const wide = Array.from({ length: 8193 }, () => [0, 0x8_0000] as const); // 2^32 + 2^19 bytes
    guest.vectors(table, ...wide);
    expect(outcome(guest, "fd_write", [1, table, wide.length, OUT])).toBe("EINVAL");
  });

  it("that name more bytes than the guest has: the host copies no more than that", () => {
    const sizes: number[] = [];
    const guest = makeGuest({ stdout: (bytes) => void sizes.push(bytes.length) });
    guest.vectors(VECTORS, [0, 0xc000], [0, 0xc000]);
    expect(outcome(guest, "fd_write", [1, VECTORS, 2, OUT])).toBe("ESUCCESS");
    expect([sizes, guest.dv().getUint32(OUT, true)]).toEqual([[MEMORY], MEMORY]);
  });

  it("a result inside a buffer is written after it", () => {
    const { guest, fd } = stage();
    expect(outcome(guest, "fd_read", [fd, VECTORS, 2, BUFFER + 4])).toBe("ESUCCESS");
    expect(guest.dv().getUint32(BUFFER + 4, true)).toBe(32);
  });

  it("no iovecs, at any address in bounds: nothing happens", () => {
    const { guest, fd } = stage();
    expect(outcome(guest, "fd_read", [fd, 0x1_0000, 0, OUT])).toBe("ESUCCESS");
    expect(guest.dv().getUint32(OUT, true)).toBe(0);
  });
});

it("a guest that declares an import with other types than preview1 has is not linked", () => {
  const { module } = assemble(
    `(module (import "wasi_snapshot_preview1" "fd_close" (func $close (param i64) (result i32)))
      (memory (export "memory") 1 16) (func (export "run") (result i32) (call $close (i64.const 3))))`,
  );
  expect(() => makeGuest({ module })).toThrow(WebAssembly.LinkError);
});

describe("descriptors", () => {
  it.each(
    IMPLEMENTED.filter(({ params }) => params.some(([, kind]) => kind === handle)).map(
      ({ name }) => name,
    ),
  )("%s: EBADF for one that is not open", (name) => {
    const params = IMPLEMENTED.find((fn) => fn.name === name)?.params ?? [];
    for (const [arg, [, kind]] of params.entries()) {
      if (kind !== handle) continue;
      for (const fd of [99, 1024, 0x7fff_ffff, -1]) {
        const { got, changed } = attack(name, { [arg]: fd });
        expect([got, changed]).toEqual(["EBADF", []]);
      }
    }
  });

  it("path calls through a file: ENOTDIR", () => {
    for (const { name, params } of IMPLEMENTED) {
      if (!name.startsWith("path_")) continue;
      const { guest, fd } = stage();
      const args = (FIXTURES[name]?.args(fd) ?? []).map((a, i) =>
        params[i]?.[1] === handle ? fd : a,
      );
      expect(outcome(guest, name, args), name).toBe("ENOTDIR");
    }
  });

  it("bytes of a directory: EISDIR", () => {
    for (const name of [
      "fd_read",
      "fd_write",
      "fd_pread",
      "fd_pwrite",
      "fd_seek",
      "fd_tell",
      "fd_allocate",
    ]) {
      expect(attack(name, { 0: 3 }).got, name).toBe("EISDIR");
    }
  });

  it("what is not implemented is ENOSYS", () => {
    const { guest } = stage();
    expect(FUNCTIONS.filter(({ call }) => call === undefined).map(({ name }) => name)).toEqual([
      "proc_raise",
    ]);
    expect(outcome(guest, "proc_raise", [9])).toBe("ENOSYS");
  });

  it("tables that the host would have to remember whole: EINVAL beyond 65,536 buffers and 2,048 subscriptions", () => {
    const table = 0x1_0000;
    const call = (name: string, args: (fd: number) => Args) => {
      const { guest, fd } = stage();
      guest.grow(9);
      return outcome(guest, name, args(fd));
    };
    for (const [name, ...rest] of [
      ["fd_read", OUT],
      ["fd_write", OUT],
      ["fd_pread", 0n, OUT],
      ["fd_pwrite", 0n, OUT],
    ] as const) {
      expect(call(name, (fd) => [fd, table, 65_536, ...rest])).toBe("ESUCCESS");
      expect(call(name, (fd) => [fd, table, 65_537, ...rest])).toBe("EINVAL");
    }
    // Subscriptions of zeros: clock 0, due at once.
    expect(call("poll_oneoff", () => [table, table, 2048, OUT])).toBe("ESUCCESS");
    expect(call("poll_oneoff", () => [table, table, 2049, OUT])).toBe("EINVAL");
  });

  it("there are 46 functions, 45 of them implemented", () => {
    expect([FUNCTIONS.length, IMPLEMENTED.length]).toEqual([46, 45]);
  });
});
