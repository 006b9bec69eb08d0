/** What every engine does alike. Memories are longer than 64 KiB: shorter ones are copied by all. */

import { describe, expect, test } from "vitest";
import { snapshot, track } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { instantiate, wat } from "../wat.js";
import { engines } from "./engines.js";

const PAGES = 3;
const LENGTH = PAGES * 65536;

const u8 = (memory: WebAssembly.Memory): Uint8Array => new Uint8Array(memory.buffer);

/** `toEqual` of long arrays takes seconds. */
const expectSame = (actual: Uint8Array, expected: Uint8Array): void => {
  expect(Buffer.compare(actual, expected)).toBe(0);
};

function patterned(maximum = 8): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum });
  u8(memory).set(u8(memory).map((_, at) => 1 + (at % 251)));
  return memory;
}

/** A guest with a memory, two globals and a table, whose `poke` changes all of them. */
const MODULE = new WebAssembly.Module(
  wat(`(module
    (import "env" "host" (func $host (param i32)))
    (memory (export "memory") 3 8)
    (global $n (export "n") (mut i32) (i32.const 5))
    (global (export "constant") i32 (i32.const 6))
    (global $wide (export "wide") (mut i64) (i64.const -7))
    (table $t (export "table") 4 8 funcref)
    (type $f (func (result i32)))
    (func $one (result i32) (i32.load (i32.const 0)))
    (func $two (result i32) (i32.const 2))
    (elem (i32.const 0) $one $two)
    (data (i32.const 131000) "some data")
    (func (export "init") (i32.store (i32.const 0) (i32.const 77)) (global.set $n (i32.const 50)))
    (func (export "poke")
      (i32.store (i32.const 0) (i32.const 1234))
      (i32.store (i32.const 100000) (i32.const 99))
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (global.set $wide (i64.const 1))
      (table.set $t (i32.const 0) (ref.null func))
      (table.set $t (i32.const 3) (table.get $t (i32.const 1)))
      (call $host (global.get $n)))
    (func (export "run") (param i32) (result i32) (call_indirect (type $f) (local.get 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "growTable") (result i32) (table.grow $t (ref.null func) (i32.const 1))))`),
);

type Exports = {
  memory: WebAssembly.Memory;
  table: WebAssembly.Table;
  n: WebAssembly.Global<"i32">;
  wide: WebAssembly.Global<"i64">;
} & Record<string, (...values: number[]) => number>;

const nothing = (): void => undefined;

const make = (host: (n: number) => void = nothing): WebAssembly.Instance & { exports: Exports } =>
  new WebAssembly.Instance(MODULE, { env: { host } }) as WebAssembly.Instance & {
    exports: Exports;
  };

describe.each(engines)("%s", (_name, options) => {
  test("a memory shows the image after apply and reset, whoever wrote to it (MR-40, MR-42)", () => {
    const memory = patterned();
    const before = u8(memory).slice();
    const image = snapshot(memory, options);
    u8(memory).fill(0);
    image.apply(memory);
    expectSame(u8(memory), before);
    for (let round = 0; round < 3; round++) {
      u8(memory)[0] = 0;
      u8(memory)[4096 * 20 + 1] = 0;
      u8(memory)[LENGTH - 1] = 0;
      u8(memory).fill(9, 8192, 16384);
      expect([...image.dirtyPages(memory)]).toEqual([0, 2, 3, 20, 47]);
      image.reset(memory);
      expectSame(u8(memory), before);
      expect([...image.dirtyPages(memory)]).toEqual([]);
    }
    image.close();
    expectSame(u8(memory), before);
  });

  test("one image in several memories: none sees the other's bytes", () => {
    const first = patterned();
    const image = snapshot(first, options);
    const others = [new WebAssembly.Memory({ initial: 0 }), new WebAssembly.Memory({ initial: 3 })];
    for (const memory of others) image.apply(memory);
    image.apply(first);
    u8(first).fill(1);
    u8(others[0]!)[5] = 200;
    expectSame(u8(others[1]!), u8(patterned()));
    image.reset(others[0]!);
    expectSame(u8(others[0]!), u8(patterned()));
    expect(u8(first)[9]).toBe(1);
    image.close();
  });

  test("a page that the guest writes with what it held is not told as dirty", () => {
    const memory = patterned();
    const image = snapshot(memory, options);
    image.apply(memory);
    u8(memory)[0] = u8(memory)[0]!;
    expect(image.dirtyPages(memory).length).toBe(0);
    image.close();
  });

  test("a memory that has grown is refused, or cleared beyond the image", () => {
    const memory = patterned();
    const image = snapshot(memory, options);
    image.apply(memory);
    memory.grow(1);
    u8(memory)[0] = 0;
    const fields = { what: "the memory", now: LENGTH + 65536, limit: LENGTH };
    refusal(() => image.reset(memory), "has-grown", fields);
    refusal(() => image.apply(memory), "has-grown");
    expect(u8(memory)[0]).toBe(0);
    image.close();

    const clearing = snapshot(patterned(), { ...options, grown: "clear" });
    clearing.apply(memory);
    for (const act of [() => clearing.reset(memory), () => clearing.apply(memory)]) {
      u8(memory).fill(7);
      memory.grow(1);
      u8(memory)[u8(memory).length - 1] = 7;
      const last = u8(memory).length / 4096 - 1;
      expect(clearing.dirtyPages(memory).at(-1)).toBe(last);
      act();
      expectSame(u8(memory).subarray(0, LENGTH), u8(patterned()));
      expect(
        u8(memory)
          .subarray(LENGTH)
          .every((byte) => byte === 0),
      ).toBe(true);
    }
    clearing.close();
  });

  test("another image takes the memory; the first one does not reset it any more", () => {
    const memory = patterned();
    const first = snapshot(memory, { ...options, grown: "clear" });
    const short = new WebAssembly.Memory({ initial: 2 });
    u8(short).fill(5);
    const second = snapshot(short, { ...options, grown: "clear" });
    first.apply(memory);
    second.apply(memory);
    expect(
      u8(memory)
        .subarray(0, 131072)
        .every((byte) => byte === 5),
    ).toBe(true);
    expect(
      u8(memory)
        .subarray(131072)
        .every((byte) => byte === 0),
    ).toBe(true);
    refusal(() => first.reset(memory), "image-not-applied");
    refusal(() => first.dirtyPages(memory), "image-not-applied");
    second.reset(memory);
    first.apply(memory);
    expectSame(u8(memory), u8(patterned()));
    refusal(() => second.reset(memory), "image-not-applied");
    first.close();
    second.close();
  });

  test("a memory of no bytes", () => {
    const memory = new WebAssembly.Memory({ initial: 0 });
    const image = snapshot(memory, { ...options, grown: "clear" });
    image.apply(memory);
    memory.grow(1);
    u8(memory)[0] = 1;
    image.reset(memory);
    expect(u8(memory)[0]).toBe(0);
    image.close();
  });

  test("an instance: memory, globals and table", () => {
    const source = make();
    const { exports } = source;
    exports.init!();
    const image = snapshot(source, options);
    image.apply(source);
    const table = [0, 1, 2, 3].map((index) => exports.table.get(index));
    for (let round = 0; round < 2; round++) {
      exports.poke!();
      expect([exports.n.value, exports.wide.value, exports.table.get(0)]).toEqual([51, 1n, null]);
      image.reset(source);
      expect([exports.n.value, exports.wide.value]).toEqual([50, -7n]);
      expect([0, 1, 2, 3].map((index) => exports.table.get(index))).toEqual(table);
      expect(exports.run!(0)).toBe(77);
      expect(new TextDecoder().decode(u8(exports.memory).subarray(131000, 131009))).toBe(
        "some data",
      );
    }
    exports.growTable!();
    refusal(() => image.reset(source), "has-grown", { what: 'table "table"', now: 5, limit: 4 });
    image.close();
  });

  test("new instances have the state, with functions of their own", () => {
    const source = make();
    const untracked = snapshot(source, options);
    refusal(() => untracked.instantiate(MODULE, { env: { host: nothing } }), "state-out-of-reach");
    untracked.close();

    const first = make();
    track(first);
    first.exports.init!();
    first.exports.poke!();
    const image = snapshot(first, options);
    const guests = [0, 1].map(() => image.instantiate(MODULE, { env: { host: nothing } }));
    for (const guest of guests) {
      const { memory, n, wide, table } = guest.exports as Exports;
      expectSame(u8(memory), u8(first.exports.memory));
      expect([n.value, wide.value, table.get(0), table.get(2)]).toEqual([51, 1n, null, null]);
      expect(table.get(1)).not.toBe(first.exports.table.get(1));
      expect([guest.call("run", 1), guest.call("run", 3)]).toEqual([2, 2]);
    }
    const [guest, other] = guests;
    guest!.call("poke");
    expect((other!.exports as Exports).n.value).toBe(51);
    expectSame(u8((other!.exports as Exports).memory), u8(first.exports.memory));
    guest!.reset();
    expect((guest!.exports as Exports).n.value).toBe(51);
    const again = snapshot(guest!, options); // a guest is tracked
    expect((again.instantiate(MODULE, { env: { host: nothing } }).exports as Exports).n.value).toBe(
      51,
    );
    image.close();
    again.close();
  });

  test("nothing is put back while a guest is inside (MR-43)", () => {
    const empty = snapshot(make().exports.memory, options);
    const source = make();
    const table = source.exports.table;
    for (const index of [0, 1]) table.set(index, null);
    const image = snapshot(source, options);
    const codes: unknown[] = [];
    const host = (): void => {
      for (const act of [() => guest.reset(), () => image.apply(guest), () => snapshot(guest)]) {
        codes.push(refusal(act, "guest-inside", { depth: 1 }).code);
      }
    };
    const guest = image.instantiate(MODULE, { env: { host } });
    guest.call("poke");
    expect(codes.length).toBe(3);
    guest.reset();
    expect((guest.exports as Exports).n.value).toBe(5);
    refusal(() => guest.call("nothing"), "symbol-not-found", { symbol: "nothing" });
    image.close();
    empty.close();
    refusal(() => guest.reset(), "image-closed");
  });

  test("nor while one without a memory is, nor one that is suspended (MR-43)", async () => {
    const module = new WebAssembly.Module(
      wat(`(module (import "env" "host" (func $host (result externref)))
        (global (export "n") (mut i32) (i32.const 1))
        (func (export "wait") (result externref) (global.set 0 (i32.const 2)) (call $host)))`),
    );
    let finish: () => void = nothing;
    const host = (): unknown => {
      refusal(() => guest.reset(), "guest-inside", { depth: 1 });
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    };
    const { exports } = new WebAssembly.Instance(module, { env: { host } });
    const image = snapshot({ exports }, options);
    const guest = image.instantiate(module, { env: { host } });
    const waiting = guest.call("wait");
    refusal(() => guest.reset(), "guest-inside", { depth: 1 });
    finish();
    await waiting;
    guest.reset();
    expect((guest.exports as Exports).n.value).toBe(1);
    image.close();
  });

  test("whatever must differ is written after each time", () => {
    const memory = patterned();
    let seed = 0;
    const reseed = (): void => {
      u8(memory)[3] = ++seed;
    };
    const image = snapshot(memory, { ...options, reseed });
    image.apply(memory);
    image.reset(memory);
    image.reset(memory);
    expect([seed, u8(memory)[3]]).toEqual([3, 3]);
    image.close();
  });

  test("a memory that imports share", () => {
    const memory = patterned();
    const image = snapshot(memory, options);
    image.apply(memory);
    const guest = instantiate(
      wat(`(module (import "env" "memory" (memory 1))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
        (func (export "fill") (memory.fill (i32.const 0) (i32.const 0) (i32.const 150000))))`),
      { memory },
    );
    guest.store!(4096, 0);
    guest.fill!();
    image.reset(memory);
    expectSame(u8(memory), u8(patterned()));
    image.close();
  });

  test("threads' memories are refused, or copied", () => {
    const shared = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
    refusal(() => snapshot(shared, options), "unsupported");
    const image = snapshot(shared, { ...options, shared: true });
    image.apply(shared);
    u8(shared)[1] = 1;
    expect([...image.dirtyPages(shared)]).toEqual([0]);
    image.reset(shared);
    expect(u8(shared)[1]).toBe(0);
    expect(image.choice(shared).engine).toBe("copy");
    image.close();
  });
});
