/**
 * The host type of a layout as TypeScript text.
 *
 * @module
 */

import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";

/** What `ValueOf` gives for `node`, spelled out. */
export function typeText(node: LayoutNode): string {
  switch (node.kind) {
    case Kind.u64:
    case Kind.i64:
      return "bigint";
    case Kind.arrayPtr:
    case Kind.strPtr:
      return "PtrLen";
    case Kind.bool8:
    case Kind.boolWitx32:
      return "boolean";
    case Kind.flags:
    case Kind.atomic:
      return typeText(elementOf(node));
    case Kind.array:
      return `ReadonlyArray<${typeText(elementOf(node))}>`;
    case Kind.struct: {
      const members = node.fields.map(
        ({ name, type }) => `${JSON.stringify(name)}: ${typeText(type)}`,
      );
      return `{ ${members.join("; ")} }`;
    }
    case Kind.variant: {
      const cases = node.fields.map(({ name, type }) => {
        const value = type.kind === Kind.pad ? "value?: undefined" : `value: ${typeText(type)}`;
        return `{ tag: ${JSON.stringify(name)}; ${value} }`;
      });
      return `(${cases.join(" | ")})`;
    }
    default:
      return "number";
  }
}
