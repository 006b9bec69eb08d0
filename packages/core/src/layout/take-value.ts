/**
 * Takes a host value apart: reads each part of it once, checks that it is a value of its type, and keeps it.
 *
 * A part may be a getter, and a getter can do anything: answer differently the second time, throw, grow the memory that
 * the value is for. Therefore nothing is asked twice, and nothing is stored before everything has been asked (CORE-14).
 *
 * @module
 */

import { isArrayOf, isBool, isRecord, isU32, isU53, isU64 } from "./fits.js";
import { Kind } from "./kind.js";
import { type Misfit, outOfRange, unknownCase, unknownFlags, within } from "./misfit.js";
import type { LayoutNode, Member } from "./node.js";
import { isPart } from "./part.js";
import { elementOf, pointerOf, unknownBits } from "./parts.js";
import type { PointerEnv, PtrLen } from "./type.js";

/** The parts of a value in the order of its type: numbers, and bigints for 64 bits; of a variant the case's number first. */
export class Taken {
  /** Longer than {@link Taken.count} after a larger value: an array that is cut gives its room away. */
  readonly parts: (number | bigint)[];
  /** How many of the parts are of this value. */
  count: number;

  constructor() {
    this.parts = [];
    this.count = 0;
  }

  add(part: number | bigint): void {
    this.parts[this.count++] = part;
  }
}

/** Adds the parts of `value` to `taken`, or says why it is not a value of `node`. */
export function takeValue(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  switch (node.part) {
    case "struct":
      return takeStruct(node, value, taken, env);
    case "ptr": {
      const plain = env === undefined || typeof value === "number";
      const address = plain ? value : env.toAddress(pointerOf(node), value);
      return takeWord(node, node.width, address, "", taken);
    }
    case "bool":
      if (!isBool(value)) return outOfRange(node.name, value);
      taken.add(value ? 1 : 0);
      return undefined;
    case "pair":
      return takePair(node, value, taken, env);
    case "array":
      return takeArray(node, value, taken, env);
    case "variant":
      return takeVariant(node, value, taken, env);
    default:
      if (!isPart(node, value)) return noPart(node, value);
      taken.add(value as number | bigint);
      return undefined;
  }
}

/** Why `value` is none of a type that takes numbers or bigints as they are. */
function noPart(node: LayoutNode, value: unknown): Misfit {
  const { kind, name } = node;
  if (kind === Kind.atomic) return outOfRange(elementOf(node).name, value);
  const stored = (kind === Kind.enum || kind === Kind.flags) && isPart(elementOf(node), value);
  if (!stored) return outOfRange(name, value);
  if (kind === Kind.enum) return unknownCase(name, value as number);
  const got = value as number | bigint;
  return unknownFlags(name, got, unknownBits(node, got));
}

/** An address or length of `width` bytes; `path` is empty or says which. */
function takeWord(
  node: LayoutNode,
  width: number,
  word: unknown,
  path: string,
  taken: Taken,
): Misfit | undefined {
  const fits = width === 4 ? isU32 : isU53;
  if (!fits(word)) return outOfRange(node.name, word, path);
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

/**
 * A record's parts in the order of its fields. Most records come as object literals in that order too, and for-in then finds
 * each part where it is, without the lookup by name that costs a site which sees many types 15 ns. Where the order is
 * another, or fields are inherited or hidden, the rest is looked up.
 */
function takeStruct(
  node: LayoutNode,
  value: unknown,
  taken: Taken,
  env: PointerEnv | undefined,
): Misfit | undefined {
  if (!isRecord(value)) return outOfRange(node.name, value);
  const record = value as { readonly [name: string]: unknown };
  const { fields } = node;
  const { parts } = taken;
  let { count } = taken;
  let i = 0;
  for (const name in record) {
    const field = fields[i];
    if (field === undefined || field.name !== name) break;
    const { type } = field;
    const { part } = type;
    const value = record[name];
    if (part === "u32" ? isU32(value) : part === "u64" ? isU64(value) : isPart(type, value)) {
      parts[count++] = value as number | bigint;
    } else {
      taken.count = count;
      const misfit = takeValue(type, value, taken, env);
      if (misfit !== undefined) return within(name, misfit);
      count = taken.count;
    }
    i++;
  }
  taken.count = count;
  for (; i < fields.length; i++) {
    const { name, type } = fields[i] as Member;
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
