/**
 * Host values to bytes.
 *
 * Invariant CORE-14: a write checks the whole value before it stores the first byte. (A value whose getters answer
 * differently the second time defeats this; plain data does not.)
 *
 * @module
 */

import { CoreError } from "../core-error.js";
import { misfitOf } from "./check-value.js";
import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";
import type { Layout, PointerEnv, Ptr } from "./type.js";
import { writeU53, writeUint } from "./words.js";

/** Checks `value`, all of it, and stores it at `at`. */
export function writeValue(
  node: LayoutNode,
  dv: DataView,
  at: number,
  value: unknown,
  env?: PointerEnv,
): void {
  const misfit = misfitOf(node, value, env);
  if (misfit !== undefined) throw new CoreError(misfit);
  store(node, dv, at, value, env);
}

/** Stores a value that {@link misfitOf} let pass. */
function store(node: LayoutNode, dv: DataView, at: number, value: unknown, env?: PointerEnv): void {
  switch (node.kind) {
    case Kind.u8:
    case Kind.charU8:
    case Kind.i8:
      dv.setUint8(at, value as number);
      break;
    case Kind.bool8:
    case Kind.boolWitx32:
      writeUint(dv, at, node.width, value === true ? 1 : 0);
      break;
    case Kind.u16:
    case Kind.i16:
      dv.setUint16(at, value as number, true);
      break;
    case Kind.u32:
    case Kind.handle:
    case Kind.i32:
      dv.setUint32(at, value as number, true);
      break;
    case Kind.u64:
    case Kind.i64:
      dv.setBigUint64(at, value as bigint, true);
      break;
    case Kind.f32:
      dv.setFloat32(at, value as number, true);
      break;
    case Kind.f64:
      dv.setFloat64(at, value as number, true);
      break;
    case Kind.u64Number:
      writeU53(dv, at, value as number);
      break;
    case Kind.ptr: {
      const address = env === undefined ? value : env.toAddress(node as Layout as Ptr, value);
      if (node.width === 4) dv.setUint32(at, address as number, true);
      else writeU53(dv, at, address as number);
      break;
    }
    case Kind.enum:
    case Kind.flags:
    case Kind.atomic:
      store(elementOf(node), dv, at, value, env);
      break;
    case Kind.array: {
      const element = elementOf(node);
      const values = value as ArrayLike<unknown>;
      for (let i = 0; i < node.count; i++) {
        store(element, dv, at + i * element.size, values[i], env);
      }
      break;
    }
    case Kind.struct: {
      const record = value as Record<string, unknown>;
      for (const { name, offset, type } of node.fields) {
        store(type, dv, at + offset, record[name], env);
      }
      break;
    }
    case Kind.variant: {
      const { tag, value: payload } = value as { tag: string; value: unknown };
      const number = node.names.indexOf(tag);
      const { offset, type } = node.fields[number] as (typeof node.fields)[0];
      writeUint(dv, at, elementOf(node).width, number);
      store(type, dv, at + offset, payload, env);
      break;
    }
    case Kind.pad:
      break;
  }
}
