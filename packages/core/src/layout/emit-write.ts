/**
 * Straight-line code that stores what `emit-take.ts` took.
 *
 * @module
 */

import type { Slots } from "./emit-take.js";
import { typeText } from "./emit-type.js";
import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";
import {
  accessArguments,
  after,
  offsetText,
  type Place,
  type SourceText,
  STORED,
} from "./source-text.js";

/** Adds the statements that store the next slots as a `node` at `place`. */
export function emitStore(out: SourceText, slots: Slots, node: LayoutNode, place: Place): void {
  switch (node.kind) {
    case Kind.ptr:
      setWord(out, node.width, slots.take("number"), place);
      break;
    case Kind.arrayPtr:
    case Kind.strPtr: {
      const width = node.width / 2;
      setWord(out, width, slots.take("number"), place);
      setWord(out, width, slots.take("number"), after(place, width));
      break;
    }
    case Kind.u64Number:
      setWord(out, 8, slots.take("number"), place);
      break;
    case Kind.bool8:
    case Kind.boolWitx32: {
      const bit = `${slots.take("boolean")} ? 1 : 0`;
      emitSet(out, node.width === 1 ? Kind.u8 : Kind.u32, bit, place);
      break;
    }
    case Kind.enum:
    case Kind.flags:
    case Kind.atomic:
      emitStore(out, slots, elementOf(node), place);
      break;
    case Kind.array: {
      const i = out.fresh("i");
      out.block(`for (let ${i} = 0; ${i} < ${node.count}; ${i}++)`, () => {
        const element = elementOf(node);
        const base = out.fresh("p");
        out.line(`const ${base} = ${offsetText(place)} + ${i} * ${element.size};`);
        emitStore(out, slots, element, { base, plus: 0 });
      });
      break;
    }
    case Kind.struct:
      for (const { offset, type } of node.fields) {
        emitStore(out, slots, type, after(place, offset));
      }
      break;
    case Kind.variant:
      storeVariant(out, slots, node, place);
      break;
    case Kind.pad:
      break;
    default:
      emitSet(out, node.kind, slots.take(typeText(node)), place);
  }
}

function storeVariant(out: SourceText, slots: Slots, node: LayoutNode, place: Place): void {
  const number = out.fresh("t");
  out.line(`const ${number} = ${slots.take("number")};`);
  emitSet(out, elementOf(node).kind, number, place);
  node.fields.forEach(({ offset, type }, n) => {
    out.block(`${n === 0 ? "" : "else "}if (${number} === ${n})`, () => {
      emitStore(out, slots, type, after(place, offset));
    });
  });
}

function emitSet(out: SourceText, kind: Kind, value: string, place: Place): void {
  const method = STORED[kind]?.method ?? "";
  if (kind === Kind.u64 || kind === Kind.i64) {
    out.line(`${out.use("store64")}(dv, words, ${offsetText(place)}, ${value});`);
    return;
  }
  out.line(`dv.set${method}(${accessArguments(method, place, value)});`);
}

/** An integer of `width` bytes below 2^53. */
function setWord(out: SourceText, width: number, value: string, place: Place): void {
  if (width === 4) {
    emitSet(out, Kind.u32, value, place);
    return;
  }
  const word = out.fresh("w");
  out.line(`const ${word} = ${value};`);
  emitSet(out, Kind.u32, `${word} >>> 0`, place);
  emitSet(out, Kind.u32, `Math.floor(${word} / 4294967296)`, after(place, 4));
}
