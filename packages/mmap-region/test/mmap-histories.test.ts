/** Random calls whose outcome a Linux kernel once answered, done by every driver: access and contents must be the kernel's. */

import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Access, Driver } from "../src/driver.js";
import { FakeDriver } from "../src/fake-driver.js";
import { drivers } from "./contract/drivers.js";
import { mapsOf } from "./support/proc-maps.js";

const PAGE = 4096;
const PAGES = 64;
const ACCESS: Readonly<Record<string, Access>> = {
  none: "none",
  read: "read",
  write: "read-write",
};

interface Step {
  readonly call: string;
  /** `r`, `w` or `-` for each page. */
  readonly access: string;
  /** First bytes that are not zero, by page. */
  readonly bytes: Readonly<Record<string, number>>;
}

const file = new URL("fixtures/mmap-histories.txt", import.meta.url);
const histories: readonly Step[][] = readFileSync(file, "utf8")
  .split(/^history\n/m)
  .slice(1)
  .map((text) => text.trimEnd().split("\n").map(parse));

function parse(line: string): Step {
  const [call = "", runs = "", values = ""] = line.split("|").map((part) => part.trim());
  const access = Array.from({ length: PAGES }, () => "-");
  for (const [, first, count, kind] of runs.matchAll(/(\d+)\+(\d+):(.)/g)) {
    access.fill(kind!, Number(first), Number(first) + Number(count));
  }
  const bytes = Object.fromEntries(
    [...values.matchAll(/(\d+)=(\d+)/g)].map(([, page, value]) => [page!, Number(value)]),
  );
  return { call, access: access.join(""), bytes };
}

const counted = (kind: string): number =>
  histories.flat().filter(({ call }) => call.startsWith(kind)).length;

test("the histories have every kind of call", () => {
  const kinds = ["map", "unmap", "protect", "discard", "store"];
  expect(kinds.filter((kind) => counted(kind) < 20)).toEqual([]);
});

describe.each(drivers)("by %s", (_name, driverOf) => {
  let driver: Driver;
  let base: number;
  beforeEach(() => {
    driver = driverOf();
    base = driver.reserve(PAGES * PAGE);
  });
  afterEach(() => driver.release(base, PAGES * PAGE));

  function through<R>(page: number, use: (bytes: Uint8Array) => R): R {
    const buffer = driver.view(base + page * PAGE, PAGE);
    try {
      return use(new Uint8Array(buffer));
    } finally {
      driver.detach(buffer);
    }
  }

  function act(call: string): void {
    const [name, first, second, access = "none"] = call.split(" ");
    const address = base + Number(first) * PAGE;
    const length = Number(second) * PAGE;
    if (name === "store") {
      through(Number(first), (bytes) => {
        bytes[0] = Number(second);
      });
    } else {
      if (name !== "protect") driver.discard(address, length);
      if (name !== "discard") driver.protect(address, length, ACCESS[access]!);
    }
  }

  function accessNow(): string {
    const segments = driver instanceof FakeDriver ? driver.segments() : mapsOf(base, PAGES * PAGE);
    const letters = { none: "-", read: "r", "read-write": "w" } as const;
    return segments.map(({ length, access }) => letters[access].repeat(length / PAGE)).join("");
  }

  function bytesNow(access: string): Record<string, number> {
    const found: Record<string, number> = {};
    for (let page = 0; page < PAGES; page++) {
      if (access[page] === "-") continue;
      const first = through(page, (bytes) => bytes[0]!);
      if (first !== 0) found[page] = first;
    }
    return found;
  }

  test.each(histories.map((steps, n) => [n, steps] as const))("history %d", (_n, steps) => {
    for (const { call, access, bytes } of steps) {
      act(call);
      expect({ call, access: accessNow() }).toEqual({ call, access });
      expect({ call, bytes: bytesNow(access) }).toEqual({ call, bytes });
    }
  });
});
