/**
 * Anything, given in place of any argument of `/table`, `/fork`, `/walk`, `/inspect`, `/tlb`, `/vm-space` and `/kernel`, and of what sets up
 * by `/format`, `/paging`, `/mmu`, `/shared` and `/model`: the answer is an answer or an error of ours, never an engine's, and it comes.
 *
 * What says "caller must give words" takes bare numbers in hot loops and asks nothing: it gets any number here, and nothing else.
 */

import { MemkitError, PhysicalMemory } from "@memkit/core";
import { FrameError, FrameTable, unitMeta } from "@memkit/frame-meta";
import { allocFrame, allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { kernelMemory } from "@memkit/frame-meta/kernel";
import { fork, handleFault } from "@memkit/page-table/fork";
import {
  aarch64Format,
  cachePolicyOf,
  encodeLeaf,
  encodeTable,
  kernelConfig,
  pageProperty,
  pageTableConfig,
  READ,
  riscvFormat,
  USER,
  userConfig,
  vaddrRange,
  x86Format,
} from "@memkit/page-table/format";
import * as inspect from "@memkit/page-table/inspect";
import { KernelWalker } from "@memkit/page-table/kernel";
import { mmuOf } from "@memkit/page-table/mmu";
import { checkInvariants } from "@memkit/page-table/model";
import { checkCanonical, isCanonical, pteIndex, X86_64 } from "@memkit/page-table/paging";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import * as tlb from "@memkit/page-table/tlb";
import * as vm from "@memkit/page-table/vm-space";
import * as walk from "@memkit/page-table/walk";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Tables } from "./support/tables.js";

/** Anything: the types say what is right, and here nothing is. */
type Given = never;
type Call = (...args: Given[]) => unknown;
/** What is called, with arguments that are right; made anew for each call, which may change things. */
type Case = readonly [name: string, make: () => readonly [Call, ...unknown[]]];

const NUMBERS = [
  ...[0, -0, 1, -1, 0.5, 7, 4096, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53, 1e300],
  ...[-(2 ** 31) - 1, Number.NaN, Infinity],
];
const OBJECTS = [
  ...[{}, [], [null], Object.create(null), new Date(0), new Error("x"), { toString: 1 }],
  ...[new Uint8Array(4096), new ArrayBuffer(8), new DataView(new ArrayBuffer(8))],
  ...[{ buffer: new ArrayBuffer(4096) }, { page: 5 }, { locate: 1 }, { banks: [] }, { start: 1 }],
  ...[{ kind: "read", mode: 5 }, { from: "x" }, { wp: 1 }, { constructor: true }, { asid: {} }],
];
const ODD: readonly unknown[] = [
  ...NUMBERS,
  ...OBJECTS,
  ...[undefined, null, true, "", "1", "read", Symbol("odd"), 5n, -1n, 2n ** 64n, () => 1],
];

const format = x86Format();
const RO = pageProperty(READ | USER);

/** A page of a kernel's, and one of the user's. */
function tables(): Tables {
  const t = new Tables(format, { frames: 6 });
  t.set(0, 0, 0x1003n);
  t.set(1, 0, 0x2003n);
  t.set(2, 0, 0x3003n);
  t.set(3, 1, 0x5003n);
  t.set(3, 2, 0xabc0n);
  return t;
}

function mmu(): walk.Mmu {
  const { memory } = tables();
  return new walk.Mmu({ format, memory, root: 0, software: () => ({ name: "swap" }) });
}

function walkerInit() {
  const { memory } = tables();
  const software = () => undefined;
  return { format: aarch64Format(), memory, root: 0, rootHigh: 1, settings: {}, software };
}

const kernel = kernelMemory(9 * 4096);
const shared = new PhysicalMemory([{ firstPfn: 0, frames: 8, source: kernel, byteOffset: 0 }]);
const kernelInit = () => ({
  format,
  memory: shared,
  kernel,
  block: 8 * 4096,
  root: 0,
  settings: {},
});
const kernelWalker = (more: object): KernelWalker => new KernelWalker({ ...kernelInit(), ...more });

const image = (): Uint8Array => new Uint8Array(4 * 4096);

function core(): Uint8Array {
  const bytes = new Uint8Array(3 * 4096);
  const dv = new DataView(bytes.buffer);
  dv.setUint32(0, 0x7f45_4c46);
  dv.setUint16(4, 0x0201);
  dv.setUint16(16, 4, true);
  dv.setBigUint64(32, 64n, true);
  dv.setUint16(54, 56, true);
  dv.setUint16(56, 1, true);
  dv.setUint32(64, 1, true);
  for (const [at, value] of [
    [8, 4096n],
    [24, 0x8000n],
    [32, 8192n],
    [40, 8192n],
  ] as const) {
    dv.setBigUint64(64 + at, value, true);
  }
  return bytes;
}

function log() {
  const words = new Int32Array(tlb.shootdownWords(1));
  const end = new tlb.Shootdown(words, 1, 0, new tlb.Tlb({ entries: 4 }));
  return { end, flusher: new tlb.TlbFlusher(end) };
}

function machine(size = 48) {
  const source = { buffer: new ArrayBuffer(size * 4096) };
  const memory = new PhysicalMemory([{ firstPfn: 0, frames: size, source, byteOffset: 0 }], {
    mmio: [{ firstPfn: 1000, frames: 4 }],
  });
  const frames = FrameTable.create({ memory });
  createBuddy(frames);
  const cpu = new vm.VmCpu(frames, format);
  const space = vm.VmSpace.create(cpu);
  space.map(0x1000, allocFrame(frames, unitMeta, {}), RO);
  space.activate();
  const frame = () => allocFrame(frames, unitMeta, {});
  const segment = () => allocSegment(frames, 2, unitMeta, () => ({}));
  const io = new vm.IoMem(memory, 1000, 4);
  return {
    memory,
    frames,
    cpu,
    space,
    frame,
    segment,
    io,
    cursor: () => space.cursorMut(0x1000, 8),
  };
}

const bound = <T extends object>(of: T, name: keyof T): Call => (of[name] as Call).bind(of);
const made =
  (Class: unknown): Call =>
  (...args) =>
    new (Class as new (...args: Given[]) => unknown)(...args);

const on = (
  name: string,
  make: (of: ReturnType<typeof machine>) => readonly [Call, ...unknown[]],
): Case => [name, () => make(machine())];

const CHECKED: readonly Case[] = [
  ["new Walker", () => [made(walk.Walker), { format, memory: tables().memory, root: 0 }]],
  ["new Mmu", () => [made(walk.Mmu), { format, memory: tables().memory, root: 0 }]],
  ...Object.entries(walkerInit()).map(
    ([option, right]): Case => [
      `new Walker, ${option}`,
      () => [
        (value) => {
          const walker = new walk.Walker({ ...walkerInit(), [option]: value });
          return [walker.translate(0x1000), walker.translate(2n ** 64n - 1n)];
        },
        right,
      ],
    ],
  ),
  [
    "a source's page",
    () => [
      (value) => {
        const unit = new walk.Mmu({ format, memory: { page: () => value }, root: 0 });
        return [unit.access(0x1000, 8, { kind: "write" }), inspect.explain(unit, 0)];
      },
      new Uint8Array(4096),
    ],
  ],
  [
    "a hook's answer",
    () => [
      (value) => {
        const { memory } = tables();
        const walker = new walk.Walker({ format, memory, root: 0, software: () => value });
        return [walker.translate(0x2000), inspect.dump(walker), inspect.explain(walker, 0x2000)];
      },
      { name: "swap", pfn: 5 },
    ],
  ],
  [
    "a hook's frame",
    () => [
      (pfn) => {
        const { memory } = tables();
        const walker = new walk.Walker({
          format,
          memory,
          root: 0,
          software: () => ({ name: "", pfn }),
        });
        return [walker.translate(0x2000), inspect.dump(walker), inspect.explain(walker, 0x2000)];
      },
      5,
    ],
  ],
  ["walker.translate", () => [bound(mmu(), "translate"), 0x1000]],
  ["walker.configure", () => [bound(mmu(), "configure"), { wp: false }]],
  ["walker.setRoot", () => [bound(mmu(), "setRoot"), 1, 0]],
  ["mmu.access", () => [bound(mmu(), "access"), 0x1000, 8, { kind: "read" }]],
  ["mmu.access, kind", () => [(kind) => mmu().access(0, 8, { kind }), "read"]],
  ["mmu.access, mode", () => [(mode) => mmu().access(0, 8, { kind: "read", mode }), "user"]],
  [
    "mmu.access, settings",
    () => [(settings) => mmu().access(0, 8, { kind: "read", settings }), { wp: true }],
  ],
  ["statusWith", () => [(settings) => walk.statusWith(0, settings), { wp: true }]],
  ["rawImage", () => [inspect.rawImage, image(), 0]],
  ["rawImage().page", () => [bound(inspect.rawImage(image()), "page"), 1]],
  ["elfCore", () => [inspect.elfCore, core()]],
  ["elfCore().page", () => [bound(inspect.elfCore(core()), "page"), 8]],
  ["scan", () => [inspect.scan, mmu(), { to: 0x3000 }]],
  ["mappings", () => [inspect.mappings, mmu(), { from: 0, to: 0x3000 }]],
  ["scan, budget", () => [(budget) => inspect.scan(mmu(), { budget, to: 0x3000 }), 4]],
  ["scan, from", () => [(from) => inspect.scan(mmu(), { from, to: 0x3000 }), 0]],
  ["scan, to", () => [(to) => inspect.scan(mmu(), { to, budget: 2000 }), 0]],
  ["dump", () => [inspect.dump, mmu(), { to: 0x3000 }]],
  ["diff", () => [inspect.diff, mmu(), mmu(), { to: 0x3000 }]],
  ["virtualOf", () => [inspect.virtualOf, mmu(), 5, { to: 0x3000 }]],
  ["search", () => [inspect.search, mmu(), { grants: READ }, { to: 0x3000 }]],
  ["search, grants", () => [(grants) => inspect.search(mmu(), { grants }, { to: 0x3000 }), READ]],
  ["search, level", () => [(level) => inspect.search(mmu(), { level }, { to: 0x3000 }), 1]],
  ["search, kind", () => [(kind) => inspect.search(mmu(), { kind }, { to: 0x3000 }), "mapped"]],
  ["search, frames", () => [(frames) => inspect.search(mmu(), { frames }, { to: 0x3000 }), [5, 6]]],
  [
    "search, frame",
    () => [(end) => inspect.search(mmu(), { frames: [0, end] }, { to: 0x3000 }), 5],
  ],
  [
    "tlb.insert",
    () => [bound(new tlb.Tlb() as tlb.TranslationCache, "insert"), 0, 0x1000, 7, 1, 1],
  ],
  ["explain", () => [inspect.explain, mmu(), 0x1000]],
  ["new Tlb", () => [made(tlb.Tlb), { entries: 4 }]],
  ["new Tlb, entries", () => [(entries) => new tlb.Tlb({ entries }), 4]],
  ["new SetAssociativeTlb", () => [made(tlb.SetAssociativeTlb), { entries: 4, ways: 2 }]],
  ["new SetAssociativeTlb, ways", () => [(ways) => new tlb.SetAssociativeTlb({ ways }), 4]],
  [
    "tlb.asid",
    () => [
      (asid) => {
        new tlb.Tlb().asid = asid;
      },
      1,
    ],
  ],
  ["tlb.flush", () => [bound(new tlb.Tlb() as tlb.TranslationCache, "flush"), 0, 0x1000, 1, 0]],
  ["tlb.flushAll", () => [bound(new tlb.Tlb() as tlb.TranslationCache, "flushAll"), 0, true]],
  ["tlb.translate", () => [(of) => new tlb.Tlb().translate(of, 0, 0x1000, walk.SR), mmu()]],
  ["shootdownWords", () => [tlb.shootdownWords, 1]],
  [
    "new Shootdown",
    () => [made(tlb.Shootdown), new Int32Array(tlb.shootdownWords(1)), 1, 0, new tlb.Tlb()],
  ],
  ["shootdown.publish", () => [bound(log().end, "publish"), 0, 0x1000, 1, 0]],
  ["shootdown.done", () => [bound(log().end, "done"), 0]],
  ["shootdown.wait", () => [bound(log().end, "wait"), 0]],
  ["shootdown.detach", () => [bound(log().end, "detach"), 0]],
  ["new TlbFlusher", () => [made(tlb.TlbFlusher), log().end]],
  ["flusher.issue", () => [bound(log().flusher, "issue"), 0, 0x1000, 1, 0]],
  ["flusher.issueAll", () => [bound(log().flusher, "issueAll"), 0]],
  [
    "flusher.keep",
    () => [
      (item) => {
        const { flusher } = log();
        flusher.keep(item);
        flusher.sync();
      },
      { drop: () => undefined },
    ],
  ],
  ["new VmCpu", () => [made(vm.VmCpu), machine().frames, format, log().end]],
  on("cpu.reap", ({ cpu }) => [
    (dead, options) => {
      try {
        cpu.reap(dead, options);
      } catch (error) {
        // This processor is alone, so nobody is dead.
        if (!(error instanceof FrameError)) throw error;
      }
    },
    [],
    {},
  ]),
  on("cpu.translate", ({ cpu }) => [(access) => cpu.translate(0, 0x1000, access), "read"]),
  on("cpu.activate", ({ cpu, space }) => [bound(cpu, "activate"), space]),
  on("VmSpace.create", ({ cpu }) => [vm.VmSpace.create, cpu, {}]),
  on("VmSpace.create, asid", ({ cpu }) => [(asid) => vm.VmSpace.create(cpu, { asid }), 9]),
  [
    "VmSpace.create, kernel",
    () => {
      const { cpu, frames } = machine(320);
      const kernel = PageTable.create(frames, kernelConfig(format));
      return [(of) => vm.VmSpace.create(cpu, { kernel: of }), kernel];
    },
  ],
  on("VmSpace.create, onFault", ({ cpu }) => [
    (onFault) => vm.VmSpace.create(cpu, { onFault }).handleFault(0x5000, "read"),
    () => true,
  ]),
  on("space.onFault", ({ space }) => [
    (onFault) => {
      space.onFault = onFault;
      return space.handleFault(0x5000, "read");
    },
    () => true,
  ]),
  on("VmSpace.attach", ({ cpu, space: { asid, table } }) => {
    return [vm.VmSpace.attach, cpu, table.rootPfn, { asid }];
  }),
  on("space.fork", ({ space }) => [bound(space, "fork"), 7]),
  on("space.cursor", ({ space }) => [bound(space, "cursor"), 0x1000, 1]),
  on("space.cursorMut", ({ space }) => [bound(space, "cursorMut"), 0x1000, 1]),
  on("space.map", ({ space, frame }) => [bound(space, "map"), 0x2000, frame(), RO]),
  on("space.mapSegment", ({ space, segment }) => {
    return [bound(space, "mapSegment"), 0x2000, segment(), RO, 1];
  }),
  on("space.mapRange", ({ space }) => [bound(space, "mapRange"), 0x2000, 2, 7, RO, 1]),
  on("space.mapIoMem", ({ space, io }) => [bound(space, "mapIoMem"), 0x2000, io, RO, 0, 4096]),
  on("space.unmap", ({ space }) => [bound(space, "unmap"), 0x1000, 1]),
  on("space.protect", ({ space }) => [bound(space, "protect"), 0x1000, 1, 0, 0]),
  on("space.cleanUp", ({ space }) => [bound(space, "cleanUp"), 0, 512]),
  on("space.findIoMem", ({ space, io }) => {
    space.mapIoMem(0x2000, io, RO);
    return [bound(space, "findIoMem"), 1000 * 4096];
  }),
  on("space.activate", ({ space, cpu }) => [bound(space, "activate"), cpu]),
  on("space.reader", ({ space, cpu }) => [bound(space, "reader"), 0x1000, 4, cpu]),
  on("space.writer", ({ space, cpu }) => [bound(space, "writer"), 0x1000, 4, cpu]),
  on("space.handleFault", ({ space }) => [bound(space, "handleFault"), 0x1000, "write"]),
  on("cursor.map", ({ cursor, frame }) => {
    const [item, at] = [frame(), cursor()];
    at.at.jump(0x2000);
    return [bound(at, "map"), item, RO];
  }),
  on("cursor.mapSegment", ({ cursor, segment }) => {
    const [item, at] = [segment(), cursor()];
    at.at.jump(0x2000);
    return [bound(at, "mapSegment"), item, RO, 1];
  }),
  on("cursor.mapRun", ({ cursor }) => {
    const at = cursor();
    at.at.jump(0x2000);
    return [bound(at, "mapRun"), 7, 1, RO, 1];
  }),
  on("cursor.unmap", ({ cursor }) => [bound(cursor(), "unmap"), 1]),
  on("cursor.protectNext", ({ cursor }) => [bound(cursor(), "protectNext"), 1, 0, 0]),
  on("cursor.replace", ({ cursor, frame }) => [bound(cursor(), "replace"), frame(), RO]),
  on("cursor.mapIoMem", ({ cursor, io }) => {
    const at = cursor();
    at.at.jump(0x2000);
    return [bound(at, "mapIoMem"), io, RO, 0, 4096];
  }),
  ["new IoMem", () => [made(vm.IoMem), machine().memory, 1000, 2]],
  ["checkInvariants", () => [vm.checkInvariants, machine().space]],
  ["x86Format", () => [x86Format, { levels: 4 }]],
  ["riscvFormat", () => [riscvFormat, { sv: 39 }]],
  ["aarch64Format", () => [aarch64Format, {}]],
  ["format.supports", () => [bound(format, "supports"), RO, 1]],
  ["encodeLeaf", () => [encodeLeaf, format, 5, 1, RO]],
  ["encodeTable", () => [encodeTable, format, 5]],
  ["pageProperty", () => [pageProperty, READ, "write-back"]],
  ["cachePolicyOf", () => [cachePolicyOf, RO]],
  ["userConfig", () => [userConfig, format, "tracked"]],
  ["kernelConfig", () => [kernelConfig, format, "tracked"]],
  ["pageTableConfig", () => [pageTableConfig, userConfig(format)]],
  ["vaddrRange", () => [vaddrRange, userConfig(format)]],
  ["pteIndex", () => [pteIndex, X86_64, 0x1000, 1]],
  ["isCanonical", () => [isCanonical, X86_64, 0x1000]],
  ["checkCanonical", () => [checkCanonical, X86_64, 0x1000]],
  on("shareTables", ({ frames }) => [shareTables, frames, {}]),
  on("shareTables, onWait", ({ frames }) => [
    (onWait) => shareTables(frames, { onWait }),
    () => undefined,
  ]),
  ["new KernelWalker", () => [made(KernelWalker), kernelInit()]],
  ...Object.entries(kernelInit()).map(
    ([option, right]): Case => [
      `new KernelWalker, ${option}`,
      () => [(value) => kernelWalker({ [option]: value }).translate(0x1000), right],
    ],
  ),
  ["kernelWalker.translate", () => [bound(kernelWalker({}), "translate"), 0]],
  ["kernelWalker.configure", () => [bound(kernelWalker({}), "configure"), {}]],
  ["kernelWalker.setRoot", () => [bound(kernelWalker({}), "setRoot"), 1, 0]],
];

const cache = new tlb.SetAssociativeTlb({ entries: 8, ways: 2 });
const onTable = (
  name: string,
  make: (of: PageTable, more: ReturnType<typeof machine>) => readonly [Call, ...unknown[]],
): Case => [
  name,
  () => {
    const more = machine(320);
    const made = PageTable.create(more.frames, userConfig(format));
    made.mapRange(0x1000, 1, 7, RO);
    return make(made, more);
  },
];
const TABLES: readonly Case[] = [
  onTable("PageTable.create", ({ config }, { frames }) => [PageTable.create, frames, config]),
  onTable("PageTable.create, a field", ({ config }, { frames }) => [
    (topLevelIndexRange) =>
      PageTable.create(frames, pageTableConfig({ ...config, topLevelIndexRange })),
    [0, 255],
  ]),
  onTable("attachTable", ({ config, rootPfn }, { frames }) => {
    return [attachTable, frames, config, rootPfn];
  }),
  onTable("attachTable, kernel", (_, { frames }) => {
    const kernel = PageTable.create(frames, kernelConfig(format));
    const { config, rootPfn } = kernel.createUser(userConfig(format));
    return [attachTable, frames, config, rootPfn, kernel];
  }),
  onTable("table.createUser", (_, { frames }) => {
    const kernel = PageTable.create(frames, kernelConfig(format));
    return [bound(kernel, "createUser"), userConfig(format)];
  }),
  onTable("table.cursor", (of) => [bound(of, "cursor"), 0x1000, 1]),
  onTable("table.cursorMut", (of) => [bound(of, "cursorMut"), 0x1000, 1]),
  onTable("table.mapRange", (of) => [bound(of, "mapRange"), 0x2000, 2, 7, RO, 1]),
  onTable("table.mapSegment", (of, { segment }) => {
    return [bound(of, "mapSegment"), 0x2000, segment(), RO, 1];
  }),
  onTable("table.unmapRange", (of) => [bound(of, "unmapRange"), 0x1000, 1]),
  onTable("table.protectRange", (of) => [bound(of, "protectRange"), 0x1000, 1, 0, 0]),
  onTable("table.cleanUp", (of) => [bound(of, "cleanUp"), 0, 512]),
  onTable("table.translate", (of) => [bound(of, "translate"), 0x1000]),
  onTable("a cursor's map", (of, { frame }) => {
    return [bound(of.cursorMut(0x2000, 2), "map"), frame(), RO];
  }),
  onTable("a cursor's replace", (of, { frame }) => {
    return [bound(of.cursorMut(0x1000, 2), "replace"), frame(), RO];
  }),
  onTable("a cursor's mapSegment", (of, { segment }) => {
    return [bound(of.cursorMut(0x2000, 2), "mapSegment"), segment(), RO, 1];
  }),
  onTable("fork", (of) => [fork, of]),
  onTable("mmuOf", (of) => [mmuOf, of, { settings: {} }]),
  onTable("mmuOf, high", (of) => [(high) => mmuOf(of, { high }), undefined]),
  onTable("mmuOf, settings", (of) => [(settings) => mmuOf(of, { settings }), {}]),
  onTable("mmuOf, software", (of) => [
    (software) => mmuOf(of, { software }).translate(0x2000),
    () => undefined,
  ]),
  onTable("checkInvariants of /model", (of) => [checkInvariants, of]),
  onTable("handleFault", (of) => [handleFault, of, 0x1000, "read", {}]),
  onTable("handleFault, release", (of) => [
    (release) => handleFault(of, 0x1000, "read", { release }),
    () => 1,
  ]),
];

/** Hot loops' own: bare numbers, which nobody asks about. */
const RAW: readonly Case[] = [
  ["walker.walk", () => [bound(mmu(), "walk"), 0, 0x1000]],
  ["walker.steps", () => [bound(mmu(), "steps"), 0, 0x1000]],
  ["mmu.touch", () => [bound(mmu(), "touch"), 0, 0x1000, 8, walk.WRITE_ACCESS, 0]],
  ["mmu.exception", () => [bound(mmu(), "exception"), -1, 0]],
  ["mmu.code", () => [bound(mmu(), "code"), -1, 0, 0]],
  ["kernelWalker.walk", () => [bound(kernelWalker({}), "walk"), 0, 0]],
  ["reasonName", () => [walk.reasonName, -1]],
  ["rightsText", () => [walk.rightsText, 1]],
  ["tlb.lookup", () => [bound(new tlb.Tlb(), "lookup"), 0, 0x1000, 1]],
  ["set-associative lookup", () => [bound(cache, "lookup"), 0, 0x1000, 1]],
  ["tlb.find", () => [bound(cache as tlb.TranslationCache, "find"), 0, 0x1000]],
  ["cpu.translate", () => [(hi, lo) => machine().cpu.translate(hi, lo, "read"), 0, 0x1000]],
];

/** Whether what is thrown is ours; what is returned one by one is gone through. */
function refused(call: Call, args: readonly unknown[]): boolean {
  try {
    const got = call(...(args as Given[]));
    const list = typeof got === "object" && got !== null && "next" in got;
    if (list) for (const _ of got as object as Iterable<unknown>);
    return false;
  } catch (error) {
    if (!(error instanceof MemkitError)) throw error;
    if (!error.message.includes(" ")) throw error; // no sentence
    return true;
  }
}

// Thousands of errors are made here, and nobody reads where.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const anything: fc.Arbitrary<unknown> = fc.anything({ withBigInt: true, withTypedArray: true });

describe.each([
  ["any value", [...TABLES, ...CHECKED], ODD, anything],
  ["any number", RAW, NUMBERS, fc.double()],
])("%s", (_, cases, odd, more) => {
  test.each(cases)("in place of an argument of %s", (_, make) => {
    let [call, ...good] = make();
    const anew = (): void => {
      [call, ...good] = make();
    };
    for (const at of good.keys()) {
      for (const value of odd) {
        const args = [...good];
        args[at] = value;
        // What was refused has changed nothing, so the next one meets the same.
        if (!refused(call, args)) anew();
      }
    }
    expect(refused(call, good)).toBe(false);
    // And all of them at once.
    const all = fc.array(fc.oneof(fc.constantFrom(...odd), more), { minLength: good.length });
    fc.assert(
      fc.property(all, (args) => {
        if (!refused(call, args)) anew();
      }),
      { numRuns: 5 },
    );
  });
});
