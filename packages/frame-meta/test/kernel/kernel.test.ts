import { createSlots, slotTableBytes } from "@memkit/frame-meta";
import { FrameKernel, kernelMemory, wordKernel } from "@memkit/frame-meta/kernel";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KERNEL } from "../../src/kernel/bytes.js";
import { tryDecShared, tryIncShared } from "../../src/ref-count.js";
import { refusalOf } from "../frame/support.js";
import { twoBanks } from "../slot/modes.js";
import {
  assemble,
  hooksOn,
  KERNEL_WAT,
  twinKernel,
  twinOf,
  twinTableKernel,
} from "../support/kernel.js";

const memory = kernelMemory(64);
const words = new Int32Array(memory.buffer);

describe.each([
  ["the kernel", wordKernel(memory)],
  ["its twin", twinKernel(hooksOn(words))],
])("%s", (_, kernel) => {
  const word = fc.oneof(
    fc.constantFrom(-(2 ** 31), -4, -3, -2, -1, 0, 1, 2, 2 ** 31 - 2, 2 ** 31 - 1),
    fc.integer(),
  );

  it("FM-33: answers as the functions of JavaScript do, and leaves the same word", () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 0, max: 15 }), (before, at) => {
        for (const [ours, theirs] of [
          [kernel.inc, tryIncShared],
          [kernel.dec, tryDecShared],
        ] as const) {
          const expected = new Int32Array(new SharedArrayBuffer(64)).fill(7);
          words.fill(7, 0, 16);
          words[at] = before;
          expected[at] = before;
          expect(ours(at * 4)).toBe(theirs(expected, at));
          expect(words.subarray(0, 16)).toEqual(expected);
        }
      }),
    );
  });

  it("FM-33: loads, stores, swaps and adds as Atomics do", () => {
    fc.assert(
      fc.property(word, word, word, (before, from, to) => {
        kernel.store(4, before);
        expect(kernel.load(4)).toBe(before);
        expect(kernel.swap(4, from, to)).toBe(before);
        expect(words[1]).toBe(from === before ? to : before);
        expect(kernel.swap(4, words[1]!, to)).toBe(from === before ? to : before);
        expect(kernel.add(4, from)).toBe((to + from) | 0);
        expect(words[1]).toBe((to + from) | 0);
      }),
    );
  });
});

describe("the bytes", () => {
  it("FM-34: are what kernel.wat assembles to, and at most 1,024", () => {
    const bytes = Uint8Array.from(atob(KERNEL), (byte) => byte.charCodeAt(0));
    expect(bytes).toEqual(assemble(KERNEL_WAT));
    expect(bytes.length).toBeLessThanOrEqual(1024);
  });

  it("the twin is refused where an access is not known", () => {
    const wat =
      '(module (import "memkit" "memory" (memory 1 1 shared)) (func (drop (i32.atomic.rmw.xor (i32.const 0) (i32.const 1)))))';
    expect(() => twinOf(wat)).toThrow("i32.atomic.rmw.xor");
    expect(() => twinOf("(module (func (drop (i32.load8_u (i32.const 0)))))")).toThrow(
      "i32.load8_u",
    );
  });

  it("a table can be opened over the twin", () => {
    const memory = twoBanks();
    const buffer = new SharedArrayBuffer(slotTableBytes({ memory }));
    const slots = createSlots({ memory, kernel: twinTableKernel(buffer) });
    expect([slots.tryClaim(0x10), slots.tryPublish(0x10, 1, 2), slots.tryInc(0x10)]).toEqual([
      0, 1, 2,
    ]);
    expect(slots.mode).toBe("kernel");
  });
});

describe("FrameKernel", () => {
  it("refuses what is no shared memory, and more than a memory can have", () => {
    for (const other of [
      { buffer: new SharedArrayBuffer(64) },
      new WebAssembly.Memory({ initial: 1 }),
    ]) {
      expect(refusalOf(() => FrameKernel.attach(other))).toMatchObject({
        code: "invalid-option",
        option: "kernel",
      });
    }
    expect(refusalOf(() => FrameKernel.create(2 ** 32 + 1))).toMatchObject({
      code: "table-too-large",
      max: 2 ** 32,
    });
  });

  it("refuses a word that is not there, like the other modes", () => {
    const kernel = FrameKernel.create(slotTableBytes({ memory: twoBanks() }));
    const slots = createSlots({ memory: twoBanks(), kernel });
    for (const index of [-1, 0.5, slots.words.length, 2 ** 30 + 26, Number.NaN]) {
      expect([slots.incAt(index), slots.decAt(index)]).toEqual([-6, -6]);
    }
  });
});
