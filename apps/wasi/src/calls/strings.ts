/**
 * `args_*` and `environ_*`: two lists of strings that a guest fetches at its start.
 *
 * A string is UTF-8 and ends with a NUL; both count. (A host that counts UTF-16 units instead makes every guest with an
 * `é` in its arguments overflow its heap.)
 *
 * @module
 */

import type { Context } from "../context.js";
import { advance, type GuestAccess } from "../guest-access.js";

/** Bytes of a pointer of the guest. */
const POINTER = 4;

function sizesGet(memory: GuestAccess, list: readonly Uint8Array[], count: number, size: number) {
  memory.writeU32(count, list.length);
  memory.writeU32(
    size,
    list.reduce((sum, bytes) => sum + bytes.length, 0),
  );
}

function get(memory: GuestAccess, list: readonly Uint8Array[], table: number, buffer: number) {
  let at = buffer;
  for (const [i, bytes] of list.entries()) {
    memory.writeU32(advance(table, i, POINTER), at);
    memory.copyIn(at, bytes);
    at = advance(at, bytes.length, 1);
  }
}

export function argsSizesGet(context: Context, count: number, size: number): void {
  sizesGet(context.memory, context.args, count, size);
}

export function argsGet(context: Context, argv: number, buffer: number): void {
  get(context.memory, context.args, argv, buffer);
}

export function environSizesGet(context: Context, count: number, size: number): void {
  sizesGet(context.memory, context.environ, count, size);
}

export function environGet(context: Context, environ: number, buffer: number): void {
  get(context.memory, context.environ, environ, buffer);
}
