/** Page sources and hooks that call the walker which is asking them: its results are fields, so one walk at a time (PT-5). */

import { PhysicalMemory } from "@memkit/core";
import { kernelMemory } from "@memkit/frame-meta/kernel";
import { x86Format } from "@memkit/page-table/format";
import { dump } from "@memkit/page-table/inspect";
import { KernelWalker } from "@memkit/page-table/kernel";
import { Mmu, rightsText, type SoftwareHook, Walker } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";

const FAR = 2 ** 39;
const busy = expect.objectContaining({ code: "walker-busy" });
const write = { kind: "write", mode: "user" } as const;
/** What a source of pages throws is the cause. */
const asked = expect.objectContaining({ code: "page-source-threw", cause: busy });

/** Tables in frames 1 to 8 of which those of address 0 grant all, those of FAR only the supervisor's reads; a swapped page at 0x1000. */
const image = new Int32Array(16 * 1024);
for (const [table, index, entry] of [
  ...[1, 2, 3, 4].map((table) => [table, 0, ((table + 1) << 12) | 0x67]),
  [1, 1, 0x6021],
  ...[6, 7].map((table) => [table, 0, ((table + 1) << 12) | 0x21]),
  [8, 0, 0x9067],
  [4, 1, 0x200],
] as [number, number, number][]) {
  image[table * 1024 + index * 2] = entry;
}
const bytes = new Uint8Array(image.buffer);

/** Pages of the image; `ask` is called for one of them. */
function source(pfn: number, ask?: () => void) {
  let armed = true;
  return {
    page(asked: number) {
      if (asked === pfn && armed) {
        armed = false; // the inner walk is not to ask again
        try {
          ask?.();
        } finally {
          armed = true;
        }
      }
      return bytes.subarray(asked * 4096, asked * 4096 + 4096);
    },
  };
}

describe("a page source that calls its walker", () => {
  const init = { format: x86Format(), root: 1 };

  test.each([4, 8, 9])("is refused, and the walk with it (frame %d)", (pfn) => {
    const walker: Mmu = new Mmu({ ...init, memory: source(pfn, () => walker.translate(0)) });
    expect(() => walker.access(pfn === 4 ? 0 : FAR, 4, { kind: "read" })).toThrow(asked);
  });

  test.each<[string, number, (walker: Mmu) => unknown]>([
    ["translates", 4, (walker) => walker.translate(FAR)],
    ["translates what is no address of the tables", 4, (walker) => walker.translate(2 ** 50)],
    ["makes an access", 4, (walker) => walker.access(FAR, 4, write)],
    ["asks for the steps", 4, (walker) => walker.steps(0x80, 0)],
    ["translates", 8, (walker) => walker.translate(0)],
    ["translates, asked what is at the frame", 9, (walker) => walker.translate(0)],
    ["makes an access, asked what is at the frame", 5, (walker) => walker.access(FAR, 4, write)],
  ])("and catches that changes nothing: %s, frame %d", (_, pfn, again) => {
    let refused = 0;
    const walker: Mmu = new Mmu({
      ...init,
      memory: source(pfn, () => {
        expect(() => again(walker)).toThrow(busy);
        refused += 1;
      }),
    });
    const plain = new Mmu({ ...init, memory: source(-1) });
    for (const va of [0x123, FAR + 0x456]) {
      const answers = [walker, plain].map((one) => [
        one.translate(va),
        [one.pfn, one.offset, one.level, one.reason, one.table, one.index, one.lo, one.hi],
        rightsText(one.rights),
        [one.upperAnd, one.upperOr],
        one.access(va, 4, write),
        one.access(va, 4, { kind: "read" }),
        [one.faultHi, one.faultLo, one.pfn2, one.len],
      ]);
      expect(answers[0]).toEqual(answers[1]);
    }
    expect(refused).toBeGreaterThan(0);
  });

  test("may have another walker of the same pages", () => {
    const other = new Walker({ ...init, memory: source(-1) });
    const walker = new Walker({ ...init, memory: source(4, () => other.translate(FAR)) });
    expect([walker.translate(0x123), rightsText(walker.rights)]).toEqual([true, "SRWX URWX"]);
    expect(rightsText(other.rights)).toBe("SR-X U---");
  });
});

describe("a hook that calls its walker", () => {
  const kernel = kernelMemory(17 * 4096);
  new Uint8Array(kernel.buffer).set(bytes);
  const inKernel = new PhysicalMemory([{ firstPfn: 0, frames: 16, source: kernel, byteOffset: 0 }]);
  const plain = new PhysicalMemory({ buffer: image.buffer.slice(0) });
  type Made = (software: SoftwareHook) => Walker | KernelWalker;
  const kinds: [string, Made][] = [
    [
      "a walker",
      (software) => new Walker({ format: x86Format(), memory: plain, root: 1, software }),
    ],
    [
      "a walker of shared memory",
      (software) => new Walker({ format: x86Format(), memory: inKernel, root: 1, software }),
    ],
    [
      "a kernel walker",
      (software) =>
        new KernelWalker({
          format: x86Format(),
          memory: inKernel,
          kernel,
          block: 16 * 4096,
          root: 1,
          software,
        }),
    ],
  ];

  test.each(kinds)("has changed nothing of %s", (name, make) => {
    let calls = 0;
    const walker: Walker | KernelWalker = make((lo) => {
      calls += 1;
      if (name !== "a kernel walker") expect(() => walker.translate(FAR + 0x789)).toThrow(busy);
      else walker.translate(FAR + 0x789);
      return lo === 0x200 ? { name: "swap", ...(calls > 1 ? { pfn: 7 } : {}) } : undefined;
    });
    for (const found of [false, true]) {
      expect(walker.translate(0x1abc)).toBe(found);
      expect([walker.lo, walker.level, walker.offset, walker.index]).toEqual([0x200, 1, 0xabc, 1]);
      expect([walker.software?.name, rightsText(walker.rights)]).toEqual(["swap", "S--- U---"]);
      expect(walker.reason === 0).toBe(found);
    }
    expect([walker.translate(0x123), walker.pfn, calls]).toEqual([true, 5, 2]); // and the quick way is open again
  });

  test("ends the walk where it does not catch that, and the dump", () => {
    const walker: Walker = new Walker({
      format: x86Format(),
      memory: plain,
      root: 1,
      software: () => ({ name: String(walker.translate(0)) }),
    });
    expect(() => walker.translate(0x1000)).toThrow(busy);
    expect(() => dump(walker)).toThrow(busy);
    expect(walker.translate(0x123)).toBe(true);
  });
});
