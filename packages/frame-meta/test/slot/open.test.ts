import { PhysicalMemory } from "@memkit/core";
import {
  attachSlots,
  createSlots,
  FRAME_METADATA_MAX_ALIGN,
  FRAME_METADATA_MAX_SIZE,
  META_SLOT_SIZE,
  type SlotTableOptions,
  slotTableBytes,
} from "@memkit/frame-meta";
import { FrameKernel } from "@memkit/frame-meta/kernel";
import { describe, expect, it } from "vitest";
import {
  AGENT_WORDS,
  HEADER_WORDS,
  HeaderWord,
  partsOf,
  SLOT_WORDS,
  SlotWord,
  TRANSIT_WORDS,
  TYPE_WORDS,
} from "../../src/slot/layout.js";
import { attachmentTo, inMode, MODES, twoBanks } from "./modes.js";

describe("the layout", () => {
  it("is OSTD's where OSTD has one", () => {
    expect([META_SLOT_SIZE, FRAME_METADATA_MAX_SIZE, FRAME_METADATA_MAX_ALIGN]).toEqual([
      64, 40, 64,
    ]);
    expect(SLOT_WORDS * 4).toBe(META_SLOT_SIZE);
    expect(
      [SlotWord.storage, SlotWord.count, SlotWord.type, SlotWord.list].map((w) => w * 4),
    ).toEqual([0, 40, 48, 56]);
  });
  it("gives each word of a slot and of the header a place of its own", () => {
    for (const words of [SlotWord, HeaderWord]) {
      const places = Object.values(words);
      expect(new Set(places).size).toBe(places.length);
    }
    expect(Object.values(SlotWord).filter((w) => w > 0 && w < 10)).toEqual([]);
    expect(Math.max(...Object.values(HeaderWord))).toBeLessThan(HEADER_WORDS);
  });
  it.each([0, 1, 2, 3, 7])("puts slots at a multiple of 64 bytes, with %i ranges", (ranges) => {
    const parts = partsOf({ ranges, agents: 2, transits: 3, types: 3, frames: 5 });
    expect((parts.slots * 4) % META_SLOT_SIZE).toBe(0);
    expect(parts.agents).toBeGreaterThanOrEqual(parts.ranges + ranges * 8);
    expect((parts.agents * 4) % 64).toBe(0);
    expect(parts.transits).toBe(parts.agents + 2 * AGENT_WORDS);
    expect(parts.types).toBeGreaterThanOrEqual(parts.transits + 3 * TRANSIT_WORDS);
    expect(parts.slots).toBe(parts.types + 3 * TYPE_WORDS);
    expect(parts.words).toBe(parts.slots + 5 * SLOT_WORDS);
  });
});

describe.each(MODES)("%s", (mode) => {
  it("starts with every frame unused, in a buffer of its own", () => {
    const memory = twoBanks();
    const slots = createSlots(inMode(mode, { memory }));
    expect(slots.frames).toBe(8);
    expect(slots.words.buffer).not.toBe(memory.banks[0]?.source.buffer);
    expect(slots.words.byteLength).toBe(slotTableBytes({ memory }));
    for (const pfn of [0x10, 0x13, 0x80000, 0x80003]) expect(slots.countOf(pfn)).toBe(-1);
  });

  it("also in a buffer that is given, whatever was in it", () => {
    const memory = twoBanks();
    const bytes = slotTableBytes({ memory, types: 2 });
    const options = inMode(mode, { memory, types: 2 });
    const fresh = createSlots(inMode(mode, { memory, types: 2 }));
    const buffer =
      options.kernel?.buffer ??
      (mode === "single" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes));
    new Uint8Array(buffer).fill(0xaa);
    const slots = createSlots(mode === "kernel" ? options : { ...options, buffer });
    expect(slots.words.buffer).toBe(buffer);
    expect(slots.words).toEqual(fresh.words);
  });

  it("attaches to what another has made, and sees the same words", () => {
    const options = inMode(mode, { memory: twoBanks() });
    const made = createSlots(options);
    const other = attachSlots(attachmentTo(options, made.words.buffer));
    made.tryClaim(0x12);
    expect(other.countOf(0x12)).toBe(0);
    expect(other.parts).toEqual(made.parts);
  });

  const other = (change: (words: Int32Array) => void, memory = twoBanks()) => {
    const options = inMode(mode, { memory: twoBanks() });
    const made = createSlots(options);
    change(made.words);
    return () => attachSlots({ ...attachmentTo(options, made.words.buffer), memory });
  };
  it.each([
    ["magic", HeaderWord.magic],
    ["version", HeaderWord.version],
    ["mode", HeaderWord.mode],
    ["word layout", HeaderWord.wordLayout],
    ["banks", HeaderWord.banks],
    ["mmio", HeaderWord.mmio],
    ["size", HeaderWord.types, 1000],
    ["banks", 16],
    ["banks", 24 + 2],
    ["mmio", 32 + 2],
  ])("FM-7: refuses another %s (word %i)", (part, word, by = 1) => {
    const attach = other((words) => {
      words[word]! += by;
    });
    expect(attach).toThrow(expect.objectContaining({ code: "header-mismatch", part }));
  });
  it("FM-7: refuses another memory, and a table that is not finished", () => {
    const source = { buffer: new ArrayBuffer(8 * 4096) };
    const moved = [
      { firstPfn: 0x10, frames: 4, source, byteOffset: 0 },
      { firstPfn: 0x80001, frames: 4, source, byteOffset: 4 * 4096 },
    ];
    const mmio = [{ firstPfn: 0x100, frames: 2 }];
    const nothing = () => undefined;
    for (const [memory, part] of [
      [new PhysicalMemory(moved, { mmio }), "banks"],
      [new PhysicalMemory(moved), "mmio"],
      [new PhysicalMemory(source, { mmio }), "banks"],
    ] as const) {
      expect(other(nothing, memory)).toThrow(
        expect.objectContaining({ code: "header-mismatch", part }),
      );
    }
    expect(other((words) => words.fill(0))).toThrow("its magic is 0x0");
    if (mode === "kernel") return; // a memory has whole pages
    const buffer = mode === "single" ? new ArrayBuffer(0) : new SharedArrayBuffer(3);
    expect(() => attachSlots({ buffer, memory: source, mode })).toThrow("its magic is 0x0");
  });
});

describe("options", () => {
  const memory = { buffer: new ArrayBuffer(4096) };
  const BYTES = slotTableBytes({ memory });
  const bad: [string, SlotTableOptions][] = [
    ["types", { memory, types: 0 }],
    ["types", { memory, types: 1.5 }],
    ["agents", { memory, agents: 0 }],
    ["agents", { memory, agents: 1025 }],
    ["types", { memory, types: 2 ** 16 }],
    ["mode", { memory, mode: "toString" as "single" }],
    ["kernel", { memory, mode: "kernel" }],
    ["kernel", { memory, mode: "shared", kernel: FrameKernel.create(BYTES) }],
    ["buffer", { memory, buffer: new SharedArrayBuffer(BYTES), kernel: FrameKernel.create(BYTES) }],
    ["buffer", { memory: twoBanks(), types: 1000, kernel: FrameKernel.create(64) }],
    ["buffer", { memory, buffer: new ArrayBuffer(64) }],
    ["buffer", { memory, mode: "shared", buffer: new ArrayBuffer(BYTES) }],
    [
      "buffer",
      { memory, buffer: Reflect.construct(ArrayBuffer, [BYTES, { maxByteLength: 2 * BYTES }]) },
    ],
  ];
  it.each(bad)("refuses %s", (option, options) => {
    expect(() => createSlots(options)).toThrow(
      expect.objectContaining({ code: "invalid-option", option }),
    );
  });
  it("refuses to attach to nothing, and to a table of another mode", () => {
    expect(() => attachSlots({ memory })).toThrow(
      expect.objectContaining({ code: "invalid-option", option: "buffer" }),
    );
    const shared = createSlots({ memory, mode: "shared" });
    const kernel = FrameKernel.create(slotTableBytes({ memory }));
    const made = createSlots({ memory, kernel });
    for (const [from, mode] of [
      [shared, "single"],
      [made, "shared"],
    ] as const) {
      const buffer = from.words.buffer as SharedArrayBuffer;
      expect(() => attachSlots({ memory, mode, buffer })).toThrow(
        expect.objectContaining({ code: "header-mismatch", part: "mode" }),
      );
    }
  });
  it("refuses a memory of more frames than a table can have", () => {
    const memory = {
      banks: [],
      mmio: [],
      totalFrames: 2 ** 40,
      bankIndexOf: () => -1,
    } as unknown as PhysicalMemory;
    expect(() => createSlots({ memory })).toThrow(
      expect.objectContaining({ code: "table-too-large", max: (2 ** 31 - 1) * 4 }),
    );
  });
  it("FM-7: records and compares all bits of where banks and MMIO ranges are", () => {
    const source = { buffer: new ArrayBuffer(4096) };
    const at = (firstPfn: number, mmio = { firstPfn: 7, frames: 2 ** 33 + 1 }) =>
      new PhysicalMemory([{ firstPfn, frames: 1, source, byteOffset: 0 }], { mmio: [mmio] });
    const firstPfn = 2 ** 52 - 2 ** 20 - 1;
    const slots = createSlots({ memory: at(firstPfn), mode: "shared" });
    const ranges = slots.words.subarray(slots.parts.ranges, slots.parts.ranges + 12);
    expect([...ranges.subarray(0, 4)]).toEqual([-(2 ** 20) - 1, 0xf_ffff, 1, 0]);
    expect([...ranges.subarray(8)]).toEqual([7, 0, 1, 2]);
    const attach = (memory: PhysicalMemory) =>
      attachSlots({ memory, buffer: slots.words.buffer as SharedArrayBuffer });
    expect(attach(at(firstPfn)).frames).toBe(1);
    expect(() => attach(at(firstPfn - 2 ** 51))).toThrow("its banks is");
    expect(() => attach(at(firstPfn, { firstPfn: 7, frames: 2 ** 34 + 1 }))).toThrow("its mmio is");
  });
  it("takes a plain source as one bank, and memory of no frames", () => {
    expect(createSlots({ memory: { buffer: new ArrayBuffer(3 * 4096) } }).frames).toBe(3);
    const none = createSlots({ memory: [] });
    expect(none.frames).toBe(0);
    expect(none.tryClaim(0)).toBe(-6);
  });
});
