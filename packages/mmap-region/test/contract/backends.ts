/** The regions that can be had here, to run what is common to all on each of them. */

import { type LimitSizes, type Region, type Slot, WasmRegion } from "../../src/index.js";
import { MmapRegion, type MmapSlot, type SlotPart } from "../../src/mmap.js";
import { drivers, nativeDrivers } from "./drivers.js";

/** Makes a region of one backend. */
export type Create = (capacity: number, sizes?: Partial<LimitSizes>) => Region<Slot>;

/** Names, constructors, and the unit of growth in bytes. */
export const backends: readonly (readonly [name: string, create: Create, page: number])[] = [
  ["wasm", WasmRegion.create, 65536],
  ...nativeDrivers.map(
    (driver) =>
      [
        `wasm with ${driver.name}`,
        (capacity: number, sizes: Partial<LimitSizes> = {}) =>
          WasmRegion.create(capacity, sizes, { driver }),
        65536,
      ] as const,
  ),
  ...drivers.flatMap(([name, driverOf]) =>
    [0, 2].map(
      (warmSlots) =>
        [
          `mmap by ${name}, ${warmSlots} warm`,
          (capacity: number, sizes: Partial<LimitSizes> = {}) =>
            MmapRegion.create(driverOf(), capacity, sizes, { warmSlots }),
          4096,
        ] as const,
    ),
  ),
];

export const bytesOf = (slot: Slot): Uint8Array => new Uint8Array(slot.heap.buffer);

const OTHER_PARTS: readonly SlotPart[] = ["stack", "globals", "sigstack"];

/** The heap, and on a native backend what else the slot has. */
export function partsOf(slot: Slot): readonly Uint8Array[] {
  const others = "u8" in slot ? OTHER_PARTS.map((part) => (slot as MmapSlot).u8(part)) : [];
  return [bytesOf(slot), ...others];
}
