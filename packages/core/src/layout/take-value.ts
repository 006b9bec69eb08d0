/**
 * Takes a host value apart: reads each part of it once, checks that it is a value of its type, and keeps it.
 *
 * A part may be a getter, and a getter can do anything: answer differently the second time, throw, grow the memory that
 * the value is for. Therefore nothing is asked twice, and nothing is stored before everything has been asked (CORE-14).
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
import { elementOf, pointerOf, unknownBits } from "./parts.js";
import type { PointerEnv, PtrLen } from "./type.js";

/** The parts of a value in the order of its type: numbers, bigints and bools; of a variant the case's number first. */
export class Taken {
  /** Longer than {@link Taken.count} after a larger value: an array that is cut gives its room away. */
  readonly parts: unknown[];
  /** How many of the parts are of this value. */
  count: number;
  /** The part that {@link Taken.next} gives. */
  at: number;

  constructor() {
    this.parts = [];
    this.count = 0;
    this.at = 0;
  }

  add(part: unknown): void {
    this.parts[this.count++] = part;
  }

  /** The parts in the order in which they were added. */
  next(): unknown {
    return this.parts[this.at++];
  }
}

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
    default:
      return isBool(value);
  }
}

/** Adds the parts of `value` to `taken`, or says why it is not a value of `node`. */
export function takeValue(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  switch (node.kind) {
    case Kind.ptr: {
      const address = env === undefined ? value : env.toAddress(pointerOf(node), value);
      return takeWord(node, node.width, address, "", taken);
    }
    case Kind.arrayPtr:
    case Kind.strPtr:
      return takePair(node, value, taken, env);
    case Kind.atomic:
      return takeValue(elementOf(node), value, taken, env);
    case Kind.enum:
      if (!fits(elementOf(node), value)) return outOfRange(node.name, value);
      if ((value as number) >= node.count) return unknownCase(node.name, value as number);
      break;
    case Kind.flags: {
      if (!fits(elementOf(node), value)) return outOfRange(node.name, value);
      const got = value as number | bigint;
      const unknown = unknownBits(node, got);
      if (Number(unknown) !== 0) return unknownFlags(node.name, got, unknown);
      break;
    }
    case Kind.array:
      return takeArray(node, value, taken, env);
    case Kind.struct:
      return takeStruct(node, value, taken, env);
    case Kind.variant:
      return takeVariant(node, value, taken, env);
    default:
      if (!fits(node, value)) return outOfRange(node.name, value);
  }
  taken.add(value);
  return undefined;
}

/** An address or length of `width` bytes; `path` is empty or says which. */
function takeWord(
  node: LayoutNode,
  width: number,
  word: unknown,
  path: string,
  taken: Taken,
): Misfit | undefined {
  if (!(width === 4 ? isU32(word) : isU53(word))) return outOfRange(node.name, word, path);
  taken.add(word);
  return undefined;
}

function takePair(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  if (!isRecord(value)) return outOfRange(node.name, value);
  const type = pointerOf(node);
  const width = node.width / 2;
  const address = env === undefined ? (value as PtrLen).ptr : env.toAddress(type, value);
  const misfit = takeWord(node, width, address, "ptr", taken);
  if (misfit !== undefined) return misfit;
  const len = env === undefined ? (value as PtrLen).len : env.toLength(type, value);
  return takeWord(node, width, len, "len", taken);
}

function takeArray(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  if (!isArrayOf(value, node.count)) return outOfRange(node.name, value);
  const element = elementOf(node);
  for (let i = 0; i < node.count; i++) {
    const misfit = takeValue(element, value[i], taken, env);
    if (misfit !== undefined) return within(`[${i}]`, misfit);
  }
  return undefined;
}

function takeStruct(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  if (!isRecord(value)) return outOfRange(node.name, value);
  const record = value as { readonly [name: string]: unknown };
  for (const { name, type } of node.fields) {
    const misfit = takeValue(type, record[name], taken, env);
    if (misfit !== undefined) return within(name, misfit);
  }
  return undefined;
}

function takeVariant(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  if (!isRecord(value)) return outOfRange(node.name, value);
  const { tag, value: payload } = value as { readonly tag?: unknown; readonly value?: unknown };
  if (typeof tag !== "string") return outOfRange(node.name, value);
  const number = node.names.indexOf(tag);
  const chosen = node.fields[number];
  if (chosen === undefined) return unknownCase(node.name, tag);
  taken.add(number);
  if (chosen.type.kind === Kind.pad) {
    return payload === undefined ? undefined : outOfRange("nothing", payload, tag);
  }
  const misfit = takeValue(chosen.type, payload, taken, env);
  return misfit === undefined ? undefined : within(tag, misfit);
}
