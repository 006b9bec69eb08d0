/**
 * The model of a table: what must hold of it.
 *
 * @module
 */

export { checkInvariants, type TableInvariant, type TableViolation } from "./table/check.js";
