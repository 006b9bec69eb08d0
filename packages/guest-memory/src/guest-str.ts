/**
 * Guards over strings: bytes that are known to be UTF-8.
 *
 * @see wiggle `src/lib.rs`, `GuestStr`, `GuestStrMut`, `GuestStrCow`
 * @module
 */

import type { Region } from "@memkit/core";
import { invalidUtf8 } from "./byte-memory.js";
import { demandKind } from "./demand.js";
import type { BorrowKind } from "./error.js";
import { Guard } from "./guard.js";
import type { GuestMemory } from "./guest-memory.js";
import { demandLength } from "./guest-slice.js";
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/** What the string guards share: text that was valid when the borrow was taken. */
abstract class TextGuard extends Guard {
  protected constructor(
    mem: GuestMemory,
    region: Region,
    kind: BorrowKind | undefined,
    owned?: Uint8Array,
  ) {
    super(mem, region, kind, owned);
    try {
      this.text();
    } catch (error) {
      this.drop(); // a failed check leaves no borrow behind (GM-9)
      throw error;
    }
  }

  /** Bytes of UTF-8, not characters. */
  get length(): number {
    return this.region.len;
  }

  /**
   * The text.
   *
   * @throws {@link GuestError} `released`; `invalid-utf8` if the holder of a mut guard has broken it
   */
  text(): string {
    const { bytes } = this;
    // TextDecoder in browsers refuses a resizable buffer.
    const fixed = this.mem.views.resizable ? bytes.slice() : bytes;
    const text = decodeUtf8(fixed);
    if (text === undefined) throw invalidUtf8(fixed, this.region.start);
    return text;
  }

  override toString(): string {
    return this.text();
  }
}

/** Text in guest memory, borrowed for reading. */
export class GuestStr extends TextGuard {
  /** Made by {@link GuestStrPtr.asStr}. */
  constructor(mem: GuestMemory, region: Region) {
    super(mem, region, "shared");
  }

  get guardName(): string {
    return "GuestStr";
  }
}

/** Text in guest memory, borrowed for writing. */
export class GuestStrMut extends TextGuard {
  /** Made by {@link GuestStrPtr.asStrMut}. */
  constructor(mem: GuestMemory, region: Region) {
    super(mem, region, "mut");
  }

  get guardName(): string {
    return "GuestStrMut";
  }

  /**
   * Replaces the text by another of the same length in UTF-8 bytes.
   *
   * @throws {@link GuestError} `released`, `try-from-int-error` if `text` is no string, `slice-lengths-differ`
   */
  set(text: string): void {
    const { bytes } = this;
    demandKind(typeof text === "string", "string", text);
    const encoded = encodeUtf8(text);
    demandLength(bytes.length, encoded);
    bytes.set(encoded);
  }
}

/** Text to read, borrowed if the memory allows it and copied, then checked, if other threads may change it. */
export class GuestStrCow extends TextGuard {
  /** Made by {@link GuestStrPtr.asCow}; `copy` says that the bytes are not the memory's. */
  constructor(mem: GuestMemory, region: Region, copy?: Uint8Array) {
    super(mem, region, copy === undefined ? "shared" : undefined, copy);
  }

  get guardName(): string {
    return "GuestStrCow";
  }
}
