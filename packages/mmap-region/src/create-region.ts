/**
 * Picks the backend: real memory where there is a driver, wasm memories everywhere else.
 *
 * @module
 */

import { requireObject } from "./argument.js";
import type { Driver } from "./driver/driver.js";
import type { LimitSizes } from "./limits.js";
import { MmapRegion, type MmapRegionOptions } from "./mmap-region.js";
import { RegionError } from "./region-error.js";
import { WasmRegion } from "./wasm-region.js";

/** How to choose a backend, and what it should have. */
export interface CreateRegionOptions extends MmapRegionOptions {
  /** Which backend. Default: `"mmap"` where there is a driver, else `"wasm"`. A guest of wasm needs `"wasm"`. */
  readonly backend?: "mmap" | "wasm" | undefined;
}

/** What a wasm memory cannot have, and why it is missed. */
const NOT_OF_WASM = {
  slotGuard: "a guard page behind each slot (slotGuard): the engine places memories",
  shared: "sharing between threads (shared): a memory belongs to one",
  hugePages: "huge pages (hugePages): the engine's own mapping",
} as const;

/**
 * Makes a region; its `backend` says of which kind, and tells TypeScript, too; its `driver` says through what. What the backend cannot keep, be it a limit or
 * an option, is refused by name, never lowered or left out.
 *
 * @param driver - What `loadDriver` found; undefined gives a `WasmRegion` with what the engine alone can do.
 * @throws {@link RegionError} as `MmapRegion.create` and `WasmRegion.create`; `unsupported` also for a backend that cannot be
 * had and for options that it does not have
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
 * const forWasm = createRegion(driver, 4, {}, { backend: "wasm" }); // a WasmRegion
 * forWasm.newInstance({ heap: { initialSize: 65536 } }).memory.buffer.byteLength; // => 65536
 * ```
 */
export function createRegion(
  driver: Driver | undefined,
  capacity: number,
  sizes: Partial<LimitSizes> | undefined,
  options: CreateRegionOptions & { readonly backend: "wasm" },
): WasmRegion;
export function createRegion(
  driver: Driver | undefined,
  capacity: number,
  sizes: Partial<LimitSizes> | undefined,
  options: CreateRegionOptions & { readonly backend: "mmap" },
): MmapRegion;
export function createRegion(
  driver: Driver | undefined,
  capacity: number,
  sizes?: Partial<LimitSizes>,
  options?: CreateRegionOptions,
): MmapRegion | WasmRegion;
export function createRegion(
  driver: Driver | undefined,
  capacity: number,
  sizes: Partial<LimitSizes> = {},
  options: CreateRegionOptions = {},
): MmapRegion | WasmRegion {
  requireObject("options", options);
  const { backend = driver === undefined ? "wasm" : "mmap", ...others } = options;
  const unsupported = (capability: string): RegionError =>
    new RegionError({ code: "unsupported", backend, capability });
  if (backend === "mmap") {
    if (driver === undefined) throw unsupported("real memory without a native driver");
    return MmapRegion.create(driver, capacity, sizes, others);
  }
  if (backend !== "wasm") {
    throw new RegionError({
      code: "invalid-argument",
      argument: "backend",
      value: typeof backend === "string" ? backend : typeof backend,
      reason: "must be mmap, wasm, or left out",
    });
  }
  const { slotGuard, hugePages, shared, warmSlots, keepResident } = others;
  if (shared === true) throw unsupported(NOT_OF_WASM.shared);
  if (slotGuard === true) throw unsupported(NOT_OF_WASM.slotGuard);
  if (hugePages === true) throw unsupported(NOT_OF_WASM.hugePages);
  return WasmRegion.create(capacity, sizes, { driver, warmSlots, keepResident });
}
