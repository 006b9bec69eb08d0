/**
 * Whether a host value is a value of a type, and if not, why.
 *
 * @module
 */

import {
  isArrayOf,
  isBool,
  isFloat,
  isI8,
  isI16,
  isI32,
  isI64,
  isRecord,
  isU8,
  isU16,
  isU32,
  isU53,
  isU64,
} from "./fits.js";
import { Kind } from "./kind.js";
import { type Misfit, outOfRange, unknownCase, unknownFlags, within } from "./misfit.js";
import type { LayoutNode } from "./node.js";
import { elementOf, unknownBits } from "./parts.js";
import type { Layout, PointerEnv, Ptr } from "./type.js";

/** Whether `value` is a value of the number type `node`. */
function fits(node: LayoutNode, value: unknown): boolean {
  switch (node.kind) {
    case Kind.u8:
    case Kind.charU8:
      return isU8(value);
    case Kind.i8:
      return isI8(value);
    case Kind.u16:
      return isU16(value);
    case Kind.i16:
      return isI16(value);
    case Kind.u32:
    case Kind.handle:
      return isU32(value);
    case Kind.i32:
      return isI32(value);
    case Kind.u64:
      return isU64(value);
    case Kind.i64:
      return isI64(value);
    case Kind.f32:
    case Kind.f64:
      return isFloat(value);
    case Kind.u64Number:
      return isU53(value);
    case Kind.ptr:
      return node.width === 4 ? isU32(value) : isU53(value);
    default:
      return isBool(value);
  }
}

/** Why `value` is not a value of `node`, or undefined when it is one. */
export function misfitOf(node: LayoutNode, value: unknown, env?: PointerEnv): Misfit | undefined {
  switch (node.kind) {
    case Kind.ptr: {
      const address = env === undefined ? value : env.toAddress(node as Layout as Ptr, value);
      return fits(node, address) ? undefined : outOfRange(node.name, address);
    }
    case Kind.atomic:
      return misfitOf(elementOf(node), value, env);
    case Kind.enum:
      if (!fits(elementOf(node), value)) return outOfRange(node.name, value);
      return (value as number) < node.count ? undefined : unknownCase(node.name, value as number);
    case Kind.flags: {
      if (!fits(elementOf(node), value)) return outOfRange(node.name, value);
      const got = value as number | bigint;
      const unknown = unknownBits(node, got);
      return Number(unknown) === 0 ? undefined : unknownFlags(node.name, got, unknown);
    }
    case Kind.array:
      return misfitOfArray(node, value, env);
    case Kind.struct:
      return misfitOfStruct(node, value, env);
    case Kind.variant:
      return misfitOfVariant(node, value, env);
    default:
      return fits(node, value) ? undefined : outOfRange(node.name, value);
  }
}

function misfitOfArray(node: LayoutNode, value: unknown, env?: PointerEnv): Misfit | undefined {
  if (!isArrayOf(value, node.count)) return outOfRange(node.name, value);
  const element = elementOf(node);
  for (let i = 0; i < node.count; i++) {
    const misfit = misfitOf(element, value[i], env);
    if (misfit !== undefined) return within(`[${i}]`, misfit);
  }
  return undefined;
}

function misfitOfStruct(node: LayoutNode, value: unknown, env?: PointerEnv): Misfit | undefined {
  if (!isRecord(value)) return outOfRange(node.name, value);
  const record = value as { readonly [name: string]: unknown };
  for (const { name, type } of node.fields) {
    const misfit = misfitOf(type, record[name], env);
    if (misfit !== undefined) return within(name, misfit);
  }
  return undefined;
}

function misfitOfVariant(node: LayoutNode, value: unknown, env?: PointerEnv): Misfit | undefined {
  if (!isRecord(value)) return outOfRange(node.name, value);
  const { tag, value: payload } = value as { readonly tag?: unknown; readonly value?: unknown };
  if (typeof tag !== "string") return outOfRange(node.name, value);
  const chosen = node.fields[node.names.indexOf(tag)];
  if (chosen === undefined) return unknownCase(node.name, tag);
  if (chosen.type.kind === Kind.pad) {
    return payload === undefined ? undefined : outOfRange("nothing", payload, tag);
  }
  const misfit = misfitOf(chosen.type, payload, env);
  return misfit === undefined ? undefined : within(tag, misfit);
}
