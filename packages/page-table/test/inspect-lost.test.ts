/** Address spaces that cannot be read, and such as cannot be compared: said, not passed over. */

import {
  encodeLeaf,
  encodeTable,
  pageProperty,
  READ,
  riscvFormat,
  x86Format,
} from "@memkit/page-table/format";
import { diff, dump, rawImage, scan } from "@memkit/page-table/inspect";
import { Walker } from "@memkit/page-table/walk";
import { expect, test } from "vitest";

const format = x86Format();

/** Eight frames; entry 0 of frame 1 leads to `next`. */
function image(next: number): Uint8Array {
  const bytes = new Uint8Array(8 * 4096);
  const words = new DataView(bytes.buffer);
  const put = (at: number, { lo, hi }: { lo: number; hi: number }) => {
    words.setInt32(at, lo, true);
    words.setInt32(at + 4, hi, true);
  };
  put(0x1000, encodeTable(format, 2));
  put(0x2000, encodeTable(format, next));
  put(0x2008, encodeTable(format, 3));
  put(0x3000, encodeTable(format, 4));
  put(0x4000, encodeLeaf(format, 5, 1, pageProperty(READ)));
  return bytes;
}

test("a root that is no frame of the memory, such as CR3's address, is in the dump", () => {
  const walker = new Walker({ format, memory: rawImage(image(3)), root: 0x1000 });
  expect(dump(walker).split("\n")).toEqual([
    "0000000000000000-00007fffffffffff  outside: a table in frame 0x1000",
    "ffff800000000000-ffffffffffffffff  outside: a table in frame 0x1000",
  ]);
});

test("a memory that begins at another frame than was said is in the dump", () => {
  const walker = new Walker({ format, memory: rawImage(image(3), 0x80000), root: 1 });
  expect(dump(walker)).toContain("outside: a table in frame 0x1");
});

test("tables that are outside, missing or malformed are lines between the mappings", () => {
  const memory = rawImage(image(0x99));
  const walker = new Walker({ format, memory, root: 1 });
  expect(dump(walker).split("\n")).toEqual([
    "0000000000000000-000000003fffffff  outside: a table in frame 0x99",
    "0000000040000000-0000000040000fff  SR-- U---  1 x 4 KiB from frame 0x5",
  ]);
  const partial = { page: (pfn: number) => (pfn === 0x99 ? undefined : memory.page(pfn as never)) };
  expect(dump(new Walker({ format, memory: partial, root: 1 })).split("\n")[0]).toBe(
    "0000000000000000-000000003fffffff  page-missing: a table in frame 0x99",
  );
  const bytes = image(3);
  bytes[0x2000] = 0x81; // a page of 1 GiB
  bytes[0x2001] = 0x80; // at a frame that is not aligned to it
  const malformed = dump(new Walker({ format, memory: rawImage(bytes), root: 1 })).split("\n");
  expect(malformed[0]).toMatch(
    /^0000000000000000-000000003fffffff {2}malformed: entry 0x[0-9a-f]+ of level 3$/,
  );
  expect(malformed).toHaveLength(2);
});

test("what a dump passes over is plainly absent: its lines are those of the scan", () => {
  const walker = new Walker({ format, memory: rawImage(image(0x99)), root: 1 });
  expect(dump(walker).split("\n")).toHaveLength([...scan(walker)].length);
});

test("address spaces with different addresses are not compared", () => {
  const of = (made: typeof format) =>
    new Walker({ format: made, memory: rawImage(new Uint8Array(8 * 4096)), root: 0 });
  const [x86, sv39, sv48] = [of(format), of(riscvFormat({ sv: 39 })), of(riscvFormat({ sv: 48 }))];
  for (const [a, b] of [
    [x86, sv39],
    [sv39, x86],
  ] as const) {
    expect(() => [...diff(a, b)]).toThrow(expect.objectContaining({ code: "other-format" }));
  }
  expect([...diff(x86, sv48)]).toEqual([]);
});
