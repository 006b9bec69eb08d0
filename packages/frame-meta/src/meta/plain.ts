/**
 * Types of fields for a record that is written by hand: unsigned numbers of 8, 16 and 32 bits, and bools of one byte.
 *
 * They answer as core's types of the same names do, but are not made by core: the smallest of its types brings the code for values of
 * every type. So core takes them for none of its own.
 *
 * @module
 */

import {
  CoreError,
  type Kind,
  type Layout,
  type Misfit,
  outOfRange,
  type Target,
  unknownCase,
  type WriteSite,
} from "@memkit/core";

/** A number, or a bool, as it is stored. */
export class Plain<V extends number | boolean = number | boolean> implements Layout<V> {
  readonly kind: Kind;
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly target: Target;
  /** Whether a value is one of this type. */
  private readonly is: (value: unknown) => value is V;

  constructor(kind: Kind, name: string, size: 1 | 2 | 4, is: (value: unknown) => value is V) {
    this.kind = kind;
    this.name = name;
    this.size = size;
    this.align = size;
    this.target = "wasm32";
    this.is = is;
  }

  for(): this {
    return this;
  }

  named(name: string): this {
    const prototype = Object.getPrototypeOf(this) as object; // with the view that some have
    return Object.assign(Object.create(prototype) as this, this, { name });
  }

  /** Why `value` is none of this type, or `undefined`. */
  misfit(value: unknown, path = ""): Misfit | undefined {
    return this.is(value) ? undefined : outOfRange(this.name, value, path);
  }

  read(dv: DataView, at: number): V {
    const { size, is, name } = this;
    const got =
      size === 1 ? dv.getUint8(at) : size === 2 ? dv.getUint16(at, true) : dv.getUint32(at, true);
    if (is(got)) return got;
    const bool = got === 1;
    if (got <= 1 && is(bool)) return bool;
    throw new CoreError(unknownCase(name, got));
  }

  write(dv: DataView, at: number, value: V): void {
    const misfit = this.misfit(value);
    if (misfit !== undefined) throw new CoreError(misfit);
    this.store(dv, at, Number(value));
  }

  writeTo(site: WriteSite, at: number, value: V): void {
    this.write(site.open(at, this.size, this.align), at, value);
  }

  /** Stores what is one of this type's numbers. */
  store(dv: DataView, at: number, number: number): void {
    if (this.size === 1) dv.setUint8(at, number);
    else if (this.size === 2) dv.setUint16(at, number, true);
    else dv.setUint32(at, number, true);
  }
}
