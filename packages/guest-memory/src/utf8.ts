/**
 * Strict UTF-8: what is not text is an error, never a replacement character.
 *
 * Short ASCII, which is most of what guests pass, is decoded in a loop: calling TextDecoder costs about as much as 20
 * characters do here.
 *
 * @module
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Below this many bytes the loop beats TextDecoder (measured on Node 20, 24 and 26: they cross at 16 to 24). */
const LOOP_LIMIT = 16;

/**
 * The text of `bytes`, or undefined if they are not UTF-8, or more than a string can hold.
 *
 * Caller must: give bytes that no other thread can change, in a buffer of fixed length.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.length < LOOP_LIMIT) {
    const text = decodeAscii(bytes);
    if (text !== undefined) return text;
  }
  try {
    // Chromium gives an empty text, where Node throws, if it is longer than a string can be.
    return decoder.decode(bytes) || undefined;
  } catch {
    return undefined; // malformed, or longer than a string can be; the caller says which
  }
}

function decodeAscii(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The UTF-8 bytes of `text`. A lone surrogate becomes U+FFFD, as everywhere on the web. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Where `bytes` stop being UTF-8, as Rust's `Utf8Error` says it: `errorLen` is 0 if more bytes could have made it right.
 *
 * @see The Unicode Standard, table 3-7, well-formed UTF-8 byte sequences
 */
export function utf8Error(bytes: Uint8Array): { validUpTo: number; errorLen: number } | undefined {
  for (let i = 0; i < bytes.length; ) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      i++; // most of any text, and a guest chooses how long it is
      continue;
    }
    const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length === 0 || lead > 0xf4) return { validUpTo: i, errorLen: 1 };
    for (let k = 1; k < length; k++) {
      if (i + k === bytes.length) return { validUpTo: i, errorLen: 0 };
      const [low, high] = k === 1 ? secondByteRange(lead) : [0x80, 0xbf];
      const byte = bytes[i + k]!;
      if (byte < low || byte > high) return { validUpTo: i, errorLen: k };
    }
    i += length;
  }
  return undefined;
}

/** The second byte rules out overlong forms, surrogates and code points above U+10FFFF. */
function secondByteRange(lead: number): [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}
