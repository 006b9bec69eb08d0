/**
 * Parts: the numbers and bigints that a value consists of, and which of them a type takes as they are.
 *
 * @module
 */

import { isFloat, isI8, isI16, isI32, isI64, isU8, isU16, isU32, isU53, isU64 } from "./fits.js";
import type { LayoutNode } from "./node.js";
import { elementOf, unknownBits } from "./parts.js";

/**
 * What a part must be. Text, because a literal in a `switch` is a constant of the code, while `Kind.u8` is a property of a
 * variable that is loaded for each comparison; that is a sixth of a write.
 */
export type Part =
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "u32"
  | "i32"
  | "u64"
  | "i64"
  | "float"
  | "u64Number"
  | "enum"
  | "flags"
  | "atomic"
  /** No part by itself: bools and pointers are turned into numbers, and the others have several. */
  | "bool"
  | "ptr"
  | "pair"
  | "array"
  | "struct"
  | "variant"
  | "pad";

/** Whether `value` is a part by itself, and a value of `node`. The frequent ones come first. */
export function isPart(node: LayoutNode, value: unknown): boolean {
  switch (node.part) {
    case "u32":
      return isU32(value);
    case "u64":
      return isU64(value);
    case "u8":
      return isU8(value);
    case "enum":
      return isU32(value) && value < node.count;
    case "flags":
      return isPart(elementOf(node), value) && noBit(unknownBits(node, value as number | bigint));
    case "u16":
      return isU16(value);
    case "float":
      return isFloat(value);
    case "u64Number":
      return isU53(value);
    case "i32":
      return isI32(value);
    case "i64":
      return isI64(value);
    case "i16":
      return isI16(value);
    case "i8":
      return isI8(value);
    case "atomic":
      return isPart(elementOf(node), value);
    default:
      return false;
  }
}

const noBit = (bits: number | bigint): boolean => bits === 0 || bits === 0n;
