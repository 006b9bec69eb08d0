import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import {
  aarch64Format,
  kernelConfig,
  pageTableConfig,
  riscvFormat,
  userConfig,
  vaddrRange,
  x86Format,
} from "@memkit/page-table/format";
import { checkCanonical } from "@memkit/page-table/paging";
import { attachTable } from "@memkit/page-table/shared";
import { PageTable } from "@memkit/page-table/table";
import { describe, expect, it } from "vitest";

const TOP = 2n ** 64n - 1n;

describe.each([
  [x86Format(), 0x7fff_ffff_ffffn, 0xffff_8000_0000_0000n],
  [x86Format({ levels: 5 }), 0xff_ffff_ffff_ffffn, 0xff00_0000_0000_0000n],
  [riscvFormat(), 0x3f_ffff_ffffn, 0xffff_ffc0_0000_0000n],
  [aarch64Format(), 0xffff_ffff_ffffn, 0xffff_0000_0000_0000n],
])("%o", (format, userEnd, kernelStart) => {
  it("PT-10: gives the user the lower half, and the kernel the upper one", () => {
    expect(vaddrRange(userConfig(format))).toEqual([0n, userEnd]);
    expect(vaddrRange(kernelConfig(format))).toEqual([kernelStart, TOP]);
    for (const va of [userEnd, kernelStart]) checkCanonical(format.paging, va);
  });

  it("lets user tables go, not the kernel's", () => {
    const [user, kernel] = [userConfig(format), kernelConfig(format, "tracked")];
    expect([user.topLevelCanUnmap, user.items]).toEqual([true, "tracked"]);
    expect([kernel.topLevelCanUnmap, kernel.items]).toEqual([false, "tracked"]);
    expect(kernelConfig(format).items).toBe("untracked");
    expect(Object.isFrozen(user)).toBe(true);
  });

  it.each([
    [-1, 3],
    [3, 2],
    [0, 512],
    [0.5, 3],
    [0, Number.NaN],
  ])("PT-10: refuses entries %d to %d", (first, last) => {
    expect(() =>
      pageTableConfig({ ...userConfig(format), topLevelIndexRange: [first, last] }),
    ).toThrow(expect.objectContaining({ code: "invalid-index-range", first, last }));
  });
});

it("PT-10: no range crosses the hole, and only AArch64 has a second root", () => {
  const user = userConfig(x86Format());
  for (const config of [
    { ...user, topLevelIndexRange: [255, 256] as const },
    { ...user, upperRoot: true },
  ]) {
    expect(() => pageTableConfig(config)).toThrow("within one half");
  }
  const range = { ...userConfig(aarch64Format()), topLevelIndexRange: [255, 256] as const };
  expect(vaddrRange(pageTableConfig(range))).toEqual([255n << 39n, (257n << 39n) - 1n]);
});

it("PT-10: keeps the range that it has proved, whatever becomes of the caller's array", () => {
  const topLevelIndexRange: [number, number] = [0, 255];
  const config = pageTableConfig({ ...userConfig(x86Format()), topLevelIndexRange });
  topLevelIndexRange.splice(0, 2, -5, 511);
  expect(config.topLevelIndexRange).toEqual([0, 255]);
  for (const each of [config, userConfig(x86Format()), kernelConfig(aarch64Format())]) {
    expect(Object.isFrozen(each.topLevelIndexRange)).toBe(true);
  }
});

it("takes for a table only what has been proved, and nothing is allocated for anything else", () => {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(32 * 4096) } });
  const allocator = createBuddy(frames);
  const user = userConfig(x86Format());
  const odd: readonly object[] = [
    { topLevelIndexRange: undefined },
    { name: undefined },
    { name: 5 },
    { topLevelCanUnmap: false, format: {} },
    {},
  ];
  for (const fields of odd) {
    const config = { ...user, ...fields };
    const refused = expect.objectContaining({ code: "invalid-argument" });
    expect(() => PageTable.create(frames, config)).toThrow(refused);
    expect(() => PageTable.create(frames, config)).toThrow("pageTableConfig");
    expect(() => attachTable(frames, config, 0)).toThrow(refused);
  }
  expect(allocator.stats().taken).toBe(0);
  const table = PageTable.create(frames, pageTableConfig({ ...user, name: "mine" }));
  expect(table.config.name).toBe("mine");
  table.drop();
});
