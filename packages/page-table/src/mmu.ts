/**
 * A processor's memory unit over a table that agents change.
 *
 * @module
 */

export { type MmuOfOptions, mmuOf } from "./table/node-tables.js";
