/**
 * Several memories: put back together or not at all; and memories of newer kinds, where the engine has them: several in one module,
 * 64-bit addresses.
 */

import { expect, test } from "vitest";
import { guardProblem, snapshot } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { wat } from "../wat.js";
import { engines } from "./engines.js";

const two = (): Record<"a" | "b", WebAssembly.Memory> => ({
  a: new WebAssembly.Memory({ initial: 2, maximum: 4 }),
  b: new WebAssembly.Memory({ initial: 3, maximum: 4 }),
});
const fill = (exports: Record<"a" | "b", WebAssembly.Memory>, a: number, b: number): void => {
  new Uint8Array(exports.a.buffer).fill(a);
  new Uint8Array(exports.b.buffer).fill(b);
};
const all = ({ buffer }: WebAssembly.Memory): string => [...new Set(new Uint8Array(buffer))].join();

test.each(engines)("by the names that they are exported by: %s", (_name, options) => {
  const exports = two();
  fill(exports, 1, 2);
  const image = snapshot({ exports }, options);
  expect(image.byteLength).toBe(5 * 65536);
  const other = two();
  const target = { exports: { b: other.b, c: 1, a: other.a } };
  image.apply(target);
  expect([all(other.a), all(other.b)]).toEqual(["1", "2"]);
  fill(other, 3, 4);
  const increment = image.increment(target);
  expect(increment.ownPages).toBe(5 * 16);
  image.reset(target);
  expect([all(other.a), all(other.b)]).toEqual(["1", "2"]);
  increment.apply(target);
  expect([all(other.a), all(other.b)]).toEqual(["3", "4"]);

  // One has grown: neither is put back.
  fill(other, 5, 6);
  other.b.grow(1);
  refusal(() => increment.reset(target), "has-grown", { what: 'memory "b"' });
  expect(all(other.a)).toBe("5");
  refusal(() => image.apply({ exports: { a: other.a } }), "image-mismatch", { what: 'memory "b"' });
  const third = { ...two(), d: new WebAssembly.Memory({ initial: 1 }) };
  refusal(() => image.apply({ exports: third }), "image-mismatch", { what: 'memory "d"' });

  // Two names for one memory are one memory.
  const same = { exports: { x: exports.a, y: exports.a } };
  const once = snapshot(same, options);
  expect(once.byteLength).toBe(2 * 65536);
  for (const each of [image, increment, once]) each.close();
});

const MULTI = wat(`(module
  (memory (export "a") 2) (memory (export "b") 2)
  (func (export "poke") (i32.store (memory 1) (i32.const 70000) (i32.const 7))))`);
const multi = WebAssembly.validate(MULTI) ? [new WebAssembly.Module(MULTI)] : [];

test("memories of one module, where the engine has that", () => {
  for (const module of multi) {
    const source = new WebAssembly.Instance(module);
    const image = snapshot(source);
    const guest = image.instantiate(module);
    guest.call("poke");
    const b = guest.exports.b as WebAssembly.Memory;
    expect(new Uint8Array(b.buffer)[70000]).toBe(7);
    expect(guest.memory).toBe(undefined);
    guest.reset();
    expect(all(b)).toBe("0");
    image.close();
  }
  expect(multi.length).toBeLessThanOrEqual(1);
});

/** A memory with 64-bit addresses, where the engine has those: elsewhere the descriptor is another's, or refused. */
function wide(pages: number): WebAssembly.Memory[] {
  const descriptor = { initial: BigInt(pages), maximum: 6n, address: "i64" };
  try {
    const { Memory } = WebAssembly as unknown as { Memory: new (of: object) => WebAssembly.Memory };
    return [new Memory(descriptor)];
  } catch {
    return []; // the engine knows nothing of them
  }
}

test.each(engines)(
  "64-bit addresses: grown by apply, put back, never guarded: %s",
  (_name, options) => {
    for (const memory of wide(3)) {
      new Uint8Array(memory.buffer).fill(4);
      const image = snapshot(memory, { ...options, grown: "clear" });
      const [short] = wide(1);
      image.apply(short!);
      expect([short!.buffer.byteLength, all(short!)]).toEqual([3 * 65536, "4"]);
      new Uint8Array(short!.buffer).fill(5);
      image.reset(short!);
      expect(all(short!)).toBe("4");
      if (options.driver !== undefined)
        expect(guardProblem(short!, options.driver)).toContain("64");
      image.close();
    }
  },
);
