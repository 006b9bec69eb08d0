/**
 * Makes a module export all its memories, globals and tables, so that a snapshot of its instances reaches what it keeps to itself:
 * above all the shadow stack pointer that compilers put into a global.
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
import { encodeUnsigned, WasmReader } from "../wasm-reader.js";
import { readImports, readSections, type Section, SectionId } from "../wasm-sections.js";

/** Every name that is added begins so; behind it stand kind and index. */
export const EXPOSED_PREFIX = "memkit:";

const EXPORT_SECTION = 7;
/** Sections of what is exposed, in the order of their kinds in imports and exports. */
const KINDS: readonly { readonly kind: number; readonly name: string; readonly section: number }[] =
  [
    { kind: 1, name: "table", section: 4 },
    { kind: 2, name: "memory", section: SectionId.memory },
    { kind: 3, name: "global", section: SectionId.global },
  ];

/**
 * The module with further exports: `memkit:table:0`, `memkit:memory:0`, `memkit:global:0` and so on, imported ones included.
 * Globals that do not change are exported as well, and snapshots pass over them.
 *
 * Globals of type v128 can be exported, but no JavaScript can read them: a snapshot of the instance then throws
 * `state-out-of-reach`.
 *
 * @throws {@link RegionError} `invalid-argument`, `malformed-module`; `import-name-taken` for a module that has exports of these
 * names already
 *
 * @example
 * ```ts
 * import { exposeState } from "@memkit/mmap-region/snapshot";
 *
 * // (module (memory 1 4))
 * const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 1, 1, 4]);
 * const module = new WebAssembly.Module(exposeState(bytes));
 * WebAssembly.Module.exports(module)[0]?.name; // => "memkit:memory:0"
 * ```
 */
export function exposeState(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (!(bytes instanceof Uint8Array)) {
    throw badArgument("bytes", bytes, "a module is given as a Uint8Array");
  }
  const sections = readSections(new WasmReader(bytes, 0, bytes.length));
  const body = (id: number): WasmReader | undefined =>
    sections.find((section) => section.id === id)?.body;
  const counts = new Map<number, number>();
  const imports = body(SectionId.import);
  if (imports !== undefined) {
    readImports(imports, ({ kind }) => counts.set(kind, (counts.get(kind) ?? 0) + 1));
  }
  const added: number[] = [];
  let count = 0;
  for (const { kind, name, section } of KINDS) {
    const defined = body(section)?.unsigned(32) ?? 0;
    const total = (counts.get(kind) ?? 0) + defined;
    for (let index = 0; index < total; index++) {
      const utf8 = new TextEncoder().encode(`${EXPOSED_PREFIX}${name}:${index}`);
      added.push(...encodeUnsigned(utf8.length), ...utf8, kind, ...encodeUnsigned(index));
    }
    count += total;
  }
  if (count === 0) return bytes;
  return withExports(bytes, sections, count, added);
}

function withExports(
  bytes: Uint8Array<ArrayBuffer>,
  sections: readonly Section[],
  count: number,
  added: readonly number[],
): Uint8Array<ArrayBuffer> {
  const own = sections.find(({ id }) => id === EXPORT_SECTION);
  let before = 0;
  let entries = bytes.subarray(0, 0);
  if (own !== undefined) {
    before = own.body.unsigned(32);
    entries = bytes.subarray(own.body.at, own.body.end);
    requireFreeNames(own.body, before);
  }
  const total = encodeUnsigned(before + count);
  const section = [
    EXPORT_SECTION,
    ...encodeUnsigned(total.length + entries.length + added.length),
    ...total,
  ];
  // Their place: their own if there are any, else before the first section that must follow exports.
  const next = sections.find(({ id }) => id > EXPORT_SECTION && id !== 13)?.start ?? bytes.length;
  const start = own?.start ?? next;
  const rest = bytes.subarray(own?.body.end ?? next);
  const whole = new Uint8Array(
    start + section.length + entries.length + added.length + rest.length,
  );
  whole.set(bytes.subarray(0, start));
  whole.set(section, start);
  whole.set(entries, start + section.length);
  whole.set(added, start + section.length + entries.length);
  whole.set(rest, start + section.length + entries.length + added.length);
  return whole;
}

/** Two exports of one name are no module. */
function requireFreeNames(body: WasmReader, count: number): void {
  for (let n = 0; n < count; n++) {
    const name = body.name();
    body.byte();
    body.unsigned(32);
    if (name.startsWith(EXPOSED_PREFIX)) {
      throw new RegionError({
        code: "import-name-taken",
        importModule: "exports",
        importName: name,
      });
    }
  }
  body.finish();
}
