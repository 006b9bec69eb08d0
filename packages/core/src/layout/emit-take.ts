/**
 * Straight-line code that takes a value apart: each part is read once, checked, and kept in a local.
 *
 * The code lies in a labelled block that it leaves with a `misfit`, so that the place is opened whatever the value is worth.
 *
 * @module
 */

import { unknownText, zeroOf } from "./emit-read.js";
import { typeText } from "./emit-type.js";
import { Kind } from "./kind.js";
import type { LayoutNode, Member } from "./node.js";
import { elementOf } from "./parts.js";
import { literal, property, type SourceText, STORED } from "./source-text.js";

/** Where in the value a check is, as the texts of strings to concatenate. */
type Path = readonly string[];

/** A local that keeps a part. Inside a loop it is a list, read back with `next` behind it. */
export interface Slot {
  readonly name: string;
  /** The counter of a list; undefined for a plain local. */
  readonly next: string | undefined;
}

/** What the locals of a function are called: in the order in which parts are taken, which is the order of storing them. */
export class Slots {
  readonly #out: SourceText;
  readonly #all: Slot[] = [];
  readonly #declarations: string[] = [];
  #stored = 0;

  constructor(out: SourceText) {
    this.#out = out;
  }

  /** Lines to put before everything else. */
  get declarations(): readonly string[] {
    return this.#declarations;
  }

  /** Keeps the expression `part`, which has the TypeScript type of `zero`. */
  keep(part: string, zero: string, type: string, looped: boolean): void {
    const name = this.#out.fresh("s");
    this.#out.line(looped ? `${name}.push(${part});` : `${name} = ${part};`);
    this.#declarations.push(
      looped ? `const ${name}: ${type}[] = [];` : `let ${name}: ${type} = ${zero};`,
    );
    const next = looped ? this.#out.fresh("n") : undefined;
    if (next !== undefined) this.#declarations.push(`let ${next} = 0;`);
    this.#all.push({ name, next });
  }

  /** The expression of the next part to store; of a list, evaluate it once. */
  take(type: string): string {
    const { name, next } = this.#all[this.#stored++] as Slot;
    return next === undefined ? name : `(${name}[${next}++] as ${type})`;
  }
}

/** The code of one `write`: what it adds to, how it leaves, and how deep in loops it is. */
interface Taking {
  readonly out: SourceText;
  readonly slots: Slots;
  readonly path: Path;
  readonly looped: boolean;
}

const quoted = (node: LayoutNode): string => JSON.stringify(node.name);

function inField(taking: Taking, name: string): Taking {
  const segment = JSON.stringify(taking.path.length === 0 ? name : `.${name}`);
  return { ...taking, path: [...taking.path, segment] };
}

/** Leaves the block with the misfit that `make` makes of its arguments and the path, if `condition` holds. */
function refuseIf(
  { out, path }: Taking,
  condition: string,
  make: string,
  args: readonly string[],
): void {
  const where = path.length === 0 ? '""' : path.join(" + ");
  out.block(condition === "" ? "" : `if (${condition})`, () => {
    out.line(`misfit = ${out.use(make)}(${[...args, where].join(", ")});`);
    out.line("break take;");
  });
}

function refuseUnless(taking: Taking, node: LayoutNode, check: string, value: string): void {
  refuseIf(taking, `!${taking.out.use(check)}(${value})`, "outOfRange", [quoted(node), value]);
}

function bind(out: SourceText, expression: string): string {
  const name = out.fresh("v");
  out.line(`const ${name} = ${expression};`);
  return name;
}

/** The type of a slot for a node that is stored in one piece, and a value of it. */
function zeroText(node: LayoutNode): [type: string, zero: string] {
  const type = typeText(node);
  return [type, type === "bigint" ? "0n" : type === "boolean" ? "false" : "0"];
}

/** Adds the statements that take the local `value` apart as a `node`. */
export function emitTake(taking: Taking, node: LayoutNode, value: string): void {
  const { out, slots, looped } = taking;
  switch (node.kind) {
    case Kind.ptr: {
      const address = `env.toAddress(${out.nextPointer()}, ${value})`;
      const plain = `env === undefined || typeof ${value} === "number"`;
      takeWord(taking, node, node.width, `${plain} ? ${value} : ${address}`);
      return;
    }
    case Kind.arrayPtr:
    case Kind.strPtr:
      takePair(taking, node, value);
      return;
    case Kind.atomic:
      emitTake(taking, elementOf(node), value);
      return;
    case Kind.array:
      takeArray(taking, node, value);
      return;
    case Kind.struct:
      refuseUnless(taking, node, "isRecord", value);
      for (const { name, type } of node.fields) {
        const inner = bind(out, property(value, name));
        emitTake(inField(taking, name), type, inner);
      }
      return;
    case Kind.variant:
      takeVariant(taking, node, value);
      return;
    case Kind.pad:
      refuseIf(taking, `${value} !== undefined`, "outOfRange", ['"nothing"', value]);
      return;
    case Kind.enum:
      refuseUnless(taking, node, STORED[elementOf(node).kind]?.fits ?? "", value);
      refuseIf(taking, `${value} >= ${node.count}`, "unknownCase", [quoted(node), value]);
      break;
    case Kind.flags: {
      refuseUnless(taking, node, STORED[elementOf(node).kind]?.fits ?? "", value);
      const rest = unknownText(node, value);
      const args = [quoted(node), value, rest];
      refuseIf(taking, `${rest} !== ${literal(zeroOf(node))}`, "unknownFlags", args);
      break;
    }
    case Kind.u64Number:
      refuseUnless(taking, node, "isU53", value);
      break;
    case Kind.bool8:
    case Kind.boolWitx32:
      refuseUnless(taking, node, "isBool", value);
      break;
    default:
      refuseUnless(taking, node, STORED[node.kind]?.fits ?? "", value);
  }
  const [type, zero] = zeroText(node);
  slots.keep(value, zero, type, looped);
}

/** An address or length of `width` bytes. */
function takeWord(taking: Taking, node: LayoutNode, width: number, expression: string): void {
  const { out, slots, looped } = taking;
  const word = out.fresh("v");
  out.line(`const ${word}: unknown = ${expression};`);
  refuseUnless(taking, node, width === 4 ? "isU32" : "isU53", word);
  slots.keep(word, "0", "number", looped);
}

function takePair(taking: Taking, node: LayoutNode, value: string): void {
  const width = node.width / 2;
  const type = taking.out.nextPointer();
  refuseUnless(taking, node, "isRecord", value);
  const address = `env === undefined ? ${value}.ptr : env.toAddress(${type}, ${value})`;
  takeWord(inField(taking, "ptr"), node, width, address);
  const len = `env === undefined ? ${value}.len : env.toLength(${type}, ${value})`;
  takeWord(inField(taking, "len"), node, width, len);
}

function takeArray(taking: Taking, node: LayoutNode, value: string): void {
  const { out, path } = taking;
  const element = elementOf(node);
  const misfit = `!${out.use("isArrayOf")}(${value}, ${node.count})`;
  refuseIf(taking, misfit, "outOfRange", [quoted(node), value]);
  const i = out.fresh("i");
  out.block(`for (let ${i} = 0; ${i} < ${node.count}; ${i}++)`, () => {
    // The cast is for consumers with `noUncheckedIndexedAccess`: the length has been checked.
    const inner = bind(out, `${value}[${i}] as ${typeText(element)}`);
    emitTake({ ...taking, path: [...path, `"["`, i, `"]"`], looped: true }, element, inner);
  });
}

function takeVariant(taking: Taking, node: LayoutNode, value: string): void {
  const { out, slots, looped } = taking;
  refuseUnless(taking, node, "isRecord", value);
  const tag = bind(out, `${value}.tag as string`);
  const payload = bind(out, `${value}.value as unknown`);
  refuseIf(taking, `typeof ${tag} !== "string"`, "outOfRange", [quoted(node), value]);
  const number = out.fresh("t");
  const chosen = node.fields.map(({ name }, n) => `${tag} === ${JSON.stringify(name)} ? ${n} : `);
  out.line(`const ${number} = ${chosen.join("")}-1;`);
  refuseIf(taking, `${number} < 0`, "unknownCase", [quoted(node), tag]);
  slots.keep(number, "0", "number", looped);
  node.fields.forEach(({ name, type }: Member, n) => {
    out.block(`${n === 0 ? "" : "else "}if (${number} === ${n})`, () => {
      const inner = bind(
        out,
        `${payload} as ${type.kind === Kind.pad ? "undefined" : typeText(type)}`,
      );
      emitTake(inField(taking, name), type, inner);
    });
  });
}
