/**
 * Reads the primitive encodings of the wasm binary format, strictly.
 *
 * Every read is checked against the end it was given, so that input cut short or made up ends in `malformed-module`
 * with the offset of the byte at fault, never in a raw RangeError.
 *
 * @see WebAssembly core specification 2.0, 5.2.2 "Integers" and 5.2.4 "Names"
 *
 * @module
 */

import { RegionError } from "./region-error.js";

const UTF8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A cursor over `bytes[at, end)`. */
export class WasmReader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  malformed(reason: string, offset: number = this.at): RegionError {
    return new RegionError({ code: "malformed-module", offset, reason });
  }

  byte(): number {
    if (this.at >= this.end) throw this.malformed("unexpected end");
    return this.bytes[this.at++]!;
  }

  /**
   * An unsigned LEB128 number of `bits` bits: at most ceil(bits / 7) bytes, no bit set beyond the last one.
   *
   * Numbers above 2^53 - 1 are refused: nothing that is read here can be that large in a valid module.
   */
  unsigned(bits: 32 | 64): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      const left = bits - shift;
      if (left < 7 && (byte & 0x7f) >= 2 ** left) {
        throw this.malformed(`number of more than ${bits} bits`, start);
      }
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
      if (left <= 7) throw this.malformed(`number of more than ${bits} bits`, start);
    }
    if (value > Number.MAX_SAFE_INTEGER) throw this.malformed("number too large", start);
    return value;
  }

  /** A signed LEB128 number whose value nobody needs: at most five bytes. */
  skipSigned33(): void {
    const start = this.at;
    for (let n = 0; n < 5; n++) {
      if ((this.byte() & 0x80) === 0) return;
    }
    throw this.malformed("number of more than 33 bits", start);
  }

  /** A reader of the next `length` bytes, which this one passes over. */
  sub(length: number): WasmReader {
    const start = this.at;
    if (length > this.end - start) {
      throw this.malformed(`${length} bytes announced, ${this.end - start} left`);
    }
    this.at = start + length;
    return new WasmReader(this.bytes, start, this.at);
  }

  /** A length-prefixed UTF-8 name. */
  name(): string {
    const text = this.sub(this.unsigned(32));
    if (text.done) return ""; // a module of nothing but empty names would spend its time in the decoder
    try {
      return UTF8.decode(this.bytes.subarray(text.at, text.end));
    } catch {
      throw this.malformed("name is not UTF-8", text.at);
    }
  }

  /** Whether everything up to the end has been read. */
  get done(): boolean {
    return this.at === this.end;
  }

  /** @throws {@link RegionError} `malformed-module` when bytes are left over */
  finish(): void {
    if (!this.done) throw this.malformed(`${this.end - this.at} bytes too many in the section`);
  }
}

/** The shortest unsigned LEB128 encoding of a whole number below 2^53. */
export function encodeUnsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}
