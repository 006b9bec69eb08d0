/** One suite, on every kind of memory that this host has: see kinds/. */

import { describe, expect, it } from "vitest";
import { atomics } from "./kinds/contract/atomics.js";
import { borrows } from "./kinds/contract/borrows.js";
import { growth } from "./kinds/contract/growth.js";
import { guards } from "./kinds/contract/guards.js";
import { numbers } from "./kinds/contract/numbers.js";
import { order } from "./kinds/contract/order.js";
import { ranges } from "./kinds/contract/ranges.js";
import { knownAs, sharing } from "./kinds/contract/sharing.js";
import { values } from "./kinds/contract/values.js";
import { ABSENT, KINDS } from "./support/sources.js";

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("on %s", (_, kind) => {
  describe("numbers", () => numbers(kind));
  describe("ranges", () => ranges(kind));
  describe("values", () => values(kind));
  describe("order of errors", () => order(kind));
  growth(kind);
  describe("atomics", () => atomics(kind));
  describe("sharing", () => knownAs(kind));
  if (kind.shared) {
    describe("shared", () => sharing(kind));
  } else {
    describe("borrows", () => borrows(kind));
    describe("guards", () => guards(kind));
  }
});

describe("kinds that are left out here", () => {
  it("are those that this host cannot make", () => {
    for (const { name, absent, make } of ABSENT) {
      console.info(`left out: ${name}: ${absent}`);
      expect(make).toThrow();
    }
    // What every supported host has, whatever else it lacks.
    expect(KINDS.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "a plain buffer",
        "a WebAssembly.Memory",
        "a shared WebAssembly.Memory",
        "a source that exchanges its buffer",
        "a resizable buffer",
        "the last page but one of 4 GiB, by negative pointers",
      ]),
    );
  });
});
