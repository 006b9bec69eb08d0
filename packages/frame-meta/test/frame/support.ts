/**
 * Tables and types that the frame suites share.
 *
 * @module
 */

import { atomic, struct, u32 } from "@memkit/core";
import {
  defineFrameMeta,
  FrameError,
  type FrameErrorDetail,
  FrameTable,
  type FreeSet,
  type TableMode,
} from "@memkit/frame-meta";
import { linkMeta } from "@memkit/frame-meta/list";
import { FrameLedger } from "@memkit/frame-meta/model";
import { inMode } from "../slot/modes.js";

export const PAGE = 4096;

/** Upstream's `MockFrameMeta`, with a field that may be written through a shared frame. */
export const mock = defineFrameMeta({
  name: "mock",
  layout: struct(["value", u32], ["touched", atomic(u32)]),
});
export const untyped = defineFrameMeta({
  name: "mock-untyped",
  layout: struct(["value", u32]),
  isUntyped: true,
});
export const linked = linkMeta(mock);

export const mockOf = (value: number) => ({ value, touched: 0 });
export const linkedOf = (value: number) => ({ next: 0, prev: 0, inner: mockOf(value) });

export interface Rig {
  readonly table: FrameTable;
  readonly ledger: FrameLedger;
  /** Frames that became free, in order. */
  readonly freed: number[];
}

/** 16 frames from 0, a ledger, and a free set that writes down what it is told. */
export function rigOf(mode: TableMode, frames = 16): Rig {
  const buffer = new SharedArrayBuffer(frames * PAGE);
  const ledger = new FrameLedger({ frames });
  const freed: number[] = [];
  const freeSet: FreeSet = { add: (pfn) => freed.push(pfn) };
  const table = FrameTable.create(inMode(mode, { memory: { buffer } }), { ledger, freeSet });
  return { table, ledger, freed };
}

/** The detail of the `FrameError` that `run` throws. */
export function refusalOf(run: () => unknown): FrameErrorDetail {
  try {
    run();
  } catch (error) {
    if (error instanceof FrameError) return { ...error } as unknown as FrameErrorDetail;
    throw error;
  }
  throw new Error("did not throw");
}

/** The causes of a `drop-failed`. */
export function causesOf(run: () => unknown): unknown[] {
  try {
    run();
  } catch (error) {
    if (error instanceof FrameError && error.code === "drop-failed") {
      return (error.cause as AggregateError).errors;
    }
    throw error;
  }
  throw new Error("did not throw");
}
