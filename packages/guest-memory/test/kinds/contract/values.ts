import {
  aligned,
  array,
  bool8,
  enumeration,
  f32,
  flags,
  handle,
  type Layout,
  ptr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "@memkit/core";
import { GuestPtr, type GuestValue } from "@memkit/guest-memory";
import { expect, it } from "vitest";
import { codeOf } from "../../support/model.js";
import { type MemoryKind, open, PAGE } from "../memory-kind.js";

const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");
const colour = enumeration(u8, ["red", "green"]).named("colour");
const rights = flags(u16, ["read", "write"]).named("rights");
const shape = variant(u8, ["none", ["circle", f32], ["tag", u32]]).named("shape");
const mixed = struct(["c", colour], ["r", rights], ["s", shape], ["n", u64]).named("mixed");
const none = { tag: "none", value: undefined } as const;

/** Typed values, and pointers to them. */
export function values(kind: MemoryKind): void {
  it("scalars, records, enums, flags, variants, handles and arrays come back as they were written", () => {
    const { mem, at } = open(kind);
    const round = <L extends Layout>(type: L, value: GuestValue<L>): void => {
      const p = mem.ptr(type, at(64));
      p.write(value as never);
      expect(p.read()).toEqual(value);
      expect(mem.tryRead(type, at(64)).ok).toBe(true);
    };
    round(u32, 7);
    round(colour, 1);
    round(rights, 3);
    round(handle, 0xffff_ffff);
    round(bool8, true);
    round(array(u16, 3), [1, 2, 3]);
    round(shape, { tag: "circle", value: 1.5 });
    round(shape, none);
    round(mixed, { c: 1, r: 2, s: { tag: "tag", value: 9 }, n: 5n });
  });

  it("a pointer is a value: pointers to pointers, and pointers in records, know their memory", () => {
    const { mem, at, abs } = open(kind);
    const pp = mem.ptr(ptr(u32), at(8));
    pp.write(mem.ptr(u32, at(32)));
    expect(pp.read().offset).toBe(abs(32));
    pp.read().write(99);
    expect(mem.readU32(at(32))).toBe(99);
    const io = mem.ptr(iovec, at(16));
    io.write({ buf: abs(40), len: 3 });
    const { buf, len } = io.read();
    expect(buf).toBeInstanceOf(GuestPtr);
    buf.asArray(len).copyFromSlice([1, 2, 3]);
    expect([...mem.copyOut(at(40), 3)]).toEqual([1, 2, 3]);
    expect(mem.read(iovec, at(16))).toEqual({ buf: abs(40), len: 3 });
    expect(String(buf.asArray(len))).toBe(`*guest 0x${abs(40).toString(16)}/3`);
  });

  it("invalid-enum-value, invalid-flag-value, try-from-int-error: a refused value leaves no byte behind (GM-9)", () => {
    const { mem, at } = open(kind);
    mem.writeU8(at(64), 9);
    expect(codeOf(() => mem.ptr(colour, at(64)).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(bool8, at(64)).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(shape, at(64)).read())).toBe("invalid-enum-value");
    expect(codeOf(() => mem.ptr(rights, at(64)).read())).toBe("invalid-flag-value");
    const before = mem.copyOut(at(0), 256);
    const bad: [unknown, string][] = [
      [{ c: 0, r: 0, s: none, n: -1n }, "try-from-int-error"],
      [{ c: 0, r: 4, s: none, n: 1n }, "invalid-flag-value"],
      [{ c: 2, r: 0, s: none, n: 1n }, "invalid-enum-value"],
      [{ c: 0, r: 0, s: { tag: "square", value: undefined }, n: 1n }, "invalid-enum-value"],
      [{ c: 0, r: 0, s: { tag: "tag", value: -1 }, n: 1n }, "try-from-int-error"],
      [{ c: 0, r: 0 }, "try-from-int-error"],
    ];
    for (const [value, code] of bad) {
      expect(codeOf(() => mem.ptr(mixed, at(64)).write(value as never))).toBe(code);
      expect(mem.tryWrite(mixed, at(64), value as never)).toMatchObject({ error: { code } });
    }
    expect(codeOf(() => mem.write(mixed, at(PAGE - 8), bad[0]![0] as never))).toBe(
      "ptr-out-of-bounds",
    );
    expect(mem.copyOut(at(0), 256)).toEqual(before);
  });

  it("ptr-not-aligned: a record is aligned as a whole, at its start", () => {
    const { mem, at, abs } = open(kind);
    const { size, align } = mixed;
    const error = { code: "ptr-not-aligned", region: { start: abs(4), len: size }, align };
    expect(mem.tryRead(mixed, at(4))).toEqual({ ok: false, error });
    expect(() => mem.ptr(mixed, at(4)).read()).toThrow(expect.objectContaining(error));
    expect(codeOf(() => mem.ptr(mixed, at(4)).write({} as never))).toBe("ptr-not-aligned");
    expect(mem.read(struct(), at(PAGE))).toEqual({});
  });

  it("ptr-out-of-bounds: the whole of a record, through every way in", () => {
    const { mem, at, abs, end } = open(kind);
    const { size } = mixed;
    const region = { start: abs(PAGE - size + 8), len: size };
    const error = { code: "ptr-out-of-bounds", region, byteLength: end };
    const p = at(PAGE - size + 8);
    expect(mem.tryRead(mixed, p)).toEqual({ ok: false, error });
    expect(mem.tryWrite(mixed, p, {} as never)).toEqual({ ok: false, error });
    for (const run of [
      () => mem.ptr(mixed, p).read(),
      () => mem.ptr(mixed, p).write({} as never),
      () => mem.arrayPtr(u32, at(PAGE - 4), 2).toVec(),
      () => mem.arrayPtr(u32, at(PAGE - 4), 2).asCow(),
      () => mem.arrayPtr(u32, at(PAGE - 4), 2).copyFromSlice([1, 2]),
      () => mem.arrayPtr(u32, at(PAGE - 4), 2).asUnsafeSliceMut(),
      () =>
        mem
          .arrayPtr(u32, at(PAGE - 4), 2)
          .get(1)!
          .read(),
    ]) {
      expect(codeOf(run)).toBe("ptr-out-of-bounds");
    }
  });

  it("ptr-overflow: lengths and pointers that leave the address space", () => {
    const { mem, at } = open(kind);
    const max = mem.maxAddress;
    const last = mem.ptr(u8, max);
    expect(last.offset).toBe(max);
    expect(codeOf(() => last.add(1))).toBe("ptr-overflow");
    expect(codeOf(() => mem.ptr(u32, at(0)).add((max + 1) / 4))).toBe("ptr-overflow");
    expect(codeOf(() => mem.ptr(u32, at(0)).add(0.5))).toBe("try-from-int-error");
    const huge = (max + 1) / 4;
    for (const run of [
      () => mem.validate(at(0), huge, 4, 4),
      () => mem.arrayPtr(u32, at(0), huge).toVec(),
      () => mem.arrayPtr(u32, at(0), huge).asCow(),
      () => mem.arrayPtr(u32, at(0), huge).copyFromSlice([]),
      () =>
        mem
          .arrayPtr(u32, at(0), huge)
          .get(huge - 1)
          ?.add(huge),
    ]) {
      expect(codeOf(run)).toBe("ptr-overflow");
    }
    const high = mem.arrayPtr(u32, max - 7, 4);
    expect(high.get(1)!.offset).toBe(max - 3);
    expect(codeOf(() => high.get(2))).toBe("ptr-overflow");
    expect(codeOf(() => high.getRange(2, 3))).toBe("ptr-overflow");
    expect(codeOf(() => [...high])).toBe("ptr-overflow");
  });

  it("toVec and copyFromSlice: elements, lengths first, then values, then bytes", () => {
    const { mem, at } = open(kind);
    const a = mem.arrayPtr(u16, at(8), 2);
    expect(codeOf(() => a.copyFromSlice([1]))).toBe("slice-lengths-differ");
    expect(codeOf(() => a.copyFromSlice([1, 70_000]))).toBe("try-from-int-error");
    expect(a.toVec()).toEqual(new Uint16Array([0, 0]));
    a.copyFromSlice([1, 2]);
    a.copyFromSlice(new Uint16Array([3, 4]));
    expect(a.toVec()).toEqual(new Uint16Array([3, 4]));
    expect(a.getRange(1, 2)!.toVec()).toEqual(new Uint16Array([4]));
    for (const type of [bool8, mixed, aligned(8, u32)]) {
      const padded = mem.arrayPtr(type as never, at(0), 1);
      expect(codeOf(() => padded.toVec())).toBe("not-transparent");
      expect(codeOf(() => padded.asCow())).toBe("not-transparent");
      expect(codeOf(() => padded.copyFromSlice([]))).toBe("not-transparent");
    }
  });
}
