/**
 * Makes a module export all its memories, tables and mutable globals, so that a snapshot of its instances reaches what it keeps to
 * itself: above all the shadow stack pointer that compilers put into a global.
 *
 * Only the export section is written; nothing is moved, so no index changes.
 *
 * Invariant MR-44: outside the export section the module stays byte for byte as it was, and its own exports stay.
 *
 * @see WebAssembly core specification 2.0, 5.5.10 "Export Section"
 *
 * @module
 */

import { badArgument } from "../argument.js";
import { RegionError } from "../region-error.js";
import { encodeUnsigned } from "../wasm-reader.js";
import { EXPOSED_PREFIX } from "./exposed-prefix.js";
import { EXPORT_SECTION, Kind, type Outline, outlineOf } from "./module-outline.js";
import { loadReader } from "./module-reader.js";

/** The name that a table, memory or global is given. */
export const exposedName = (kind: keyof typeof Kind, index: number): string =>
  `${EXPOSED_PREFIX}${kind}:${index}`;

/**
 * The module with further exports: `memkit:table:0`, `memkit:memory:0`, `memkit:global:0` and so on, imported ones included. Globals
 * that cannot change are left out.
 *
 * Globals of type v128 are exported, but no JavaScript can read them: a snapshot of the instance then throws
 * `state-out-of-reach`.
 *
 * @throws {@link RegionError} `invalid-argument`, `library-unavailable`, `malformed-module`; `import-name-taken` for a module that has exports of these
 * names already
 *
 * @example
 * ```ts
 * import { exposeState } from "@memkit/mmap-region/expose-state";
 *
 * // (module (memory 1 4))
 * const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 1, 1, 4]);
 * const module = new WebAssembly.Module(await exposeState(bytes));
 * WebAssembly.Module.exports(module)[0]?.name; // => "memkit:memory:0"
 * ```
 */
export async function exposeState(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  requireModule(bytes);
  const outline = outlineOf(await loadReader(), bytes);
  const entries: number[] = [];
  let count = 0;
  const add = (name: Uint8Array, kind: number, index: number): void => {
    entries.push(...encodeUnsigned(name.length), ...name, kind, ...encodeUnsigned(index));
    count += 1;
  };
  for (const { field, kind, index } of outline.exports) {
    requireFree(field);
    add(field, kind, index);
  }
  const own = count;
  const utf8 = new TextEncoder();
  const expose = (kind: keyof typeof Kind, index: number): void =>
    add(utf8.encode(exposedName(kind, index)), Kind[kind], index);
  for (let n = 0; n < outline.tables; n++) expose("table", n);
  for (let n = 0; n < outline.memories; n++) expose("memory", n);
  for (const [n, mutable] of outline.mutable.entries()) if (mutable) expose("global", n);
  return count === own
    ? bytes
    : withExports(bytes, outline, [...encodeUnsigned(count), ...entries]);
}

export function requireModule(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes instanceof Uint8Array) return;
  throw badArgument("bytes", bytes, "a module is given as a Uint8Array");
}

/** Two exports of one name are no module. */
function requireFree(field: Uint8Array): void {
  const name = new TextDecoder().decode(field);
  if (!name.startsWith(EXPOSED_PREFIX)) return;
  throw new RegionError({ code: "import-name-taken", importModule: "exports", importName: name });
}

/** The module with these contents of its export section. */
function withExports(
  bytes: Uint8Array<ArrayBuffer>,
  { sections }: Outline,
  contents: readonly number[],
): Uint8Array<ArrayBuffer> {
  const own = sections.find(({ id }) => id === EXPORT_SECTION);
  // Their place: their own if there are any, else before the first section that must follow exports. Tags (13) stand before.
  const next = sections.find(({ id }) => id > EXPORT_SECTION && id !== 13)?.start ?? bytes.length;
  const before = bytes.subarray(0, own?.start ?? next);
  const behind = bytes.subarray(own?.end ?? next);
  const section = [EXPORT_SECTION, ...encodeUnsigned(contents.length)];
  const whole = new Uint8Array(before.length + section.length + contents.length + behind.length);
  whole.set(before);
  whole.set(section, before.length);
  whole.set(contents, before.length + section.length);
  whole.set(behind, before.length + section.length + contents.length);
  return whole;
}
