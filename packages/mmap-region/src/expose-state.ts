/**
 * State that a module keeps to itself: exported, and listed. This subpath alone needs `wasmparser`.
 *
 * @module
 */

export { EXPOSED_PREFIX, exposeState } from "./snapshot/expose-state.js";
export { type Exposed, inspectState, type ModuleState } from "./snapshot/module-state.js";
