/**
 * A type as the flat list of stores that its values take: records in records are gone, short arrays are written out, and
 * what is stored alike is one kind. A loop over such a list costs a third of walking the layout.
 *
 * @module
 */

import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";

/** Arrays with more stores than this stay a loop. */
const MAX_UNROLLED = 64;

/** How a part is stored; of an array or variant, how its parts are. Text for the reason given at {@link Part}. */
type How = "u8" | "u16" | "u32" | "u64" | "f32" | "f64" | "u64Number" | "array" | "variant";

/** One store, or for an array or variant the walk through its parts. */
export interface Step {
  readonly how: How;
  /** Bytes from the start of the whole. */
  readonly offset: number;
  readonly type: LayoutNode;
}

/** The steps of `node`, worked out at the first call. */
export function stepsOf(node: LayoutNode): readonly Step[] {
  if (node.steps === undefined) {
    const steps: Step[] = [];
    addSteps(steps, node, 0);
    node.steps = steps;
  }
  return node.steps;
}

function addSteps(steps: Step[], type: LayoutNode, offset: number): void {
  const add = (how: How, at = offset): void => {
    steps.push({ how, offset: at, type });
  };
  switch (type.kind) {
    case Kind.struct:
      for (const field of type.fields) addSteps(steps, field.type, offset + field.offset);
      break;
    case Kind.array: {
      const element = elementOf(type);
      if (type.count * stepsOf(element).length > MAX_UNROLLED) add("array");
      else {
        for (let i = 0; i < type.count; i++) addSteps(steps, element, offset + i * element.size);
      }
      break;
    }
    case Kind.enum:
    case Kind.flags:
    case Kind.atomic:
      addSteps(steps, elementOf(type), offset);
      break;
    case Kind.ptr:
      add(wordHow(type.width));
      break;
    case Kind.arrayPtr:
    case Kind.strPtr: {
      const width = type.width / 2;
      add(wordHow(width));
      add(wordHow(width), offset + width);
      break;
    }
    case Kind.pad:
      break;
    default:
      add(HOW.get(type.kind) ?? "variant");
  }
}

/** How an address or length of `width` bytes is stored. */
function wordHow(width: number): How {
  return width === 4 ? "u32" : "u64Number";
}

/** Signed numbers have the bits of unsigned ones, and bools are 0 or 1. */
const HOW: ReadonlyMap<Kind, How> = new Map<Kind, How>([
  [Kind.u8, "u8"],
  [Kind.i8, "u8"],
  [Kind.charU8, "u8"],
  [Kind.bool8, "u8"],
  [Kind.u16, "u16"],
  [Kind.i16, "u16"],
  [Kind.u32, "u32"],
  [Kind.i32, "u32"],
  [Kind.handle, "u32"],
  [Kind.boolWitx32, "u32"],
  [Kind.u64, "u64"],
  [Kind.i64, "u64"],
  [Kind.f32, "f32"],
  [Kind.f64, "f64"],
  [Kind.u64Number, "u64Number"],
]);
