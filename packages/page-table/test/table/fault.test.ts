/** `handleFault`: whose a fault is, and what becomes of copies that cannot be made. */

import { Frame } from "@memkit/frame-meta";
import { allocUnique } from "@memkit/frame-meta/alloc";
import { COPY_ON_WRITE, type FaultOptions, fork, handleFault } from "@memkit/page-table/fork";
import {
  AVAIL2,
  EXECUTE,
  GLOBAL,
  pageProperty,
  READ,
  USER,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { mmuOf } from "@memkit/page-table/mmu";
import type { PageTable } from "@memkit/page-table/table";
import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
import { describe, expect, test } from "vitest";
import { formats, MODES, pageMeta, Space } from "../support/space.js";

const RO = pageProperty(READ | USER);
const RW = RO | WRITE;
const VA = 0x1000;
const HUGE = 0x20_0000;
const KINDS = ["read", "write", "execute"] as const;
const coded = (code: string) => expect.objectContaining({ code });

const userMay = (table: PageTable, kind: (typeof KINDS)[number]): boolean => {
  const mmu = mmuOf(table, { settings: { accessedDirty: "update" } });
  return mmu.access(VA, 4, { kind, mode: "user" }).kind === "memory";
};

function mapOne(space: Space, table: PageTable, prop: number, va = VA): void {
  const cursor = table.cursorMut(va, 1);
  cursor.map(space.frame(), prop);
  cursor.close();
}

test.each(formats)(
  "%s: it is of one mind with the processor, before a fork and after",
  (_, format) => {
    const space = new Space(64);
    for (let flags = 0; flags < 16; flags += 1) {
      const prop = pageProperty((flags & 7) | (flags & 8 ? USER : 0));
      if (!format.supports(prop, 1)) continue;
      for (const kind of KINDS) {
        const parent = space.user(format);
        mapOne(space, parent, prop);
        const may = userMay(parent, kind);
        const answer = [prop, kind, may ? "resolved" : "denied", may];
        expect([prop, kind, handleFault(parent, VA, kind), may]).toEqual(answer);
        const child = fork(parent);
        for (const table of [child, parent]) {
          const outcome = handleFault(table, VA, kind);
          expect([prop, kind, outcome, userMay(table, kind)]).toEqual(answer);
        }
        parent.drop();
        child.drop();
      }
    }
    space.end();
  },
);

describe.each(MODES)("in mode %s", (mode) => {
  test("a page that is not the user's is the handler's question", () => {
    const space = new Space(64, { mode, ledger: false });
    const cpu = new VmCpu(space.frames, x86Format());
    const asked: string[] = [];
    const onFault = ({ outcome }: { outcome: string }) => asked.push(outcome) > 99;
    const vm = VmSpace.create(cpu, { onFault });
    vm.map(VA, space.frame(), pageProperty(READ | WRITE));
    expect(vm.handleFault(VA, "write")).toBe("denied");
    expect(vm.handleFault(VA, "read")).toBe("denied");
    expect(asked).toEqual(["denied", "denied"]);
  });

  test("AVAIL2 is no mark in a table that was never forked, nor on what nobody counts", () => {
    const space = new Space(64, { mode });
    const table = space.user();
    mapOne(space, table, RO | AVAIL2);
    const cursor = table.cursorMut(0x3000, 2);
    cursor.mapPfn(0x12345, RO | AVAIL2);
    const frame = space.frame();
    cursor.mapPfn(frame.paddr / 4096, RO | AVAIL2);
    cursor.close();
    for (const va of [VA, 0x3000, 0x4000]) expect(handleFault(table, va, "write")).toBe("denied");
    const child = fork(table);
    for (const one of [table, child]) {
      for (const va of [0x3000, 0x4000]) expect(handleFault(one, va, "write")).toBe("denied");
      expect(one.translate(0x3000)?.prop).toBe(RO | AVAIL2);
    }
    space.check(table, child);
    table.drop();
    child.drop();
    frame.drop();
    space.end();
  });

  describe("a copy that is none", () => {
    const copies: Record<string, readonly [unknown, (frame: Frame, space: Space) => unknown]> = {
      "its argument": [coded("unfit-item"), (frame) => frame],
      "another handle on it": [coded("unfit-item"), (frame) => frame.clone()],
      "a frame that somebody has": [
        coded("unfit-item"),
        (_, space) => Frame.fromInUse(space.frames, VA_FRAME.at * 4096),
      ],
      "a frame of other frames": [coded("unfit-item"), () => elsewhere().frame()],
      "a handle that has ended": [
        coded("used-after-drop"),
        (_, space) => {
          const frame = space.frame();
          frame.drop();
          return frame;
        },
      ],
      "a segment": [coded("unfit-item"), (_, space) => space.segment(1)],
      "a segment of two": [coded("unfit-item"), (_, space) => space.segment(2)],
      "a frame that is unique": [
        coded("unfit-item"),
        (_, space) => allocUnique(space.frames, pageMeta, {}),
      ],
      "a promise": [coded("invalid-argument"), () => Promise.resolve()],
      "what only looks like a frame": [
        coded("unfit-item"),
        ({ table }) => ({
          table,
          tryAs: () => undefined,
          drop: () => undefined,
          paddr: Number.NaN,
        }),
      ],
      "what cannot be dropped": [coded("invalid-argument"), () => ({ tryAs: () => undefined })],
      nothing: [coded("invalid-argument"), () => undefined],
      "a number": [coded("invalid-argument"), () => 7],
    };
    const VA_FRAME = { at: 0 };
    let other: Space | undefined;
    const elsewhere = (): Space => (other ??= new Space(64, { ledger: false }));

    test.each(Object.entries(copies))("%s", (_, [error, give]) => {
      for (const huge of mode === "single" ? [false, true] : [false]) {
        const space = new Space(huge ? 1536 : 32, { mode });
        const parent = space.user();
        if (huge) parent.mapSegment(HUGE, space.segment(512), RW);
        else mapOne(space, parent, RW, HUGE);
        mapOne(space, parent, RO);
        VA_FRAME.at = parent.translate(VA)!.pfn;
        const child = fork(parent);
        const before = [child.translate(HUGE), parent.translate(HUGE), space.taken];
        // As from a program without types.
        const copy = ((frame: Frame) => give(frame, space)) as unknown as FaultOptions["copy"] & {};
        expect(() => handleFault(child, HUGE, "write", { copy })).toThrow(error as Error);
        expect([child.translate(HUGE), parent.translate(HUGE), space.taken]).toEqual(before);
        space.check(parent, child);
        expect(handleFault(child, HUGE, "write")).toBe("resolved");
        child.drop();
        parent.drop();
        space.end();
      }
    });
  });

  test("a page of a huge one that cannot be copied leaves it whole, and so does a split that cannot be made", () => {
    const space = new Space(1536, { mode, ledger: false });
    const parent = space.user();
    parent.mapSegment(HUGE, space.segment(512), RW);
    const child = fork(parent);
    const hoard: number[] = [];
    for (let { free } = space.allocator.stats(); free > 0; free -= 1) {
      hoard.push(space.allocator.alloc());
    }
    const free = (): void => space.allocator.add(hoard.pop()!);
    for (let room = 0; room < 2; room += 1) {
      expect(() => handleFault(child, HUGE, "write")).toThrow(coded("no-memory"));
      expect(child.translate(HUGE)).toMatchObject({ level: 2, prop: RO | COPY_ON_WRITE });
      expect(space.allocator.stats().free).toBe(room);
      free();
    }
    const copy = () => {
      throw new Error("no copy");
    };
    expect(() => handleFault(child, HUGE, "write", { copy })).toThrow("no copy");
    expect(child.translate(HUGE)).toMatchObject({ level: 2, prop: RO | COPY_ON_WRITE });
    expect(handleFault(child, HUGE + 4096, "write")).toBe("resolved");
    expect(child.translate(HUGE + 4096)).toMatchObject({ level: 1, prop: RW });
    expect(child.translate(HUGE)).toMatchObject({ level: 1, prop: RO | COPY_ON_WRITE });
    for (const pfn of hoard) space.allocator.add(pfn);
    space.check(parent, child);
    child.drop();
    parent.drop();
    space.end();
  });
});

test("who does not let go of the old frame has the copy all the same", () => {
  const space = new Space(64, { ledger: false });
  const parent = space.user();
  mapOne(space, parent, RW | GLOBAL);
  const child = fork(parent);
  const release = () => {
    throw new Error("not now");
  };
  expect(() => handleFault(child, VA, "write", { release })).toThrow("not now");
  expect(child.translate(VA)?.prop).toBe(RW | GLOBAL);
  expect(handleFault(child, VA, "write")).toBe("resolved");
});

test.each([
  -1,
  -4095,
  -4096,
  1.5,
  4096.25,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  -1n,
  -4096n,
  2n ** 64n,
  "4096",
  null,
  undefined,
  {},
])("%s is no address", (va) => {
  const space = new Space(64);
  const table = space.user();
  mapOne(space, table, RW, 0);
  for (const kind of KINDS) {
    expect(() => handleFault(table, va as number, kind)).toThrow(coded("invalid-vaddr"));
  }
  table.drop();
  space.end();
});

test("addresses inside of a page are that page's, also as bigint", () => {
  const space = new Space(64);
  const parent = space.user();
  mapOne(space, parent, RW);
  const child = fork(parent);
  expect(handleFault(child, 0x1fffn, "write")).toBe("resolved");
  expect(handleFault(parent, 0x1fff, "write")).toBe("resolved");
  expect(handleFault(parent, 0x2000n, "execute")).toBe("not-mapped");
  mapOne(space, parent, RW | EXECUTE, 0x2000);
  expect(handleFault(parent, 0x2fff, "execute")).toBe("resolved");
  for (const table of [parent, child]) table.drop();
  space.end();
});
