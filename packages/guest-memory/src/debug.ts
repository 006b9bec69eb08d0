/**
 * Debugging of borrows: who took them, who broke their rules, who forgot them.
 *
 * @module
 */

export type { WatchingPolicy } from "./borrow-policy.js";
export { BorrowDebugger, type BorrowDebuggerOptions } from "./debug/borrow-debugger.js";
export { assertNoBorrows, borrowMap, type ReportedMemory } from "./debug/report.js";
export type { Borrow, BorrowKind } from "./error.js";
