/** What Linux says of a range of addresses. */

import { readFileSync } from "node:fs";
import type { Segment } from "../../src/fake-driver.js";

const ACCESS: Readonly<Record<string, Segment["access"]>> = {
  "---": "none",
  "r--": "read",
  "rw-": "read-write",
};

/** The mappings within a range, cut off at its ends, with neighbours of equal access as one. */
export function mapsOf(start: number, length: number): Segment[] {
  const segments: Segment[] = [];
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (...)/.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    const address = Math.max(Number.parseInt(from, 16), start);
    const end = Math.min(Number.parseInt(to, 16), start + length);
    if (address >= end) continue;
    const access = ACCESS[rights!];
    if (access === undefined) throw new Error(`what a region never maps: ${line}`);
    const last = segments.at(-1);
    if (last?.access === access && last.address + last.length === address) {
      segments[segments.length - 1] = { ...last, length: end - last.address };
    } else {
      segments.push({ address, length: end - address, access });
    }
  }
  return segments;
}

/** `offset+length access` each, offsets from `start`: easy to compare, and to read when they differ. */
export function drawn(segments: readonly Segment[], start: number): string[] {
  return segments.map(
    ({ address, length, access }) =>
      `0x${(address - start).toString(16)}+0x${length.toString(16)} ${access}`,
  );
}

/** Bytes of memory that the process has now. */
export function residentBytes(): number {
  return Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * 4096;
}
