/** What every policy promises, each according to its own model. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { u32 } from "@memkit/core";
import { GuestError, GuestMemory } from "@memkit/guest-memory";
import {
  BorrowChecker,
  type BorrowKind,
  type PolicyName,
  REFUSED,
} from "@memkit/guest-memory/borrow";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PATTERN_NAMES, play, Tally } from "./support/fuzz.js";
import { codeOf } from "./support/model.js";

const POLICIES: readonly PolicyName[] = ["precise", "coarse", "none"];
const memory = (policy: PolicyName): GuestMemory =>
  new GuestMemory({ buffer: new ArrayBuffer(256) }, { policy });
const take = (c: BorrowChecker, kind: BorrowKind, start: number, len: number): number =>
  kind === "mut" ? c.mutBorrow(start, len) : c.sharedBorrow(start, len);
const end = (c: BorrowChecker, kind: BorrowKind, handle: number): void =>
  kind === "mut" ? c.mutUnborrow(handle) : c.sharedUnborrow(handle);

describe.each(POLICIES)("%s", (policy) => {
  it("is its model, under a guest memory that grows (GM-1, GM-2, GM-7)", () => {
    const tally = new Tally();
    const round = fc.record({
      pattern: fc.constantFrom(...PATTERN_NAMES),
      seed: fc.integer({ min: 1 }),
      most: fc.integer({ min: 1, max: 60 }),
      muts: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(round, (drawn) => play({ ...drawn, policy, steps: 400, every: 20 }, tally)),
      { numRuns: 60 },
    );
    const share = tally.refused / tally.asked;
    if (policy === "none") expect(share).toBe(0);
    else expect(share).toBeGreaterThan(0.1); // of sixty rounds drawn at random as a rule a quarter, or half if coarse
  });

  it("is shared by every memory over a source, and may be asked for again by name", () => {
    const source = { buffer: new ArrayBuffer(8) };
    const first = new GuestMemory(source, { policy });
    const second = new GuestMemory(source, { policy });
    const third = new GuestMemory(source);
    first.sharedBorrow({ start: 0, len: 1 });
    const recorded = policy !== "none";
    expect([second, third].map((mem) => mem.hasOutstandingBorrows())).toEqual([recorded, recorded]);
    for (const other of [...POLICIES, "exact" as PolicyName]) {
      if (other === policy) continue;
      expect(codeOf(() => new GuestMemory(source, { policy: other }))).toBe("options-differ");
    }
    expect(codeOf(() => new GuestMemory(source, { policy: new BorrowChecker(policy) }))).toBe(
      "options-differ",
    );
  });

  it("scopes end, whatever happens inside (GM-10)", () => {
    const mem = memory(policy);
    expect(mem.withSliceMut(0, 8, (bytes) => bytes.length)).toBe(8);
    const boom = (): never => {
      throw new Error("boom");
    };
    expect(() => mem.withSlice(0, 8, boom)).toThrow("boom");
    expect(mem.hasOutstandingBorrows()).toBe(false);
    mem.writeU32(0, 1);
  });
});

it("precise is the default", () => {
  const source = { buffer: new ArrayBuffer(8) };
  const mem = new GuestMemory(source);
  expect(() => new GuestMemory(source, { policy: "precise" })).not.toThrow();
  mem.mutBorrow({ start: 0, len: 4 });
  mem.mutBorrow({ start: 4, len: 4 });
  expect(mem.outstandingBorrows()).toHaveLength(2);
});

it.each(["exact", "", "Precise"])("there is no policy called %j", (name) => {
  expect(codeOf(() => memory(name as PolicyName))).toBe("invalid-option");
  expect(codeOf(() => new BorrowChecker(name as PolicyName))).toBe("invalid-option");
});

describe("coarse is wiggle 20's counter", () => {
  it("grants and refuses what one number for the whole memory does", () => {
    /** 0: free. n > 0: n shared. -1: mut. */
    const step = fc.record({
      op: fc.constantFrom<BorrowKind | "end">("mut", "shared", "shared", "end"),
      start: fc.nat({ max: 2 ** 32 }),
      len: fc.nat({ max: 100 }),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const checker = new BorrowChecker("coarse");
        const live: [BorrowKind, number][] = [];
        let state = 0;
        for (const { op, start, len, pick } of steps) {
          if (op === "end") {
            const [ended] = live.splice(pick % Math.max(1, live.length), 1);
            if (ended === undefined) continue;
            end(checker, ...ended);
            state = ended[0] === "mut" ? 0 : state - 1;
          } else {
            const granted = op === "mut" ? state === 0 : state >= 0;
            const handle = take(checker, op, start, len);
            expect(handle >= 0).toBe(granted);
            if (granted) live.push([op, handle]);
            if (granted) state = op === "mut" ? -1 : state + 1;
          }
          expect(checker.isMutBorrowed(start, len)).toBe(state === -1); // can_read
          expect(checker.isSharedBorrowed(start, len)).toBe(state > 0); // with the one above: can_write
          expect([checker.mutCount, checker.sharedCount]).toEqual(state < 0 ? [1, 0] : [0, state]);
        }
      }),
    );
  });

  it("where a borrow lies counts for nothing, but errors and reports say where it is", () => {
    const mem = memory("coarse");
    const held = { region: { start: 0, len: 4 }, kind: "mut" };
    const handle = mem.mutBorrow(held.region);
    for (const run of [
      () => mem.mutBorrow({ start: 100, len: 4 }),
      () => mem.sharedBorrow({ start: 100, len: 0 }),
      () => mem.readU32(100),
      () => mem.writeU32(100, 1),
      () => mem.copyOut(100, 0),
    ]) {
      expect(run).toThrow(expect.objectContaining({ code: "ptr-borrowed", conflict: held }));
    }
    expect(mem.outstandingBorrows()).toEqual([held]);
    mem.mutUnborrow(handle);
    mem.sharedBorrow({ start: 0, len: 4 });
    expect(mem.readU32(0)).toBe(0);
    expect(codeOf(() => mem.writeU32(100, 1))).toBe("ptr-borrowed");
    expect(mem.tryWrite(u32, 100, 1)).toMatchObject({ error: { conflict: { kind: "shared" } } });
  });

  it.each(["mut", "shared"] as const)(
    "double, stale and wrong-kind releases of a %s borrow are refused (GM-4)",
    (kind) => {
      const checker = new BorrowChecker("coarse");
      const handle = take(checker, kind, 0, 8);
      const other = kind === "mut" ? "shared" : "mut";
      expect(codeOf(() => end(checker, other, handle))).toBe("wrong-handle-kind");
      expect(codeOf(() => end(checker, kind, handle + 1))).toBe("stale-handle");
      end(checker, kind, handle);
      expect(codeOf(() => end(checker, kind, handle))).toBe("stale-handle");
      expect(take(checker, "mut", 0, 8)).not.toBe(REFUSED);
    },
  );

  it("any number may share", () => {
    const checker = new BorrowChecker("coarse");
    const handles = Array.from({ length: 3000 }, (_, i) => checker.sharedBorrow(i, 1));
    expect(new Set(handles).size).toBe(3000);
    expect(checker.mutBorrow(2 ** 20, 1)).toBe(REFUSED);
    for (const handle of handles) checker.sharedUnborrow(handle);
    expect(checker.mutBorrow(2 ** 20, 1)).not.toBe(REFUSED);
  });
});

describe("none", () => {
  it("refuses nothing and records nothing: what is lost with it", () => {
    const mem = memory("none");
    const first = mem.mutBorrow({ start: 0, len: 8 });
    const second = mem.mutBorrow({ start: 0, len: 8 }); // two writers of the same bytes
    expect(mem.withSliceMut(0, 8, () => mem.readU32(0))).toBe(0); // a read under a mut view
    expect(mem.hasOutstandingBorrows()).toBe(false); // so re-entry is not refused either
    expect(mem.outstandingBorrows()).toEqual([]);
    expect(mem.isMutBorrowed({ start: 0, len: 8 })).toBe(false);
    mem.mutUnborrow(first);
    mem.mutUnborrow(first); // a second time
    mem.sharedUnborrow(second); // as the wrong kind
    mem.mutUnborrow(12_345); // never given out
  });

  it("bounds, alignment and values are checked as ever (GM-6)", () => {
    const mem = memory("none");
    expect(codeOf(() => mem.readU32(256))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.readU32(2))).toBe("ptr-not-aligned");
    expect(codeOf(() => mem.writeU8(0, 256))).toBe("try-from-int-error");
    expect(codeOf(() => mem.withSlice(0, 257, () => 0))).toBe("ptr-out-of-bounds");
  });

  it("guards work, and a guard used after its end is noticed", () => {
    const mem = memory("none");
    const guard = mem.arrayPtr(u32, 0, 4).asSliceMut()!;
    guard.drop();
    expect(() => guard.bytes).toThrow(GuestError);
  });
});

it("the three policies have one hidden class, so a site that meets them all stays monomorphic", () => {
  const script = fileURLToPath(new URL("support/one-shape.ts", import.meta.url));
  const flags = ["--allow-natives-syntax", "--conditions=@memkit/source", "--import", "tsx"];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ stdout, stderr }).toEqual({ stdout: "fresh true\nused true\nlarge true\n", stderr: "" });
});
