/** What callers whom no type checker warns get wrong: nothing of it is taken for an access or a property that is weaker. */

import { FrameTable, unitMeta } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { handleFault } from "@memkit/page-table/fork";
import {
  encodeLeaf,
  encodeTable,
  pageProperty,
  READ,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { PageTable } from "@memkit/page-table/table";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { Mmu } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";

const VA = 0x1000;
const format = x86Format();
const RO = pageProperty(READ | USER);

/** A value as a caller without types gives it. */
const untyped = (value: unknown): never => value as never;

function machine() {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(32 * 4096) } });
  createBuddy(frames);
  const cpu = new VmCpu(frames, format);
  const space = VmSpace.create(cpu);
  const frame = () => allocFrame(frames, unitMeta, {});
  return { frames, cpu, space, frame };
}

/** A kernel's page and a user's, both read-only. */
function mmu(): Mmu {
  const buffer = new ArrayBuffer(8 * 4096);
  const words = new Int32Array(buffer);
  const put = (frame: number, index: number, { lo, hi }: { lo: number; hi: number }) =>
    words.set([lo, hi], frame * 1024 + index * 2);
  for (const level of [0, 1, 2]) put(level, 0, encodeTable(format, level + 1));
  put(3, 1, encodeLeaf(format, 5, 1, pageProperty(READ)));
  put(3, 2, encodeLeaf(format, 6, 1, RO));
  return new Mmu({
    format,
    memory: { page: (pfn) => new Uint8Array(buffer, pfn * 4096, 4096) },
    root: 0,
  });
}

/** Kinds that are none, some of them names that every object has. */
const KINDS = ["fetch", "", "toString", "__proto__", "constructor", undefined, null, 1, {}];

describe("an access of no kind", () => {
  test.each(KINDS)("%s is refused by a unit", (kind) => {
    expect(() => mmu().access(2 * VA, 4, { kind: untyped(kind), mode: "user" })).toThrow(
      expect.objectContaining({ code: "invalid-access" }),
    );
  });

  test("is said to be of the mode that was given", () => {
    expect(() => mmu().access(VA, 4, { kind: untyped("fetch") })).toThrow(
      expect.objectContaining({ kind: "fetch", mode: "supervisor" }),
    );
  });

  test.each(["usr", "USER", "toString", null, 3])("of mode %s is not the supervisor's", (mode) => {
    expect(() => mmu().access(VA, 4, { kind: "read", mode: untyped(mode) })).toThrow(
      expect.objectContaining({ code: "invalid-access" }),
    );
  });

  test.each(KINDS)("%s finds no frame in a processor's cache, nor by a walk", (kind) => {
    const { cpu, space, frame } = machine();
    space.map(VA, frame(), RO);
    space.activate();
    const translate = () => cpu.translate(0, VA, untyped(kind));
    const refused = expect.objectContaining({ code: "invalid-access" });
    expect(translate).toThrow(refused);
    cpu.translate(0, VA, "read");
    expect(translate).toThrow(refused);
  });

  test.each(KINDS)("%s is no fault that is handled", (kind) => {
    const { frames, space } = machine();
    const refused = expect.objectContaining({ code: "invalid-access" });
    expect(() => space.handleFault(VA, untyped(kind))).toThrow(refused);
    const table = PageTable.create(frames, userConfig(format));
    expect(() => handleFault(table, VA, untyped(kind))).toThrow(refused);
  });
});

describe("a property", () => {
  test.each([
    [READ, "wb"],
    [READ, null],
    [READ, "length"],
    [undefined, "write-back"],
    [0x200, "write-back"],
    [-1, "write-back"],
    [1.5, "write-back"],
    [2 ** 32 + 1, "write-back"],
    ["1", "write-back"],
    [Object.create(null), "write-back"],
    [READ, Object.create(null)],
  ])("of flags %s and policy %s is refused", (flags, cache) => {
    expect(() => pageProperty(untyped(flags), untyped(cache))).toThrow(
      expect.objectContaining({ code: "invalid-property" }),
    );
  });

  test.each([undefined, null, Number.NaN, "33", {}, 2 ** 32 + 1, -1])(
    "of %s is not mapped",
    (prop) => {
      const { frames, space, frame } = machine();
      const code = expect.stringMatching(/^(unrepresentable|global-page|invalid-argument)$/);
      const refused = expect.objectContaining({ code });
      const one = frame();
      expect(() => space.map(VA, one, untyped(prop))).toThrow(refused);
      expect(one.dropped).toBe(false);
      space.map(VA, one, RO);
      const other = frame();
      const cursor = space.cursorMut(VA, 1);
      expect(() => cursor.replace(other, untyped(prop))).toThrow(refused);
      cursor.close();
      const table = PageTable.create(frames, userConfig(format));
      expect(() => table.mapRange(VA, 1, 7, untyped(prop))).toThrow(refused);
      table.mapRange(VA, 1, 7, RO);
      const at = table.cursorMut(2 * VA, 1);
      at.jump(2 * VA); // its leaf table is at hand
      expect(() => at.mapPfn(7, untyped(prop))).toThrow(refused);
      expect(() => at.protectNext(1, untyped(prop), untyped(prop))).toThrow(refused);
      expect(at.query()).toBe(0);
    },
  );

  test.each([undefined, null, Number.NaN, "2", {}])(
    "keeps its rights only where clear is a number, not %s",
    (flags) => {
      const { space, frame } = machine();
      space.map(VA, frame(), pageProperty(READ | WRITE | USER));
      const code = expect.stringMatching(/^(unrepresentable|invalid-argument)$/);
      const refused = expect.objectContaining({ code });
      expect(() => space.protect(VA, 1, 0, untyped(flags))).toThrow(refused);
      expect(() => space.protect(VA, 1, untyped(flags), 0)).toThrow(refused);
      const cursor = space.cursorMut(VA, 1);
      expect(() => cursor.protectNext(1, 0, untyped(flags))).toThrow(refused);
      expect(() => cursor.protectNext(1, untyped(flags), 0)).toThrow(refused);
      cursor.close();
    },
  );

  test("is named as it was given, not with the bit that says counted", () => {
    const { space, frame } = machine();
    expect(() => space.map(VA, frame(), WRITE)).toThrow(
      expect.objectContaining({ code: "unrepresentable", prop: WRITE }),
    );
  });
});
