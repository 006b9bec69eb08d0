/**
 * Values whose getters run code while they are written. Whatever that code does to the memory, its borrows or the value
 * itself, bounds and borrows hold when the bytes are stored (GM-6, GM-7), and a write that throws has changed nothing (GM-9).
 * The same for types that walk their layout and for those with emitted code.
 *
 * @module
 */

import {
  array,
  arrayPtr,
  type Layout,
  ptr,
  struct,
  u8,
  u16,
  u32,
  u64,
  variant,
  withCodec,
} from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import { describe, expect, it } from "vitest";
import { PAGE } from "./kinds/memory-kind.js";
import { detach } from "./kinds/unshared.js";
import { emitted } from "./support/emitted.js";
import { codeOf } from "./support/model.js";

const plain = struct(["a", u32], ["b", u16], ["c", u64]).named("plain");
const rich = struct(
  ["p", ptr(u8)],
  ["list", arrayPtr(u8)],
  ["t", variant(u8, ["no", ["yes", u8]])],
  ["all", array(struct(["n", u8]), 2)],
).named("rich");

const codecs = await emitted({
  plain,
  rich,
  plain64: plain.for("wasm64"),
  rich64: rich.for("wasm64"),
});
const ways: readonly (readonly [string, typeof plain, typeof rich])[] = [
  ["a layout that is walked", plain, rich],
  [
    "emitted code",
    withCodec(plain, codecs.plain as never),
    withCodec(rich, codecs.rich as never, codecs.rich64 as never),
  ],
];
const targets = ["wasm32", "wasm64"] as const;
const cases = ways.flatMap((way) => targets.map((target) => [...way, target] as const));

const good = { a: 1, b: 2, c: 3n };

/** `value`, which runs `act` when its field `field` is asked for. */
function acting<V extends object>(value: V, field: keyof V, act: () => void): V {
  const answer = value[field];
  return Object.defineProperty({ ...value }, field, {
    enumerable: true,
    get() {
      act();
      return answer;
    },
  });
}

describe.each(cases)("%s", (_, plain, rich, target) => {
  const fields = ["a", "b", "c"] as const;
  const over = (source: { buffer: ArrayBuffer | SharedArrayBuffer }): GuestMemory =>
    new GuestMemory(source, { target });
  const untouched = (mem: GuestMemory, from = 0): void =>
    expect(mem.copyOut(from, 256)).toEqual(new Uint8Array(256));

  it.each(fields)(
    "grows the memory in %s: the value lands in the memory as it is then",
    (field) => {
      const source = new WebAssembly.Memory({ initial: 1, maximum: 4 });
      const mem = over(source);
      const value = acting(good, field, () => source.grow(1));
      mem.write(plain, PAGE - 16, value);
      expect(mem.read(plain, PAGE - 16)).toEqual(good);
      mem.write(plain, PAGE, value); // out of bounds when the write began
      expect(mem.read(plain, PAGE)).toEqual(good);
      expect(mem.tryWrite(plain, PAGE - 16, value)).toEqual({ ok: true, value: undefined });
    },
  );

  it.each(fields)(
    "takes the memory's bytes away in %s: nothing is written, and a typed error says so",
    (field) => {
      const source = { buffer: new ArrayBuffer(PAGE) };
      const mem = over(source);
      const value = acting(good, field, () => detach(source.buffer));
      expect(codeOf(() => mem.write(plain, 0, value))).toBe("source-detached");
      source.buffer = new ArrayBuffer(PAGE);
      mem.refresh();
      untouched(mem);
    },
  );

  it.each(fields)("makes the memory shorter in %s", (field) => {
    const buffer = new ArrayBuffer(PAGE, { maxByteLength: PAGE });
    const mem = over({ buffer });
    const value = acting(good, field, () => buffer.resize(512));
    expect(codeOf(() => mem.write(plain, 512 - 8, value))).toBe("ptr-out-of-bounds");
    mem.write(
      plain,
      512 - 16,
      acting(good, field, () => buffer.resize(512)),
    );
    expect(mem.read(plain, 512 - 16)).toEqual(good);
    untouched(mem);
  });

  it.each(fields)("exchanges the memory in %s for another, a shorter, a resizable one", (field) => {
    const source = { buffer: new ArrayBuffer(PAGE) };
    const mem = over(source);
    const to = (next: ArrayBuffer) => (): void => {
      detach(source.buffer);
      source.buffer = next;
    };
    const next = new ArrayBuffer(PAGE);
    mem.write(plain, 8, acting(good, field, to(next)));
    expect(new DataView(next).getUint32(8, true)).toBe(1);
    expect(codeOf(() => mem.write(plain, 64, acting(good, field, to(new ArrayBuffer(64)))))).toBe(
      "ptr-out-of-bounds",
    );
    mem.refresh();
    mem.write(plain, 8, acting(good, field, to(new ArrayBuffer(64, { maxByteLength: 128 }))));
    expect(mem.read(plain, 8)).toEqual(good);
    mem.write(plain, 32, acting(good, field, to(new ArrayBuffer(64)))); // and back
    expect(mem.read(plain, 32)).toEqual(good);
  });

  it.each(fields)(
    "borrows the place in %s: refused, unless the borrow has ended by then",
    (field) => {
      const mem = over(new WebAssembly.Memory({ initial: 1 }));
      for (const take of ["mutBorrow", "sharedBorrow"] as const) {
        const give = take === "mutBorrow" ? "mutUnborrow" : "sharedUnborrow";
        let held = 0;
        const value = acting(good, field, () => {
          held = mem[take]({ start: 12, len: 1 });
        });
        expect(codeOf(() => mem.write(plain, 8, value))).toBe("ptr-borrowed");
        mem[give](held);
        expect(mem.tryWrite(plain, 8, value)).toMatchObject({ error: { code: "ptr-borrowed" } });
        mem[give](held);
        untouched(mem);
        held = mem[take]({ start: 12, len: 1 });
        mem.write(
          plain,
          8,
          acting(good, field, () => mem[give](held)),
        );
        expect(mem.read(plain, 8)).toEqual(good);
        mem.copyIn(0, new Uint8Array(256));
      }
    },
  );

  it.each(fields)(
    "throws in %s: its error comes out, no byte is written, and no borrow is left",
    (field) => {
      const mem = over(new WebAssembly.Memory({ initial: 1 }));
      const mine = new Error("mine");
      const value = acting(good, field, () => {
        throw mine;
      });
      expect(() => mem.write(plain, 8, value)).toThrow(mine);
      expect(() => mem.tryWrite(plain, 8, value)).toThrow(mine);
      expect(() => mem.ptr(plain, 8).write(value)).toThrow(mine);
      untouched(mem);
      expect(mem.hasOutstandingBorrows()).toBe(false);
      mem.write(plain, 8, good);
      expect(mem.read(plain, 8)).toEqual(good);
    },
  );

  it("answers otherwise the second time: it is not asked a second time", () => {
    const mem = over(new WebAssembly.Memory({ initial: 1 }));
    let asked = 0;
    mem.write(plain, 8, {
      a: 1,
      get b() {
        return asked++ === 0 ? 2 : 1e9;
      },
      c: 3n,
    });
    expect([asked, mem.read(plain, 8)]).toEqual([1, good]);
  });

  it("writes the same place meanwhile: the outer value wins, whole", () => {
    const mem = over(new WebAssembly.Memory({ initial: 1 }));
    mem.write(
      plain,
      8,
      acting(good, "c", () => mem.write(plain, 8, { a: 9, b: 9, c: 9n })),
    );
    expect(mem.read(plain, 8)).toEqual(good);
  });

  it("is wrong in place and value at once: the place is named, as for plain data (GM-8)", () => {
    const mem = over(new WebAssembly.Memory({ initial: 1 }));
    const bad = { ...good, b: -1 };
    expect(codeOf(() => mem.write(plain, PAGE, bad))).toBe("ptr-out-of-bounds");
    expect(codeOf(() => mem.write(plain, 9, bad))).toBe("ptr-not-aligned");
    expect(
      codeOf(() =>
        mem.write(
          plain,
          0.5,
          acting(bad, "a", () => expect.fail()),
        ),
      ),
    ).toBe("try-from-int-error");
    const held = mem.sharedBorrow({ start: 8, len: 1 });
    expect(codeOf(() => mem.write(plain, 8, bad))).toBe("ptr-borrowed");
    mem.sharedUnborrow(held);
    expect(codeOf(() => mem.write(plain, 8, bad))).toBe("try-from-int-error");
    untouched(mem);
  });

  it("is looked at in every part: pointers, lists, tags, payloads, elements, lengths", () => {
    const source = new WebAssembly.Memory({ initial: 1, maximum: 200 });
    const mem = over(source);
    const value = {
      p: mem.ptr(u8, 1),
      list: { ptr: 2, len: 3 },
      t: { tag: "yes" as const, value: 4 },
      all: [{ n: 5 }, { n: 6 }],
    };
    const growing = (of: unknown): unknown => {
      if (typeof of !== "object" || of === null || of === value.p) return of;
      return new Proxy(of, {
        get: (target, key) => {
          source.grow(1);
          return growing(Reflect.get(target, key));
        },
      });
    };
    const pages = (): number => source.buffer.byteLength / PAGE;
    const before = pages();
    mem.ptr(rich, 64).write(growing(value) as typeof value);
    expect(pages() - before).toBe(4 + 2 + 2 + 3 + 2); // fields; ptr, len; tag, value; length, 0, 1; n, n
    expect(mem.read(rich, 64)).toEqual({ ...value, p: 1 });
    const { p, list } = mem.ptr(rich, 64).read();
    expect([String(p), String(list)]).toEqual(["*guest 0x1", "*guest 0x2/3"]);
    expect(codeOf(() => mem.ptr(rich as Layout, 64).write({ ...value, all: [{ n: 5 }] }))).toBe(
      "try-from-int-error",
    );
  });
});
