/** What every driver does, whatever is behind it. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Driver } from "../src/driver.js";
import { RegionError } from "../src/index.js";
import { drivers } from "./contract/drivers.js";
import { refusal } from "./expect-error.js";
import { transferAway } from "./support/transfer-away.js";

const PAGE = 4096;
const ADDRESS = 0x10_0000;

test("koffi is installed here, so there is more than the fake", () => {
  expect(drivers.map(([name]) => name)).toEqual(expect.arrayContaining(["fake", "koffi"]));
});

describe.each(drivers)("%s", (name, driverOf) => {
  let driver: Driver;
  let base: number;
  const PAGES = 16;
  const at = (page: number): number => base + page * PAGE;

  beforeEach(() => {
    driver = driverOf();
    base = driver.reserve(PAGES * PAGE);
  });
  afterEach(() => driver.release(base, PAGES * PAGE));

  /** Runs with a view of the pages, which is gone afterwards. */
  function through<R>(page: number, pages: number, use: (bytes: Uint8Array) => R): R {
    const buffer = driver.view(at(page), pages * PAGE);
    try {
      return use(new Uint8Array(buffer));
    } finally {
      expect(driver.detach(buffer)).toBe(true);
    }
  }

  test("says what it is", () => {
    expect(driver.name).toBe(name);
    expect(driver.pageSize).toBe(PAGE);
    expect(driver.capabilities).toEqual({
      guards: name !== "fake",
      images: true,
      detach: true,
      dirtyPages: true,
    });
  });

  test("addresses are whole pages and exact numbers", () => {
    expect(base % PAGE).toBe(0);
    expect(Number.isSafeInteger(base)).toBe(true);
  });

  test("pages are zero at first and keep what is written, from view to view", () => {
    driver.protect(base, 2 * PAGE, "read-write");
    through(0, 2, (bytes) => {
      expect(bytes.every((byte) => byte === 0)).toBe(true);
      bytes[PAGE] = 7;
    });
    through(1, 1, (bytes) => expect(bytes[0]).toBe(7));
  });

  test("contents survive the loss of access", () => {
    driver.protect(base, PAGE, "read-write");
    through(0, 1, (bytes) => bytes.fill(9));
    driver.protect(base, PAGE, "none");
    driver.protect(base, PAGE, "read");
    through(0, 1, (bytes) => expect(bytes[PAGE - 1]).toBe(9));
  });

  test("a discard makes zeros of the pages it names, under a view, and of no others", () => {
    driver.protect(base, 3 * PAGE, "read-write");
    through(0, 3, (bytes) => {
      bytes.fill(5);
      driver.discard(at(1), PAGE);
      const firsts = [0, PAGE - 1, PAGE, 2 * PAGE - 1, 2 * PAGE, 3 * PAGE - 1];
      expect(firsts.map((byte) => bytes[byte])).toEqual([5, 5, 0, 0, 5, 5]);
    });
  });

  test("an image is copy-on-write: written pages come back from it, the image never changes", () => {
    const bytes = Uint8Array.from({ length: PAGE + 3 }, (_, n) => n % 251);
    const image = driver.createImage(bytes);
    bytes.fill(0); // a copy was taken
    expect(image.length).toBe(2 * PAGE);
    driver.mapImage(at(2), image);
    driver.mapImage(at(5), image);
    image.close();
    image.close();
    through(2, 2, (mapped) => {
      expect([mapped[250], mapped[PAGE + 2], mapped[PAGE + 3]]).toEqual([250, (PAGE + 2) % 251, 0]);
      mapped.fill(1);
      driver.discard(at(2), PAGE);
      expect([mapped[250], mapped[PAGE]]).toEqual([250, 1]);
    });
    through(5, 2, (mapped) => expect(mapped[250]).toBe(250));
    refusal(() => driver.mapImage(at(2), image), "invalid-argument", { argument: "image" });
  });

  test("an image of another driver, or of no bytes, is refused", () => {
    const stranger = { length: PAGE, close: () => undefined };
    refusal(() => driver.mapImage(base, stranger), "invalid-argument", { argument: "image" });
    refusal(() => driver.createImage(new Uint8Array(0)), "invalid-argument", { argument: "bytes" });
  });

  test("a buffer is where its pages are", () => {
    driver.protect(base, PAGES * PAGE, "read-write");
    const buffer = driver.view(at(3), PAGE);
    expect(driver.addressOf(buffer)).toBe(at(3));
    driver.detach(buffer);
  });

  test("MR-9: detaching kills every view of the buffer; a buffer that was moved is out of reach", () => {
    driver.protect(base, 2 * PAGE, "read-write");
    const buffer = driver.view(base, PAGE);
    const views = [new Uint8Array(buffer, 8, 8), new DataView(buffer)] as const;
    expect(driver.detach(buffer)).toBe(true);
    expect(buffer.byteLength).toBe(0);
    expect(views[0].length).toBe(0);
    expect(() => views[1].getUint8(0)).toThrow(TypeError);

    const moving = driver.view(base, PAGE);
    const moved = transferAway(moving);
    if (moved === undefined) driver.detach(moving);
    else expect(driver.detach(moving)).toBe(false);
    if (name === "fake") {
      expect(() => driver.protect(base, PAGE, "none")).toThrow("under a view");
      driver.release(at(2), 14 * PAGE);
      driver = driverOf(); // that one cannot be released any more
      base = driver.reserve(PAGES * PAGE);
    }
  });

  test.each([
    ["an odd address", ADDRESS + 1, PAGE, "address"],
    ["address 0", 0, PAGE, "address"],
    ["an odd length", ADDRESS, 1, "length"],
    ["no length", ADDRESS, 0, "length"],
    ["a negative length", ADDRESS, -PAGE, "length"],
    ["a fraction", ADDRESS, 4096.5, "length"],
    ["NaN", Number.NaN, PAGE, "address"],
    ["an address beyond 2^53", 2 ** 53, PAGE, "address"],
    ["an end beyond 2^53", 2 ** 53 - PAGE, PAGE, "end of the range"],
  ])("%s is no range", (_what, address, length, argument) => {
    const calls = [
      () => driver.protect(address, length, "none"),
      () => driver.discard(address, length),
      () => driver.view(address, length),
      () => driver.release(address, length),
    ];
    for (const call of calls) refusal(call, "invalid-argument", { argument });
    if (argument === "length") refusal(() => driver.reserve(length), "invalid-argument");
  });

  test("what is not reserved here is not released", () => {
    refusal(() => driver.release(base - PAGE, PAGE), "not-reserved", { address: base - PAGE });
    refusal(() => driver.release(base, (PAGES + 1) * PAGE), "not-reserved");
    const other = driver.reserve(3 * PAGE);
    driver.release(other + PAGE, PAGE); // a part, out of the middle
    refusal(() => driver.release(other, 3 * PAGE), "not-reserved");
    refusal(() => driver.release(other + PAGE, PAGE), "not-reserved");
    driver.release(other, PAGE);
    driver.release(other + 2 * PAGE, PAGE);
    refusal(() => driver.release(other, PAGE), "not-reserved");
  });

  test("MR-10: more address space than there is is refused before it is asked for", () => {
    refusal(() => driver.reserve(2 ** 52), "out-of-address-space", { asked: 2 ** 52 });
  });
});

test.each(drivers)("%s refuses in words what no type allows, and goes on", (_name, create) => {
  const driver = create();
  const page = driver.pageSize;
  const address = driver.reserve(4 * page);
  driver.protect(address, page, "read-write");
  const image = driver.createImage(new Uint8Array(page).fill(1));
  const values: unknown[] = [undefined, null, Number.NaN, -1, 1.5, 1, "x", true, 5n, Symbol("s")];
  values.push({}, [null], () => 0, Object.create(null), new Uint8Array(4).subarray(2, 2));
  for (const value of values) {
    const bad = value as never;
    const calls: readonly (() => unknown)[] = [
      () => driver.reserve(bad),
      () => driver.protect(bad, page, "read"),
      () => driver.protect(address, bad, "read"),
      () => driver.protect(address, page, bad),
      () => driver.discard(bad, page),
      () => driver.discard(address, bad),
      () => driver.discardAll(bad),
      () => driver.discardAll([bad]),
      () => driver.remap(bad, page, "none"),
      () => driver.remap(address, bad, "none"),
      () => driver.remap(address, page, bad),
      () => driver.dirtyPages(bad, page, new Uint32Array(1)),
      () => driver.dirtyPages(address, bad, new Uint32Array(1)),
      () => driver.dirtyPages(address, page, bad),
      () => driver.preferHugePages(bad, page),
      () => driver.createImage(bad),
      () => driver.mapImage(bad, image),
      () => driver.mapImage(address, bad),
      () => driver.adopt(bad, page),
      () => driver.adopt(address, bad),
      () => driver.release(bad, page),
      () => driver.release(address, bad),
      () => driver.view(bad, page),
      () => driver.view(address, bad),
      () => driver.addressOf(bad),
      () => driver.detach(bad),
      () => driver.budget.join(bad),
    ];
    for (const [n, call] of calls.entries()) {
      expect(call, `call ${n} with ${typeof value}`).toThrow(RegionError);
    }
    if (value === 1) continue; // one mapping is a good number of them
    expect(() => driver.budget.charge(bad), typeof value).toThrow(RegionError);
    expect(() => driver.budget.requireSpace(bad), typeof value).toThrow(RegionError);
  }
  driver.mapImage(address, image);
  const view = driver.view(address, page);
  expect(new Uint8Array(view)[0]).toBe(1);
  driver.detach(view);
  image.close();
  driver.release(address, 4 * page);
});
