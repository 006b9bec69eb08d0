import { GuestMemory } from "@memkit/guest-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NaiveChecker } from "./support/model.js";
import { PAGE, UNSHARED } from "./support/sources.js";

/** What wiggle's rules say of one access, told one question after the other. */
function verdict(
  model: NaiveChecker,
  length: number,
  start: number,
  len: number,
  align: number,
  access: "read" | "write",
): string | undefined {
  if (start + len > length) return "ptr-out-of-bounds";
  if (len !== 0 && start % align !== 0) return "ptr-not-aligned";
  const blocked = model.overlapping({ start, len }, access === "read" ? "mut" : "any");
  return blocked ? "ptr-borrowed" : undefined;
}

const outcome = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? "untyped";
  }
};

const step = fc.record({
  op: fc.constantFrom(
    "mut",
    "shared",
    "release",
    "read",
    "write",
    "copyIn",
    "copyOut",
    "read",
    "write",
    "grow",
  ),
  // Near the start, where the borrows are, and near the end, where the bounds are.
  at: fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 63 }) },
    { weight: 2, arbitrary: fc.integer({ min: PAGE - 6, max: PAGE + 2 }) },
    { weight: 1, arbitrary: fc.integer({ min: -4, max: -1 }) },
  ),
  len: fc.nat({ max: 12 }),
  byte: fc.integer({ min: 1, max: 255 }),
});

describe.each(UNSHARED)("GuestMemory over %s is a byte array with rules", (_, make) => {
  it("holds for random borrows, reads, writes, copies and growth (GM-6, GM-7, GM-8, GM-9)", () => {
    let tried = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 15, maxLength: 60 }), (steps) => {
        const { source, grow } = make();
        const mem = new GuestMemory(source);
        const model = new NaiveChecker();
        let bytes = new Uint8Array(PAGE);
        let growths = 0;
        for (const { op, at, len, byte } of steps) {
          const start = at >>> 0;
          if (op === "grow") {
            if (grow === undefined || growths++ > 2) continue;
            grow();
            const larger = new Uint8Array(bytes.length + PAGE);
            larger.set(bytes);
            bytes = larger;
            continue;
          }
          if (op === "mut" || op === "shared") {
            const region = { start, len };
            const result = mem.tryBorrow(op, region);
            tried++;
            if (!result.ok) refused++;
            expect(result.ok).toBe(model.allows(region, op));
            if (result.ok) model.live.set(result.value, { region, kind: op });
            continue;
          }
          if (op === "release") {
            const [handle, borrow] = [...model.live][byte % Math.max(1, model.live.size)] ?? [];
            if (handle === undefined || borrow === undefined) continue;
            if (borrow.kind === "mut") mem.mutUnborrow(handle);
            else mem.sharedUnborrow(handle);
            model.live.delete(handle);
            continue;
          }
          tried++;
          const data = new Uint8Array(len).fill(byte);
          const plans = {
            read: [4, 4, "read", () => mem.readU32(at)],
            write: [2, 2, "write", () => mem.writeU16(at, byte * 257)],
            copyIn: [len, 1, "write", () => mem.copyIn(at, data)],
            copyOut: [
              len,
              1,
              "read",
              () => expect(mem.copyOut(at, len)).toEqual(bytes.slice(start, start + len)),
            ],
          } as const;
          const [size, align, access, run] = plans[op as keyof typeof plans];
          const expected = verdict(model, bytes.length, start, size, align, access);
          expect(outcome(run)).toBe(expected);
          if (expected !== undefined) refused++;
          else if (access === "write") bytes.fill(byte, start, start + size);
        }
        expect(mem.byteLength).toBe(bytes.length);
        expect(mem.hasOutstandingBorrows()).toBe(model.live.size !== 0);
        expect(Buffer.compare(mem.base(), bytes)).toBe(0);
      }),
      { numRuns: 100 },
    );
    expect(refused / tried).toBeGreaterThan(0.2);
  });
});
