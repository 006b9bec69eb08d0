/**
 * A type as the flat list of stores that its values take: records in records are gone, what lies side by side and is stored
 * alike is one run, and short arrays are written out. A loop over such a list costs a third of walking the layout.
 *
 * @module
 */

import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";

/** Arrays that would take more runs than this stay a loop. */
const MAX_UNROLLED = 64;

/** How a part is stored; of an array or variant, how its parts are. Text for the reason given at {@link Part}. */
type How = "u8" | "u16" | "u32" | "u64" | "f32" | "f64" | "u64Number" | "array" | "variant";

/** One run of stores, or for an array or variant the walk through its parts. */
export interface Step {
  readonly how: How;
  /** Bytes from the start of the whole. */
  readonly offset: number;
  /** Parts in the run, side by side. */
  count: number;
  readonly type: LayoutNode;
}

/** Bytes of a part. Arrays and variants never make a run. */
const BYTES: Readonly<Record<How, number>> = /* @__PURE__ */ (() => ({
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  f32: 4,
  f64: 8,
  u64Number: 8,
  array: Number.NaN,
  variant: Number.NaN,
}))();

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
  const add = (how: How, at = offset, count = 1): void => {
    const last = steps.at(-1);
    const follows = last?.how === how && last.offset + last.count * BYTES[how] === at;
    if (follows) last.count += count;
    else steps.push({ how, offset: at, count, type });
  };
  switch (type.kind) {
    case Kind.struct:
      for (const field of type.fields) addSteps(steps, field.type, offset + field.offset);
      break;
    case Kind.array: {
      const element = elementOf(type);
      const each = stepsOf(element);
      const [run] = each;
      if (type.count === 0 || run === undefined) break;
      if (each.length === 1 && run.count * BYTES[run.how] === element.size) {
        add(run.how, offset, type.count * run.count);
      } else if (type.count * each.length > MAX_UNROLLED) {
        add("array");
      } else {
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
const HOW: ReadonlyMap<Kind, How> = /* @__PURE__ */ (() =>
  new Map<Kind, How>([
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
  ]))();
