/**
 * Atomic access to a guest's memory: what wasm's threads do to it, with a host's checks.
 *
 * @module
 */

export { type AtomicType, GuestAtomics, type WaitResult, type WaitType } from "./atomic-access.js";
