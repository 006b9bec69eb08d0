/**
 * State that a module keeps to itself: exported, and listed. This alone needs `wasmparser`, an optional peer dependency.
 *
 * @module
 */

export { exposeState } from "./snapshot/expose-state.js";
export { EXPOSED_PREFIX } from "./snapshot/exposed-prefix.js";
export { type Exposed, inspectState, type ModuleState } from "./snapshot/module-state.js";
