/**
 * What can only be done safely by a caller who knows more than this package can check.
 *
 * @module
 */

import { badArgument } from "./argument.js";
import type { Access } from "./driver/driver.js";
import { WasmSlot } from "./wasm-slot.js";

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
  requireSlot(slot);
  slot.uncheckedRecycle();
}

/**
 * Takes access to pages inside a slot's wasm memory: a guest's load or store there traps, and the guest can be run again. A
 * guard below a shadow stack ends its overflow; one at address 0 ends null pointers.
 *
 * The guard stays until the tenant ends, over resets and growth. Growth by the guest itself opens it until the host next asks
 * for `slot.heap.buffer` (MR-24).
 *
 * Only loads and stores of wasm trap. Anything else that touches the pages ends the process: views of JavaScript, also in
 * `structuredClone` or an inspector; the guest's own `memory.fill`, `memory.copy` and atomics; every access where the engine
 * checks bounds instead of trapping (`--disable-wasm-trap-handler`, Deno, some browsers). So the caller must see to it that
 *
 * - the guest is trusted not to use those on the pages,
 * - every pointer of the guest is checked against the guards before the host follows it.
 *
 * @param offset - Of the first page in the heap, a multiple of 4096.
 * @param length - Bytes, a multiple of 4096.
 * @param access - What is left: `"none"`, or `"read"` for constants. `"read-write"` opens the pages again.
 * @throws {@link RegionError} `slot-dropped`, `invalid-argument`; `unsupported` for a region without a native driver;
 * `too-many-mappings`, `system-call-failed`
 *
 * @example
 * ```ts
 * import { WasmRegion } from "@memkit/mmap-region";
 * import { loadDriver } from "@memkit/mmap-region/driver";
 * import { uncheckedGuard } from "@memkit/mmap-region/unchecked";
 *
 * const { driver } = await loadDriver();
 * const slot = WasmRegion.create(1, {}, { driver }).newInstance({ heap: { initialSize: 65536 } });
 * if (driver !== undefined) uncheckedGuard(slot, 0, 4096); // null pointers trap
 * slot.drop();
 * ```
 */
export function uncheckedGuard(
  slot: WasmSlot,
  offset: number,
  length: number,
  access: Access = "none",
): void {
  requireSlot(slot);
  slot.uncheckedGuard(offset, length, access);
}

function requireSlot(slot: WasmSlot): void {
  if (!(slot instanceof WasmSlot))
    throw badArgument("slot", slot, "must be a slot of a WasmRegion");
}
