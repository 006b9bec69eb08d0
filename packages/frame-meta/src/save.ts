/**
 * Keeping a table: as bytes that can be stored, and opened again by a later run of the program.
 *
 * @module
 */

export { openTable, type SavedTable, saveTable } from "./save/save-table.js";
