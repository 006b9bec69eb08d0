/** Fault handlers that do something else than their work, while a reader or a writer waits for them (PT-43). */

import { struct, u8, u32, VmReader, VmWriter } from "@memkit/core";
import { defineFrameMeta, FrameTable } from "@memkit/frame-meta";
import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
import { writerOf } from "@memkit/frame-meta/untyped";
import { pageProperty, READ, riscvFormat, USER, WRITE, x86Format } from "@memkit/page-table/format";
import {
  checkInvariants,
  type UserReader,
  type UserWriter,
  VmCpu,
  VmSpace,
} from "@memkit/page-table/vm-space";
import { describe, expect, test } from "vitest";

const RW = pageProperty(READ | WRITE | USER);
const VA = 0x40_0000;
const SECRET = 0x5e_c7e7;
const page = defineFrameMeta({ name: "handlers' page", layout: struct(), isUntyped: true });
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Two spaces on one processor: nothing is in the first, and the second has a word at VA and behind it. */
function two() {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(64 * 4096) } });
  const allocator = createBuddy(frames);
  const cpu = new VmCpu(frames, x86Format());
  const [mine, theirs] = [VmSpace.create(cpu), VmSpace.create(cpu)];
  const fill = (space: VmSpace, va: number, word: number): void => {
    const frame = allocFrame(frames, page, {});
    for (let i = 0; i < 2; i += 1)
      writerOf(frame)
        .skip(i * 4092)
        .writeVal(u32, word);
    space.map(va, frame, RW);
  };
  fill(theirs, VA, SECRET);
  fill(theirs, VA + 4096, SECRET);
  mine.activate();
  const end = (): void => {
    for (const space of [mine, theirs]) {
      if (space.dropped) continue;
      expect(checkInvariants(space)).toEqual([]);
      space.drop();
    }
    cpu.activate(undefined);
    expect(allocator.stats().taken).toBe(0);
  };
  return { frames, cpu, mine, theirs, fill, end };
}

type Two = ReturnType<typeof two>;

/** Each way to access memory, of 8 bytes from VA + 4092 on: one page, and over the border. */
const reads: [string, (reader: UserReader) => unknown][] = [
  ["a value of a page", (reader) => reader.readVal(u32)],
  ["a value of two pages", (reader) => reader.skip(2).readVal(u32)],
  ["a single access", (reader) => reader.atomicLoad(u32)],
  ["bytes", (reader) => reader.read(new VmWriter(new Uint8Array(8)))],
];
const writes: [string, (writer: UserWriter) => unknown][] = [
  ["a value of a page", (writer) => writer.writeVal(u32, 0xbad)],
  ["a value of two pages", (writer) => writer.skip(2).writeVal(u32, 0xbad)],
  ["zeros", (writer) => writer.fillZeros(8)],
  ["bytes", (writer) => writer.write(new VmReader(new Uint8Array(8)))],
];
const accesses = [
  ...reads.map(([name, run]) => [`a reader, ${name}`, "reader", run] as const),
  ...writes.map(([name, run]) => [`a writer, ${name}`, "writer", run] as const),
] as const;

describe("a value whose own code runs while it is written", () => {
  const word = struct(["low", u32], ["high", u32]);

  test.each([0, 4092])("and unmaps the page, from byte %i on", (at) => {
    const m = two();
    m.fill(m.mine, VA, 1);
    m.fill(m.mine, VA + 4096, 1);
    const pfns = [VA, VA + 4096].map((va) => m.mine.table.translate(va)!.pfn);
    const bytes = m.frames.memory.banks[0]!.views.u8;
    const before = pfns.map((pfn) => bytes.slice(pfn * 4096, pfn * 4096 + 4096));
    const writer = m.mine.writer(VA + at, 8);
    const value = {
      low: 0xbad,
      get high() {
        m.mine.unmap(VA, 2);
        return 0xbad;
      },
    };
    expect(() => writer.writeVal(word, value)).toThrow(code("page-fault"));
    const after = pfns.map((pfn) => bytes.slice(pfn * 4096, pfn * 4096 + 4096));
    expect(after).toEqual(before);
    writer.drop();
    m.end();
  });

  test("and switches processes", () => {
    const m = two();
    m.fill(m.mine, VA, 1);
    const writer = m.mine.writer(VA, 8);
    const value = {
      low: 0xbad,
      get high() {
        m.theirs.activate();
        return 0xbad;
      },
    };
    expect(() => writer.writeVal(word, value)).toThrow(code("not-active"));
    const reader = m.theirs.reader(VA, 4);
    expect(reader.readVal(u32)).toBe(SECRET);
    reader.drop();
    writer.drop();
    m.end();
  });
});

describe.each(accesses)("%s", (_, kind, run) => {
  const open = ({ mine }: Two) => mine[kind](VA + 4092, 8);
  const go = run as (one: UserReader | UserWriter) => unknown;

  function secretIsSafe({ theirs, end }: Two): void {
    theirs.activate();
    const reader = theirs.reader(VA + 4092, 8);
    expect([reader.readVal(u32), reader.readVal(u32)]).toEqual([SECRET, SECRET]);
    reader.drop();
    end();
  }

  test.each([true, false])("a handler that switches processes and says %s", (answer) => {
    const m = two();
    m.mine.onFault = () => {
      m.theirs.activate();
      return answer;
    };
    const one = open(m);
    expect(() => go(one)).toThrow(code("not-active"));
    expect(() => go(one)).toThrow(code("not-active"));
    m.mine.onFault = undefined;
    m.mine.activate();
    expect(one.cursor).toBeLessThanOrEqual(VA + 4096); // it has moved by nothing but what was skipped
    one.drop();
    secretIsSafe(m);
  });

  test("a handler that switches processes at the second page", () => {
    const m = two();
    m.mine.onFault = ({ space, va }) => {
      if (Number(va) >= VA + 4096) m.theirs.activate();
      else m.fill(space, VA, 1);
      return true;
    };
    const one = open(m);
    if (_.includes("of a page") || _.includes("single")) one.skip(4);
    expect(() => go(one)).toThrow(code("not-active"));
    one.drop();
    secretIsSafe(m);
  });

  test("a handler that resolves the fault, and drops who waits", () => {
    const m = two();
    const one = open(m);
    m.mine.onFault = ({ space, va }) => {
      m.fill(space, Number(va) - (Number(va) % 4096), 1);
      one.drop();
      return true;
    };
    expect(() => go(one)).toThrow(code("used-after-drop"));
    m.end();
  });

  test("a handler that drops who waits, and the space", () => {
    const m = two();
    const one = open(m);
    m.mine.onFault = ({ space }) => {
      expect(() => space.drop()).toThrow(code("range-in-use"));
      one.drop();
      space.drop();
      return true;
    };
    expect(() => go(one)).toThrow(code("used-after-drop"));
    m.end();
  });

  test("a handler that uses who waits: it has moved by one access, not two", () => {
    const m = two();
    const one = open(m);
    m.mine.onFault = ({ space, va }) => {
      expect(() => go(one)).toThrow(code("range-in-use"));
      expect(() => one.skip(4)).toThrow(code("range-in-use"));
      m.fill(space, Number(va) - (Number(va) % 4096), 1);
      return true;
    };
    go(one);
    expect(one.cursor).toBeLessThanOrEqual(VA + 4100);
    one.drop();
    m.end();
  });

  test("a handler that switches to and fro is none of that", () => {
    const m = two();
    m.mine.onFault = ({ space, va }) => {
      m.theirs.activate();
      m.fill(space, Number(va) - (Number(va) % 4096), 1);
      space.activate();
      return true;
    };
    const one = open(m);
    go(one);
    one.drop();
    secretIsSafe(m);
  });
});

test("a writer's handler that takes the reader's space, or the reader, away", () => {
  for (const dropped of [false, true]) {
    const m = two();
    m.fill(m.mine, VA, 7);
    const reader = m.mine.reader(VA, 4);
    const writer = m.mine.writer(VA + 4096, 4);
    m.mine.onFault = ({ space }) => {
      m.fill(space, VA + 4096, 0);
      if (dropped) reader.drop();
      else m.theirs.activate();
      return true;
    };
    expect(() => reader.read(writer)).toThrow(code(dropped ? "used-after-drop" : "not-active"));
    reader.drop();
    writer.drop();
    m.mine.onFault = undefined;
    m.end();
  }
});

test("a handler that throws leaves the reader as it was", () => {
  const m = two();
  const reader = m.mine.reader(VA, 4);
  m.mine.onFault = () => {
    throw new Error("no disk");
  };
  expect(() => reader.readVal(u8)).toThrow("no disk");
  m.mine.onFault = ({ space }) => {
    m.fill(space, VA, 7);
    return true;
  };
  expect(reader.readVal(u32)).toBe(7);
  reader.drop();
  m.end();
});

test("a range whose end is no number is refused, and nobody has it then", () => {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(64 * 4096) } });
  createBuddy(frames);
  const cpu = new VmCpu(frames, riscvFormat({ sv: 57 }));
  const space = VmSpace.create(cpu);
  space.activate();
  expect(() => space.writer(2 ** 53 - 1, 2)).toThrow(code("access-denied"));
  space.drop(); // no range is in use
});
