/**
 * Straight-line code that reads a value.
 *
 * @module
 */

import { typeText } from "./emit-type.js";
import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { elementOf } from "./parts.js";
import {
  accessArguments,
  after,
  literal,
  offsetText,
  type Place,
  type SourceText,
  STORED,
} from "./source-text.js";

/** Adds the statements that read `node` at `place`, and returns the expression of its value. */
export function emitRead(out: SourceText, node: LayoutNode, place: Place): string {
  switch (node.kind) {
    case Kind.ptr: {
      const address = bound(out, readWord(out, node, node.width, place));
      const value = `env.fromAddress(${out.nextPointer()}, ${address}, undefined) as number`;
      return `env === undefined ? ${address} : (${value})`;
    }
    case Kind.arrayPtr:
    case Kind.strPtr:
      return readPair(out, node, place);
    case Kind.u64Number:
      return readU53(out, node, place);
    case Kind.bool8:
    case Kind.boolWitx32: {
      const got = bound(out, load(out, node.width === 1 ? Kind.u8 : Kind.u32, place));
      out.refuseIf(`${got} > 1`, "unknownCase", [JSON.stringify(node.name), got]);
      return `${got} === 1`;
    }
    case Kind.enum:
      return readCase(out, node, place);
    case Kind.flags: {
      const got = bound(out, load(out, elementOf(node).kind, place));
      const rest = unknownText(node, got);
      const args = [JSON.stringify(node.name), got, rest];
      out.refuseIf(`${rest} !== ${literal(zeroOf(node))}`, "unknownFlags", args);
      return got;
    }
    case Kind.atomic:
      return emitRead(out, elementOf(node), place);
    case Kind.array:
      return readArray(out, node, place);
    case Kind.struct: {
      const values = node.fields.map(({ name, offset, type }) => {
        const value = emitRead(out, type, after(place, offset));
        return `${JSON.stringify(name)}: ${value}`;
      });
      return `{ ${values.join(", ")} }`;
    }
    case Kind.variant:
      return readVariant(out, node, place);
    case Kind.pad:
      return "undefined";
    default:
      return load(out, node.kind, place);
  }
}

/** The bits of `got` that the flags `node` do not define, as text. */
export function unknownText(node: LayoutNode, got: string): string {
  return typeof node.known === "bigint"
    ? `(${got} & ~${literal(node.known)})`
    : `((${got} & ~${literal(node.known)}) >>> 0)`;
}

/** Zero in the type of the flags' values. */
export function zeroOf(node: LayoutNode): number | bigint {
  return typeof node.known === "bigint" ? 0n : 0;
}

function load(out: SourceText, kind: Kind, place: Place): string {
  const method = STORED[kind]?.method ?? "";
  if (kind === Kind.u64 || kind === Kind.i64) {
    return `${out.use(kind === Kind.u64 ? "loadU64" : "loadI64")}(dv, words, ${offsetText(place)})`;
  }
  return `dv.get${method}(${accessArguments(method, place)})`;
}

function bound(out: SourceText, expression: string): string {
  const name = out.fresh("r");
  out.line(`const ${name} = ${expression};`);
  return name;
}

function readU53(out: SourceText, node: LayoutNode, place: Place): string {
  const high = load(out, Kind.u32, after(place, 4));
  const got = bound(out, `${high} * 4294967296 + ${load(out, Kind.u32, place)}`);
  const args = [JSON.stringify(node.name), `dv.getBigUint64(${offsetText(place)}, true)`];
  out.refuseIf(`${got} > Number.MAX_SAFE_INTEGER`, "outOfRange", args);
  return got;
}

/** An address or length of `width` bytes. */
function readWord(out: SourceText, node: LayoutNode, width: number, place: Place): string {
  return width === 4 ? load(out, Kind.u32, place) : readU53(out, node, place);
}

function readPair(out: SourceText, node: LayoutNode, place: Place): string {
  const width = node.width / 2;
  const address = bound(out, readWord(out, node, width, place));
  const len = bound(out, readWord(out, node, width, after(place, width)));
  const value = `env.fromAddress(${out.nextPointer()}, ${address}, ${len}) as PtrLen`;
  return `env === undefined ? { ptr: ${address}, len: ${len} } : (${value})`;
}

function readCase(out: SourceText, node: LayoutNode, place: Place): string {
  const got = bound(out, load(out, elementOf(node).kind, place));
  out.refuseIf(`${got} >= ${node.count}`, "unknownCase", [JSON.stringify(node.name), got]);
  return got;
}

function readArray(out: SourceText, node: LayoutNode, place: Place): string {
  const element = elementOf(node);
  const values = out.fresh("r");
  const at = out.fresh("p");
  out.line(`const ${values}: (${typeText(element)})[] = [];`);
  const step = `let ${at} = ${offsetText(place)}; ${values}.length < ${node.count}; ${at} += ${element.size}`;
  out.block(`for (${step})`, () => {
    const value = emitRead(out, element, { base: at, plus: 0 });
    out.line(`${values}.push(${value});`);
  });
  return values;
}

function readVariant(out: SourceText, node: LayoutNode, place: Place): string {
  const tag = readCase(out, node, place);
  const value = out.fresh("r");
  out.line(`let ${value}: ${typeText(node)};`);
  node.fields.forEach(({ name, offset, type }, number) => {
    // The last case needs no test: the tag has been checked, and the compiler sees that every path assigns.
    const test = number === node.count - 1 ? "" : `if (${tag} === ${number})`;
    out.block(number === 0 ? test : `else ${test}`.trim(), () => {
      const payload = emitRead(out, type, after(place, offset));
      out.line(`${value} = { tag: ${JSON.stringify(name)}, value: ${payload} };`);
    });
  });
  return value;
}
