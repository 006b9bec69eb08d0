/**
 * Slots of memory for wasm instances, with limits, growth and reset.
 *
 * @packageDocumentation
 */

export {
  type AdoptedModule,
  type AdoptOptions,
  adoptMemory,
  type ImportedMemory,
} from "./adopt-memory.js";
export { type AllocStrategy, customRandom, linear, random } from "./alloc-strategy.js";
export { type HeapSpec, heapSpecOf, type InitialData, type ModuleSpec } from "./heap-spec.js";
export { type LimitSizes, Limits } from "./limits.js";
export type { MemoryType } from "./memory-type.js";
export { HOST_PAGE_SIZE, WASM_PAGE_SIZE, WASM32_MAX_PAGES } from "./page-size.js";
export type { Alloc, InstanceOptions, Region, ResetOutcome, Slot, SlotOf } from "./region.js";
export { RegionError, type RegionErrorDetail } from "./region-error.js";
export { WasmRegion, type WasmRegionOptions } from "./wasm-region.js";
export type { StructuralMemory, WasmMemory, WasmSlot } from "./wasm-slot.js";
