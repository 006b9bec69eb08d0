import { PhysicalMemory, struct, u32 } from "@memkit/core";
import { defineFrameMeta, Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import {
  allocFrame,
  allocSegment,
  allocUnique,
  attachBuddy,
  createBuddy,
} from "@memkit/frame-meta/alloc";
import { checkInvariants } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import { readerOf } from "@memkit/frame-meta/untyped";
import { describe, expect, it } from "vitest";
import { ALLOC_MODES, allocRig, memoryOf, mock, mockOf, PAGE, refusalOf } from "./support.js";

const memory = defineFrameMeta({ name: "memory", layout: struct(["tag", u32]), isUntyped: true });

describe.each(ALLOC_MODES)("%s", (mode) => {
  it("gives frames with metadata, and the frame dropped last is the next one given", () => {
    const { table, allocator, ledger } = allocRig(mode);
    const a = allocFrame(table, mock, mockOf(1));
    const b = allocUnique(table, mock, mockOf(2));
    expect([a.meta.value, b.meta.value, a.referenceCount]).toEqual([1, 2, 1]);
    expect(allocator.stats()).toMatchObject({ frames: 64, free: 62, taken: 2 });
    const { paddr } = a;
    a.drop();
    const again = allocFrame(table, mock, mockOf(3));
    expect(again.paddr).toBe(paddr);
    again.drop();
    b.drop();
    allocator.flush();
    expect(allocator.stats()).toMatchObject({ free: 64, cached: 0, taken: 0, largest: 64 });
    expect(checkInvariants(table, { atEnd: true })).toEqual({ violations: [], racing: [] });
    expect(ledger.report()).toEqual([]);
  });

  it("FM-28: zeroes what it gives, unless asked not to", () => {
    const { table } = allocRig(mode, [[3, 16]]);
    const frame = allocFrame(table, memory, { tag: 0 });
    const { paddr } = frame;
    new Uint8Array(table.memory.banks[0]!.source.buffer).fill(0xaa);
    frame.drop();
    const raw = allocFrame(table, memory, { tag: 0 }, { zeroed: false });
    expect(raw.paddr).toBe(paddr);
    expect(readerOf(raw).readVal(u32)).toBe(0xaaaaaaaa);
    raw.drop();
    const clean = allocFrame(table, memory, { tag: 0 });
    const bytes = new Uint8Array(table.memory.banks[0]!.source.buffer);
    const at = clean.paddr - 3 * PAGE;
    expect(bytes.subarray(at, at + PAGE).every((b) => b === 0)).toBe(true);
    // And nothing but them.
    expect(bytes.filter((b) => b === 0).length).toBe(PAGE);
    const many = allocSegment(table, 4, memory, () => ({ tag: 0 }));
    expect(bytes.filter((b) => b === 0).length).toBe(5 * PAGE);
    many.drop();
    clean.drop();
  });

  it("zeroes frames of a resizable source, and gives them back where their bank has lost its bytes", () => {
    const buffer = new ArrayBuffer(8 * PAGE, { maxByteLength: 16 * PAGE });
    const table = FrameTable.create({ memory: { buffer } });
    const allocator = createBuddy(table);
    new Uint8Array(buffer).fill(1);
    const frame = allocFrame(table, memory, { tag: 0 });
    expect(readerOf(frame).readVal(u32)).toBe(0);
    buffer.resize(0);
    expect(() => allocFrame(table, memory, { tag: 0 })).toThrow();
    expect(() => allocSegment(table, 4, memory, () => ({ tag: 0 }))).toThrow();
    expect(allocator.stats().taken).toBe(1);
  });

  it("places runs: contiguous, aligned, below an address", () => {
    const { table, allocator } = allocRig(mode, [
      [0, 16],
      [0x100, 256],
    ]);
    const dma = allocSegment(table, 3, memory, () => ({ tag: 1 }), { below: 0x1_0000 });
    expect([dma.start, dma.size]).toEqual([0, 3 * PAGE]);
    const huge = allocSegment(table, 100, memory, () => ({ tag: 2 }), { align: 0x8_0000 });
    expect([huge.start % 0x8_0000, huge.start]).toEqual([0, 0x10_0000]);
    expect(
      refusalOf(() => allocSegment(table, 16, memory, () => ({ tag: 3 }), { below: 0x1_0000 })),
    ).toEqual(expect.objectContaining({ code: "no-memory", frames: 16, below: 0x1_0000 }));
    expect(refusalOf(() => allocFrame(table, memory, { tag: 4 }, { below: 0 })).code).toBe(
      "no-memory",
    );
    dma.drop();
    huge.drop();
    expect(allocator.stats().taken).toBe(0);
  });

  it("refuses what cannot be asked for", () => {
    const { allocator } = allocRig(mode);
    const refused: [number, object][] = [
      [0, {}],
      [-1, {}],
      [1.5, {}],
      [Number.NaN, {}],
      [2 ** 53, {}],
      [1, { align: 0 }],
      [1, { align: 2048 }],
      [1, { align: 3 * PAGE }],
      [1, { align: -4096 }],
      [1, { align: Number.NaN }],
      [1, { below: -1 }],
      [1, { below: Number.NaN }],
    ];
    for (const [frames, placement] of refused) {
      expect(refusalOf(() => allocator.alloc(frames, placement)).code).toBe("invalid-option");
    }
    for (const frames of [65, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40])
      expect(allocator.alloc(frames)).toBe(-1);
    // A run at a multiple of so much is the start of a block of as much.
    expect(allocator.alloc(1, { align: 2 ** 60 })).toBe(-1);
    expect(allocator.stats().taken).toBe(0);
  });

  it("FM-23: gives back nothing that it has, and nothing foreign", () => {
    const { table, allocator } = allocRig(mode, [[0x20, 40]]);
    const pfn = allocator.alloc(32);
    for (const [at, frames, code] of [
      [0x1f, 1, "out-of-bound"],
      [0x48, 1, "out-of-bound"],
      [0x20, 41, "out-of-bound"],
      [-1, 1, "out-of-bound"],
      [Number.NaN, 1, "out-of-bound"],
      [0.5, 1, "out-of-bound"],
      [2 ** 40, 1, "out-of-bound"],
      [0x20, 0, "invalid-option"],
      [0x20, -1, "invalid-option"],
      [0x20, 1.5, "invalid-option"],
      [pfn + 32, 1, "not-taken"],
      [pfn, 36, "not-taken"],
    ] as const) {
      const before = allocator.stats();
      expect([at, frames, refusalOf(() => allocator.add(at, frames)).code]).toEqual([
        at,
        frames,
        code,
      ]);
      expect(allocator.stats()).toEqual(before);
    }
    expect(refusalOf(() => allocator.add(pfn, 36))).toMatchObject({ pfn: pfn + 32 });
    expect(refusalOf(() => allocator.takeAt(0x1f)).code).toBe("out-of-bound");
    allocator.add(pfn, 32);
    expect(refusalOf(() => allocator.add(pfn + 31)).code).toBe("not-taken");
    expect(checkInvariants(table).violations).toEqual([]);
  });

  it("FM-23: names the first frame of a run that it has already, wherever words of the map begin", () => {
    const { allocator } = allocRig(mode, [[0x25, 600]]);
    const pfn = allocator.alloc(140);
    allocator.add(pfn, 140);
    expect(refusalOf(() => allocator.add(pfn, 140))).toMatchObject({ code: "not-taken", pfn });
    for (let free = pfn; free < pfn + 140; free += 7) {
      expect(allocator.alloc(140)).toBe(pfn);
      allocator.add(free);
      expect(refusalOf(() => allocator.add(pfn, 140))).toMatchObject({ pfn: free });
      expect(allocator.takeAt(free)).toBe(true);
      allocator.add(pfn, 140);
    }
  });

  it("claims by address through the free set", () => {
    const { table, allocator } = allocRig(mode);
    const held = allocFrame(table, mock, mockOf(1)); // and the cache has more
    for (const pfn of [1, 2, 40]) {
      const frame = Frame.fromUnused(table, pfn * PAGE, unitMeta, {});
      expect(refusalOf(() => Frame.fromUnused(table, pfn * PAGE, unitMeta, {})).code).toBe(
        "in-use",
      );
      expect(allocator.takeAt(pfn)).toBe(false);
      frame.drop();
    }
    const unique = UniqueFrame.fromUnused(table, 0x5000, unitMeta, {});
    expect(refusalOf(() => Frame.fromUnused(table, 0x5000, unitMeta, {})).code).toBe("unique");
    const pfn = allocator.alloc();
    expect(refusalOf(() => Frame.fromUnused(table, pfn * PAGE, unitMeta, {})).code).toBe("busy");
    allocator.add(pfn);
    const segment = Segment.fromUnused(table, 0x20000, 0x24000, unitMeta, () => ({}));
    expect(
      refusalOf(() => Segment.fromUnused(table, 0x1e000, 0x22000, unitMeta, () => ({}))).code,
    ).toBe("in-use");
    expect(allocator.stats().taken).toBe(6);
    for (const one of [held, unique, segment]) one.drop();
    allocator.flush();
    expect(allocator.stats()).toMatchObject({ taken: 0, largest: 64 });
    const whole = allocSegment(table, 64, unitMeta, () => ({}));
    expect(refusalOf(() => allocFrame(table, unitMeta, {})).code).toBe("no-memory");
    whole.drop();
  });

  it("takes nothing where something throws: the value, the metadata of frame k, the layout", () => {
    const { table, allocator, ledger } = allocRig(mode);
    const boom = new Error("boom");
    const bad = {
      get value(): number {
        throw boom;
      },
      touched: 0,
    };
    expect(() => allocFrame(table, mock, bad)).toThrow(boom);
    expect(() => allocUnique(table, mock, bad)).toThrow(boom);
    for (const k of [0, 1, 4]) {
      let calls = 0;
      const metaOf = () => {
        if (calls++ === k) throw boom;
        return mockOf(1);
      };
      expect(() => allocSegment(table, 5, mock, metaOf)).toThrow(boom);
    }
    allocator.flush();
    expect(allocator.stats()).toMatchObject({ taken: 0, largest: 64 });
    expect(ledger.report()).toEqual([]);
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("asks onExhausted, outside of the lock, for as long as it says so", () => {
    const kept: Frame[] = [];
    const asked: unknown[] = [];
    const { table, allocator } = allocRig(mode, [[0, 8]], {
      onExhausted: (request) => {
        asked.push(request);
        kept.pop()?.drop(); // an allocator's own user frees something
        return asked.length < 4;
      },
    });
    for (let i = 0; i < 8; i += 1) kept.push(allocFrame(table, unitMeta, {}));
    expect(asked).toEqual([]);
    const frame = allocFrame(table, unitMeta, {});
    expect(asked).toEqual([{ frames: 1 }]);
    expect(allocator.alloc(4, { below: 0x4000 })).toBe(-1);
    expect(asked.slice(1)).toEqual(Array.from({ length: 3 }, () => ({ frames: 4, below: 0x4000 })));
    frame.drop();
    for (const one of kept) one.drop();
  });

  it("takes what other caches have before it says that there is none", () => {
    const { table, allocator } = allocRig("shared", [[0, 8]], { cache: 8, agents: 2 });
    const view = FrameTable.attach({ memory: table.memory, buffer: table.buffer });
    const other = attachBuddy(view, { buffer: allocator.buffer });
    expect([allocator.agent, other.agent]).toEqual([0, 1]);
    allocFrame(view, unitMeta, {}).drop(); // its cache has frames now
    expect(other.stats().cached).toBeGreaterThan(0);
    const all = allocSegment(table, 8, unitMeta, () => ({}));
    all.drop();
    for (const one of Array.from({ length: 8 }, () => allocFrame(table, unitMeta, {}))) one.drop();
    const third = attachBuddy(FrameTable.attach({ memory: table.memory, buffer: table.buffer }), {
      buffer: allocator.buffer,
    });
    expect(third.agent).toBe(-1); // works, without a cache
    const pfn = third.alloc();
    third.add(pfn);
    other.close();
    other.close();
    expect(other.agent).toBe(-1);
    expect(other.alloc(2)).toBeGreaterThanOrEqual(0);
  });
});

describe.each(ALLOC_MODES)("add of a frame that is in use, %s", (mode) => {
  it.each([0, 4])("is refused, and changes nothing, with a cache of %i", (cache) => {
    const { table, allocator } = allocRig(mode, [[0, 64]], { cache });
    const shared = allocFrame(table, unitMeta, {});
    const unique = allocUnique(table, unitMeta, {});
    const segment = allocSegment(table, 16, unitMeta, () => ({}));
    const first = segment.start / PAGE;
    const before = allocator.stats();
    const pfn = shared.paddr / PAGE;
    for (const [add, code] of [
      [() => allocator.add(pfn), "in-use"],
      [() => allocator.add(unique.paddr / PAGE), "unique"],
      [() => allocator.add(first), "in-use"],
      [() => allocator.add(first, 16), "in-use"],
      [() => allocator.add(first + 15, 2), "in-use"],
      [() => allocator.add(first - 1, 2), "in-use"],
    ] as const) {
      expect(refusalOf(add).code).toBe(code);
      expect(allocator.stats()).toEqual(before);
    }
    for (const handle of [shared, unique, segment]) handle.drop();
    expect(allocator.stats().taken).toBe(0);
    const again = allocator.alloc(16);
    allocator.add(again, 16);
    expect(allocator.stats().taken).toBe(0);
  });

  it("is not made by a segment that finds one of its frames claimed behind the allocator's back", () => {
    const { table, allocator } = allocRig(mode, [[0, 16]], { cache: 0 });
    table.slots.tryClaim(2);
    table.slots.tryPublish(2, 1, 2);
    expect(refusalOf(() => allocSegment(table, 8, unitMeta, () => ({}))).code).toBe("in-use");
    expect([0, 1, 2, 3].map((pfn) => table.slots.countOf(pfn))).toEqual([-1, -1, 1, -1]);
    expect(allocator.stats().taken).toBe(1);
  });
});

describe("a table whose allocator an agent does not know", () => {
  it("FM-13: is claimed from by nobody there, and what would be freed waits", () => {
    const { table, allocator } = allocRig("shared");
    const view = FrameTable.attach({ memory: table.memory, buffer: table.buffer });
    expect(refusalOf(() => Frame.fromUnused(view, 0, unitMeta, {})).code).toBe("no-allocator");
    expect(refusalOf(() => allocFrame(view, unitMeta, {})).code).toBe("no-allocator");
    const frame = allocFrame(table, unitMeta, {});
    const clone = Frame.fromInUse(view, frame.paddr);
    frame.drop();
    view.bind(unitMeta);
    clone.drop();
    expect([allocator.stats().taken, view.drain()]).toEqual([1, 0]);
    expect(table.drain()).toBe(1);
    expect(allocator.stats().taken).toBe(0);
  });

  it("has one allocator", () => {
    const { table, allocator } = allocRig("shared");
    expect(refusalOf(() => createBuddy(table)).code).toBe("has-allocator");
    expect(refusalOf(() => attachBuddy(table, allocator)).code).toBe("has-allocator");
    const view = FrameTable.attach({ memory: table.memory, buffer: table.buffer });
    expect(refusalOf(() => createBuddy(view)).code).toBe("has-allocator");
    const watched = FrameTable.create(
      { memory: table.memory },
      { freeSet: { add: () => expect.fail() } },
    );
    expect(refusalOf(() => createBuddy(watched)).code).toBe("has-allocator");
  });
});

describe("attachBuddy", () => {
  it("refuses bytes that are no allocator of this table", () => {
    const { table, allocator } = allocRig("shared", [[0, 64]], { agents: 2, cache: 4 });
    const attach = (buffer: ArrayBuffer | SharedArrayBuffer) => {
      const view = FrameTable.attach({ memory: table.memory, buffer: table.buffer });
      return refusalOf(() => attachBuddy(view, { buffer }));
    };
    expect(attach(new SharedArrayBuffer(0))).toMatchObject({
      code: "header-mismatch",
      part: "magic",
    });
    expect(attach(new ArrayBuffer(64)).code).toBe("invalid-option");
    const { byteLength } = allocator.buffer;
    for (const [word, value, expected] of [
      [0, 1, { part: "magic" }],
      [1, 1, { part: "version" }],
      [2, 63, { part: "size" }],
      [3, 3, { part: "size" }],
      [3, 0, { option: "agents" }],
      [3, -1, { option: "agents" }],
      [4, 257, { option: "cache" }],
      [4, 200, { part: "size" }],
    ] as const) {
      const copy = new SharedArrayBuffer(byteLength);
      new Int32Array(copy).set(new Int32Array(allocator.buffer));
      new Int32Array(copy)[word] = value;
      expect(attach(copy)).toMatchObject(expected);
    }
    const short = new SharedArrayBuffer(byteLength - 64);
    new Int32Array(short).set(new Int32Array(allocator.buffer, 0, byteLength / 4 - 16));
    expect(attach(short)).toMatchObject({ part: "size" });
  });

  it("refuses the allocator of another table of the same size", () => {
    const [one, two] = ["shared", "shared"].map((mode) => allocRig(mode as "shared"));
    const view = FrameTable.attach({ memory: one!.table.memory, buffer: one!.table.buffer });
    const { buffer } = two!.allocator;
    expect(refusalOf(() => attachBuddy(view, { buffer }))).toMatchObject({
      code: "header-mismatch",
      part: "allocator",
    });
    expect(view.allocator).toBeUndefined();
    const none = FrameTable.create({ memory: one!.table.memory, mode: "shared" });
    expect(refusalOf(() => attachBuddy(none, { buffer })).code).toBe("header-mismatch");
    expect(none.lacksAllocator).toBe(false);
    expect(attachBuddy(view, { buffer: one!.allocator.buffer }).stats().free).toBe(64);
  });

  it("refuses options that cannot be", () => {
    const table = FrameTable.create({
      memory: new PhysicalMemory({ buffer: new ArrayBuffer(PAGE) }),
    });
    for (const options of [
      { agents: 0 },
      { agents: 257 },
      { agents: 1.5 },
      { cache: -1 },
      { cache: 257 },
    ]) {
      expect(refusalOf(() => createBuddy(table, options)).code).toBe("invalid-option");
    }
    expect(createBuddy(table, { agents: 256, cache: 256 }).alloc()).toBe(0);
  });

  it("takes a memory without frames for what it is", () => {
    const table = FrameTable.create({ memory: memoryOf([]) });
    const allocator = createBuddy(table);
    expect([allocator.alloc(), allocator.alloc(2)]).toEqual([-1, -1]);
    expect(allocator.stats()).toEqual({
      frames: 0,
      free: 0,
      cached: 0,
      taken: 0,
      largest: 0,
      blocks: [],
    });
  });
});

describe("what terminated agents leave behind", () => {
  it("is taken over: cache, lock, and what they had in their hands", () => {
    const { table, allocator } = allocRig("shared", [[0, 128]], { cache: 8, agents: 3 });
    const view = FrameTable.attach({ memory: table.memory, buffer: table.buffer });
    const dead = attachBuddy(view, { buffer: allocator.buffer });
    const frame = allocFrame(view, unitMeta, {});
    const inHand = dead.alloc(16); // never claimed
    const words = new Int32Array(allocator.buffer);
    words[16] = dead.agent + 1; // it dies with the lock, in the middle of a step: bits without nodes
    const free = words.lastIndexOf(-1);
    words[free] = 0x0fff_ffff;
    for (const agent of [-1, 0, 3, 1.5, Number.NaN]) {
      expect(refusalOf(() => allocator.reap(agent)).code).toBe("invalid-option");
    }
    allocator.reap(dead.agent);
    const taken = 1 + 16 + 4;
    expect(allocator.stats()).toMatchObject({ cached: 0, free: 128 - taken, taken });
    expect(words[16]).toBe(0);
    expect(allocator.rescan()).toBe(20);
    expect(allocator.stats()).toMatchObject({ free: 127, taken: 1 });
    expect(allocator.takeAt(inHand)).toBe(true);
    allocator.add(inHand);
    const next = attachBuddy(FrameTable.attach({ memory: table.memory, buffer: table.buffer }), {
      buffer: allocator.buffer,
    });
    expect(next.agent).toBe(dead.agent);
    Frame.fromInUse(table, frame.paddr).drop();
  });
});
