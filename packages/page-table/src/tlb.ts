/**
 * A translation cache in software, and its invalidation between agents.
 *
 * @module
 */

export { PageTableError, type PageTableErrorDetail } from "./page-table-error.js";
export { type Releasable, TlbFlusher } from "./tlb/flusher.js";
export { SetAssociativeTlb, type SetAssociativeTlbOptions } from "./tlb/set-associative.js";
export { Shootdown, shootdownWords } from "./tlb/shootdown.js";
export { Tlb, type TlbOptions } from "./tlb/tlb.js";
export { ANY_ASID, type TlbEntry, TranslationCache } from "./tlb/translation-cache.js";
