/**
 * State that a module keeps to itself: exported, and listed. This alone needs `wasmparser`, an optional peer dependency.
 *
 * @module
 */

export { EXPOSED_PREFIX, exposeState } from "./snapshot/expose-state.js";
export { type Exposed, inspectState, type ModuleState } from "./snapshot/module-state.js";
