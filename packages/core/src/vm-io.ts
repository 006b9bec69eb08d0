/**
 * Readers and writers over memory, after OSTD's `VmReader` and `VmWriter`.
 *
 * @module
 */

export { type Pod, VmCursor } from "./vm-cursor.js";
export type { FallibleMemory } from "./vm-memory.js";
export type { Exchange } from "./vm-once.js";
export { BaseReader, FallibleVmReader, VmReader } from "./vm-reader.js";
export { BaseWriter, FallibleVmWriter, VmWriter } from "./vm-writer.js";
