/**
 * The parts of one slot with what is in them: what the text and the map are drawn from.
 *
 * @module
 */

import { badArgument, requireObject } from "../argument.js";
import type { LayoutPart, RegionReport, SlotReport, StateRun } from "./report.js";

/** A run of a part, by its offset from the start of the part. */
interface Run {
  readonly offset: number;
  readonly length: number;
}

/** A part of one slot. Bytes. */
export interface PartReport extends LayoutPart {
  /** How many of its bytes have access; undefined where nobody tells. */
  readonly accessible: number | undefined;
  /** Its pages that are in memory or in swap, by their offset in the part; undefined where nobody tells. */
  readonly pages: readonly StateRun[] | undefined;
}

/** The runs that lie in a part, cut off at its ends. */
function within<R extends Run>(runs: readonly R[], { offset, length }: LayoutPart): R[] {
  return runs.flatMap((run) => {
    const from = Math.max(run.offset, offset);
    const to = Math.min(run.offset + run.length, offset + length);
    return from < to ? [{ ...run, offset: from - offset, length: to - from }] : [];
  });
}

/** All parts of a slot, in order. */
export function partsOf({ layout }: RegionReport, slot: SlotReport): readonly PartReport[] {
  return layout.map((part) => {
    const open = slot.protections?.filter(({ access }) => access !== "none");
    const accessible = open && within(open, part).reduce((sum, { length }) => sum + length, 0);
    return { ...part, accessible, pages: slot.pages && within(slot.pages, part) };
  });
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `4 KiB`, `7.9 MiB`: a number of bytes to read, not to count with. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} ${UNITS[unit]}`;
}

/** `0x7f0000001000`, or `?`. */
export function addressText(address: number | undefined): string {
  return address === undefined ? "?" : `0x${address.toString(16)}`;
}

/** One line about the whole region. */
export function headline(report: RegionReport): string {
  const { backend, driver, capacity, freeSlots, usedSlots, totals } = report;
  const by = driver === undefined ? "" : ` by ${driver}`;
  const memory =
    totals === undefined
      ? ""
      : `; ${sizeText(totals.resident)} resident, ${sizeText(totals.dirty)} dirty`;
  return `${backend} region${by}: ${usedSlots} of ${capacity} slots used, ${freeSlots} free${memory}`;
}

/** @throws {@link RegionError} `invalid-argument` for what `inspect` has not made */
export function requireReport(report: RegionReport): void {
  requireObject("report", report);
  if (Array.isArray(report.slots) && Array.isArray(report.layout) && Array.isArray(report.notes))
    return;
  throw badArgument("report", report, "must be what inspect returned");
}
