/**
 * What the Rust originals do wrong, and what people ran into with their peers, each tried here. Numbers are issues and pull requests
 * of asterinas (OSTD), of asterinas/vostd and of rust-osdev/x86_64; "read" is what nobody has reported.
 *
 * Elsewhere: stray nodes under a waiting cursor and reclaiming (#3895) in `interleave/`; stale translations (vostd's `TlbModel`)
 * in `vm-space/`.
 */

import { allocFrame } from "@memkit/frame-meta/alloc";
import {
  aarch64Format,
  CACHE_POLICIES,
  encodeLeaf,
  kernelConfig,
  kindOf,
  pageProperty,
  pageTableConfig,
  propertyOf,
  READ,
  riscvFormat,
  USER,
  userConfig,
  WRITE,
  x86Format,
} from "@memkit/page-table/format";
import { PageTable } from "@memkit/page-table/table";
import { ANY_ASID, SetAssociativeTlb } from "@memkit/page-table/tlb";
import { UR, Walker } from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";
import { formats, pageMeta, Space } from "./support/space.js";

const RW = pageProperty(READ | WRITE | USER);
const PAGE = 4096;
const MIB2 = 512 * PAGE;
const GIB = 512 * MIB2;
const code = (expected: string) => expect.objectContaining({ code: expected });

describe("cursors", () => {
  test("#3731: a range of exactly one huge slot takes its huge page, at every level that has one", () => {
    const table = new Space().user(riscvFormat({ sv: 48 }), "untracked");
    for (const [va, level] of [
      [MIB2, 2],
      [GIB, 3],
    ] as const) {
      const pages = 512 ** (level - 1);
      const cursor = table.cursorMut(va, pages);
      cursor.mapPfn(0, RW, level);
      expect([cursor.atEnd, cursor.va]).toEqual([true, BigInt(va + pages * PAGE)]);
      cursor.close();
    }
  });

  test("#2709, #2613: at the end of its range a cursor stays usable: query throws, jump goes back", () => {
    const space = new Space();
    const table = space.user();
    const cursor = table.cursorMut(MIB2 - PAGE, 1);
    cursor.mapPfn(7, RW);
    expect(() => cursor.query()).toThrow(code("out-of-range"));
    for (const pages of [0, 1]) {
      expect(() => cursor.findNext(pages)).toThrow(code("out-of-range"));
    }
    expect(() => cursor.mapPfn(8, RW)).toThrow(code("out-of-range"));
    expect(cursor.moveForward()).toBe(false);
    expect(() => cursor.jump(MIB2)).toThrow(code("out-of-range"));
    cursor.jump(MIB2 - PAGE);
    expect([cursor.query(), cursor.pfn]).toEqual([1, 7]);
    cursor.close();
    space.check(table);
  });

  test.each(formats)(
    "vostd #603, #645, #3166, #3587, #3610: %s: no sum overflows at the last page there is",
    (_, format) => {
      const space = new Space();
      for (const config of [userConfig(format, "untracked"), kernelConfig(format)]) {
        const table = PageTable.create(
          space.frames,
          pageTableConfig({ ...config, topLevelCanUnmap: true }),
        );
        const last = table.firstVpn + table.pages - 1;
        const va = BigInt(last) * 4096n;
        table.mapRange(va, 1, 5, RW);
        const cursor = table.cursorMut(va, 1);
        expect(cursor.findNext(1)).toBe(1);
        expect([cursor.query(), cursor.pfn, cursor.moveForward()]).toEqual([1, 5, false]);
        expect([cursor.atEnd, cursor.va]).toEqual([true, BigInt.asUintN(64, va + 4096n)]);
        expect(() => cursor.jump(BigInt.asUintN(64, va + 4096n))).toThrow(code("out-of-range"));
        cursor.close();
        for (const pages of [2, 2 ** 52, 2 ** 53, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
          expect(() => table.cursor(va, pages)).toThrow(code("invalid-range"));
        }
        expect(() => table.mapRange(va, 2, 5, RW)).toThrow(code("invalid-range"));
        expect(table.unmapRange(va, 1)).toBe(1);
        table.drop();
      }
    },
  );

  test.each(formats)("page_walk: %s: an address that is not canonical is none", (_, format) => {
    const { vaBits } = format.paging;
    const hole = 2n ** BigInt(vaBits - (format.paging.canonical === "two-halves" ? 0 : 1));
    const space = new Space();
    const table = space.user(format, "untracked");
    expect(() => table.cursor(hole, 1)).toThrow(code("invalid-range"));
    expect(() => table.cursor(hole - 4096n, 2)).toThrow(code("invalid-range"));
    const walker = new Walker({ format, memory: space.frames.memory, root: table.rootPfn });
    expect(walker.translate(hole)).toBe(false);
  });
});

describe("mapping", () => {
  test("read: a page inside of a huge one is refused before the huge one is split", () => {
    const space = new Space();
    const table = space.user(x86Format(), "untracked");
    table.mapRange(MIB2, 512, 512, RW);
    const nodes = space.taken;
    const cursor = table.cursorMut(MIB2 + 9 * PAGE, 1);
    const refused = expect.objectContaining({ code: "already-mapped", va: BigInt(MIB2), pfn: 512 });
    expect(() => cursor.mapPfn(3, RW)).toThrow(refused);
    expect([cursor.query(), cursor.pfn, space.taken]).toEqual([2, 521, nodes]);
    cursor.close();
  });

  test("the panic over an empty table: a huge page takes its place, and the table is freed", () => {
    const space = new Space();
    const table = space.user(x86Format(), "untracked");
    table.mapRange(MIB2, 1, 3, RW);
    const cursor = table.cursorMut(MIB2, 512);
    cursor.unmapNext();
    cursor.jump(MIB2);
    const nodes = space.taken;
    cursor.mapPfn(512, RW, 2);
    expect(space.taken).toBe(nodes - 1);
    cursor.close();
    space.check(table);
  });

  test("x86_64 MapToError: what is named is the frame that is there, not the one that was to be mapped", () => {
    const table = new Space().user(x86Format(), "untracked");
    table.mapRange(PAGE, 1, 41, RW);
    const cursor = table.cursorMut(PAGE, 1);
    expect(() => cursor.mapPfn(42, RW)).toThrow(
      expect.objectContaining({ code: "already-mapped", va: BigInt(PAGE), level: 1, pfn: 41 }),
    );
    cursor.close();
  });

  test("expect() of an allocation: no room for a table is an error, and the frame the caller's", () => {
    const space = new Space(4);
    const table = space.user();
    const frame = space.frame();
    const cursor = table.cursorMut(PAGE, 1);
    expect(() => cursor.map(frame, RW)).toThrow(code("no-memory"));
    expect([frame.dropped, cursor.query()]).toEqual([false, 0]);
    cursor.close();
    frame.drop();
    space.check(table);
    table.drop();
    space.end();
  });

  test("vostd PageTableView: one frame at two addresses is no violation", () => {
    const space = new Space();
    const table = space.user();
    const frame = space.frame();
    const cursor = table.cursorMut(PAGE, 2);
    cursor.map(frame.clone(), RW);
    cursor.map(frame, RW);
    cursor.close();
    space.check(table);
    table.drop();
    space.end();
  });
});

describe("huge pages", () => {
  test("#2402, #2467, #610, tracked huge pages: one page of one is unmapped, its neighbours stay, counts and all", () => {
    const space = new Space(2048);
    const table = space.user();
    table.mapSegment(MIB2, space.segment(512), RW);
    expect(table.unmapRange(MIB2 + 7 * PAGE, 1)).toBe(1);
    const cursor = table.cursor(MIB2, 512);
    const levels = Array.from({ length: 512 }, () => {
      const level = cursor.query();
      cursor.moveForward();
      return level;
    });
    expect(levels.map((level, i) => (level === 1 ? -1 : i)).filter((i) => i >= 0)).toEqual([7]);
    cursor.close();
    space.check(table);
    table.drop();
    space.end();
  });

  test("read, boot_pt.rs: a split page of 1 GiB has pages of 2 MiB, 512 frames apart", () => {
    const table = new Space().user(x86Format(), "untracked");
    table.mapRange(GIB, 2 ** 18, 2 ** 18, RW);
    table.protectRange(GIB + 3 * MIB2, 512, 0, WRITE);
    const cursor = table.cursor(GIB, 2 ** 18);
    for (const slot of [0, 3, 511]) {
      cursor.jump(GIB + slot * MIB2);
      expect([cursor.query(), cursor.pfn]).toEqual([2, 2 ** 18 + slot * 512]);
    }
    cursor.close();
  });

  test("read, num_frames: a table that is taken counts huge pages with all of theirs", () => {
    const table = new Space().user(x86Format(), "untracked");
    table.mapRange(GIB, 512, 512, RW);
    table.mapRange(GIB + MIB2, 3, 7, RW);
    const cursor = table.cursorMut(GIB, 2 ** 18);
    const taken = cursor.takeNext(2 ** 18);
    cursor.close();
    expect(taken?.kind === "stray" && taken.mapped).toBe(515);
    if (taken?.kind === "stray") taken.drop();
  });

  test.each(formats)(
    "#3920: %s: a huge page that nobody may use is a page, at every level",
    (_, format) => {
      const space = new Space();
      const table = space.user(format, "untracked");
      table.mapRange(GIB, 512, 1024, RW);
      expect(table.protectRange(GIB, 512, 0, READ | WRITE)).toBe(512);
      const cursor = table.cursor(GIB, 512);
      expect([cursor.query(), cursor.pfn, cursor.prop & (READ | WRITE)]).toEqual([2, 1024, 0]);
      cursor.close();
      space.check(table);
      expect(table.protectRange(GIB, 512, READ, 0)).toBe(512);
      expect(table.unmapRange(GIB, 512)).toBe(512);
    },
  );
});

describe("formats", () => {
  test.each(formats)(
    "LoongArch's uncacheable, #538, #548, #529: %s: a cache policy comes back at every level",
    (_, format) => {
      for (const policy of CACHE_POLICIES) {
        for (let level = 1; level <= format.paging.highestTranslationLevel; level++) {
          const prop = pageProperty(READ | WRITE, policy);
          if (!format.supports(prop, level)) continue;
          const { lo, hi } = encodeLeaf(format, 0, level, prop);
          expect(propertyOf(format, lo, hi, level)).toBe(prop);
        }
      }
    },
  );

  test("read, RISC-V's PHYS_ADDR_MASK: the last frame of 56 bits is mapped, one more refused", () => {
    const format = riscvFormat({ sv: 39 });
    const table = new Space().user(format, "untracked");
    const cursor = table.cursorMut(PAGE, 2);
    cursor.mapPfn(2 ** 44 - 1, RW);
    cursor.jump(PAGE);
    expect([cursor.query(), cursor.pfn]).toEqual([1, 2 ** 44 - 1]);
    cursor.jump(2 * PAGE);
    expect(() => cursor.mapPfn(2 ** 44, RW)).toThrow(code("invalid-pfn"));
    cursor.close();
  });

  test("read, RISC-V: no superpage is made misaligned", () => {
    const table = new Space().user(riscvFormat({ sv: 39 }), "untracked");
    const cursor = table.cursorMut(MIB2, 512);
    expect(() => cursor.mapPfn(511, RW, 2)).toThrow(code("invalid-pfn"));
    expect([cursor.query()]).toEqual([0]);
    cursor.close();
  });

  test("an entry of AArch64's last level without bit 1 is none", () => {
    const format = aarch64Format();
    const { lo, hi } = encodeLeaf(format, 5, 1, RW);
    expect([kindOf(format, lo, hi, 1), lo & 2]).toEqual(["leaf", 2]);
    const space = new Space();
    const table = space.user(format, "untracked");
    table.mapRange(PAGE, 1, 5, RW);
    const walker = new Walker({ format, memory: space.frames.memory, root: table.rootPfn });
    expect(walker.walk(0, PAGE)).toBe(1);
    space.words[walker.table * 1024 + 2 * walker.index]! &= ~2;
    expect(walker.walk(0, PAGE)).toBeLessThan(0);
  });
});

describe("ends", () => {
  test("a kernel's top tables, copied without a count: they outlive the kernel's own handle, and a user's end", () => {
    const space = new Space(600);
    const format = x86Format();
    const kernel = space.table(kernelConfig(format));
    const user = kernel.createUser(userConfig(format));
    kernel.drop();
    space.check(user);
    user.drop();
    space.end();
  });

  test("write_pte leaves a child behind: ours has nothing left, whatever was mapped", () => {
    const space = new Space(2048);
    const table = space.user();
    table.mapSegment(MIB2, space.segment(512), RW);
    table.mapSegment(GIB, space.segment(3), RW);
    const cursor = table.cursorMut(GIB + 3 * PAGE, 1);
    cursor.map(allocFrame(space.frames, pageMeta, {}), RW);
    cursor.close();
    table.drop();
    space.end();
  });
});

test("vostd TlbModel: all is all, and a range is all of its pages, the last one too", () => {
  const tlb = new SetAssociativeTlb({ entries: 64 });
  const fill = (): void => {
    for (let page = 1; page <= 8; page++) tlb.insert(0, page << 12, page, UR, 1, false);
  };
  const left = (): number[] => [...tlb.entries()].map(({ pfn }) => pfn).sort();
  fill();
  tlb.flush(0, 2 << 12, 5, ANY_ASID);
  expect(left()).toEqual([1, 7, 8]);
  // An address within a page is of that page: `for_single` upstream does not look.
  tlb.flush(0, (7 << 12) + 5, 1, 0);
  expect(left()).toEqual([1, 8]);
  fill();
  tlb.flushAll();
  expect(left()).toEqual([]);
});
