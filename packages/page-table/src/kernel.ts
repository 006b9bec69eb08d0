/**
 * Walks by a WebAssembly kernel, over tables in a shared `WebAssembly.Memory`.
 *
 * @module
 */

export { KernelWalker, type KernelWalkerInit } from "./kernel/kernel-walker.js";
