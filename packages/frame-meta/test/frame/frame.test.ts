import { PhysicalMemory, VmReader, VmWriter } from "@memkit/core";
import { Frame, FrameTable, REF_COUNT_MAX, unitMeta } from "@memkit/frame-meta";
import { readerOf, writerOf } from "@memkit/frame-meta/untyped";
import { describe, expect, it } from "vitest";
import { inMode, MODES } from "../slot/modes.js";
import { mock, mockOf, PAGE, refusalOf, rigOf, untyped } from "./support.js";

describe.each(MODES)("Frame, %s", (mode) => {
  const make = () => {
    const rig = rigOf(mode);
    return { ...rig, frame: Frame.fromUnused(rig.table, 3 * PAGE, mock, mockOf(42)) };
  };

  it("FM-16: has the metadata it was given, one handle, one page, level 1", () => {
    const { frame, ledger } = make();
    expect(frame.meta.value).toBe(42);
    expect([frame.referenceCount, frame.size, frame.level, frame.paddr]).toEqual([
      1,
      PAGE,
      1,
      3 * PAGE,
    ]);
    expect(ledger.report()).toEqual([{ agent: 0, slot: 3, kind: "handle", count: 1 }]);
    frame.drop();
    expect(ledger.report()).toEqual([]);
  });

  it("FM-16: clones to the same frame with both counted, and back", () => {
    const { frame, table } = make();
    const clone = frame.clone();
    expect(clone.paddr).toBe(frame.paddr);
    expect([frame.referenceCount, clone.referenceCount]).toEqual([2, 2]);
    expect(frame.equals(clone)).toBe(true);
    clone.drop();
    expect(frame.referenceCount).toBe(1);
    const elsewhere = Frame.fromUnused(table, 4 * PAGE, mock, mockOf(42));
    expect(frame.equals(elsewhere)).toBe(false);
    const other = make();
    expect(frame.equals(other.frame)).toBe(false); // the same slot of another table
  });

  it("is unused after its last drop, told to the free set before, and can be had again", () => {
    const { frame, table, freed } = make();
    frame.drop();
    expect(freed).toEqual([3]);
    expect(table.slots.countOf(3)).toBe(-1);
    const again = Frame.fromUnused(table, 3 * PAGE, untyped, { value: 1 });
    expect([again.referenceCount, again.meta.value]).toEqual([1, 1]);
  });

  it("FM-15: nothing works after drop, and dispose does nothing more", () => {
    const { frame, table } = make();
    const view = frame.meta;
    const borrowed = frame.borrow();
    frame.drop();
    frame[Symbol.dispose]();
    expect(frame.dropped).toBe(true);
    expect(borrowed.dropped).toBe(true);
    Frame.fromUnused(table, 3 * PAGE, mock, mockOf(7)); // somebody else's by now
    const uses: (() => unknown)[] = [
      () => frame.drop(),
      () => frame.clone(),
      () => frame.meta,
      () => frame.dynMeta,
      () => frame.paddr,
      () => frame.size,
      () => frame.level,
      () => frame.referenceCount,
      () => frame.intoRaw(),
      () => frame.borrow(),
      () => frame.tryAs(mock),
      () => frame.equals(frame),
      () => view.value, // FM-9
      () => borrowed.paddr,
      () => borrowed.meta,
      () => borrowed.clone(),
      () => borrowed.referenceCount,
    ];
    for (const use of uses) {
      expect(use).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    }
  });

  it("FM-8: metadata is read-only through a shared frame but for atomic fields", () => {
    const { frame } = make();
    const meta = frame.meta as { value: number; touched: unknown };
    expect(() => {
      meta.value = 1;
    }).toThrow(TypeError);
    expect(() => {
      meta.touched = 1;
    }).toThrow(TypeError);
    expect(frame.meta.touched.add(5)).toBe(0);
    expect(frame.clone().meta.touched.load()).toBe(5);
    expect(frame.meta.value).toBe(42);
  });

  it("by address: one more handle, whoever holds it", () => {
    const { frame, table } = make();
    const other = Frame.fromInUse(table, 3 * PAGE);
    expect(frame.referenceCount).toBe(2);
    expect(other.tryAs(mock)?.meta.value).toBe(42);
    expect(other.tryAs(unitMeta)).toBeUndefined();
    expect(other.tryAsUntyped()).toBeUndefined();
    expect(other.dropped).toBe(false);
  });

  it("refuses by alignment, place, kind, then count; and changes nothing", () => {
    const buffer = new SharedArrayBuffer(4 * PAGE);
    const banks = [{ firstPfn: 0, frames: 4, source: { buffer }, byteOffset: 0 }];
    const memory = new PhysicalMemory(banks, { mmio: [{ firstPfn: 8, frames: 1 }] });
    const table = FrameTable.create(inMode(mode, { memory }));
    const cases: [number, number, string, string][] = [
      [9 * PAGE + 1, -1, "not-aligned", "not-aligned"],
      [4 * PAGE, -1, "out-of-bound", "out-of-bound"],
      [8 * PAGE, -1, "mmio", "mmio"],
      [PAGE, -2, "unique", "unique"],
      [PAGE, 0, "busy", "busy"],
      [PAGE, 2, "in-use", ""],
      [PAGE, REF_COUNT_MAX, "in-use", "count-at-max"],
      [PAGE, -3, "overflow", "overflow"],
      [PAGE, -1, "", "unused"],
    ];
    table.bind(mock);
    for (const [paddr, count, claim, join] of cases) {
      table.slots.words[table.slots.countIndexOf(1)] = count;
      const before = table.slots.words.slice();
      if (claim !== "") {
        expect(refusalOf(() => Frame.fromUnused(table, paddr, mock, mockOf(1))).code).toBe(claim);
      }
      if (join !== "") expect(refusalOf(() => Frame.fromInUse(table, paddr)).code).toBe(join);
      expect(table.slots.words).toEqual(before);
    }
  });

  it("refuses a value that is none of the type, and the frame stays unused", () => {
    const { table } = rigOf(mode);
    table.bind(mock);
    const before = table.slots.words.slice();
    expect(() => Frame.fromUnused(table, PAGE, mock, mockOf(-1))).toThrow(
      expect.objectContaining({ code: "value-out-of-range" }),
    );
    expect(table.slots.words).toEqual(before);
  });

  it("survives a value whose getter claims frames itself", () => {
    const { table } = rigOf(mode);
    const inner: Frame<typeof mock>[] = [];
    const value = {
      get value() {
        if (inner.length === 0) inner.push(Frame.fromUnused(table, 5 * PAGE, mock, mockOf(5)));
        return 9;
      },
      touched: 1,
    };
    const frame = Frame.fromUnused(table, 4 * PAGE, mock, value);
    expect([frame.meta.value, frame.meta.touched.load(), inner[0]?.meta.value]).toEqual([9, 1, 5]);
  });

  it("2^31-1 handles, and not one more", () => {
    const { frame, table } = make();
    table.slots.words[table.slots.countIndexOf(3)] = REF_COUNT_MAX - 1;
    const last = frame.clone();
    expect(last.referenceCount).toBe(REF_COUNT_MAX);
    expect(refusalOf(() => frame.clone())).toMatchObject({ code: "count-at-max", pfn: 3 });
    expect(frame.referenceCount).toBe(REF_COUNT_MAX);
  });

  it("borrows without counting", () => {
    const { frame } = make();
    const ref = frame.borrow();
    expect([ref.paddr, ref.referenceCount, ref.meta.value]).toEqual([3 * PAGE, 1, 42]);
    const owned = ref.clone();
    frame.drop();
    expect(() => ref.paddr).toThrow(expect.objectContaining({ code: "used-after-drop" }));
    expect(owned.referenceCount).toBe(1);
  });

  it("reads and writes untyped memory, all 4096 bytes of it", () => {
    const { table } = rigOf(mode);
    const frame = Frame.fromUnused(table, 2 * PAGE, untyped, { value: 0 });
    expect([readerOf(frame).remain, writerOf(frame).avail]).toEqual([PAGE, PAGE]);
    writerOf(frame).write(new VmReader(new Uint8Array(128).fill(0xaa)));
    const back = new Uint8Array(200);
    readerOf(frame).read(new VmWriter(back));
    expect([...back.subarray(0, 128)].every((b) => b === 0xaa)).toBe(true);
    expect([...back.subarray(128)].every((b) => b === 0)).toBe(true);
    const dyn = Frame.fromInUse(table, 2 * PAGE);
    expect(readerOf(dyn.tryAsUntyped()!).remain).toBe(PAGE);
    const typed = Frame.fromUnused(table, PAGE, mock, mockOf(0)) as unknown as typeof frame;
    expect(refusalOf(() => readerOf(typed))).toEqual({ code: "not-untyped", type: "mock" });
    expect(refusalOf(() => writerOf(typed))).toEqual({ code: "not-untyped", type: "mock" });
  });

  describe("FM-14: raw handles", () => {
    it("keep the frame, come back as a handle, and are refused when it has been given away", () => {
      const { frame, table, ledger } = make();
      const raw = frame.intoRaw();
      expect(frame.dropped).toBe(true);
      expect(table.slots.countOf(3)).toBe(1);
      expect(ledger.count(3, "raw")).toBe(1);
      const back = Frame.fromRaw(table, raw);
      expect(back.tryAs(mock)?.meta.value).toBe(42);
      const stale = back.intoRaw();
      Frame.fromRaw(table, stale).drop();
      expect(refusalOf(() => Frame.fromRaw(table, stale))).toEqual({
        code: "stale-handle",
        pfn: 3,
        got: 0,
        generation: 1,
      });
      Frame.fromUnused(table, 3 * PAGE, mock, mockOf(1));
      expect(refusalOf(() => Frame.fromRaw(table, stale)).code).toBe("stale-handle");
    });

    it("used twice are caught by the ledger, while the frame lives", () => {
      const { frame, table } = make();
      const keep = frame.clone();
      const raw = frame.intoRaw();
      Frame.fromRaw(table, raw);
      expect(() => Frame.fromRaw(table, raw)).toThrow(
        expect.objectContaining({ code: "not-in-ledger", kind: "raw" }),
      );
      expect(keep.referenceCount).toBe(2);
    });

    it.each([-1, 0.5, Number.NaN, 16, 2 ** 47 + 3, 2 ** 53, Number.POSITIVE_INFINITY])(
      "%d is none",
      (raw) => {
        const { table } = make();
        expect(refusalOf(() => Frame.fromRaw(table, raw))).toEqual({
          code: "not-a-raw-handle",
          got: raw,
        });
      },
    );

    it("are refused where the frame is in no state to be shared", () => {
      const { frame, table } = make();
      const raw = frame.intoRaw();
      for (const [count, code] of [
        [-2, "unique"],
        [0, "busy"],
        [-1, "unused"],
        [-9, "overflow"],
      ] as const) {
        table.slots.words[table.slots.countIndexOf(3)] = count;
        expect(refusalOf(() => Frame.fromRaw(table, raw)).code).toBe(code);
      }
    });

    it("are found out until the generation comes round, after 2^20 lives", () => {
      const { frame, table } = make();
      const raw = frame.intoRaw();
      const { slots } = table;
      Frame.fromRaw(table, raw).drop();
      for (let life = 1; life < 2 ** 20; life += 1) {
        slots.tryClaim(3);
        slots.tryRelease(3);
        if (life === 2 ** 20 - 1) break;
      }
      slots.tryClaim(3);
      slots.tryPublish(3, table.bind(mock), 2);
      table.ledger?.acquire(3, "raw");
      expect(Frame.fromRaw(table, raw).paddr).toBe(3 * PAGE); // the price of 20 bits, told in the README
    });
  });
});
