/**
 * Functions with a wasm type, so that the engine compares it when guest and host are linked.
 *
 * A function of JavaScript's has no type: an engine links it with whatever import a guest declares, converts what it
 * returns after it has returned, and throws a plain TypeError, which a guest may swallow, if that is impossible. A
 * module that imports functions and exports them again gives each a type. Engines see through it: a guest's call still
 * reaches the host's function without a step in between (V8 11.3: 17 ns with and without; of a call from JavaScript, which
 * has to pass through wasm first, 40 ns instead of 2).
 *
 * ```wat
 * (module
 *   (import "f" "0" (func (param i32) (result i32)))
 *   (export "0" (func 0)))
 * ```
 *
 * @see https://webassembly.github.io/spec/core/exec/modules.html#external-typing
 * @see https://webassembly.github.io/spec/core/binary/modules.html
 * @module
 */

import { type Signature, signatureText } from "./signature.js";

/** Value types, as the binary format has them. */
const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
const FUNCTION_TYPE = 0x60;
/** Sections, and in the last two what is a function. */
const Section = { types: 1, imports: 2, exports: 7 } as const;
const FUNCTION = 0x00;
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** The module's bytes: function `i` of `signatures` comes in and goes out under the name `i`. */
export function typesModule(signatures: readonly Signature[]): Uint8Array<ArrayBuffer> {
  const texts = signatures.map(signatureText);
  const distinct = [...new Set(texts)];
  const types = distinct.map((text) => {
    const { params, results } = signatures[texts.indexOf(text)] as Signature;
    const list = (of: Signature["params"]): number[] => vector(of.map((type) => [TYPES[type]]));
    return [FUNCTION_TYPE, ...list(params), ...list(results)];
  });
  const name = (i: number): number[] => vector([...String(i)].map((c) => [c.charCodeAt(0)]));
  const imports = texts.map((text, i) => {
    return [...vector([["f".charCodeAt(0)]]), ...name(i), FUNCTION, ...leb(distinct.indexOf(text))];
  });
  const exports = texts.map((_, i) => [...name(i), FUNCTION, ...leb(i)]);
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(Section.types, types),
    ...section(Section.imports, imports),
    ...section(Section.exports, exports),
  ]);
}

/** What gives functions the types of `signatures`: compiled once, at its first use. */
export class FunctionTypes {
  readonly #signatures: readonly Signature[];
  #module: WebAssembly.Module | undefined;

  constructor(signatures: readonly Signature[]) {
    this.#signatures = signatures;
  }

  /**
   * `functions`, each with its type.
   *
   * @throws `WebAssembly.LinkError` if one of them has a type already, and another
   */
  give(functions: readonly unknown[]): unknown[] {
    if (functions.length === 0) return [];
    this.#module ??= new WebAssembly.Module(typesModule(this.#signatures));
    const given = Object.fromEntries(functions.entries()) as WebAssembly.ModuleImports;
    const { exports } = new WebAssembly.Instance(this.#module, { f: given });
    return functions.map((_, i) => exports[i]);
  }
}

/** Whether `fn`, if it is wasm's, has the type of `signature`. One of JavaScript's has any. */
export function hasType(fn: unknown, signature: Signature): boolean {
  try {
    new FunctionTypes([signature]).give([fn]);
    return true;
  } catch (raised) {
    if (raised instanceof WebAssembly.LinkError) return false;
    throw raised;
  }
}

function section(id: number, items: readonly number[][]): number[] {
  const body = vector(items);
  return [id, ...leb(body.length), ...body];
}

const vector = (items: readonly number[][]): number[] => [...leb(items.length), ...items.flat()];

/** An unsigned LEB128. */
function leb(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(n >>> 7)];
}
