import fc from "fast-check";
import { expect, test } from "vitest";
import { ObjectImage } from "../src/python/object-image.js";

test("PR-2: properties that were changed, added and removed are put back, in their order", () => {
  const object: Record<string, unknown> = { a: 1, b: { c: 2 }, d: [1, 2, 3] };
  const inner = object.b;
  const image = new ObjectImage([object]);
  object.a = 9;
  delete object.b;
  object.e = 1;
  (inner as Record<string, unknown>).c = 3;
  (object.d as number[]).length = 1;
  image.restore();
  expect(object).toEqual({ a: 1, b: { c: 2 }, d: [1, 2, 3] });
  expect(Object.keys(object)).toEqual(["a", "b", "d"]);
  expect(object.b).toBe(inner);
});

test("PR-2: a prototype that a property called __proto__ has replaced", () => {
  const table: Record<string, unknown> = {};
  const image = new ObjectImage([{ table }]);
  Reflect.set(table, "__proto__", { leaked: true });
  expect(table.leaked).toBe(true);
  image.restore();
  expect("leaked" in table).toBe(false);
  expect(Object.getPrototypeOf(table)).toBe(Object.prototype);
});

test("PR-2: bytes in place, entries of maps and sets, holes of arrays", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const map = new Map<string, unknown>([["a", { n: 1 }]]);
  const set = new Set([1, 2]);
  const sparse = new Array<number>(4);
  sparse[2] = 7;
  const root = { bytes, map, set, sparse };
  const image = new ObjectImage([root]);
  bytes.fill(9);
  (map.get("a") as { n: number }).n = 2;
  map.clear();
  set.add(3);
  sparse[0] = 1;
  image.restore();
  expect(root.bytes).toBe(bytes);
  expect([...bytes]).toEqual([1, 2, 3]);
  expect([...map]).toEqual([["a", { n: 1 }]]);
  expect([...set]).toEqual([1, 2]);
  expect(Object.keys(sparse)).toEqual(["2"]);
  expect(sparse.length).toBe(4);
});

test("cycles and getters end, and a foreign object is not looked into", () => {
  class Node {
    n = 1;
    readonly self: Node;
    constructor() {
      this.self = this;
    }
    get double(): number {
      return this.n * 2;
    }
  }
  const node = new Node();
  const foreign = { n: 1 };
  const image = new ObjectImage([{ node, foreign }], (object) => object === foreign);
  node.n = 5;
  foreign.n = 5;
  image.restore();
  expect(node.double).toBe(2);
  expect(foreign.n).toBe(5);
});

test("PR-2: whatever is done to plain data, they are as they were", () => {
  const data = fc.object({ maxDepth: 3, withMap: true, withSet: true, withTypedArray: false });
  fc.assert(
    fc.property(data, fc.array(fc.nat(), { maxLength: 20 }), data, (root, steps, junk) => {
      const before = structuredClone(root);
      const image = new ObjectImage([root]);
      for (const step of steps) vandalise(root, step, junk);
      image.restore();
      expect(root).toEqual(before);
      image.restore();
      expect(root).toEqual(before);
    }),
    { numRuns: 200 },
  );
});

/** Walks down by the digits of a number, and spoils what is there. */
function vandalise(root: object, path: number, junk: object): void {
  let object = root;
  for (let n = path; n > 0; n = Math.floor(n / 7)) {
    const values: unknown[] =
      object instanceof Map || object instanceof Set ? [...object.values()] : Object.values(object);
    const next = values[n % 7];
    if (typeof next !== "object" || next === null) break;
    object = next;
  }
  const keys = Object.keys(object);
  if (object instanceof Map) object.set("junk", junk);
  else if (object instanceof Set) object.clear();
  else if (path % 3 === 0 && keys.length > 0)
    Reflect.deleteProperty(object, keys[path % keys.length]!);
  else Reflect.set(object, path % 2 === 0 ? (keys[0] ?? "junk") : `junk${path}`, junk);
}
