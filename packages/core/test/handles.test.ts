import { CoreError, DropOnce, Ledger } from "@memkit/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

class Probe extends DropOnce {
  drops = 0;
  fail: (() => void) | undefined;
  protected override onDrop(): void {
    this.fail?.();
    this.drops++;
  }
  touch(): void {
    this.assertLive("probe");
  }
}
const afterDrop = expect.objectContaining({ code: "used-after-drop" });

describe("CORE-17: DropOnce", () => {
  it("ends once, and nothing works afterwards", () => {
    const probe = new Probe();
    expect(probe.dropped).toBe(false);
    probe.touch();
    probe.drop();
    expect([probe.dropped, probe.drops]).toEqual([true, 1]);
    expect(() => probe.drop()).toThrow(afterDrop);
    expect(() => probe.touch()).toThrow("this probe has been dropped already");
    expect(probe.drops).toBe(1);
  });
  it("ends with its scope, and lets an early drop be", () => {
    const seen: Probe[] = [];
    {
      using late = new Probe();
      using early = new Probe();
      seen.push(late, early);
      early.drop();
    }
    expect(seen.map(({ drops }) => drops)).toEqual([1, 1]);
  });
  it("an end that throws has not happened", () => {
    const probe = new Probe();
    probe.fail = () => {
      throw new RangeError("busy");
    };
    expect(() => probe.drop()).toThrow("busy");
    probe.touch();
    probe.fail = undefined;
    probe.drop();
    expect(probe.drops).toBe(1);
  });
  it("is not found live by an end that comes back", () => {
    const probe = new Probe();
    probe.fail = () => expect(() => probe.drop()).toThrow(afterDrop);
    probe.drop();
    expect(probe.drops).toBe(1);
  });
});

describe("CORE-18: Ledger", () => {
  it("is a multiset of what is live", () => {
    const step = fc.record({
      take: fc.boolean(),
      kind: fc.constantFrom("frame", "borrow"),
      id: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new Ledger();
        const live: string[] = [];
        for (const { take, kind, id } of steps) {
          const key = `${kind} ${id}`;
          const at = live.indexOf(key);
          if (take) {
            ledger.acquire(kind, id);
            live.push(key);
          } else if (at >= 0) {
            ledger.release(kind, id);
            live.splice(at, 1);
          } else {
            expect(() => ledger.release(kind, id)).toThrow(
              expect.objectContaining({ code: "not-in-ledger", kind, id }),
            );
          }
          expect(ledger.size).toBe(live.length);
          expect(ledger.count(kind, id)).toBe(live.filter((other) => other === key).length);
        }
        const report = ledger.report().flatMap(({ kind, id, count, stacks }) => {
          expect(stacks).toEqual([]);
          return Array.from({ length: count }, () => `${kind} ${id}`);
        });
        expect(report.sort()).toEqual(live.sort());
      }),
    );
  });
  it("says where a leaked handle was acquired, and keeps the older of two", () => {
    const ledger = new Ledger({ stacks: true });
    function leak() {
      ledger.acquire("frame", 7);
    }
    function fine() {
      ledger.acquire("frame", 7);
    }
    leak();
    fine();
    ledger.release("frame", 7);
    const [entry] = ledger.report();
    expect(entry).toMatchObject({ kind: "frame", id: 7, count: 1 });
    expect(entry?.stacks).toHaveLength(1);
    expect(entry?.stacks[0]).toMatch(/^ +at leak /);
    expect(entry?.stacks[0]).not.toContain("fine");
  });
  it("refuses a second release with a sentence", () => {
    expect(() => new Ledger().release("frame", 16)).toThrow(CoreError);
    expect(() => new Ledger().release("frame", 16)).toThrow("no live frame 0x10");
  });
});
