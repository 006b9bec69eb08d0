/**
 * Host values from bytes: one switch over kinds, so that every site stays monomorphic.
 *
 * @module
 */

import { Kind } from "./kind.js";
import { CoreError } from "./layout-error.js";
import { type Misfit, outOfRange, unknownCase, unknownFlags } from "./misfit.js";
import type { LayoutNode, Member } from "./node.js";
import { elementOf, pointerOf, unknownBits } from "./parts.js";
import type { PointerEnv } from "./type.js";
import { loadI64, loadU64, readU64AsNumber, readUint, type Words } from "./words.js";

function fail(misfit: Misfit): never {
  throw new CoreError(misfit);
}

/** An address or length of `width` bytes. */
function readWord(node: LayoutNode, dv: DataView, at: number, width: number): number {
  return width === 4 ? dv.getUint32(at, true) : readU53(node, dv, at);
}

function readU53(node: LayoutNode, dv: DataView, at: number): number {
  const value = readU64AsNumber(dv, at);
  if (value > Number.MAX_SAFE_INTEGER) fail(outOfRange(node.name, dv.getBigUint64(at, true)));
  return value;
}

function readBool(node: LayoutNode, dv: DataView, at: number): boolean {
  const got = readUint(dv, at, node.width);
  if (got > 1) fail(unknownCase(node.name, got));
  return got === 1;
}

function readEnum(node: LayoutNode, dv: DataView, at: number): number {
  const got = readUint(dv, at, elementOf(node).width);
  if (got >= node.count) fail(unknownCase(node.name, got));
  return got;
}

function readFlags(node: LayoutNode, dv: DataView, at: number, words: Words): number | bigint {
  const { width } = elementOf(node);
  const got = width === 8 ? loadU64(dv, words, at) : readUint(dv, at, width);
  const unknown = unknownBits(node, got);
  if (Number(unknown) !== 0) fail(unknownFlags<number | bigint>(node.name, got, unknown));
  return got;
}

/** The host value of `node` at `at`. */
export function readValue(
  node: LayoutNode,
  dv: DataView,
  at: number,
  env: PointerEnv | undefined,
  words: Words,
): unknown {
  switch (node.kind) {
    case Kind.u8:
    case Kind.charU8:
      return dv.getUint8(at);
    case Kind.i8:
      return dv.getInt8(at);
    case Kind.u16:
      return dv.getUint16(at, true);
    case Kind.i16:
      return dv.getInt16(at, true);
    case Kind.u32:
    case Kind.handle:
      return dv.getUint32(at, true);
    case Kind.i32:
      return dv.getInt32(at, true);
    case Kind.u64:
      return loadU64(dv, words, at);
    case Kind.i64:
      return loadI64(dv, words, at);
    case Kind.f32:
      return dv.getFloat32(at, true);
    case Kind.f64:
      return dv.getFloat64(at, true);
    case Kind.u64Number:
      return readU53(node, dv, at);
    case Kind.bool8:
    case Kind.boolWitx32:
      return readBool(node, dv, at);
    case Kind.ptr: {
      const address = readWord(node, dv, at, node.width);
      return env === undefined ? address : env.fromAddress(pointerOf(node), address, undefined);
    }
    case Kind.arrayPtr:
    case Kind.strPtr: {
      const width = node.width / 2;
      const address = readWord(node, dv, at, width);
      const len = readWord(node, dv, at + width, width);
      return env === undefined
        ? { ptr: address, len }
        : env.fromAddress(pointerOf(node), address, len);
    }
    case Kind.enum:
      return readEnum(node, dv, at);
    case Kind.flags:
      return readFlags(node, dv, at, words);
    case Kind.atomic:
      return readValue(elementOf(node), dv, at, env, words);
    case Kind.array: {
      const element = elementOf(node);
      const values: unknown[] = [];
      for (let i = 0; i < node.count; i++) {
        values.push(readValue(element, dv, at + i * element.size, env, words));
      }
      return values;
    }
    case Kind.struct: {
      const value: Record<string, unknown> = {};
      const { fields } = node;
      for (let i = 0; i < fields.length; i++) {
        const { name, offset, type } = fields[i] as Member;
        value[name] = readValue(type, dv, at + offset, env, words);
      }
      return value;
    }
    case Kind.variant: {
      const { name, offset, type } = node.fields[readEnum(node, dv, at)] as Member;
      return type.kind === Kind.pad
        ? { tag: name, value: undefined }
        : { tag: name, value: readValue(type, dv, at + offset, env, words) };
    }
    case Kind.pad:
      return undefined;
  }
}
