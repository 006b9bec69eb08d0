/**
 * A guest instance: leaving it for good, and entering it again: traps, exits, poisoning, re-entry.
 *
 * @module
 */

export { trap, trapCause } from "./raise-trap.js";
export {
  type BorrowedMemory,
  type InstanceLike,
  type WrapOptions,
  wrapInstance,
} from "./wrap-instance.js";
