/** Searches of address spaces, against a filter over everything that is listed; and where lists end. */

import { pfn } from "@memkit/core";
import { PageTableError } from "@memkit/page-table";
import {
  EXECUTE,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import {
  diff,
  dump,
  type Found,
  mappings,
  scan,
  search,
  virtualOf,
  type Wanted,
} from "@memkit/page-table/inspect";
import { SW, SX, UW, UX, Walker } from "@memkit/page-table/walk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tables } from "./support/tables.js";

const walkerOf = (t: Tables): Walker =>
  new Walker({ format: t.format, memory: t.memory, root: t.root });

const flags = fc.constantFrom(
  ...[READ, READ | WRITE, READ | EXECUTE, READ | WRITE | EXECUTE].flatMap((p) => [p, p | USER]),
);

/** Base and huge pages in the first 8 MiB, some in the upper half. */
const spaces = fc
  .uniqueArray(
    fc.record({
      slot: fc.nat(7),
      huge: fc.boolean(),
      page: fc.nat(3),
      high: fc.boolean(),
      frame: fc.nat(5),
      flags,
    }),
    { selector: ({ slot, high }) => `${slot} ${high}`, maxLength: 8 },
  )
  .map((pages) => {
    const t = new Tables(riscvFormat());
    for (const { slot, huge, page, high, frame, flags } of pages) {
      const va = (high ? 2n ** 64n - 2n ** 38n : 0n) + BigInt(slot) * 2n ** 21n;
      if (huge) t.map(va, frame * 512, pageProperty(flags), 2);
      else t.map(va + BigInt(page) * 4096n, frame * 512 + page, pageProperty(flags));
    }
    return walkerOf(t);
  });

/** Each base page that is found: where, which frame. */
const pagesOf = (all: Iterable<Found>): [bigint, number][] =>
  [...all].flatMap(({ va, pages, pfn }) =>
    Array.from({ length: pages }, (_, i): [bigint, number] => [va + BigInt(i) * 4096n, pfn + i]),
  );

describe("a search", () => {
  it("finds what a filter of all mappings finds", () => {
    const all = READ | WRITE | EXECUTE | USER;
    const wanted = fc.record(
      {
        grants: fc.nat(all).map((grants) => grants & all),
        level: fc.constantFrom(1, 2, 3),
        frames: fc
          .tuple(fc.nat(3000), fc.nat(3000))
          .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(spaces, wanted, (walker, given) => {
        const { grants = 0, level, frames = [0, 2 ** 52 - 1] } = given as Wanted;
        const some = [...mappings(walker)].filter((one) => {
          const user = one.rights >>> 3;
          const has = (rights: number) => (rights & grants & 7) === (grants & 7);
          const who = grants & USER ? user !== 0 && has(user) : has(user) || has(one.rights & 7);
          return who && (level === undefined || one.level === level);
        });
        const model = pagesOf(some).filter(([, f]) => f >= frames[0] && f <= frames[1]);
        expect(pagesOf(search(walker, given as Wanted))).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });

  it("finds the addresses of a frame as virtualOf does", () => {
    fc.assert(
      fc.property(spaces, fc.nat(2600), (walker, at) => {
        const found = [...search(walker, { frames: [at, at] })].map(({ va }) => va);
        expect([...virtualOf(walker, pfn(at))]).toEqual(found);
      }),
      { numRuns: 30 },
    );
  });

  it("tells writable from executable where one mode has both", () => {
    const t = new Tables(x86Format());
    t.map(0x1000n, 5, pageProperty(READ | WRITE | USER));
    t.map(0x2000n, 6, pageProperty(READ | WRITE | EXECUTE));
    t.map(0x3000n, 7, pageProperty(READ | WRITE | EXECUTE | USER));
    const of = (grants: number) =>
      [...search(walkerOf(t), { grants })].map(({ va, rights }) => [
        va,
        rights & (SW | SX | UW | UX),
      ]);
    const both = [0x3000n, SW | SX | UW | UX];
    expect(of(WRITE | EXECUTE)).toEqual([[0x2000n, SW | SX], both]);
    expect(of(WRITE | EXECUTE | USER)).toEqual([both]);
    expect(of(USER)).toHaveLength(2);
  });

  it("finds what is malformed, and who leads to frames that are not there", () => {
    const t = new Tables(x86Format())
      .put(0n, 0x700_0001n, 2)
      .put(2n ** 21n, 0x701_0001n, 2)
      .put(2n ** 22n, 0x2081n, 2);
    const kinds = (wanted: Wanted) =>
      [...search(walkerOf(t), wanted)].map(({ kind, va }) => [kind, va]);
    expect(kinds({ kind: "malformed" })).toEqual([["malformed", 2n ** 22n]]);
    expect(kinds({ kind: "outside", frames: [0x7001, 0x7010] })).toEqual([["outside", 2n ** 21n]]);
    expect(kinds({ kind: "malformed", frames: [0, 2 ** 52 - 1] })).toEqual([]);
    expect(kinds({})).toEqual([]);
  });

  it("is lazy", () => {
    const t = new Tables(x86Format());
    for (let i = 0; i < 512; i++) t.set(0, i, 3n);
    const found = search(walkerOf(t), { grants: WRITE });
    expect(found.next().value?.va).toBe(0n);
    expect(found.next().value?.va).toBe(4096n);
  });

  it.each([
    null,
    { grants: 8 },
    { grants: -1 },
    { grants: "1" },
    { level: 0 },
    { level: 5 },
    { kind: "not-present" },
    { kind: "toString" },
    { frames: 5 },
    { frames: [1] },
    { frames: [9, 3] },
    { grant: 2 },
    { grants: READ, executable: undefined },
  ])("for %o is refused at once", (wanted) => {
    expect(() => search(walkerOf(new Tables(x86Format())), wanted as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

  it("for no frames is refused at once", () => {
    expect(() => search(walkerOf(new Tables(x86Format())), { frames: [0, -1] })).toThrow(
      expect.objectContaining({ code: "invalid-pfn", pfn: -1 }),
    );
  });
});

describe("a budget", () => {
  it.each([Number.NaN, -1, 0.5, "10", null, Infinity])("PT-9: of %s is refused", (budget) => {
    const walker = walkerOf(new Tables(x86Format()));
    const refused = expect.objectContaining({ code: "invalid-argument" });
    const options = { budget: budget as number };
    for (const run of [scan, mappings, dump]) expect(() => run(walker, options)).toThrow(refused);
    expect(() => diff(walker, walker, options)).toThrow(refused);
    expect(() => search(walker, {}, options)).toThrow(refused);
  });

  it("PT-9: is the entries that are passed, and of a dump eight more for each line", () => {
    const t = new Tables(x86Format());
    for (let page = 0; page < 6; page++) {
      t.map(BigInt(page) * 4096n, 9 + page, pageProperty(READ | (page % 2 ? WRITE : 0)));
    }
    const options = { to: 0x7fff }; // 8 entries, 6 lines
    expect([...scan(walkerOf(t), { ...options, budget: 8 })]).toHaveLength(6);
    const ended = expect.objectContaining({ code: "walk-budget" });
    expect(() => [...scan(walkerOf(t), { ...options, budget: 7 })]).toThrow(ended);
    expect(dump(walkerOf(t), { ...options, budget: 8 + 48 }).split("\n")).toHaveLength(6);
    expect(() => dump(walkerOf(t), { ...options, budget: 7 + 48 })).toThrow(ended);
  });

  /** What a call gave, and where its budget ended. */
  function caught<T>(run: () => T): T | { readonly va: bigint; readonly text?: string } {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof PageTableError && error.code === "walk-budget")) throw error;
      return error;
    }
  }

  it("PT-9: says where it ended, and a call that goes on from there misses nothing", () => {
    const t = new Tables(x86Format());
    const rw = (page: number) => pageProperty(READ | (page % 2 ? WRITE : 0));
    for (let page = 0; page < 40; page++) t.map(BigInt(page) * 0x3000n, 9 + page, rw(page >> 2));
    t.map(0xffff_ffff_ffff_f000n, 4, rw(0));
    const walker = walkerOf(t);
    const all = [...scan(walker)];
    const found: unknown[] = [];
    let from = 0n;
    for (let calls = 0; from >= 0n; calls++) {
      expect(calls).toBeLessThan(1000);
      const end = caught(() => {
        for (const one of scan(walker, { from, budget: 7 })) found.push(one);
        return { va: -1n };
      });
      expect(end.va === -1n || end.va > from).toBe(true);
      from = end.va;
    }
    expect(found).toEqual(all);
  });

  it("PT-9: of a dump gives the lines up to there, the last one whole", () => {
    const t = new Tables(x86Format());
    for (let page = 0; page < 6; page++) {
      t.map(BigInt(page) * 4096n, 9 + page, pageProperty(READ | (page > 2 ? WRITE : 0)));
    }
    t.set(0, 1, 0x77_0003n); // a table outside
    const walker = walkerOf(t);
    const whole = dump(walker).split("\n");
    expect(whole).toHaveLength(3);
    // walks: one for each page, 6, and for each line 8 before it begins
    for (const [budget, lines, va] of [
      [0, 0, 0x0n],
      [8, 0, 0x0n],
      [11, 1, 0x3000n],
      [19, 1, 0x3000n],
      [20, 2, 0x4000n],
    ] as const) {
      const end = caught(() => dump(walker, { budget }));
      expect(end).toMatchObject({ budget, va });
      const { text } = end as { text: string };
      expect(JSON.stringify(end)).not.toContain("text"); // nor is it in a log
      expect(text === "" ? 0 : text.split("\n").length, `budget ${budget}`).toBe(lines);
      if (lines > 0) expect(text.split("\n")[0]).toBe(whole[0]);
    }
    let [text, from, calls] = ["", 0n, 0];
    for (; from >= 0n && calls < 1000; calls++) {
      const end = caught(() => dump(walker, { from, budget: 40 }));
      const part = typeof end === "string" ? end : end.text;
      text = [text, part].filter(Boolean).join("\n");
      from = typeof end === "string" ? -1n : end.va;
    }
    expect(calls).toBeGreaterThan(2);
    expect(text).toBe(whole.join("\n"));
  });

  it("PT-9: ends by default where tables lead to one another for ever", () => {
    // 2^27 ways to a table that is empty.
    const t = new Tables(x86Format());
    for (let i = 0; i < 512; i++)
      for (const level of [0, 1, 2]) t.set(level, i, BigInt(level) * 4096n + 0x1003n);
    expect(() => [...scan(walkerOf(t))]).toThrow(
      expect.objectContaining({ code: "walk-budget", budget: 2 ** 21 }),
    );
  });
});
