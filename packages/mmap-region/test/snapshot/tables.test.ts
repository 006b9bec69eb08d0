/** Tables and globals of an instance: grown, too short, without nulls, watched, imported. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type InstanceTarget, Pool, snapshot, track, watchTable } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { wat } from "../wat.js";

const table = (initial: number, maximum = 100): WebAssembly.Table =>
  new WebAssembly.Table({ element: "externref", initial, maximum });
const all = (of: WebAssembly.Table): unknown[] =>
  Array.from({ length: of.length }, (_, index) => of.get(index));

test("a grown table is refused, or its elements beyond the image are null again", () => {
  const target = { exports: { table: table(2), memory: new WebAssembly.Memory({ initial: 1 }) } };
  const [refuses, clears] = [snapshot(target), snapshot(target, { grown: "clear" })];
  refuses.apply(target);
  target.exports.table.grow(2, "left");
  target.exports.table.set(0, "left");
  new Uint8Array(target.exports.memory.buffer).fill(1);
  refusal(() => refuses.reset(target), "has-grown", { what: 'table "table"', now: 4, limit: 2 });
  expect(all(target.exports.table)).toEqual(["left", undefined, "left", "left"]);
  expect(new Uint8Array(target.exports.memory.buffer)[9]).toBe(1); // nothing was put back
  clears.apply(target);
  expect(all(target.exports.table)).toEqual([undefined, undefined, null, null]);
  target.exports.table.set(3, "left");
  clears.reset(target);
  expect(all(target.exports.table)).toEqual([undefined, undefined, null, null]);
  for (const each of [refuses, clears]) each.close();
});

/** A table that grew while the program was initialised, as `addFunction` has it. */
const GROWS = new WebAssembly.Module(
  wat(`(module (table (export "t") 1 4 funcref) (elem (i32.const 0) $one) (elem declare func $two)
    (func $one (result i32) (i32.const 1)) (func $two (export "two") (result i32) (i32.const 2))
    (func (export "init") (drop (table.grow (ref.func $two) (i32.const 2))))
    (func (export "run") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
    (memory (export "m") 1))`),
);

test("a table that is shorter than its image grows, and has functions of its own instance", () => {
  const source = new WebAssembly.Instance(GROWS);
  track(source);
  (source.exports.init as () => void)();
  const image = snapshot(source);
  const guest = image.instantiate(GROWS);
  expect([0, 1, 2].map((index) => guest.call("run", index))).toEqual([1, 2, 2]);
  const own = guest.exports.t as WebAssembly.Table;
  expect(own.get(1)).toBe(guest.instance.exports.two);
  expect(own.get(0)).not.toBe((source.exports.t as WebAssembly.Table).get(0));
  guest.reset();
  expect(own.length).toBe(3);

  image.close();

  // One that cannot.
  const tables = snapshot({ exports: { t: table(3) } });
  const short = table(1, 2);
  refusal(() => tables.apply({ exports: { t: short } }), "image-mismatch", { what: 'table "t"' });
  expect(short.length).toBe(1);
  tables.close();
});

test("a pool makes another guest for one whose table has grown", async () => {
  const source = new WebAssembly.Instance(GROWS);
  track(source);
  const image = snapshot(source);
  const pool = Pool.of(image, GROWS, { maximum: 1 });
  const lease = await pool.checkout();
  lease.value.call("init");
  expect(lease.release()).toBe("discarded");
  expect(pool.metrics.discards.grown).toBe(1);
  expect(await pool.use((guest) => (guest.exports.t as WebAssembly.Table).length)).toBe(1);
  await pool.close();
  image.close();
});

/** (module (func (result i32) (i32.const 7)) (table (export "t") 1 (ref func) (ref.func 0))), which engines before 2023 refuse */
const FULL = Uint8Array.from(
  Buffer.from(
    "0061736d01000000" +
      "010501600001" +
      "7f" +
      "03020100" +
      "040a0140006470" +
      "0001d2000b" +
      "070501017401000a0601040041070b",
    "hex",
  ),
);

test("a table that holds no nulls cannot be cleared, and gets none when it grows", () => {
  for (const module of WebAssembly.validate(FULL) ? [new WebAssembly.Module(FULL)] : []) {
    const [short, source] = [0, 1].map(() => {
      const { exports } = new WebAssembly.Instance(module);
      return { exports };
    });
    const own = source!.exports.t as WebAssembly.Table;
    const before = snapshot(source!, { grown: "clear" });
    before.apply(source!);
    own.grow(1, own.get(0));
    refusal(() => before.reset(source!), "has-grown", { now: 2, limit: 1 });
    expect(own.get(1)).toBe(own.get(0));
    const after = snapshot(source!);
    for (const each of [short!, source!]) track(each);
    refusal(() => after.apply(short!), "state-out-of-reach");
    for (const each of [before, after]) each.close();
  }
});

test("a table that JavaScript cannot read is out of reach", () => {
  // (table (export "t") 1 exnref), where the engine has those; elsewhere one that throws as they do
  const bytes = Uint8Array.from(Buffer.from("0061736d0100000004040169000107050101740100", "hex"));
  const { t } = WebAssembly.validate(bytes)
    ? new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
    : { t: table(1) };
  if (!WebAssembly.validate(bytes)) {
    const get = (): never => {
      throw new TypeError("get");
    };
    Object.defineProperty(t, "get", { value: get });
  }
  for (const act of [snapshot, track]) {
    refusal(() => act({ exports: { t } }), "state-out-of-reach", { what: 'table "t"' });
  }
});

test("64-bit tables, where the engine has them", () => {
  let wide: WebAssembly.Table;
  try {
    const { Table } = WebAssembly as unknown as { Table: new (of: object) => WebAssembly.Table };
    wide = new Table({ element: "externref", initial: 2n, maximum: 9n, address: "i64" });
  } catch {
    return; // the engine knows nothing of them
  }
  if (typeof wide.length !== "bigint") return; // nor here: the descriptor was another's
  const at = (index: number): number => BigInt(index) as unknown as number;
  const target = { exports: { wide } };
  watchTable(wide);
  const image = snapshot(target, { grown: "clear" });
  image.apply(target);
  wide.set(at(1), "left");
  wide.grow(at(1), "left");
  image.reset(target);
  expect([0, 1, 2].map((index) => wide.get(at(index)))).toEqual([undefined, undefined, null]);
  image.close();
});

test("imported mutable globals are put back, whoever has set them", () => {
  const g = new WebAssembly.Global({ value: "i64", mutable: true }, 5n);
  const module = new WebAssembly.Module(
    wat(`(module (import "env" "g" (global $g (mut i64))) (export "g" (global $g))
      (func (export "set") (global.set $g (i64.const 7))))`),
  );
  const { exports } = new WebAssembly.Instance(module, { env: { g } });
  const instance = { exports };
  const image = snapshot(instance);
  image.apply(instance);
  for (const change of [instance.exports.set as () => void, () => (g.value = 9n)]) {
    change();
    image.reset(instance);
    expect(g.value).toBe(5n);
  }
  image.close();
});

test("a watched table: whatever JavaScript does to it is put back", () => {
  type Act = readonly ["set" | "grow" | "reset" | "other" | "throw", number, number];
  const acts = fc.array(
    fc.tuple(
      fc.constantFrom<Act[0]>("set", "set", "set", "grow", "reset", "other", "throw"),
      fc.nat({ max: 30 }),
      fc.nat({ max: 3 }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(acts, (acts) => {
      const target = { exports: { table: table(8, 20) } };
      const own = target.exports.table;
      for (let n = 0; n < 8; n++) own.set(n, n);
      const options = { grown: "clear" } as const;
      const first = snapshot(target, options);
      const expected = new Map([[first, all(own)]]);
      watchTable(own);
      watchTable(own);
      own.set(2, "second");
      const second = snapshot(target, options);
      expected.set(second, all(own));
      let now = first;
      now.apply(target);
      const same = (): void => {
        const elements = all(own);
        expect(elements.slice(0, 8)).toEqual(expected.get(now));
        expect(elements.slice(8).every((value) => value === null)).toBe(true);
      };
      for (const [act, at, value] of acts) {
        if (act === "set") own.set(at % own.length, value);
        else if (act === "grow" && own.length + value <= 20) own.grow(value, "new");
        else if (act === "throw") expect(() => own.set(own.length + at, 1)).toThrow(RangeError);
        else {
          if (act === "other") now = now === first ? second : first;
          if (act === "other") now.apply(target);
          else now.reset(target);
          same();
        }
      }
      now.reset(target);
      same();
      for (const each of [first, second]) each.close();
    }),
    { numRuns: 60 },
  );
});

test("only what was set is looked at, and what is passed as an index is converted once", () => {
  const own = table(100);
  const target = { exports: { own } };
  watchTable(own);
  const image = snapshot(target);
  image.apply(target);
  let converted = 0;
  const index = { valueOf: () => converted++ };
  own.set(index as unknown as number, "left");
  own.set("7" as unknown as number, "left");
  own.set(8.9, "left");
  WebAssembly.Table.prototype.set.call(own, 9, "unseen");
  const looked: number[] = [];
  Object.defineProperty(own, "get", {
    value: (at: number) => {
      looked.push(at);
      return WebAssembly.Table.prototype.get.call(own, at);
    },
  });
  image.reset(target);
  expect([converted, looked]).toEqual([1, [0, 7, 8]]);
  expect([0, 7, 8, 9].map((at) => own.get(at))).toEqual([
    undefined,
    undefined,
    undefined,
    "unseen",
  ]);
  image.close();
  refusal(() => watchTable({} as never), "invalid-argument");
  refusal(() => watchTable(Object.freeze(table(1))), "invalid-argument");
});

test("what a module is told of a table of 5,000 functions goes over in milliseconds", () => {
  const functions = Array.from({ length: 200 }, (_, n) => `(func (result i32) (i32.const ${n}))`);
  const list = Array.from({ length: 5_000 }, (_, n) => n % 200).join(" ");
  const module = new WebAssembly.Module(
    wat(`(module (memory (export "m") 1) (table (export "t") 5000 funcref) ${functions.join("")}
      (elem (i32.const 0) func ${list}))`),
  );
  const source = new WebAssembly.Instance(module);
  track(source);
  const image = snapshot(source);
  const start = performance.now();
  const guest: InstanceTarget = image.instantiate(module);
  expect(performance.now() - start).toBeLessThan(1_000); // some 10 ms; it was quadratic
  expect(((guest.exports.t as WebAssembly.Table).get(4_999) as () => number)()).toBe(199);
  image.close();
});
