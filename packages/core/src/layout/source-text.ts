/**
 * TypeScript source text in the making: indented lines, fresh names, and the imports that they need.
 *
 * @module
 */

import { Kind } from "./kind.js";

/** The `DataView` accessor (`get` and `set` go in front) and the check of each kind that is stored in one piece. */
export const STORED: {
  readonly [kind: number]: { readonly method: string; readonly fits: string };
} = /* @__PURE__ */ (() => ({
  [Kind.u8]: { method: "Uint8", fits: "isU8" },
  [Kind.charU8]: { method: "Uint8", fits: "isU8" },
  [Kind.i8]: { method: "Int8", fits: "isI8" },
  [Kind.u16]: { method: "Uint16", fits: "isU16" },
  [Kind.i16]: { method: "Int16", fits: "isI16" },
  [Kind.u32]: { method: "Uint32", fits: "isU32" },
  [Kind.handle]: { method: "Uint32", fits: "isU32" },
  [Kind.i32]: { method: "Int32", fits: "isI32" },
  [Kind.u64]: { method: "BigUint64", fits: "isU64" },
  [Kind.i64]: { method: "BigInt64", fits: "isI64" },
  [Kind.f32]: { method: "Float32", fits: "isFloat" },
  [Kind.f64]: { method: "Float64", fits: "isFloat" },
}))();

/** A number as written in source text. */
export function literal(value: number | bigint): string {
  return typeof value === "bigint" ? `${value}n` : String(value);
}

/** `expr.name`, whatever the name. */
export function property(expr: string, name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${expr}.${name}` : `${expr}[${JSON.stringify(name)}]`;
}

/** A byte offset: an expression, and a constant added to it. */
export interface Place {
  readonly base: string;
  readonly plus: number;
}

/** `place` moved on by `bytes`. */
export function after(place: Place, bytes: number): Place {
  return { base: place.base, plus: place.plus + bytes };
}

/** The text of an offset. */
export function offsetText({ base, plus }: Place): string {
  return plus === 0 ? base : `${base} + ${plus}`;
}

/** The arguments of a `DataView` accessor after the name; a single byte has no order. */
export function accessArguments(method: string, place: Place, value?: string): string {
  const parts = [offsetText(place)];
  if (value !== undefined) parts.push(value);
  if (method !== "Uint8" && method !== "Int8") parts.push("true");
  return parts.join(", ");
}

/** Collects the source text of one module. */
export class SourceText {
  readonly lines: string[] = [];
  /** Values that the text uses of the core package. */
  readonly imports: Set<string> = new Set(["CoreError"]);
  #depth = 0;
  #names = 0;
  #pointers = 0;

  /** A name that nothing else has. */
  fresh(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  /** Remembers that the text uses `name` of the core package. */
  use(name: string): string {
    this.imports.add(name);
    return name;
  }

  /** The type of the next pointer that the function meets. */
  nextPointer(): string {
    return `pointers[${this.#pointers++}] as Pointer`;
  }

  line(text: string): void {
    this.lines.push(`${"  ".repeat(this.#depth)}${text}`);
  }

  /** Lines inside braces: `head {`, then what `body` adds, then `}`. */
  block(head: string, body: () => void, end = "}"): void {
    this.line(head === "" ? "{" : `${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line(end);
  }

  /** A method of an object: its pointers are counted from 0. */
  method(head: string, body: () => void): void {
    this.#pointers = 0;
    this.#names = 0;
    this.block(head, body, "},");
  }

  /** Throws when `condition` holds; `misfit` makes the detail from its arguments. */
  refuseIf(condition: string, misfit: string, args: readonly string[]): void {
    this.line(`if (${condition}) throw new CoreError(${this.use(misfit)}(${args.join(", ")}));`);
  }
}
