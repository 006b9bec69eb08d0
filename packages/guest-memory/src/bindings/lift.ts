/**
 * From wasm numbers to host values.
 *
 * Pointers, lengths, `u32` and `handle` are any i32, as unsigned. Integers narrower than the wasm number that carries them,
 * enumerations and flags are refused when the number does not fit (`try-from-int-error`), and then when it means nothing.
 * wiggle converts 32-bit flags from i32 by `TryFrom`, so that it refuses a set with bit 31 as a negative number; here the
 * 32 bits are taken as unsigned first.
 *
 * @see wiggle `generate/src/funcs.rs`
 * @module
 */

import type { Layout } from "@memkit/core";
import { GuestError } from "../error.js";
import { GuestArrayPtr } from "../guest-array-ptr.js";
import type { GuestMemory } from "../guest-memory.js";
import { GuestPtr } from "../guest-ptr.js";
import { GuestStrPtr } from "../guest-str-ptr.js";
import { printed } from "../printed.js";
import { Pass } from "./pass.js";
import { type Plan, type Slot, signatureText } from "./signature.js";

/** A wasm number as JavaScript sees it: i64 is a bigint. */
export type Raw = number | bigint;

/**
 * The host value of the wasm number `raw`, or of `raw` and `next` where two are passed.
 *
 * @throws {@link GuestError} `try-from-int-error`, `invalid-enum-value`, `invalid-flag-value`; as `GuestPtr.read` for what
 * is passed by address; `signature-mismatch` for what is no number of the right type
 */
export function lift(slot: Slot, mem: GuestMemory, raw: Raw, next: Raw): unknown {
  // Most arguments are these; small enough to be inlined where it is called.
  return slot.pass === Pass.u32 && typeof raw === "number"
    ? raw >>> 0
    : liftOther(slot, mem, raw, next);
}

function liftOther(slot: Slot, mem: GuestMemory, raw: Raw, next: Raw): unknown {
  switch (slot.pass) {
    case Pass.i32:
      return typeof raw === "number" ? raw | 0 : mismatch(slot, raw);
    case Pass.float:
      return typeof raw === "number" ? raw : mismatch(slot, raw);
    case Pass.i64:
      return typeof raw === "bigint" ? raw : mismatch(slot, raw);
    case Pass.u64:
      return typeof raw === "bigint" ? BigInt.asUintN(64, raw) : mismatch(slot, raw);
    case Pass.arrayPtr: {
      const at = liftAddress(slot, mem, raw);
      return new GuestArrayPtr(mem, slot.element, at, liftAddress(slot, mem, next));
    }
    case Pass.strPtr: {
      const at = liftAddress(slot, mem, raw);
      return new GuestStrPtr(mem, at, liftAddress(slot, mem, next));
    }
    case Pass.ptr:
      return new GuestPtr(mem, slot.element, liftAddress(slot, mem, raw));
    case Pass.memory:
      return mem.readWith(slot.layout, liftAddress(slot, mem, raw), mem.pointers);
    case Pass.u32:
      return mismatch(slot, raw);
    default:
      return liftLimited(slot, raw);
  }
}

/** The address or length that a wasm number means. */
export function liftAddress(slot: Slot, mem: GuestMemory, raw: Raw): number {
  if (typeof raw === "number" && !slot.wide) return raw >>> 0;
  return typeof raw === "bigint" && slot.wide ? mem.toAddress(raw) : mismatch(slot, raw);
}

/** What has fewer values than the number that carries it. */
function liftLimited(slot: Slot, raw: Raw): unknown {
  const { layout, known } = slot;
  switch (slot.pass) {
    case Pass.u64Number: {
      if (typeof raw !== "bigint") return mismatch(slot, raw);
      const value = Number(BigInt.asUintN(64, raw));
      return value <= Number.MAX_SAFE_INTEGER ? value : doesNotFit(slot, raw);
    }
    case Pass.flags64: {
      if (typeof raw !== "bigint") return mismatch(slot, raw);
      const got = BigInt.asUintN(64, raw);
      const unknown = got & ~(known as bigint);
      return unknown === 0n ? got : unknownFlags(layout, got, unknown);
    }
    case Pass.flags: {
      const got = fitting(slot, raw);
      const unknown = (got & ~(known as number)) >>> 0;
      return unknown === 0 ? got : unknownFlags(layout, got, unknown);
    }
    case Pass.enum:
    case Pass.bool: {
      const got = fitting(slot, raw);
      if (got >= (known as number)) {
        throw new GuestError({ code: "invalid-enum-value", type: layout.name, got, path: "" });
      }
      return slot.pass === Pass.enum ? got : got === 1;
    }
    default:
      return fitting(slot, raw);
  }
}

/** An i32 that lies in the slot's range. Of 32 bits every one does. */
function fitting(slot: Slot, raw: Raw): number {
  if (typeof raw !== "number") return mismatch(slot, raw);
  if (slot.max === 0xffff_ffff) return raw >>> 0;
  // A guest may declare an f64 here: no engine compares the types of imports with what a host expects.
  if (!Number.isInteger(raw)) return mismatch(slot, raw);
  return raw >= slot.min && raw <= slot.max ? raw | 0 : doesNotFit(slot, raw);
}

function doesNotFit({ layout }: Slot, raw: Raw): never {
  throw new GuestError({ code: "try-from-int-error", type: layout.name, got: printed(raw) });
}

function unknownFlags({ name }: Layout, got: Raw, unknown: Raw): never {
  throw new GuestError({ code: "invalid-flag-value", type: name, got, unknown, path: "" });
}

/** The guest has other types than the description: an i64, a float or nothing where an i32 is due, or the reverse. */
export function mismatch({ name, plan }: Pick<Slot, "name" | "plan">, raw: unknown): never {
  const got =
    raw === undefined ? "nothing" : typeof raw === "bigint" ? "an i64" : otherThanI64(raw);
  differs(plan, `for its ${name} the guest has`, got);
}

/** The guest passes `count` numbers. */
export function otherCount(plan: Plan, count: number): never {
  differs(plan, "the guest passes", `${count} numbers`);
}

function differs({ module, func, signature }: Plan, verb: string, got: string): never {
  const expected = signatureText(signature);
  const reason = `${module}.${func} is described as ${expected}, but ${verb} ${got}`;
  throw new GuestError({ code: "signature-mismatch", module, func, expected, got, reason });
}

const otherThanI64 = (raw: unknown): string =>
  typeof raw === "number" && !Number.isInteger(raw) ? "a float" : "no i64";
