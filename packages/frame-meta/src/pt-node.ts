/**
 * The metadata of page-table nodes, as the model has it.
 *
 * @module
 */

export { type StoredPageTablePageMeta, storedPageTablePageMeta } from "./meta/pt-node.js";
