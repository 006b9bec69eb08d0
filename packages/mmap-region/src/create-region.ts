/**
 * Picks the backend: real memory where there is a driver, wasm memories everywhere else.
 *
 * @module
 */

import type { Driver } from "./driver/driver.js";
import type { LimitSizes } from "./limits.js";
import { MmapRegion } from "./mmap-region.js";
import type { MmapSlot } from "./mmap-slot.js";
import type { Region } from "./region.js";
import { WasmRegion } from "./wasm-region.js";
import type { WasmSlot } from "./wasm-slot.js";

/**
 * Makes a region; its `backend` says of which kind. A limit that the backend cannot keep is refused, never lowered.
 *
 * @param driver - What `loadDriver` found; undefined gives a `WasmRegion`.
 * @throws {@link RegionError} as `MmapRegion.create` and `WasmRegion.create`
 *
 * @example
 * ```ts
 * import { loadDriver } from "@memkit/mmap-region/driver";
 * import { createRegion } from "@memkit/mmap-region/mmap";
 *
 * const { driver } = await loadDriver();
 * const region = createRegion(driver, 4);
 * region.backend === (driver ? "mmap" : "wasm"); // => true
 * region.close();
 * ```
 */
export function createRegion(
  driver: Driver | undefined,
  capacity: number,
  sizes: Partial<LimitSizes> = {},
): Region<MmapSlot> | Region<WasmSlot> {
  return driver === undefined
    ? WasmRegion.create(capacity, sizes)
    : MmapRegion.create(driver, capacity, sizes);
}
