/**
 * A translation cache in software, and its invalidation between agents.
 *
 * @module
 */

export { type Releasable, TlbFlusher } from "./tlb/flusher.js";
export { Shootdown, shootdownWords } from "./tlb/shootdown.js";
export { ANY_ASID, Tlb, type TlbOptions } from "./tlb/tlb.js";
