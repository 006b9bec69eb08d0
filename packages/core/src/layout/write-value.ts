/**
 * Host values to bytes.
 *
 * Invariant CORE-14: a write reads each part of the value once and checks all of it before it stores the first byte. What
 * is stored is what was checked, whatever the value's getters answer next, and the place is opened after the last of them.
 *
 * @module
 */

import { CoreError } from "../core-error.js";
import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";
import { Taken, takeValue } from "./take-value.js";
import type { PointerEnv, WriteSite } from "./type.js";
import { writeU53, writeUint } from "./words.js";

/** A list that grew beyond this is not kept for the next write. */
const MAX_KEPT = 4096;

/** The list that the next write takes. A write inside a write, by a getter, finds none and makes its own. */
let spare: Taken | undefined;

/** Takes `value` apart, opens its place if there is a `site`, and stores it at `at`. */
export function writeValue(
  node: LayoutNode,
  dv: DataView,
  at: number,
  value: unknown,
  env: PointerEnv | undefined,
  site: WriteSite | undefined,
): void {
  const taken = spare ?? new Taken();
  spare = undefined;
  taken.count = 0;
  taken.at = 0;
  try {
    const misfit = takeValue(node, value, taken, env);
    const to = site === undefined ? dv : site.open(at, node.size, node.align);
    if (misfit !== undefined) throw new CoreError(misfit);
    store(node, to, at, taken);
  } finally {
    if (taken.parts.length <= MAX_KEPT) spare = taken;
  }
}

/** Stores the next parts as a `node` at `at`. */
function store(node: LayoutNode, dv: DataView, at: number, taken: Taken): void {
  switch (node.kind) {
    case Kind.u8:
    case Kind.charU8:
    case Kind.i8:
      dv.setUint8(at, taken.next() as number);
      break;
    case Kind.bool8:
    case Kind.boolWitx32:
      writeUint(dv, at, node.width, taken.next() === true ? 1 : 0);
      break;
    case Kind.u16:
    case Kind.i16:
      dv.setUint16(at, taken.next() as number, true);
      break;
    case Kind.u32:
    case Kind.handle:
    case Kind.i32:
      dv.setUint32(at, taken.next() as number, true);
      break;
    case Kind.u64:
    case Kind.i64:
      dv.setBigUint64(at, taken.next() as bigint, true);
      break;
    case Kind.f32:
      dv.setFloat32(at, taken.next() as number, true);
      break;
    case Kind.f64:
      dv.setFloat64(at, taken.next() as number, true);
      break;
    case Kind.u64Number:
      writeU53(dv, at, taken.next() as number);
      break;
    case Kind.ptr:
      storeWord(dv, at, node.width, taken);
      break;
    case Kind.arrayPtr:
    case Kind.strPtr: {
      const width = node.width / 2;
      storeWord(dv, at, width, taken);
      storeWord(dv, at + width, width, taken);
      break;
    }
    case Kind.enum:
    case Kind.flags:
    case Kind.atomic:
      store(elementOf(node), dv, at, taken);
      break;
    case Kind.array: {
      const element = elementOf(node);
      for (let i = 0; i < node.count; i++) store(element, dv, at + i * element.size, taken);
      break;
    }
    case Kind.struct:
      for (const { offset, type } of node.fields) store(type, dv, at + offset, taken);
      break;
    case Kind.variant: {
      const number = taken.next() as number;
      const { offset, type } = node.fields[number] as (typeof node.fields)[0];
      writeUint(dv, at, elementOf(node).width, number);
      store(type, dv, at + offset, taken);
      break;
    }
    case Kind.pad:
      break;
  }
}

/** An address or a length of `width` bytes. */
function storeWord(dv: DataView, at: number, width: number, taken: Taken): void {
  if (width === 4) dv.setUint32(at, taken.next() as number, true);
  else writeU53(dv, at, taken.next() as number);
}
