/**
 * Straight-line code that checks a whole value, and then stores it.
 *
 * @module
 */

import { unknownText, zeroOf } from "./emit-read.js";
import { typeText } from "./emit-type.js";
import { Kind } from "./kind.js";
import type { LayoutNode, Member } from "./node.js";
import { elementOf } from "./parts.js";
import {
  accessArguments,
  after,
  literal,
  offsetText,
  type Place,
  property,
  type SourceText,
  STORED,
} from "./source-text.js";

/** Where in the value a check is, as the text of a string expression's parts. */
type Path = readonly string[];

function pathText(path: Path): string {
  return path.length === 0 ? '""' : path.join(" + ");
}

function fieldPath(path: Path, name: string): Path {
  return [...path, JSON.stringify(path.length === 0 ? name : `.${name}`)];
}

/** Adds the statements that throw unless the expression `value` is a value of `node`. */
export function emitCheck(out: SourceText, node: LayoutNode, value: string, path: Path = []): void {
  const name = JSON.stringify(node.name);
  const where = pathText(path);
  const refuseIf = (condition: string): void =>
    out.refuseIf(condition, "outOfRange", [name, value, where]);
  const refuseUnless = (check: string): void => refuseIf(`!${out.use(check)}(${value})`);
  switch (node.kind) {
    case Kind.ptr:
      refuseUnless(node.width === 4 ? "isU32" : "isU53");
      break;
    case Kind.u64Number:
      refuseUnless("isU53");
      break;
    case Kind.bool8:
    case Kind.boolWitx32:
      refuseUnless("isBool");
      break;
    case Kind.enum:
      refuseUnless(STORED[elementOf(node).kind]?.fits ?? "");
      out.refuseIf(`${value} >= ${node.count}`, "unknownCase", [name, value, where]);
      break;
    case Kind.flags: {
      refuseUnless(STORED[elementOf(node).kind]?.fits ?? "");
      const rest = unknownText(node, value);
      const args = [name, value, rest, where];
      out.refuseIf(`${rest} !== ${literal(zeroOf(node))}`, "unknownFlags", args);
      break;
    }
    case Kind.atomic:
      emitCheck(out, elementOf(node), value, path);
      break;
    case Kind.array:
      refuseIf(`!${out.use("isArrayOf")}(${value}, ${node.count})`);
      emitLoop(out, node, (i) => {
        const inner = bindElement(out, node, value, i);
        emitCheck(out, elementOf(node), inner, [...path, `"["`, i, `"]"`]);
      });
      break;
    case Kind.struct:
      refuseUnless("isRecord");
      for (const field of node.fields) {
        const inner = bind(out, property(value, field.name));
        emitCheck(out, field.type, inner, fieldPath(path, field.name));
      }
      break;
    case Kind.variant: {
      refuseUnless("isRecord");
      refuseIf(`typeof ${value}.tag !== "string"`);
      const chosen = bind(out, `${value}.tag as string`);
      emitCases(out, node, value, ({ name: tag, type }) => {
        emitCheck(out, type, bind(out, `${value}.value`), fieldPath(path, tag));
      });
      const misfit = `${out.use("unknownCase")}(${name}, ${chosen}, ${where})`;
      out.block("else", () => out.line(`throw new CoreError(${misfit});`));
      break;
    }
    case Kind.pad:
      refuseIf(`${value} !== undefined`);
      break;
    default:
      refuseUnless(STORED[node.kind]?.fits ?? "");
  }
}

/** Adds the statements that store the checked expression `value` as `node` at `place`. */
export function emitStore(out: SourceText, node: LayoutNode, value: string, place: Place): void {
  switch (node.kind) {
    case Kind.ptr:
      if (node.width === 4) emitSet(out, Kind.u32, value, place);
      else emitSetU53(out, value, place);
      break;
    case Kind.u64Number:
      emitSetU53(out, value, place);
      break;
    case Kind.bool8:
    case Kind.boolWitx32:
      emitSet(out, node.width === 1 ? Kind.u8 : Kind.u32, `${value} ? 1 : 0`, place);
      break;
    case Kind.enum:
    case Kind.flags:
    case Kind.atomic:
      emitStore(out, elementOf(node), value, place);
      break;
    case Kind.array:
      emitLoop(out, node, (i) => {
        const element = elementOf(node);
        const inner = bindElement(out, node, value, i);
        const base = bind(out, `${offsetText(place)} + ${i} * ${element.size}`);
        emitStore(out, element, inner, { base, plus: 0 });
      });
      break;
    case Kind.struct:
      for (const { name, offset, type } of node.fields) {
        emitStore(out, type, property(value, name), after(place, offset));
      }
      break;
    case Kind.variant:
      emitCases(out, node, value, ({ offset, type }, number) => {
        emitSet(out, elementOf(node).kind, String(number), place);
        emitStore(out, type, `${value}.value`, after(place, offset));
      });
      break;
    case Kind.pad:
      break;
    default:
      emitSet(out, node.kind, value, place);
  }
}

function bind(out: SourceText, expression: string): string {
  const name = out.fresh("v");
  out.line(`const ${name} = ${expression};`);
  return name;
}

/** The cast is for consumers with `noUncheckedIndexedAccess`: the length has been checked. */
function bindElement(out: SourceText, array: LayoutNode, value: string, i: string): string {
  return bind(out, `${value}[${i}] as ${typeText(elementOf(array))}`);
}

function emitLoop(out: SourceText, node: LayoutNode, body: (i: string) => void): void {
  const i = out.fresh("i");
  out.block(`for (let ${i} = 0; ${i} < ${node.count}; ${i}++)`, () => body(i));
}

function emitCases(
  out: SourceText,
  node: LayoutNode,
  value: string,
  body: (chosen: Member, number: number) => void,
): void {
  node.fields.forEach((chosen, number) => {
    const test = `if (${value}.tag === ${JSON.stringify(chosen.name)})`;
    out.block(number === 0 ? test : `else ${test}`, () => body(chosen, number));
  });
}

function emitSet(out: SourceText, kind: Kind, value: string, place: Place): void {
  const method = STORED[kind]?.method ?? "";
  out.line(`dv.set${method}(${accessArguments(method, place, value)});`);
}

function emitSetU53(out: SourceText, value: string, place: Place): void {
  emitSet(out, Kind.u32, `${value} >>> 0`, place);
  emitSet(out, Kind.u32, `Math.floor(${value} / 4294967296)`, after(place, 4));
}
