/**
 * What can only be done safely by a caller who knows more than this package can check.
 *
 * @module
 */

import type { WasmSlot } from "./wasm-slot.js";

/**
 * Drops a slot like `slot.drop()`, and leaves its memory, zeroed, to the next tenant of the slot that asks for one of the
 * same initial and largest size. That saves making a memory and its first page faults.
 *
 * The caller must see to it that, of the tenant that had the slot,
 *
 * - no instance that imported `slot.memory` ever runs again: no export of it, no function of it in a table, no promise
 *   that ends in one;
 * - nothing keeps `slot.memory` itself, which an instance may also export.
 *
 * Otherwise the old tenant can read and write the memory of the new one. Views and buffers need no care: they are dead
 * from here on (MR-7). A memory that has grown is let go as by `drop()`: it cannot be made smaller.
 *
 * @throws {@link RegionError} `slot-dropped`
 *
 * @example
 * ```ts
 * import { WasmRegion } from "@memkit/mmap-region";
 * import { uncheckedRecycle } from "@memkit/mmap-region/unchecked";
 *
 * const region = WasmRegion.create(1);
 * const first = region.newInstance({ heap: { initialSize: 65536 } });
 * const memory = first.memory;
 * uncheckedRecycle(first);
 * region.newInstance({ heap: { initialSize: 65536 } }).memory === memory; // => true
 * ```
 */
export function uncheckedRecycle(slot: WasmSlot): void {
  slot.uncheckedRecycle();
}
