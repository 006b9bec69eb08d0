/**
 * Host values as arguments of exports: numbers, or places in the guest's memory that hold them.
 *
 * @module
 */

import { isRecord } from "@memkit/core";
import { GuestError } from "../error.js";
import { GuestArrayPtr } from "../guest-array-ptr.js";
import type { GuestMemory } from "../guest-memory.js";
import { GuestStrPtr } from "../guest-str-ptr.js";
import { layoutFault } from "../layout-faults.js";
import { FOREIGN } from "../pointer-env.js";
import { printed } from "../printed.js";
import type { GuestAllocator } from "./guest-allocator.js";
import type { Raw } from "./lift.js";
import { lowerAddress, lowerDirect } from "./lower.js";
import { Pass } from "./pass.js";
import { refuse, type Slot } from "./signature.js";

/** The wasm numbers of an argument. */
export function lowered(
  slot: Slot,
  memory: GuestMemory,
  blocks: GuestAllocator | undefined,
  value: unknown,
): Raw[] {
  const { pass, layout, wide, name } = slot;
  try {
    switch (pass) {
      case Pass.strPtr:
      case Pass.arrayPtr: {
        const { offsetBase, len } = located(slot, memory, blocks, value);
        return [lowerAddress(wide, offsetBase), lowerAddress(wide, len)];
      }
      case Pass.memory:
        return [
          lowerAddress(wide, (blocks as GuestAllocator).value(layout, value as never).offset),
        ];
      default:
        return [lowerDirect(slot, memory, value)];
    }
  } catch (raised) {
    const fault = layoutFault(raised);
    throw fault === undefined ? raised : new GuestError({ ...fault, path: name } as typeof fault);
  }
}

/** A text or list that lies in the guest already, or now does. */
function located(
  { pass, layout, element, name, plan }: Slot,
  memory: GuestMemory,
  blocks: GuestAllocator | undefined,
  value: unknown,
): GuestArrayPtr | GuestStrPtr {
  const { name: type } = layout;
  if (value instanceof (pass === Pass.strPtr ? GuestStrPtr : GuestArrayPtr)) {
    if (memory.isSame(value.mem)) return value;
    throw new GuestError({ code: "try-from-int-error", type, got: FOREIGN });
  }
  if (blocks === undefined) noAllocator(plan.func, name);
  if (pass === Pass.strPtr && typeof value === "string") return blocks.text(value);
  if (
    pass === Pass.arrayPtr &&
    isRecord(value) &&
    isLength((value as { length?: unknown }).length)
  ) {
    return blocks.array(element, value as ArrayLike<never>);
  }
  throw new GuestError({ code: "try-from-int-error", type, got: printed(value) });
}

const isLength = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** @throws {@link GuestError} `invalid-binding` */
export function noAllocator(func: string, name: string): never {
  return refuse("exports", func, `${name} is passed through memory: name the guest's allocator`);
}
