/**
 * Programs in slots: modules, instances and their states, embed contexts.
 *
 * @module
 */

export {
  type DefinedGlobal,
  type EngineGlobal,
  type GlobalSpec,
  type GlobalType,
  globalOf,
  type ImportedGlobal,
} from "./globals.js";
export { InstanceBuilder, newInstanceBuilder } from "./instance/builder.js";
export { EmbedContexts, type EmbedType } from "./instance/embed-contexts.js";
export type { GuestFunction } from "./instance/guest.js";
export { Instance, type InstanceImports, type InstanceState } from "./instance/instance.js";
export type { WasmImports } from "./instance/wasm-guest.js";
export { type ImportName, WasmModule } from "./instance/wasm-module.js";
export { Module, type ModuleParts } from "./module.js";
export { moduleOf } from "./module-from-wasm.js";
