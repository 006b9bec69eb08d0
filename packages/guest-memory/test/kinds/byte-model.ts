/** A guest's memory said as slowly and plainly as possible: an array of bytes, and a list of borrows. */

import type { BorrowKind } from "@memkit/guest-memory";
import { NaiveChecker } from "../support/model.js";
import { PAGE } from "./memory-kind.js";

/** What an access wants: `view` and `view mut` take a borrow, the others only respect those that are there. */
export type Access = "read" | "write" | "view" | "view mut";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Addresses are numbers, as errors have them; `origin` is that of the first byte. */
export class ByteModel extends NaiveChecker {
  readonly #origin: number;
  readonly #shared: boolean;
  bytes = new Uint8Array(PAGE);

  constructor(origin: number, shared: boolean) {
    super();
    this.#origin = origin;
    this.#shared = shared;
  }

  /** What is wrong with an access, told one question after the other. */
  verdict(access: Access, start: number, len: number, align = 1): string | undefined {
    if (start + len > this.#origin + this.bytes.length) return "ptr-out-of-bounds";
    if (len !== 0 && start % align !== 0) return "ptr-not-aligned";
    return this.refusal(access, start, len);
  }

  /** The last of those questions. */
  refusal(access: Access, start: number, len: number): string | undefined {
    const view = access === "view" || access === "view mut";
    if (view && this.#shared) return "shared-memory";
    const kind = access === "read" || access === "view" ? "mut" : "any";
    return this.overlapping({ start, len }, kind) ? "ptr-borrowed" : undefined;
  }

  borrow(handle: number, kind: BorrowKind, start: number, len: number): void {
    this.live.set(handle, { region: { start, len }, kind });
  }

  read(start: number, len: number): Uint8Array {
    return this.bytes.slice(start - this.#origin, start - this.#origin + len);
  }

  write(start: number, bytes: ArrayLike<number>): void {
    this.bytes.set(bytes, start - this.#origin);
  }

  /** The number at `start`, little-endian. */
  number(start: number, len: number): number {
    return this.read(start, len).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  /** The text at `start`, unless it is none. */
  text(start: number, len: number): string | undefined {
    try {
      return decoder.decode(this.read(start, len));
    } catch {
      return undefined; // fatal mode throws on what is no text: that is the answer
    }
  }

  resize(length: number): void {
    const next = new Uint8Array(length);
    next.set(this.bytes.subarray(0, length));
    this.bytes = next;
  }
}
