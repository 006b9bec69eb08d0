/** What no type allows: every public function refuses it in words, and the region is as it was. */

import {
  customRandom,
  heapSpecOf,
  Limits,
  type MemoryType,
  RegionError,
  WasmRegion,
} from "@memkit/mmap-region";
import { adoptMemory } from "@memkit/mmap-region/adopt-memory";
import { loadDriver } from "@memkit/mmap-region/driver";
import { FakeDriver } from "@memkit/mmap-region/fake-driver";
import { inspect, toSvg, toText } from "@memkit/mmap-region/inspect";
import {
  globalOf,
  Module,
  moduleOf,
  newInstanceBuilder,
  WasmModule,
} from "@memkit/mmap-region/instance";
import { createRegion, MmapRegion, prepareImage } from "@memkit/mmap-region/mmap";
import { uncheckedGuard, uncheckedRecycle } from "@memkit/mmap-region/unchecked";
import { describe, expect, test } from "vitest";

const detached = new Uint8Array(8);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

class Hostile extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    throw new Error("no business of a library's");
  }
}

const VALUES: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  NaN: Number.NaN,
  "-1": -1,
  "1.5": 1.5,
  "2^53": 2 ** 53,
  Infinity: Number.POSITIVE_INFINITY,
  "2^31": 2 ** 31,
  "2^32": 2 ** 32,
  "0": 0,
  string: "x",
  toString: "toString",
  true: true,
  bigint: 5n,
  symbol: Symbol("s"),
  object: {},
  array: [],
  "array of null": [null],
  function: () => 0,
  "a detached array": detached,
  bytes: new Uint8Array(4),
  "an array of hostile kind": Hostile.from([1]),
  "an object without prototype": Object.create(null),
};

const HEAP = { initialSize: 65536 };
const SMALL = { heapMemorySize: 65536, heapAddressSpaceSize: 65536 };
const WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 1, 1, 4]); // (module (memory 1 4))

/** Every parameter with the bad value in its place. */
type Call = readonly [name: string, call: (bad: never) => unknown];

/** A call that makes an instance, which is dropped if there is one. */
function brief(region: MmapRegion | WasmRegion, module: never, options?: never): void {
  region.newInstance(module, options).drop();
}

const named = (name: string, bad: unknown, rest: object = {}): never =>
  ({ ...rest, [name]: bad }) as never;

const ALONE: readonly Call[] = [
  ["new Limits", (bad) => new Limits(bad).validate()],
  ["Limits.with", (bad) => new Limits().with(bad)],
  ["customRandom", (bad) => customRandom(bad)],
  ["heapSpecOf", (bad) => heapSpecOf(bad as MemoryType)],
  ["adoptMemory bytes", (bad) => adoptMemory(bad, { module: "a", name: "b" })],
  ["adoptMemory options", (bad) => adoptMemory(WASM, bad)],
  ...["module", "name", "maxPages"].map(
    (name): Call => [
      name,
      (bad) => adoptMemory(WASM, named(name, bad, { module: "a", name: "b" })),
    ],
  ),
  ["WasmRegion.create capacity", (bad) => WasmRegion.create(bad)],
  ["WasmRegion.create sizes", (bad) => WasmRegion.create(1, bad)],
  ["WasmRegion.create options", (bad) => WasmRegion.create(1, {}, bad)],
  ...["driver", "warmSlots", "keepResident"].map(
    (name): Call => [name, (bad) => WasmRegion.create(1, {}, named(name, bad))],
  ),
  ["MmapRegion.create driver", (bad) => MmapRegion.create(bad, 1)],
  ["createRegion driver", (bad) => createRegion(bad, 1)],
  ["prepareImage module", (bad) => prepareImage(bad)],
  ["prepareImage driver", (bad) => prepareImage({ heap: HEAP }, bad)],
  ["new Module", (bad) => new Module(bad)],
  ...["heap", "data", "globals", "functions", "start"].map(
    (name): Call => [
      `Module ${name}`,
      (bad) => new Module(named(name, bad)).validateRuntimeSpec(new Limits()),
    ],
  ),
  ["sparsePage", (bad) => new Module().sparsePage(bad)],
  ["validateRuntimeSpec limits", (bad) => new Module().validateRuntimeSpec(bad)],
  ["validateRuntimeSpec heapLimit", (bad) => new Module().validateRuntimeSpec(new Limits(), bad)],
  ["new WasmModule", (bad) => new WasmModule(bad)],
  ["WasmModule name", (bad) => new WasmModule(WASM, bad)],
  ["moduleOf", (bad) => moduleOf(bad)],
  ["globalOf type", (bad) => globalOf(bad, 0)],
  ...(["i32", "i64", "f32", "f64"] as const).map(
    (type): Call => [`globalOf ${type}`, (bad) => globalOf(type, bad)],
  ),
  ["new FakeDriver", (bad) => new FakeDriver(bad)],
  ["uncheckedRecycle", (bad) => uncheckedRecycle(bad)],
  ["uncheckedGuard", (bad) => uncheckedGuard(bad, 0, 4096)],
  ["inspect", (bad) => inspect(bad)],
  ["toText", (bad) => toText(bad)],
  ["toSvg", (bad) => toSvg(bad)],
];

/** What either backend does, with a slot of a region that has another one free. */
const COMMON: readonly (readonly [
  string,
  (
    bad: never,
    region: MmapRegion | WasmRegion,
    slot: { expandHeap(bytes: never): number } & object,
  ) => unknown,
])[] = [
  ["newInstance module", (bad, region) => brief(region, bad)],
  ["newInstance options", (bad, region) => brief(region, { heap: HEAP } as never, bad)],
  ...["allocStrategy", "heapLimit"].map(
    (name) =>
      [
        name,
        (bad: never, region: MmapRegion | WasmRegion) =>
          brief(region, { heap: HEAP } as never, named(name, bad)),
      ] as const,
  ),
  [
    "a strategy's position",
    (bad, region) =>
      brief(region, { heap: HEAP } as never, { allocStrategy: { next: () => bad } } as never),
  ],
  ...["heap", "initialData"].map(
    (name) =>
      [
        name,
        (bad: never, region: MmapRegion | WasmRegion) =>
          brief(region, named(name, bad, { heap: HEAP })),
      ] as const,
  ),
  ...["initialSize", "maxSize", "reservedSize", "guardSize"].map(
    (name) =>
      [
        name,
        (bad: never, region: MmapRegion | WasmRegion) =>
          brief(region, { heap: named(name, bad, HEAP) } as never),
      ] as const,
  ),
  ...["offset", "bytes"].map(
    (name) =>
      [
        `initialData ${name}`,
        (bad: never, region: MmapRegion | WasmRegion) => {
          const data = named(name, bad, { offset: 0, bytes: new Uint8Array(2) });
          brief(region, { heap: HEAP, initialData: [data] } as never);
        },
      ] as const,
  ),
  ["expandHeap", (bad, _region, slot) => slot.expandHeap(bad)],
  ["inspect options", (bad, region) => inspect(region as never, bad)],
  ["inspect slots", (bad, region) => inspect(region as never, { slots: bad })],
  ["inspect driver", (bad, region) => inspect(region as never, { driver: bad })],
  ["builder region", (bad) => newInstanceBuilder(bad, new Module())],
  ["builder module", (bad, region) => newInstanceBuilder(region as never, bad)],
  ...(["withAllocStrategy", "withHeapSizeLimit", "withImports", "withEmbedCtx"] as const).map(
    (name) =>
      [
        name,
        (bad: never, region: MmapRegion | WasmRegion) => {
          const builder = newInstanceBuilder(region as never, new Module({ heap: HEAP }));
          (builder[name] as (bad: never) => typeof builder).call(builder, bad).build().drop();
        },
      ] as const,
  ),
];

/** Throws what is no `RegionError`. */
function refusedInWords(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof RegionError)) throw error;
    expect(error.message).not.toBe("");
  }
}

describe.each(Object.entries(VALUES))("%s", (_name, value) => {
  const bad = value as never;

  test.each(ALONE)("%s", (_call, call) => {
    refusedInWords(() => call(bad));
  });

  test.each([
    ["mmap", () => MmapRegion.create(new FakeDriver(), 2, SMALL)],
    ["wasm", () => WasmRegion.create(2, SMALL)],
  ] as const)("a region of %s", (_backend, create) => {
    const region = create();
    const slot = region.newInstance({ heap: HEAP });
    for (const [, call] of COMMON) {
      refusedInWords(() => call(bad, region, slot as never));
      expect(region.freeSlots).toBe(1);
    }
    slot.drop();
    expect(region.freeSlots).toBe(2);
    region.close();
  });

  test("slots and regions of real memory", () => {
    const driver = new FakeDriver();
    // Not every page has threads to share with; `share` refuses there.
    const shared = typeof SharedArrayBuffer !== "undefined";
    const region = MmapRegion.create(driver, 2, SMALL, { shared });
    const slot = region.newInstance({ heap: HEAP });
    const calls = driver.calls.length;
    for (const part of ["u8", "u16", "u32", "u64", "i64", "addressOf"] as const) {
      expect(() => slot[part](bad), part).toThrow(RegionError);
    }
    expect(slot.addrLocation(bad)).toBe("unknown");
    for (const call of [
      () => region.dropAll(bad),
      () => region.dropAll([bad]),
      () => region.reclaim(bad),
      () => MmapRegion.attach(bad, region.share()),
      () => MmapRegion.attach(driver, bad),
      () => createRegion(driver, 1, SMALL, named("backend", bad)).close(),
      ...["agent", "sizes", "alignment", "options", "slabs", "words", "budget"].map(
        (name) => () => MmapRegion.attach(driver, named(name, bad, region.share())),
      ),
      ...["slotGuard", "warmSlots", "keepResident", "shared", "hugePages"].map(
        (name) => () => MmapRegion.create(driver, 1, SMALL, named(name, bad)).close(),
      ),
      () => MmapRegion.create(driver, bad, SMALL).close(),
      () => MmapRegion.create(driver, 1, bad).close(),
      () => MmapRegion.createAligned(driver, 1, SMALL, bad).close(),
    ]) {
      refusedInWords(call);
    }
    // Nothing was charged or opened for a part that there is not, and the account still counts.
    expect(driver.calls.slice(calls).filter(({ call }) => call === "protect")).toEqual([]);
    slot.u8("heap")[0] = 1;
    slot.drop();
    expect(region.freeSlots).toBe(2);
    region.close();
    expect(driver.segments()).toEqual([]);
  });

  test("loadDriver", async () => {
    for (const options of [bad, named("only", bad)]) {
      await loadDriver(options).catch((error) => expect(error).toBeInstanceOf(RegionError));
    }
  });
});

test("a fake driver sees no memory of the engine's, so a wasm region does not take it", () => {
  expect(() => WasmRegion.create(1, {}, { driver: new FakeDriver() })).toThrow(
    expect.objectContaining({ code: "unsupported" }),
  );
});
