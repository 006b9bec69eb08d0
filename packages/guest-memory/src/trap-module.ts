/**
 * A real WebAssembly trap, on demand.
 *
 * Whatever JavaScript throws through a guest is an exception to it, and a guest compiled with exception handling may
 * swallow it (`catch_all`). A trap it may not: engines mark the error object, so a trap raised by any instance passes
 * every wasm handler on its way out. The smallest instance that traps is this one:
 *
 * ```wat
 * (module (func (export "trap") unreachable))
 * ```
 *
 * @see https://webassembly.github.io/spec/core/exec/runtime.html, "trap"
 * @module
 */

/** The module above, assembled; a test assembles it again and compares. */
// biome-ignore format: one section of the module per line
export const TRAP_MODULE: Uint8Array<ArrayBuffer> = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version 1
  0x01, 0x04, 0x01, 0x60, 0x00, 0x00, // types: [] -> []
  0x03, 0x02, 0x01, 0x00, // functions: one, of type 0
  0x07, 0x08, 0x01, 0x04, 0x74, 0x72, 0x61, 0x70, 0x00, 0x00, // exports: "trap" = function 0
  0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b, // code: no locals, unreachable, end
]);

let unreachable: (() => never) | undefined;

/** Traps. Compiled at the first call, so that loading the package needs no WebAssembly. */
export function unreachableTrap(): never {
  if (unreachable === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(TRAP_MODULE));
    unreachable = exports.trap as () => never;
  }
  return unreachable();
}
