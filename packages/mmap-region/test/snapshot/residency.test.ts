/** When `auto` drops pages that are in memory: a scan that has been slow often enough, and later if they come back. */

import { expect, test } from "vitest";
import { Residency } from "../../src/snapshot/residency.js";
import { snapshot } from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";

const SLOW = 0.5;
const FAST = 0.01;

/** How many slow scans it takes. */
function patienceOf(residency: Residency): number {
  for (let n = 1; n < 1000; n++) if (residency.isTooMuch(SLOW)) return n;
  return 1000;
}

test("pages are dropped after twenty slow scans, and later each time that they are back at once", () => {
  const residency = new Residency();
  expect([1, 2, 3, 4].map(() => patienceOf(residency))).toEqual([20, 40, 80, 160]);
  expect(residency.isTooMuch(FAST)).toBe(false);
  expect(patienceOf(residency)).toBe(20);
});

test("only slow scans in a row count", () => {
  const residency = new Residency();
  const drops = Array.from({ length: 200 }, (_, n) =>
    residency.isTooMuch(n % 19 === 0 ? FAST : SLOW),
  );
  expect(drops.includes(true)).toBe(false);
});

test.each(nativeDrivers)("an image is put back all the same, and the choice says why", (driver) => {
  const slow = new Proxy(driver, {
    get(target, key) {
      if (key !== "dirtyPages") {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (...range: Parameters<typeof driver.dirtyPages>): number => {
        const end = performance.now() + 0.2;
        while (performance.now() < end);
        return target.dirtyPages(...range);
      };
    },
  });
  const memory = new WebAssembly.Memory({ initial: 3 });
  const bytes = new Uint8Array(memory.buffer).fill(3);
  const image = snapshot(memory, { driver: slow });
  image.apply(memory);
  const choices = Array.from({ length: 21 }, () => {
    bytes[9000] = 4;
    image.reset(memory);
    expect(bytes[9000]).toBe(3);
    return image.choice(memory);
  });
  expect(choices.map(({ engine }) => engine === "discard").indexOf(true)).toBe(19);
  expect(choices[18]?.reason).toContain("1 pages written again");
  expect(choices[19]?.reason).toContain("were once read");
  const asked = snapshot(memory, { driver: slow, engine: "scan+undo" });
  asked.apply(memory);
  for (let n = 0; n < 21; n++) asked.reset(memory);
  expect(asked.choice(memory).engine).toBe("scan+undo");
  image.close();
  asked.close();
});
