import { GuestMemory } from "@memkit/guest-memory";
import { BorrowChecker, BorrowTracer } from "@memkit/guest-memory/borrow";
import { expect, it } from "vitest";
import { codeOf } from "./support/model.js";

function takeTheCulprit(mem: GuestMemory): number {
  return mem.mutBorrow({ start: 8, len: 8 });
}

it("errors and the leak report say where a borrow was taken", () => {
  const policy = new BorrowTracer(new BorrowChecker());
  const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy });
  const other = mem.sharedBorrow({ start: 32, len: 8 });
  const culprit = takeTheCulprit(mem);
  expect(() => mem.readU32(12)).toThrow(
    /mut borrow of 0x8\.\.0xf \(8 bytes\) taken at\n.*takeTheCulprit/s,
  );
  expect(() => mem.writeU32(32, 1)).toThrow(/shared borrow of 0x20/);
  expect(
    mem.outstandingBorrows().map(({ kind, stack }) => [kind, stack?.includes("takeTheCulprit")]),
  ).toEqual([
    ["shared", false],
    ["mut", true],
  ]);
  expect(policy.lookup(culprit)?.stack).toContain("takeTheCulprit");
  mem.mutUnborrow(culprit);
  expect(codeOf(() => mem.mutUnborrow(culprit))).toBe("stale-handle");
  mem.sharedUnborrow(other);
  expect(mem.outstandingBorrows()).toEqual([]);
  expect(mem.tryBorrow("mut", { start: 0, len: 1 }).ok).toBe(true);
});

it("GuestMemory takes whatever policy it is given, even one that cannot say what is in the way", () => {
  const inner = new BorrowChecker();
  const policy = new BorrowTracer(inner);
  policy.conflict = () => undefined;
  const mem = new GuestMemory({ buffer: new ArrayBuffer(64) }, { policy });
  mem.mutBorrow({ start: 0, len: 4 });
  expect(() => mem.readU8(1)).toThrow(
    expect.objectContaining({
      code: "ptr-borrowed",
      conflict: { region: { start: 1, len: 1 }, kind: "mut" },
    }),
  );
  expect(inner.mutCount).toBe(1);
});
