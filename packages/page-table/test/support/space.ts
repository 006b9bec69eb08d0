/** Frames with an allocator, tables over them, and the formats that everything is tried with. */

import { PhysicalMemory, struct } from "@memkit/core";
import {
  defineFrameMeta,
  type Frame,
  FrameTable,
  slotTableBytes,
  type TableMode,
} from "@memkit/frame-meta";
import { allocFrame, allocSegment, createBuddy } from "@memkit/frame-meta/alloc";
import { FrameKernel } from "@memkit/frame-meta/kernel";
import { checkInvariants as checkSlots, FrameLedger } from "@memkit/frame-meta/model";
import type { Segment } from "@memkit/frame-meta/segment";
import {
  aarch64Format,
  type PteFormat,
  riscvFormat,
  userConfig,
  x86Format,
} from "@memkit/page-table/format";
import { checkInvariants } from "@memkit/page-table/model";
import { shareTables } from "@memkit/page-table/shared";
import { PageTable, type PageTableConfig } from "@memkit/page-table/table";
import { expect } from "vitest";

export const formats: readonly (readonly [string, PteFormat])[] = [
  ["x86-64", x86Format()],
  ["x86-64 LA57", x86Format({ levels: 5 })],
  ["Sv39", riscvFormat({ sv: 39 })],
  ["Sv48", riscvFormat({ sv: 48 })],
  ["Sv57", riscvFormat({ sv: 57 })],
  ["AArch64", aarch64Format()],
];

/** Memory to be mapped: no metadata, readable. */
export const pageMeta = defineFrameMeta({ name: "page", layout: struct(), isUntyped: true });

/** The modes that everything about tables is tried in. */
export const MODES: readonly TableMode[] = ["single", "shared", "kernel"];

/** The formats that a mode is tried with: what is another's in each mode is not the format. */
export const formatsIn = (mode: TableMode): typeof formats =>
  mode === "single" ? formats : formats.filter(([name]) => name === "x86-64" || name === "Sv39");

/** Frames, counted by a ledger, so that a leak or a reference too many is found. */
export class Space {
  readonly frames: FrameTable;
  readonly allocator: ReturnType<typeof createBuddy>;
  readonly words: Int32Array;

  constructor(frames = 64, { ledger = true, first = 0, mode = "single" as TableMode } = {}) {
    const single = mode === "single";
    const buffer = new (single ? ArrayBuffer : SharedArrayBuffer)(frames * 4096);
    this.words = new Int32Array(buffer);
    const memory = new PhysicalMemory([
      { firstPfn: first, frames, source: { buffer }, byteOffset: 0 },
    ]);
    const agent = single ? {} : { agent: 0 };
    this.frames = FrameTable.create(
      mode === "kernel"
        ? { memory, kernel: FrameKernel.create(slotTableBytes({ memory })) }
        : { memory, mode },
      ledger ? { ledger: new FrameLedger({ frames, ...agent }), ...agent } : agent,
    );
    this.allocator = createBuddy(this.frames);
    shareTables(this.frames);
  }

  table<C extends PageTableConfig>(config: C): PageTable<C> {
    return PageTable.create(this.frames, config);
  }

  user(format: PteFormat = x86Format(), items: "tracked" | "untracked" = "tracked"): PageTable {
    return PageTable.create(this.frames, userConfig(format, items));
  }

  frame(): Frame<typeof pageMeta> {
    return allocFrame(this.frames, pageMeta, {});
  }

  segment(frames: number): Segment<typeof pageMeta> {
    const align = 2 ** Math.ceil(Math.log2(frames)) * 4096;
    return allocSegment(this.frames, frames, pageMeta, () => ({}), { align });
  }

  get taken(): number {
    return this.allocator.stats().taken;
  }

  /** Nothing is wrong with the slots nor with the tables. */
  check(...tables: PageTable[]): void {
    for (const table of tables) expect(checkInvariants(table)).toEqual([]);
    expect(checkSlots(this.frames).violations).toEqual([]);
  }

  /** All is given back. */
  end(): void {
    expect(checkSlots(this.frames, { atEnd: true }).violations).toEqual([]);
    expect(this.taken).toBe(0);
  }
}
