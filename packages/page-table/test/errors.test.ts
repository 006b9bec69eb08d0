/** One class of errors, whose type knows every documented code, from every subpath that throws it. */

import { FrameTable } from "@memkit/frame-meta";
import { createBuddy } from "@memkit/frame-meta/alloc";
import { PageTableError, type PageTableErrorDetail } from "@memkit/page-table";
import * as fork from "@memkit/page-table/fork";
import * as format from "@memkit/page-table/format";
import * as inspect from "@memkit/page-table/inspect";
import * as mmu from "@memkit/page-table/mmu";
import * as shared from "@memkit/page-table/shared";
import * as table from "@memkit/page-table/table";
import * as tlb from "@memkit/page-table/tlb";
import * as vmSpace from "@memkit/page-table/vm-space";
import * as walk from "@memkit/page-table/walk";
import { describe, expect, test } from "vitest";

const config = format.userConfig(format.x86Format());

function tableOf(): table.PageTable {
  const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(32 * 4096) } });
  createBuddy(frames);
  return table.PageTable.create(frames, config);
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("the class", () => {
  test.each(Object.entries({ fork, format, inspect, mmu, shared, table, tlb, vmSpace, walk }))(
    "is the same in %s",
    (_, subpath) => {
      expect(subpath.PageTableError).toBe(PageTableError);
    },
  );

  test("of the main entry narrows to the codes of tables and of address spaces", () => {
    const error = thrown(() => tableOf().cursorMut(0x1000, 0));
    // What matters is that this compiles: each field is known once the code is.
    if (!(error instanceof PageTableError && error.code === "invalid-range")) throw error;
    expect([error.va, error.pages]).toEqual([0x1000, 0]);
    const { detail } = { detail: error as PageTableErrorDetail };
    if (detail.code === "already-mapped") expect(detail.level).toBe(1);
    if (detail.code === "range-in-use") expect(detail.len).toBe(1);
  });

  test("has a sentence for each, wherever it is thrown", () => {
    const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(32 * 4096) } });
    const cpu = new vmSpace.VmCpu(frames, config.format);
    const said = [
      () => tableOf().cursorMut(0x1000, 0),
      () => vmSpace.VmSpace.create(cpu, { asid: 0 }),
      () => new tlb.Tlb({ entries: 3 }),
      () => format.encodeLeaf(config.format, -1, 1, 1),
    ].map((run) => (thrown(run) as Error).message);
    for (const sentence of said) expect(sentence).toMatch(/ .* /);
  });
});

describe("a sentence says what to give", () => {
  const words = new Int32Array(tlb.shootdownWords(2));
  const log = (agents: number, agent: number, of = words) =>
    new tlb.Shootdown(of, agents, agent, new tlb.Tlb());

  test.each<[string, () => unknown, RegExp]>([
    ["entries", () => new tlb.Tlb({ entries: 3 }), /power of two in 1\.\.2\^20/],
    ["ways", () => new tlb.SetAssociativeTlb({ entries: 4, ways: 8 }), /not above the entries/],
    ["agents", () => tlb.shootdownWords(0), /1\.\.1024/],
    ["agent", () => [log(2, 1), log(2, 1)], /that no other has; detach/],
    ["words", () => log(2, 0, new Int32Array(3)), /shootdownWords/],
    ["pages", () => log(2, 0).publish(0, 0, 0, 1), /above 0/],
  ])("for %s", (option, run, sentence) => {
    const error = thrown(run) as Error;
    expect(error).toMatchObject({ code: "invalid-tlb", option });
    expect(error.message).toMatch(sentence);
  });

  test("for a cache's address space", () => {
    const cache = new tlb.Tlb();
    expect(() => {
      cache.asid = -1;
    }).toThrow(/0\.\.65535/);
  });

  test("for a range: the table's properties", () => {
    expect(() => tableOf().cursor(0x1000, 0)).toThrow(/"pages".*"firstVpn"/);
  });
});
