import {
  BorrowChecker,
  type BorrowKind,
  checkInvariants,
  OUT_OF_HANDLES,
  REFUSED,
} from "@memkit/guest-memory/borrow";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/model.js";

const borrow = (c: BorrowChecker, kind: BorrowKind, start: number, len: number): number =>
  kind === "mut" ? c.mutBorrow(start, len) : c.sharedBorrow(start, len);
const release = (c: BorrowChecker, kind: BorrowKind, handle: number): void =>
  kind === "mut" ? c.mutUnborrow(handle) : c.sharedUnborrow(handle);
const ok = (handle: number): boolean => handle >= 0;
const KINDS = ["mut", "shared"] as const;

describe("wiggle's borrow tests", () => {
  it("nonoverlapping: touching regions can both be mut-borrowed, in either order", () => {
    for (const [a, b] of [
      [0, 10],
      [10, 0],
    ] as const) {
      const c = new BorrowChecker();
      expect(ok(c.mutBorrow(a, 10))).toBe(true);
      expect(ok(c.mutBorrow(b, 10))).toBe(true);
    }
  });

  it.each([
    ["tail by one byte", 0, 10, 9, 10],
    ["contained", 0, 10, 2, 5],
    ["head by one byte", 9, 10, 0, 10],
    ["containing", 2, 5, 0, 10],
  ])("overlapping: %s: a shared borrow admits shared and refuses mut", (_, s, l, s2, l2) => {
    const c = new BorrowChecker();
    c.sharedBorrow(s, l);
    expect(c.mutBorrow(s2, l2)).toBe(REFUSED);
    expect(ok(c.sharedBorrow(s2, l2))).toBe(true);
  });

  it("overlapping: one of three disjoint shared borrows is enough to refuse", () => {
    const c = new BorrowChecker();
    for (const s of [2, 12, 22]) c.sharedBorrow(s, 5);
    expect(c.mutBorrow(0, 10)).toBe(REFUSED);
    expect(ok(c.sharedBorrow(0, 10))).toBe(true);
  });

  it("unborrowing mut", () => {
    const c = new BorrowChecker();
    const a = c.mutBorrow(0, 10);
    const b = c.mutBorrow(10, 10);
    expect(c.mutBorrow(0, 10)).toBe(REFUSED);
    expect(c.mutBorrow(10, 10)).toBe(REFUSED);
    c.mutUnborrow(a);
    expect(c.mutCount).toBe(1);
    c.mutUnborrow(b);
    expect(c.mutCount).toBe(0);
    expect(ok(c.mutBorrow(0, 10))).toBe(true);
  });

  it("unborrowing shared", () => {
    const c = new BorrowChecker();
    const a = c.sharedBorrow(0, 10);
    const b = c.sharedBorrow(0, 10);
    expect(a).not.toBe(b);
    c.sharedUnborrow(a);
    expect(c.sharedCount).toBe(1);
    expect(c.mutBorrow(0, 1)).toBe(REFUSED);
    c.sharedUnborrow(b);
    expect(c.sharedCount).toBe(0);
    expect(ok(c.mutBorrow(0, 1))).toBe(true);
  });
});

describe("empty ranges (GM-3)", () => {
  it.each(["mut", "shared"] as const)(
    "%s: always granted, block nothing, count until released",
    (kind) => {
      const c = new BorrowChecker();
      c.mutBorrow(0, 10);
      const empty = borrow(c, kind, 5, 0);
      expect(ok(empty)).toBe(true);
      expect(ok(c.mutBorrow(10, 10))).toBe(true);
      expect(c.isMutBorrowed(5, 0)).toBe(false);
      expect(c.lookup(empty)).toEqual({ region: { start: 5, len: 0 }, kind });
      expect(c.mutCount + c.sharedCount).toBe(3);
      expect(checkInvariants(c)).toEqual([]);
    },
  );

  it("an empty query inside a live borrow overlaps nothing", () => {
    const c = new BorrowChecker();
    c.sharedBorrow(0, 10);
    expect(c.isSharedBorrowed(5, 0)).toBe(false);
    expect(ok(c.mutBorrow(5, 0))).toBe(true);
  });
});

describe("handles (GM-4)", () => {
  it.each(["mut", "shared"] as const)(
    "%s: double, stale, foreign and wrong-kind releases are refused",
    (kind) => {
      const c = new BorrowChecker();
      const end = (h: number): void => release(c, kind, h);
      const cross = (h: number): void => release(c, kind === "mut" ? "shared" : "mut", h);
      const h = borrow(c, kind, 0, 4);
      expect(codeOf(() => cross(h))).toBe("wrong-handle-kind");
      for (const bad of [h + 1, -1, 0.5, Number.NaN, 2 ** 40, h + 1024]) {
        expect(codeOf(() => end(bad))).toBe("stale-handle");
      }
      expect(codeOf(() => end("0" as never))).toBe("stale-handle");
      expect(codeOf(() => end(0n as never))).toBe("stale-handle");
      expect(c.mutCount + c.sharedCount).toBe(1);
      end(h);
      expect(codeOf(() => end(h))).toBe("stale-handle");
      expect(codeOf(() => cross(h))).toBe("stale-handle");
      expect(checkInvariants(c)).toEqual([]);
    },
  );

  it("a refused borrow consumes no handle", () => {
    const c = new BorrowChecker();
    const a = c.mutBorrow(0, 4);
    c.mutBorrow(0, 4);
    expect(c.mutBorrow(4, 4)).toBe(a + 1);
  });

  it("an id is reused first-in first-out: not before all others were", () => {
    const c = new BorrowChecker();
    const first = c.mutBorrow(0, 4);
    c.mutUnborrow(first);
    for (let i = 1; i < 1024; i++) {
      const h = c.mutBorrow(0, 4);
      expect(h & 1023).not.toBe(first & 1023);
      c.mutUnborrow(h);
    }
    expect(c.mutBorrow(0, 4) & 1023).toBe(first & 1023);
  });

  it("a stale handle is detected until the serials have started over, then no more", () => {
    const c = new BorrowChecker("precise", { ring: 4, serials: 32 });
    const stale = c.mutBorrow(0, 4);
    c.mutUnborrow(stale);
    for (let i = 0; i < 31; i++) {
      const h = c.mutBorrow(0, 4);
      expect(codeOf(() => c.mutUnborrow(stale))).toBe("stale-handle");
      c.mutUnborrow(h);
    }
    expect(c.mutBorrow(0, 4)).toBe(stale);
    c.mutUnborrow(stale);
  });

  it("the shipped sizes use one serial a borrow, and start over after 2^30", () => {
    const c = new BorrowChecker();
    let last = -1;
    for (let i = 0; i < 5000; i++) {
      last = c.mutBorrow(0, 4);
      c.mutUnborrow(last);
    }
    expect(last).toBe(4999);
  });

  it.each([1, 20])(
    "serials skip ids that are still held, also when they start over: %i held",
    (n) => {
      const c = new BorrowChecker("precise", { ring: 64, serials: 128 });
      const kept = Array.from({ length: n }, (_, i) => c.sharedBorrow(100 + i, 1));
      const seen = new Set<number>();
      for (let i = 0; i < 400; i++) {
        const h = c.mutBorrow(0, 4);
        seen.add(h);
        for (const other of kept) expect(h & 63).not.toBe(other & 63);
        expect(checkInvariants(c)).toEqual([]);
        c.mutUnborrow(h);
      }
      expect(seen.size).toBe(128 - 2 * n);
      for (const h of kept) c.sharedUnborrow(h);
    },
  );

  it("the ring grows with the live borrows and keeps every handle", () => {
    const c = new BorrowChecker();
    const handles = Array.from({ length: 5000 }, (_, i) =>
      borrow(c, i % 2 ? "mut" : "shared", i * 8, 8),
    );
    expect(handles.every(ok)).toBe(true);
    expect(new Set(handles).size).toBe(5000);
    expect(checkInvariants(c)).toEqual([]);
    for (const [i, h] of handles.entries()) {
      expect(c.lookup(h)?.region).toEqual({ start: i * 8, len: 8 });
      if (i % 2) c.mutUnborrow(h);
      else c.sharedUnborrow(h);
    }
    expect(c.outstanding()).toEqual([]);
  });

  it.each([4, 32])("refuses when %i are live, and recovers", (limit) => {
    const c = new BorrowChecker("precise", { ring: 4, serials: 4 * limit, limit });
    const a = c.sharedBorrow(0, 1);
    for (let i = 1; i < limit; i++) expect(ok(c.mutBorrow(i, 1))).toBe(true);
    expect(c.mutBorrow(limit, 1)).toBe(OUT_OF_HANDLES);
    expect(c.sharedBorrow(limit, 0)).toBe(OUT_OF_HANDLES);
    expect(c.mutBorrow(0, 1)).toBe(REFUSED); // a reason that will not pass comes first
    expect(checkInvariants(c)).toEqual([]);
    c.sharedUnborrow(a);
    expect(ok(c.mutBorrow(0, 1))).toBe(true);
  });

  it.each(KINDS)("refuses the 33rd %s borrow of 32 where all others are such, too", (kind) => {
    const c = new BorrowChecker("precise", { ring: 4, serials: 128, limit: 32 });
    const handles = Array.from({ length: 32 }, (_, i) => borrow(c, kind, i, 1));
    expect(handles.every(ok)).toBe(true);
    expect(borrow(c, kind, 32, 1)).toBe(OUT_OF_HANDLES);
    release(c, kind, handles[20]!);
    expect(ok(borrow(c, kind, 32, 1))).toBe(true);
    expect(borrow(c, kind, 33, 1)).toBe(OUT_OF_HANDLES);
  });

  it.each([
    { ring: 3 },
    { ring: 0 },
    { ring: Number.NaN },
    { serials: 2 ** 31 },
    { serials: 2 },
    { limit: 1.5 },
    { limit: -1 },
    { serials: 64, limit: 32 },
    { serials: 64, ring: 128 },
  ])("sizes that cannot be: %o", (sizes) => {
    expect(codeOf(() => new BorrowChecker("precise", sizes))).toBe("invalid-option");
  });
});

describe("conflicts are named", () => {
  it("the mut borrow first, a shared one only where it counts", () => {
    const c = new BorrowChecker();
    c.mutBorrow(0, 4);
    c.sharedBorrow(4, 4);
    expect(c.conflict(2, 4, true)).toEqual({ region: { start: 0, len: 4 }, kind: "mut" });
    expect(c.conflict(4, 1, true)).toEqual({ region: { start: 4, len: 4 }, kind: "shared" });
    expect(c.conflict(4, 1, false)).toBeUndefined();
    expect(c.conflict(8, 1, true)).toBeUndefined();
  });

  it("ends beyond 2^32 just compare", () => {
    const c = new BorrowChecker();
    c.mutBorrow(0xffff_ffff, 0xffff_ffff);
    expect(c.isMutBorrowed(0, 1)).toBe(false);
    expect(c.isMutBorrowed(0xffff_ffff, 1)).toBe(true);
    expect(ok(c.mutBorrow(2 ** 53 - 8, 7))).toBe(true);
    expect(c.isMutBorrowed(2 ** 53 - 2, 1)).toBe(true);
    expect(c.isMutBorrowed(2 ** 53 - 1, 1)).toBe(false);
  });
});

describe("the fast path", () => {
  it.each(KINDS)("%s: takes what is not empty, wherever it lies", (kind) => {
    const c = new BorrowChecker();
    release(c, kind, borrow(c, kind, 0, 1)); // the first borrow of all takes the slow path
    const value = (): never => expect.fail("the slow path was taken");
    Object.defineProperty(c, "borrow", { value });
    for (const start of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
      for (const len of [1, 2 ** 32]) {
        const handle = borrow(c, kind, start, len);
        expect(c.lookup(handle)).toEqual({ region: { start, len }, kind });
        release(c, kind, handle);
      }
    }
  });
});

describe("what is no region", () => {
  it.each([
    [Number.NaN, 4],
    [0, Number.NaN],
    [-1, 4],
    [0, -4],
    [undefined, 4],
    [0, undefined],
    ["x", 4],
    [{}, 4],
    ["8", 4],
    [8, "4"],
    [8n, 4],
    [8, 4n],
    [true, 4],
    [[8], 4],
    [8, [4]],
  ])("mutBorrow(%o, %o) is refused and changes nothing, as is sharedBorrow", (start, len) => {
    const policies = ["precise", "coarse", "none"] as const;
    // Beside a mut borrow mutBorrow takes its fast path, beside a shared one its slow one.
    const cases = policies.flatMap((policy) => KINDS.map((held) => [policy, held] as const));
    for (const [policy, held] of cases) {
      const c = new BorrowChecker(policy);
      const before = borrow(c, held, 64, 0);
      for (const take of ["mutBorrow", "sharedBorrow"] as const) {
        expect(codeOf(() => c[take](start as never, len as never))).toBe("try-from-int-error");
      }
      expect(c.mutCount + c.sharedCount).toBe(policy === "none" ? 0 : 1);
      expect(checkInvariants(c)).toEqual([]);
      release(c, held, before);
      expect(c.mutBorrow(64, 4)).toBe(policy === "none" ? 0 : before + 1);
    }
  });

  it.each([null, "exact", 1, undefined, {}])(
    "policy %o: undefined is precise, others refused",
    (policy) => {
      const make = (): BorrowChecker => new BorrowChecker(policy as never);
      if (policy === undefined) expect(make().policy).toBe("precise");
      else expect(codeOf(make)).toBe("invalid-option");
    },
  );
});

describe("what errors say, and ids that are held (GM-4)", () => {
  const thrown = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each(["ring", "serials", "limit", "kept"])("a size that cannot be is named: %s", (option) => {
    const make = (): BorrowChecker => new BorrowChecker("precise", { [option]: 3 });
    expect(thrown(make)).toMatchObject({ code: "invalid-option", option, got: "3" });
    expect(thrown(() => new BorrowChecker("precise", { [option]: 0 }))).toMatchObject({ option });
    const policy = thrown(() => new BorrowChecker("exact" as never));
    expect(policy).toMatchObject({ option: "policy", got: '"exact"' });
  });

  it("a count that cannot be is named", () => {
    const c = new BorrowChecker();
    expect(thrown(() => c.mutBorrow(-1, 4))).toMatchObject({ type: "a region", got: "-1" });
    expect(thrown(() => c.sharedBorrow(0, 4n as never))).toMatchObject({ got: "4n" });
  });

  it("a ring of one id grows as it must", () => {
    const c = new BorrowChecker("precise", { ring: 1 });
    const handles = [0, 1, 2].map((i) => c.mutBorrow(i, 1));
    expect(handles).toEqual([0, 1, 2]);
    expect(checkInvariants(c)).toEqual([]);
  });

  it("a refused release names the handle and the kind asked for", () => {
    const c = new BorrowChecker();
    const mut = c.mutBorrow(0, 4);
    const shared = c.sharedBorrow(8, 4);
    expect(thrown(() => c.sharedUnborrow(mut))).toMatchObject({ handle: mut, kind: "shared" });
    expect(thrown(() => c.mutUnborrow(shared))).toMatchObject({ handle: shared, kind: "mut" });
    expect(thrown(() => c.mutUnborrow(99))).toMatchObject({ code: "stale-handle", kind: "mut" });
  });

  it("a handle that is no number names nothing among many, either", () => {
    const c = new BorrowChecker();
    for (let i = 0; i < 40; i++) c.mutBorrow(4 * i, 4);
    for (const odd of [0n, "0", Symbol("0"), { valueOf: () => 0 }]) {
      expect(c.lookup(odd as never)).toBeUndefined();
      expect(codeOf(() => c.mutUnborrow(odd as never))).toBe("stale-handle");
    }
  });

  it.each([
    ["mut", "mut"],
    ["mut", "shared"],
    ["shared", "mut"],
    ["shared", "shared"],
  ] as const)("the id of the first %s borrow is not given to a %s one", (held, kind) => {
    const c = new BorrowChecker("precise", { ring: 64 });
    const first = borrow(c, held, 0, 4);
    for (let i = 0; i < 200; i++) {
      const handle = borrow(c, kind, 8, 4);
      expect(handle & 63).not.toBe(first & 63);
      release(c, kind, handle);
    }
    expect(checkInvariants(c)).toEqual([]);
  });
});
