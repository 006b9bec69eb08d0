/**
 * From host values to wasm numbers.
 *
 * @module
 */

import type { GuestMemory } from "../guest-memory.js";
import type { Raw } from "./lift.js";
import { Pass } from "./pass.js";
import type { Slot } from "./signature.js";

/** Where values are stored to find out whether they are values: no wasm number is wider. */
const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/**
 * Stores a result at `address`.
 *
 * @throws {@link GuestError} as `GuestPtr.write`
 */
export function store(slot: Slot, mem: GuestMemory, address: number, value: unknown): void {
  if (slot.pass === Pass.u32) mem.writeU32(address, value as number);
  else if (slot.pass === Pass.u64) mem.writeU64(address, value as bigint);
  else mem.writeWith(slot.layout, address, value, mem.pointers);
}

/**
 * The wasm number of a value that one number passes.
 *
 * @throws `CoreError` `value-out-of-range`, `invalid-enum-value`, `invalid-flag-value`
 */
export function lowerDirect(slot: Slot, mem: GuestMemory, value: unknown): Raw {
  slot.layout.write(scratch, 0, value, mem.pointers);
  switch (slot.pass) {
    case Pass.bool:
      return value === true ? 1 : 0;
    case Pass.u64Number:
      return BigInt(value as number);
    case Pass.ptr:
      return slot.wide ? scratch.getBigUint64(0, true) : scratch.getUint32(0, true);
    default:
      return value as Raw;
  }
}

/** An address or length as wasm passes it. */
export function lowerAddress(wide: boolean, address: number): Raw {
  return wide ? BigInt(address) : address;
}
