/**
 * Guest memory without a single check: the other side of the measurement, and nothing else.
 *
 * CALLER MUST: give it only to a guest whose every pointer is known to be good. It is never the default, the command
 * line cannot ask for it, and the demo uses it only on the guest and the script that it has just run with checks. What
 * it keeps from the checked memory is what any host needs at all: views that follow the memory when it grows.
 *
 * @module
 */

import type { Layout, MemorySource, ValueOf } from "@memkit/core";
import type { GuestAccess } from "./guest-access.js";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A bare DataView over a memory. */
export class UncheckedAccess implements GuestAccess {
  readonly #source: MemorySource;
  #dv: DataView;
  #u8: Uint8Array;

  constructor(source: MemorySource) {
    this.#source = source;
    this.#dv = new DataView(source.buffer);
    this.#u8 = new Uint8Array(source.buffer);
  }

  base(): Uint8Array {
    if (this.#u8.length === 0) {
      this.#dv = new DataView(this.#source.buffer);
      this.#u8 = new Uint8Array(this.#source.buffer);
    }
    return this.#u8;
  }

  validate(ptr: number): number {
    return ptr;
  }

  sharedBorrow(): number {
    return 0;
  }

  sharedUnborrow(): void {
    // Nothing was recorded.
  }

  mutBorrow(): number {
    return 0;
  }

  mutUnborrow(): void {
    // Nothing was recorded.
  }

  writeU32(ptr: number, value: number): void {
    this.#view().setUint32(ptr, value, true);
  }

  writeU64(ptr: number, value: bigint): void {
    this.#view().setBigUint64(ptr, value, true);
  }

  read<L extends Layout>(layout: L, ptr: number): ValueOf<L> {
    return layout.read(this.#view(), ptr) as ValueOf<L>;
  }

  write<L extends Layout>(layout: L, ptr: number, value: ValueOf<L>): void {
    layout.write(this.#view(), ptr, value);
  }

  readString(ptr: number, len: number): string {
    return utf8.decode(new Uint8Array(this.base().buffer, ptr, len));
  }

  copyIn(ptr: number, src: Uint8Array): void {
    this.base().set(src, ptr);
  }

  #view(): DataView {
    this.base();
    return this.#dv;
  }
}
