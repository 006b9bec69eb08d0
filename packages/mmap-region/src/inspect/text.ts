/**
 * A report to read.
 *
 * @module
 */

import {
  addressText,
  headline,
  type PartReport,
  partsOf,
  requireReport,
  sizeText,
} from "./parts.js";
import type { RegionReport, SlotReport } from "./report.js";

/**
 * The report as lines of text: the region, each slot, each part of it.
 *
 * @example
 * ```ts
 * import { WasmRegion } from "@memkit/mmap-region";
 * import { inspect, toText } from "@memkit/mmap-region/inspect";
 *
 * const region = WasmRegion.create(2);
 * const slot = region.newInstance({ heap: { initialSize: 65536 } });
 * const [first, second] = toText(inspect(region, { slots: [slot] })).split("\n");
 * first; // => "wasm region: 1 of 2 slots used, 1 free"
 * second; // => "slot 1, in-use, at ?, heap 64 KiB"
 * slot.drop();
 * ```
 */
export function toText(report: RegionReport): string {
  requireReport(report);
  const lines = [headline(report)];
  for (const slot of report.slots) {
    lines.push(slotLine(slot));
    if (slot.protections !== undefined) lines.push(...partsOf(report, slot).map(partLine));
  }
  return [...lines, ...report.notes.map((note) => `note: ${note}`), ""].join("\n");
}

/** The name of a slot with what is known of it as a whole. */
export function slotLine({ index, use, address, heapLength }: SlotReport): string {
  const heap = heapLength === undefined ? "" : `, heap ${sizeText(heapLength)}`;
  return `slot ${index}, ${use}, at ${addressText(address)}${heap}`;
}

/** `  0x1000 heap 8 GiB, 64 KiB accessible, 8 KiB dirty` */
function partLine(part: PartReport): string {
  const offset = `0x${part.offset.toString(16)}`.padStart(12);
  return `${offset}  ${part.name.padEnd(14)} ${sizeText(part.length).padStart(8)}  ${contentsText(part)}`;
}

/** What is known of a part, in words. */
export function contentsText({ length, accessible, pages }: PartReport): string {
  if (accessible === undefined) return "unknown";
  if (accessible === 0) return "no access";
  const access = accessible === length ? "accessible" : `${sizeText(accessible)} accessible`;
  const states = new Map<string, number>();
  for (const run of pages ?? []) {
    states.set(run.state, (states.get(run.state) ?? 0) + run.length);
  }
  return [access, ...[...states].map(([state, bytes]) => `${sizeText(bytes)} ${state}`)].join(", ");
}
