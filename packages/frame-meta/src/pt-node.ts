/**
 * Page-table nodes: their metadata, as the model has it, and frames for them.
 *
 * @module
 */

export { allocNode } from "./alloc/alloc-node.js";
export { type StoredPageTablePageMeta, storedPageTablePageMeta } from "./meta/pt-node.js";
