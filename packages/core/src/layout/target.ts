/**
 * The machine that a record is laid out for. It decides the width of a pointer and nothing else: on all three, every
 * scalar is aligned to its own size and numbers are little-endian.
 *
 * @module
 */

/**
 * `wasm32` and `wasm64`: the C ABI of WebAssembly with 32-bit and 64-bit memories. `host64`: the C ABI of 64-bit Unix
 * (x86-64 System V and AArch64 agree on everything that this language can say).
 *
 * @see https://github.com/WebAssembly/tool-conventions/blob/main/BasicCABI.md
 */
export type Target = "wasm32" | "wasm64" | "host64";

/** Bytes of a pointer on `target`; its alignment is the same. */
export function pointerSize(target: Target): 4 | 8 {
  return target === "wasm32" ? 4 : 8;
}
