/** `auto` maps nothing before it has proved that mapping works (MR-41): drivers that lie about one thing each. */

import { describe, expect, test } from "vitest";
import type { Driver } from "../../src/driver.js";
import { FakeDriver } from "../../src/fake-driver.js";
import { RegionError } from "../../src/index.js";
import { snapshot } from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";
import { refusal } from "../expect-error.js";

/** The driver with some of its methods replaced. */
function lying(driver: Driver, lies: Partial<Driver>): Driver {
  return new Proxy(driver, {
    get(target, key) {
      const value = Reflect.get(lies, key) ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function choiceWith(driver: Driver): string {
  const memory = new WebAssembly.Memory({ initial: 2 });
  new Uint8Array(memory.buffer)[9] = 9;
  const image = snapshot(memory, { driver });
  image.apply(memory);
  new Uint8Array(memory.buffer)[9] = 0;
  image.reset(memory);
  expect(new Uint8Array(memory.buffer)[9]).toBe(9);
  const { engine, reason } = image.choice(memory);
  image.close();
  return `${engine}: ${reason}`;
}

const copied = /^copy: the self-test failed: /;

test("a driver that knows nothing of the engine's memories is left alone", () => {
  const driver = new FakeDriver();
  expect(choiceWith(driver)).toMatch(copied);
  const memory = new WebAssembly.Memory({ initial: 2 });
  refusal(() => snapshot(memory, { driver, engine: "discard" }), "unsupported");
  refusal(() => snapshot(memory, { engine: "scan+undo" }), "unsupported");
});

describe.each(nativeDrivers.map((driver) => [driver.name, driver] as const))("%s", (_, driver) => {
  test("the real one is taken, and says so", () => {
    expect(choiceWith(driver)).toMatch(/^scan\+undo: /);
  });

  const nothing = (): void => undefined;
  let maps = 0;
  const lies: readonly (readonly [string, Partial<Driver>])[] = [
    ["has no images", { capabilities: { ...driver.capabilities, images: false } }],
    // The first image is the one that the bytes are read by.
    [
      "what the memory shows",
      { mapImage: (at, image) => (maps++ === 0 ? driver.mapImage(at, image) : undefined) },
    ],
    ["bring the image back", { discard: nothing }],
    ["told exactly", { dirtyPages: () => 0 }],
    ["told exactly", { dirtyPages: () => -1 }],
    ["begin with a page", { addressOf: () => 1 }],
  ];
  test.each(lies)("a driver of which %s is not true", (words, lie) => {
    const choice = choiceWith(lying(driver, lie));
    expect(choice).toMatch(copied);
    expect(choice).toContain(words);
  });

  test("a memory that cannot be mapped for want of mappings is copied by auto, refused by name", () => {
    const full = lying(driver, {});
    const memory = new WebAssembly.Memory({ initial: 2 });
    const auto = snapshot(memory, { driver: full });
    const named = snapshot(memory, { driver: full, engine: "discard" });
    const { charge } = driver.budget;
    driver.budget.charge = (): number => {
      throw new RegionError({ code: "too-many-mappings", asked: 2, used: 9, limit: 10 });
    };
    try {
      auto.apply(memory);
      expect(auto.choice(memory).engine).toBe("copy");
      expect(auto.choice(memory).reason).toContain("it cannot be mapped");
      const before = new Uint8Array(memory.buffer).slice();
      refusal(() => named.apply(memory), "too-many-mappings");
      expect(Buffer.compare(new Uint8Array(memory.buffer), before)).toBe(0);
    } finally {
      driver.budget.charge = charge;
    }
    auto.close();
    named.close();
  });
});

test("what no type allows is refused in words", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bad = (options: unknown): void =>
    void refusal(() => snapshot(memory, options as object), "invalid-argument");
  for (const options of [null, 1, { engine: "fast" }, { grown: "shrink" }, { reseed: 1 }]) {
    bad(options);
  }
  for (const options of [{ keepResident: -1 }, { keepResident: 0.5 }, { driver: {} }]) bad(options);
  const told = (options: unknown): string =>
    refusal(() => snapshot(memory, options as object), "invalid-argument").message;
  const found = { driver: undefined, notice: "" };
  expect(told({ driver: Promise.resolve(found) })).toContain("is a promise: await loadDriver()");
  expect(told({ driver: found })).toContain("await loadDriver()");
  expect(told({ engine: "fast" })).toBe(
    'must be one of auto, copy, scan+undo, discard (engine = "fast")',
  );
  for (const target of [null, 1, {}, { exports: null }, WebAssembly.Memory.prototype]) {
    refusal(() => snapshot(target as never), "invalid-argument");
  }
  const image = snapshot(memory);
  refusal(() => image.apply(undefined as never), "invalid-argument");
  refusal(() => image.reset(memory), "image-not-applied");
  refusal(() => image.choice(memory), "image-not-applied");
  refusal(() => image.apply({ exports: {} }), "image-mismatch", { what: 'memory ""' });
  refusal(() => image.apply({ exports: { memory } }), "image-mismatch");
  const tight = new WebAssembly.Memory({ initial: 0, maximum: 0 });
  refusal(() => image.apply(tight), "out-of-memory", { asked: 65536 });
  image.close();
  image.close();
  refusal(() => image.apply(memory), "image-closed");
  refusal(() => image.dirtyPages(memory), "image-closed");
});
