/**
 * Every step from every state: the only ones that succeed are those of the table below, in both modes.
 */
import { REF_COUNT_MAX, Refusal, type SlotTable } from "@memkit/frame-meta";
import { uncheckedDec, uncheckedInc } from "@memkit/frame-meta/unchecked";
import { describe, expect, it } from "vitest";
import { SlotWord } from "../../src/slot/layout.js";
import { MODES, slotsOf } from "./modes.js";

const OVERFLOW = [-3, -4, -(2 ** 31)];
const STATES = [-1, -2, 0, 1, 2, REF_COUNT_MAX - 1, REF_COUNT_MAX, ...OVERFLOW];
const TYPE = 5;
const USAGE = 2;

interface Step {
  readonly name: string;
  run(slots: SlotTable, pfn: number): number;
  /** What the count becomes and what is returned, or the refusal. */
  expected(count: number): { readonly to: number; readonly result: number } | number;
}

const refusal = (count: number): number => {
  if (count > 0) return Refusal.inUse;
  if (count === 0) return Refusal.busy;
  if (count === -1) return Refusal.unused;
  return count === -2 ? Refusal.unique : Refusal.overflow;
};

const fromOnly = (name: Step["name"], run: Step["run"], from: number, to: number): Step => ({
  name,
  run,
  expected: (count) => (count === from ? { to, result: Math.max(to, 0) } : refusal(count)),
});

const STEPS: readonly Step[] = [
  fromOnly("claim", (s, pfn) => s.tryClaim(pfn), -1, 0),
  fromOnly("publish", (s, pfn) => s.tryPublish(pfn, TYPE, USAGE), 0, 1),
  fromOnly("publishUnique", (s, pfn) => s.tryPublishUnique(pfn, TYPE, USAGE), 0, -2),
  fromOnly("release", (s, pfn) => s.tryRelease(pfn), 0, -1),
  fromOnly("toShared", (s, pfn) => s.tryToShared(pfn), -2, 1),
  fromOnly("toUnique", (s, pfn) => s.tryToUnique(pfn), 1, -2),
  fromOnly("seize", (s, pfn) => s.trySeize(pfn), -2, 0),
  {
    name: "inc",
    run: (s, pfn) => s.tryInc(pfn),
    expected: (n) => {
      if (n === REF_COUNT_MAX) return Refusal.countAtMax;
      return n > 0 ? { to: n + 1, result: n + 1 } : refusal(n);
    },
  },
  {
    name: "dec",
    run: (s, pfn) => s.tryDec(pfn),
    expected: (n) => (n > 0 ? { to: n - 1, result: n - 1 } : refusal(n)),
  },
];

/** The words that are not as they were. */
const changed = ({ words }: SlotTable, before: Int32Array): number[] =>
  [...words.keys()].filter((i) => words[i] !== before[i]);

describe.each(MODES)("%s", (mode) => {
  describe.each(STEPS)("$name", ({ name, run, expected }) => {
    it.each(STATES)("FM-5 FM-2: from %i", (count) => {
      const slots = slotsOf(mode);
      for (const pfn of [0x11, 0x80003]) {
        const index = slots.countIndexOf(pfn);
        slots.words[index] = count;
        slots.words[index + 2] = count === -1 ? 0 : 9;
        const before = slots.words.slice();
        const result = run(slots, pfn);
        const want = expected(count);
        if (typeof want === "number") {
          expect(result).toBe(want);
          expect(changed(slots, before)).toEqual([]);
          continue;
        }
        expect(result).toBe(want.result);
        expect(slots.words[index]).toBe(want.to);
        // FM-6: a frame has a type exactly from the publication to the release.
        const type = name.startsWith("publish") ? TYPE : name === "release" ? 0 : before[index + 2];
        expect(slots.words[index + 2]).toBe(type);
        for (const i of changed(slots, before))
          expect(i).toSatisfy((at: number) => at - index >= -10 && at - index <= 5);
      }
    });
  });

  it.each([
    [0x0f, Refusal.outOfBound],
    [0x14, Refusal.outOfBound],
    [0x80004, Refusal.outOfBound],
    [16.5, Refusal.outOfBound],
    [Number.NaN, Refusal.outOfBound],
    [Number.POSITIVE_INFINITY, Refusal.outOfBound],
    [-1, Refusal.outOfBound],
    [2 ** 32 + 0x10, Refusal.outOfBound],
    [2 ** 53, Refusal.outOfBound],
    [0x100, Refusal.mmio],
    [0x101, Refusal.mmio],
  ])("frame %d has no slot", (pfn, want) => {
    const slots = slotsOf(mode);
    const before = slots.words.slice();
    for (const { run } of STEPS) expect(run(slots, pfn)).toBe(want);
    expect(changed(slots, before)).toEqual([]);
  });

  it("judges an address by alignment, then place, then kind", () => {
    const slots = slotsOf(mode);
    expect(slots.slotAt(0x999 * 4096 + 1)).toBe(Refusal.notAligned);
    expect(slots.slotAt(Number.NaN)).toBe(Refusal.notAligned);
    expect(slots.slotAt(0x100 * 4096 + 8)).toBe(Refusal.notAligned);
    expect(slots.slotAt(0x999 * 4096)).toBe(Refusal.outOfBound);
    expect(slots.slotAt(-4096)).toBe(Refusal.outOfBound);
    expect(slots.slotAt(0x100 * 4096)).toBe(Refusal.mmio);
    expect(slots.slotAt(0x10 * 4096)).toBe(0);
    expect(slots.slotAt(0x80001 * 4096)).toBe(5);
  });

  it("throws what it refuses, with the frame", () => {
    const slots = slotsOf(mode);
    const word = slots.countIndexOf(0x10);
    expect(() => slots.inc(0x10)).toThrow(
      expect.objectContaining({ code: "unused", pfn: 0x10, index: word, word: -1 }),
    );
    expect(() => slots.dec(0x100)).toThrow(expect.objectContaining({ code: "mmio", pfn: 0x100 }));
    expect(() => slots.inc(7)).toThrow("no bank has frame 7");
    expect(() => slots.countOf(7)).toThrow(
      expect.objectContaining({ code: "out-of-bound", length: 8 }),
    );
    for (const [count, code] of [
      [-2, "unique"],
      [0, "busy"],
      [-3, "overflow"],
      [REF_COUNT_MAX, "count-at-max"],
    ] as const) {
      slots.words[word] = count;
      expect(() => slots.inc(0x10)).toThrow(expect.objectContaining({ code, word: count }));
    }
  });

  it("FM-5: a life in one sweep, and a generation for each", () => {
    const slots = slotsOf(mode);
    const word = slots.countIndexOf(0x80002) - SlotWord.count;
    for (let life = 1; life <= 3; life += 1) {
      expect(slots.tryClaim(0x80002)).toBe(0);
      expect(slots.tryPublishUnique(0x80002, TYPE, USAGE)).toBe(0);
      expect(slots.tryToShared(0x80002)).toBe(1);
      expect(slots.inc(0x80002)).toBe(2);
      expect(uncheckedInc(slots, 0x80002)).toBe(3);
      expect(uncheckedDec(slots, 0x80002)).toBe(2);
      expect(slots.tryToUnique(0x80002)).toBe(Refusal.inUse);
      expect(slots.dec(0x80002)).toBe(1);
      expect(slots.tryToUnique(0x80002)).toBe(0);
      expect(slots.trySeize(0x80002)).toBe(0);
      expect(slots.tryRelease(0x80002)).toBe(0);
      expect(slots.words[word + SlotWord.generation]).toBe(life);
    }
  });
});
