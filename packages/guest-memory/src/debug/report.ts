/**
 * Reports on live borrows, for people.
 *
 * They need no debugger, but only with one do they show where each borrow was taken.
 *
 * @module
 */

import { formatRegion, isRecord } from "@memkit/core";
import { demandOption } from "../demand.js";
import { type Borrow, GuestError, sayBorrow } from "../error.js";

/** What a report asks of a memory. A `GuestMemory` is one. */
export interface ReportedMemory {
  readonly byteLength: number;
  /** Every live borrow. */
  outstandingBorrows(): readonly Borrow[];
}

/**
 * Throws if any borrow is live: for the end of a host call, where each is a leak.
 *
 * @throws {@link GuestError} `borrows-outstanding`, naming every one; `invalid-option` for what is no memory
 *
 * @example
 * ```ts
 * import { GuestError, GuestMemory } from "@memkit/guest-memory";
 * import { assertNoBorrows } from "@memkit/guest-memory/debug";
 *
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(16) });
 * mem.mutBorrow({ start: 4, len: 2 });
 * let error: unknown;
 * try {
 *   assertNoBorrows(mem);
 * } catch (e) {
 *   error = e;
 * }
 * String(error); // => "GuestError: 1 borrow(s) still live: mut borrow of 0x4..0x5 (2 bytes)"
 * ```
 */
export function assertNoBorrows(memory: Pick<ReportedMemory, "outstandingBorrows">): void {
  const borrows = demandMemory(memory).outstandingBorrows();
  if (borrows.length === 0) return;
  const reason = `${borrows.length} borrow(s) still live: ${borrows.map(sayBorrow).join("; ")}`;
  throw new GuestError({ code: "borrows-outstanding", borrows, reason });
}

function demandMemory<M extends object>(memory: M): M {
  const asked = isRecord(memory) ? Reflect.get(memory, "outstandingBorrows") : undefined;
  demandOption(typeof asked === "function", "memory", memory);
  return memory;
}

/** Cells of the bar: with the address before it, a line of a terminal. */
const CELLS = 64;

/**
 * A picture of the borrows of a memory: a bar in which `m` is mut, `s` shared, `!` both, `.` neither; then each borrow.
 *
 * @throws {@link GuestError} `invalid-option` for what is no memory
 *
 * @example
 * ```ts
 * import { GuestMemory } from "@memkit/guest-memory";
 * import { borrowMap } from "@memkit/guest-memory/debug";
 *
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(64) });
 * mem.sharedBorrow({ start: 8, len: 4 });
 * mem.mutBorrow({ start: 62, len: 2 });
 * const [bar, first, second] = borrowMap(mem).split("\n");
 * bar; // => "0x0 [........ssss..................................................mm] 0x40, 1 byte a cell"
 * first; // => "  shared 0x8..0xb (4 bytes)"
 * second; // => "  mut 0x3e..0x3f (2 bytes)"
 * ```
 */
export function borrowMap(memory: ReportedMemory): string {
  const { byteLength } = demandMemory(memory);
  const borrows = [...memory.outstandingBorrows()].sort((a, b) => a.region.start - b.region.start);
  const step = Math.max(1, Math.ceil(byteLength / CELLS));
  const cells = new Array<string>(Math.ceil(byteLength / step)).fill(".");
  for (const { region, kind } of borrows) {
    const mark = kind === "mut" ? "m" : "s";
    const last = Math.min(Math.floor((region.start + region.len - 1) / step), cells.length - 1);
    for (let i = Math.floor(region.start / step); region.len !== 0 && i <= last; i++) {
      cells[i] = cells[i] === "." || cells[i] === mark ? mark : "!";
    }
  }
  const unit = step === 1 ? "1 byte" : `${step} bytes`;
  const bar = `0x0 [${cells.join("")}] 0x${byteLength.toString(16)}, ${unit} a cell`;
  return [bar, ...borrows.map(line)].join("\n");
}

function line({ kind, region, stack }: Borrow): string {
  const taken = stack === undefined ? "" : `\n${stack}`;
  return `  ${kind} ${formatRegion(region)}${taken}`;
}
