import { BorrowChecker, type BorrowKind, checkInvariants } from "@memkit/guest-memory/borrow";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, NaiveChecker } from "./support/model.js";

interface Step {
  readonly op: "mut" | "shared" | "release" | "query";
  readonly start: number;
  readonly len: number;
  readonly pick: number;
}

const steps = (space: number, longest: number): fc.Arbitrary<Step[]> => {
  // A large space is used in clusters: points drawn evenly from 2^32 would never meet.
  const point =
    space <= 256
      ? fc.nat({ max: space - 1 })
      : fc
          .tuple(fc.constantFrom(0, 2 ** 31 - 40, 2 ** 32 - 80), fc.nat({ max: 79 }))
          .map(([a, b]) => a + b);
  return fc.array(
    fc.record({
      op: fc.constantFrom<Step["op"]>("mut", "mut", "shared", "release", "query"),
      start: point,
      len: fc.oneof(
        { weight: 1, arbitrary: fc.constant(0) },
        { weight: 8, arbitrary: fc.nat({ max: longest }) },
      ),
      pick: fc.nat(),
    }),
    { minLength: 20, maxLength: 120 },
  );
};

describe("BorrowChecker is the naive model (GM-1, GM-2)", () => {
  it.each([
    ["256 bytes", 256, 40],
    ["2^32 bytes", 2 ** 32, 30],
  ])("%s", (_, space, longest) => {
    let asked = 0;
    let refused = 0;
    fc.assert(
      fc.property(steps(space, longest), (run) => {
        const real = new BorrowChecker("precise", { ring: 4, serials: 1 << 20 });
        const model = new NaiveChecker();
        const ended: number[] = [];
        for (const { op, start, len, pick } of run) {
          const region = { start, len };
          const live = [...model.live.keys()];
          if (op === "mut" || op === "shared") {
            const kind: BorrowKind = op;
            const handle =
              kind === "mut" ? real.mutBorrow(start, len) : real.sharedBorrow(start, len);
            asked++;
            if (handle < 0) refused++;
            expect(handle >= 0).toBe(model.allows(region, kind));
            if (handle >= 0) {
              expect(model.live.has(handle)).toBe(false);
              model.live.set(handle, { region, kind });
            } else {
              const culprit = real.conflict(start, len, kind === "mut");
              expect([...model.live.values()]).toContainEqual(culprit);
            }
          } else if (op === "release" && live.length !== 0) {
            const handle = live[pick % live.length]!;
            const { kind } = model.live.get(handle)!;
            if (kind === "mut") real.mutUnborrow(handle);
            else real.sharedUnborrow(handle);
            model.live.delete(handle);
            ended.push(handle);
          } else {
            expect(real.isMutBorrowed(start, len)).toBe(model.overlapping(region, "mut"));
            expect(real.isSharedBorrowed(start, len)).toBe(model.overlapping(region, "shared"));
            const stale = ended[pick % Math.max(1, ended.length)];
            if (stale !== undefined && !model.live.has(stale)) {
              expect(codeOf(() => real.mutUnborrow(stale))).toBe("stale-handle");
            }
          }
          expect(real.mutCount + real.sharedCount).toBe(model.live.size);
          expect(checkInvariants(real)).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
    expect(refused / asked).toBeGreaterThan(0.2); // else the runs would prove little
  });
});
