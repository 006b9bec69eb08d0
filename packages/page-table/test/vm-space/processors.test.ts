/** Several processors: whose number is whose, which processors an address space may go to, and what a dead one leaves behind. */

import { struct } from "@memkit/core";
import { defineFrameMeta, FrameTable, unitMeta } from "@memkit/frame-meta";
import { reap } from "@memkit/frame-meta/agents";
import { allocFrame, attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameLedger } from "@memkit/frame-meta/model";
import {
  kernelConfig,
  pageProperty,
  READ,
  riscvFormat,
  USER,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import { attachTable, shareTables } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { Shootdown, shootdownWords, Tlb, TlbFlusher } from "@memkit/page-table/tlb";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { UR, Walker } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";

const VA = 0x1000;
const RO = pageProperty(READ | USER);
const format = x86Format();

const code = (name: string): unknown => expect.objectContaining({ code: name });

function framesOf(frames = 64): FrameTable {
  const table = FrameTable.create({ memory: { buffer: new ArrayBuffer(frames * 4096) } });
  createBuddy(table);
  return table;
}

/** Processors of one log. */
function processors(count: number, frames = framesOf()) {
  const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(count)));
  const cpus = Array.from({ length: count }, (_, n) => {
    return new VmCpu(frames, format, new Shootdown(words, count, n, new Tlb()));
  });
  return { frames, words, cpus };
}

const frameOf = (frames: FrameTable) => allocFrame(frames, unitMeta, {});

/** A space with one page. @returns the page's frame, too */
function spaceOn(cpu: VmCpu, asid?: number) {
  const space = VmSpace.create(cpu, asid === undefined ? {} : { asid });
  space.map(VA, frameOf(cpu.frames), RO);
  return { space, pfn: space.table.translate(VA)!.pfn };
}

describe("numbers of address spaces (PT-42)", () => {
  test("are told apart across the processors of a log, so that none reads another's frames", () => {
    const { cpus } = processors(2);
    const [a, b] = [cpus[0]!, cpus[1]!];
    const [one, two] = [spaceOn(a), spaceOn(b)];
    expect(one.space.asid).not.toBe(two.space.asid);
    for (const { space, pfn } of [one, two, one]) {
      space.activate(b);
      expect(b.translate(0, VA, "read")).toBe(pfn);
    }
  });

  test("that another processor's space has are refused", () => {
    const { cpus } = processors(2);
    const { space } = spaceOn(cpus[0]!, 7);
    expect(() => VmSpace.create(cpus[1]!, { asid: 7 })).toThrow(code("asid-in-use"));
    expect(() => space.fork(7)).toThrow(code("asid-in-use"));
    space.drop();
    expect(() => VmSpace.create(cpus[1]!, { asid: 7 })).toThrow(code("asid-in-use"));
    cpus[1]!.poll(); // has flushed it
    cpus[0]!.poll();
    VmSpace.create(cpus[1]!, { asid: 7 });
  });

  test("of separate logs are separate", () => {
    const frames = framesOf();
    const [a, b] = [new VmCpu(frames, format), new VmCpu(frames, format)];
    expect([VmSpace.create(a).asid, VmSpace.create(b).asid]).toEqual([1, 1]);
  });

  test("are shared by attaching only, and free when the last has dropped", () => {
    const { cpus } = processors(2);
    const [a, b] = [cpus[0]!, cpus[1]!];
    const space = VmSpace.create(a, { asid: 3 });
    const root = space.table.rootPfn;
    expect(() => VmSpace.attach(b, root, { asid: 0 })).toThrow(code("asid-in-use"));
    const same = VmSpace.attach(b, root, { asid: 3 });
    space.drop();
    for (const cpu of [b, a]) cpu.poll();
    expect(() => VmSpace.create(a, { asid: 3 })).toThrow(code("asid-in-use"));
    same.drop();
    for (const cpu of [a, b]) cpu.poll();
    expect(VmSpace.create(a, { asid: 3 }).asid).toBe(3);
  });

  test("are a root's in all agents: neither another's number nor a second one is taken", () => {
    const { cpus } = processors(3);
    const [a, b, c] = [cpus[0]!, cpus[1]!, cpus[2]!];
    const [one, two] = [spaceOn(a).space, spaceOn(a, 40).space];
    const foreign = (asid: number, space: VmSpace): void => {
      const root = space.table.rootPfn;
      expect(() => VmSpace.attach(b, root, { asid })).toThrow(
        expect.objectContaining({ code: "foreign-asid", asid, pfn: root }),
      );
    };
    foreign(40, one); // a flush of one's would reach the other
    foreign(one.asid, two);
    foreign(41, two); // b's flushes would pass what a has cached
    expect(VmSpace.attach(b, two.table.rootPfn).asid).toBe(40);
    expect(VmSpace.attach(c, two.table.rootPfn, { asid: 40 }).asid).toBe(40);
    expect(b.frames.slots.countOf(one.table.rootPfn)).toBe(1); // who was refused holds nothing
    expect(VmSpace.create(c).asid).toBe(2);
  });

  test("of a root that nobody has open any more are any free ones", () => {
    const { cpus } = processors(3);
    const [a, b, c] = [cpus[0]!, cpus[1]!, cpus[2]!];
    const { space } = spaceOn(a, 5);
    a.shootdown.detach(0); // a has died, and its handle on the root stays
    const root = space.table.rootPfn;
    expect(VmSpace.attach(b, root, { asid: 9 }).asid).toBe(9);
    expect(() => VmSpace.attach(c, root, { asid: 5 })).toThrow(code("foreign-asid"));
    expect(VmSpace.create(c, { asid: 5 }).asid).toBe(5);
  });

  test("that an attach has taken in vain are free again", () => {
    const { cpus } = processors(2);
    const { pfn } = spaceOn(cpus[0]!, 5);
    expect(() => VmSpace.attach(cpus[1]!, pfn, { asid: 6 })).toThrow(code("not-a-table"));
    expect(VmSpace.create(cpus[1]!, { asid: 6 }).asid).toBe(6);
  });

  test("are the lowest free ones, past words that are full, and refused when there are no more", () => {
    const { cpus, words } = processors(2);
    words.fill(-1, words.length - 2 * 2048); // every bit of both agents
    expect(() => VmSpace.create(cpus[0]!)).toThrow(code("asid-in-use"));
    words[words.length - 1] = words[words.length - 2049] = 0x7fff_ffff; // but the last
    expect(VmSpace.create(cpus[0]!).asid).toBe(65535);
    expect(() => VmSpace.create(cpus[0]!)).toThrow(code("asid-in-use"));
    const other = processors(1);
    const asids = Array.from({ length: 33 }, () => VmSpace.create(other.cpus[0]!).asid);
    expect(asids).toEqual(Array.from({ length: 33 }, (_, i) => i + 1));
  });

  test.each([0, -1, 1.5, 2 ** 16, Number.NaN])("are integers of 1..2^16-1, not %s", (asid) => {
    const { cpus } = processors(1);
    expect(() => VmSpace.create(cpus[0]!, { asid })).toThrow(code("asid-in-use"));
  });

  test("of a dead agent are free behind a flush, and what caches had of them is gone", () => {
    const { cpus } = processors(3);
    const [a, b, c] = [cpus[0]!, cpus[1]!, cpus[2]!];
    const { space, pfn } = spaceOn(a);
    space.activate(b);
    expect(b.translate(0, VA, "read")).toBe(pfn);
    b.activate(undefined);
    c.shootdown.detach(0); // a has died
    const next = spaceOn(c, space.asid);
    next.space.activate(b);
    expect(b.translate(0, VA, "read")).toBe(next.pfn);
  });
});

describe("an address space goes to no processor", () => {
  test("of another log, where a translation would outlive its page (PT-44)", () => {
    const frames = framesOf();
    const [a, b] = [new VmCpu(frames, format), new VmCpu(frames, format)];
    const { space } = spaceOn(a);
    expect(() => space.activate(b)).toThrow(code("foreign-cpu"));
    expect(() => b.activate(space)).toThrow(code("foreign-cpu"));
    expect(b.active).toBeUndefined();
    expect(() => space.reader(VA, 4, b)).toThrow(code("foreign-cpu"));
    expect(() => space.writer(VA, 4, b)).toThrow(code("foreign-cpu"));
  });

  test("of another table of frames", () => {
    const { cpus, words, frames } = processors(1);
    expect(frames).not.toBe(undefined);
    words.fill(0, 3, 5); // as if it had detached
    const other = new VmCpu(framesOf(), format, new Shootdown(words, 1, 0, new Tlb()));
    expect(() => spaceOn(cpus[0]!).space.activate(other)).toThrow(code("foreign-cpu"));
  });

  test("of another format, but to one of an equal one", () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(3)));
    const frames = framesOf();
    const cpuOf = (n: number, of: typeof format) =>
      new VmCpu(frames, of, new Shootdown(words, 3, n, new Tlb()));
    const a = cpuOf(0, x86Format());
    const { space, pfn } = spaceOn(a);
    const riscv = cpuOf(1, riscvFormat());
    expect(() => space.activate(riscv)).toThrow(code("other-format"));
    const b = cpuOf(2, x86Format({ levels: 4 }));
    space.activate(b);
    expect(b.translate(0, VA, "read")).toBe(pfn);
  });
});

describe("formats", () => {
  test("that are equal are one", () => {
    expect(x86Format()).toBe(x86Format());
    expect(x86Format()).not.toBe(x86Format({ levels: 5 }));
    expect(riscvFormat({ sv: 39 })).not.toBe(riscvFormat({ sv: 48 }));
  });

  test("of a kernel's table and a processor may come from two calls, and are named where they differ", () => {
    const frames = framesOf(640);
    const kernel = PageTable.create(frames, kernelConfig(x86Format(), "untracked"));
    VmSpace.create(new VmCpu(frames, x86Format()), { kernel });
    expect(() => VmSpace.create(new VmCpu(frames, riscvFormat()), { kernel })).toThrow(
      expect.objectContaining({ code: "other-format", expected: "x86-64", got: "Sv39" }),
    );
  });
});

test("a log of which agents say different sizes is refused: each would look for the others' words elsewhere", () => {
  const { words } = processors(2);
  const tlb = new Tlb();
  expect(() => new Shootdown(words, 1, 0, tlb)).toThrow(
    expect.objectContaining({ code: "invalid-tlb", option: "agents", got: 1 }),
  );
});

/** Two agents with a ledger, a page that both know, and the second one's flusher. */
function mortals() {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const config = userConfig(format);
  const ledger = new FrameLedger({ frames: 64, agents: 2 });
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0, ledger });
  const buddy = createBuddy(frames);
  frames.bind(unitMeta);
  const theirs = new FrameLedger({ frames: 64, agents: 2, agent: 1, buffer: ledger.buffer });
  const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1, ledger: theirs });
  attachBuddy(there, { buffer: buddy.buffer });
  for (const one of [frames, there]) shareTables(one);
  const table = PageTable.create(frames, config);
  const cursor = table.cursorMut(VA, 1);
  cursor.map(frameOf(frames), RO);
  cursor.close();
  const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
  const tlb = new Tlb();
  const here = new Shootdown(words, 2, 0, tlb);
  const flusher = new TlbFlusher(new Shootdown(words, 2, 1, new Tlb()));
  const walker = new Walker({ format, memory: frames.memory, root: table.rootPfn });
  const pfn = tlb.translate(walker, 0, VA, UR);
  return { frames, here, tlb, flusher, pfn, same: attachTable(there, config, table.rootPfn) };
}

describe("an agent that dies with what it has unmapped and not flushed (PT-12, PT-14)", () => {
  test("is taken out by a request to flush everything: behind its ticket the frames may be given back", () => {
    const { frames, here, tlb, flusher, pfn, same } = mortals();
    const cursor = same.cursorMut(VA, 1);
    const taken = cursor.takeNext(1);
    flusher.issue(0, VA, 1, 0);
    if (taken?.kind === "mapped" && taken.item !== undefined) flusher.keep(taken.item);
    cursor.close(); // and dies, before it has dispatched
    const ticket = here.detach(1);
    here.wait(ticket);
    expect(tlb.lookup(0, VA, UR)).toBe(-1);
    expect(frames.slots.countOf(pfn)).toBe(1);
    reap(frames, [1]);
    expect(frames.slots.load(frames.slots.countIndexOf(pfn))).toBe(-1);
  });

  test("makes others that live wait, until they have flushed", () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(3)));
    const [first, second] = [0, 1, 2].map((n) => new Shootdown(words, 3, n, new Tlb()));
    second!.tlb.insert(0, VA, 5, UR, 1, true);
    const ticket = first!.detach(2);
    expect(first!.done(ticket)).toBe(false);
    second!.poll();
    expect(first!.done(ticket)).toBe(true);
    expect(second!.tlb.lookup(0, VA, UR)).toBe(-1);
  });

  test("while it had the log's lock, is taken out all the same", () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
    const [first] = [0, 1].map((n) => new Shootdown(words, 2, n, new Tlb()));
    words[0] = 2; // the second one's mark
    expect(first!.done(first!.detach(1))).toBe(true);
    expect(words[0]).toBe(0);
  });
});

test("a reap goes on where an old frame refuses to go, and the next poll tells", () => {
  const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
  const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  createBuddy(frames);
  shareTables(frames);
  const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
  const [mine] = [frames, there].map((of, n) => {
    return new VmCpu(of, format, new Shootdown(words, 2, n, new Tlb()));
  });
  let agrees = false;
  const pinned = defineFrameMeta({
    name: "pinned to the end",
    layout: struct(),
    onDropPre: () => agrees,
  });
  const space = VmSpace.create(mine!);
  space.map(VA, allocFrame(frames, pinned, {}), RO);
  expect(space.unmap(VA, 1)).toBe(1); // and the other one, for whom it waits, dies
  expect(mine!.reap([1]).agents).toEqual([1]);
  expect(() => mine!.poll()).toThrow(code("release-failed"));
  agrees = true;
  mine!.poll();
  expect(mine!.flusher.collect()).toBe(true);
});

test("a reap waits for those who do not poll only as long as it is told, says who, and can be called again", () => {
  const memory = { buffer: new SharedArrayBuffer(128 * 4096) };
  const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(4)));
  const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
  const { buffer } = frames;
  const there = [1, 2, 3].map((agent) => FrameTable.attach({ memory, buffer }, { agent }));
  const cpus = [frames, ...there].map((of, n) => {
    return new VmCpu(of, format, new Shootdown(words, 4, n, new Tlb()));
  });
  const [mine, , second, third] = cpus;
  const error = (() => {
    try {
      mine!.reap([1], { patience: 20 });
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  expect(error).toMatchObject({ code: "not-flushed", agents: [2, 3] });
  expect(String(error)).toMatch(/agents 2, 3 have not flushed/);
  second!.poll();
  expect(() => mine!.reap([1], { patience: 0 })).toThrow(code("not-flushed"));
  for (const patience of [-1, Number.NaN]) {
    expect(() => mine!.reap([1], { patience })).toThrow(code("invalid-option"));
  }
  // The last two requests are still to be seen by both.
  expect(() => mine!.reap([1, 2], { patience: 0 })).toThrow(code("not-flushed"));
  third!.poll();
  expect(mine!.reap([1, 2, 3], { patience: 0 }).agents).toEqual([1, 2, 3]);
  expect(mine!.shootdown.wait(0)).toBe(true);
  expect(() => mine!.shootdown.wait(0, -1)).toThrow(code("invalid-tlb"));
});
