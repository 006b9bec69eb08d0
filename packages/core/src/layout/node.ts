/**
 * The one class behind every type.
 *
 * Invariant CORE-11: every node has the same hidden class: all fields are set in the constructor, in one order.
 * Invariant CORE-12: a type is built once per target, so `type.for(t)` is the same object at every call; a type that
 * reaches no pointer is built once for all. Who could break it: a `build` that calls `define` for its target.
 *
 * @module
 */

import { coreError } from "../core-error.js";
import type { BoundCodec } from "./bound-codec.js";
import type { Kind } from "./kind.js";
import type { Part } from "./part.js";
import type { Step } from "./steps.js";
import type { Target } from "./target.js";
import type { PointerEnv, WriteSite } from "./type.js";
import type { Words } from "./words.js";

/** A field of a record, or a case of a variant with its payload. */
export interface Member {
  readonly name: string;
  readonly offset: number;
  readonly type: LayoutNode;
}

/** The name of padding, which no field may have. */
export const UNNAMED = "";

/** What a kind brings along to have its values read, written and seen: a bundle has that of its kinds. */
export interface KindCode {
  /** The code of a type that none was emitted for. */
  readonly codecOf: (node: LayoutNode) => BoundCodec;
  /** The view of the bytes at `at`; of a kind that has none, their value. */
  readonly viewOf: (node: LayoutNode, dv: DataView, at: number) => unknown;
}

const CoreError = /* @__PURE__ */ coreError<"layout-too-large" | "no-such-field">({
  "layout-too-large": (d) => `${d.type} would take more than 2^32 bytes`,
  "no-such-field": (d) => `${d.type} has no field ${JSON.stringify(d.member)}`,
});

/** What a kind of type says about itself for one target; the rest has defaults. */
export interface Blueprint {
  readonly kind: Kind;
  readonly part: Part;
  readonly code: KindCode;
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** Bytes without the padding that `aligned` put behind; `size` when left out. */
  readonly width?: number;
  /** Whether it is the same for every target. */
  readonly portable: boolean;
  readonly element?: LayoutNode;
  readonly count?: number;
  /** Fields and {@link UNNAMED} padding of a struct, cases of a variant. */
  readonly members?: readonly Member[];
  readonly names?: readonly string[];
  readonly cases?: Readonly<Record<string, number>>;
  readonly bits?: Readonly<Record<string, number | bigint>>;
  readonly known?: number | bigint;
  readonly codec?: BoundCodec | undefined;
}

type Build = (target: Target) => Blueprint;

/** The largest 32-bit memory. */
const MAX_SIZE = 2 ** 32;

export const LAYOUT: unique symbol = Symbol.for("@memkit/core/Layout") as never;
/** Stands for the bytes that a site will open. */
const NO_BYTES = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(0));
const NOTHING: Readonly<Record<string, number | bigint>> = {};

export class LayoutNode {
  readonly kind: Kind;
  readonly name: string;
  readonly target: Target;
  readonly size: number;
  readonly align: number;
  /** Bytes without the padding that `aligned` put behind: what a pointer, bool or atomic is stored in. */
  readonly width: number;
  readonly portable: boolean;
  /** Pointee of a pointer, element of an array, number stored by an enumeration, flags, atomic, or a variant's tag. */
  readonly element: LayoutNode | undefined;
  /** Elements of an array, cases of an enumeration or variant, bytes of a pad. */
  readonly count: number;
  /** Fields of a struct; cases of a variant, where one without a payload has a type of size 0. */
  readonly fields: readonly Member[];
  /** Names of cases or flags, by number. */
  readonly names: readonly string[];
  /** Numbers of cases, by name. */
  readonly cases: Readonly<Record<string, number | bigint>>;
  /** Bits of flags, by name. */
  readonly bits: Readonly<Record<string, number | bigint>>;
  /** All defined bits of flags. */
  readonly known: number | bigint;
  /** Code for this very type. Types that are made from it have other names, sizes or fields, and do not take it over. */
  readonly codec: BoundCodec;
  /** What a value must be to be kept as it is. */
  readonly part: Part;
  /** How values are stored, once asked for; the steps module's business. */
  steps: readonly Step[] | undefined;
  /** The constructor of this type's views, made when the first is opened; the view module's business. */
  viewClass: unknown;
  /** What it was made from, for types derived from it. */
  readonly plan: Blueprint;
  private readonly build: Build;
  private readonly family: Map<Target, LayoutNode>;

  constructor(build: Build, target: Target, family: Map<Target, LayoutNode>) {
    const plan = build(target);
    if (!(plan.size <= MAX_SIZE)) {
      throw new CoreError({ code: "layout-too-large", type: plan.name });
    }
    this.kind = plan.kind;
    this.name = plan.name;
    this.target = target;
    this.size = plan.size;
    this.align = plan.align;
    this.width = plan.width ?? plan.size;
    this.portable = plan.portable;
    this.element = plan.element;
    this.count = plan.count ?? 0;
    this.fields = (plan.members ?? []).filter(({ name }) => name !== UNNAMED);
    this.names = plan.names ?? [];
    this.cases = plan.cases ?? NOTHING;
    this.bits = plan.bits ?? NOTHING;
    this.known = plan.known ?? 0;
    this.codec = plan.codec ?? plan.code.codecOf(this);
    this.part = plan.part;
    this.steps = undefined;
    this.viewClass = undefined;
    this.plan = plan;
    this.build = build;
    this.family = family;
    family.set(target, this);
  }

  for(target: Target): LayoutNode {
    if (this.portable) return this;
    return this.family.get(target) ?? new LayoutNode(this.build, target, this.family);
  }

  named(name: string): LayoutNode {
    const renamed = define((target) => ({ ...this.for(target).plan, name, codec: undefined }));
    return renamed.for(this.target);
  }

  read(dv: DataView, offset: number, env?: PointerEnv, words?: Words): unknown {
    const { codec } = this;
    return codec.read(dv, offset, words, env, codec.own as never);
  }

  write(dv: DataView, offset: number, value: unknown, env?: PointerEnv): void {
    const { codec } = this;
    codec.write(dv, offset, value, undefined, env, codec.own as never);
  }

  writeTo(site: WriteSite, offset: number, value: unknown, env?: PointerEnv): void {
    const { codec } = this;
    codec.write(NO_BYTES, offset, value, site, env, codec.own as never);
  }

  view(dv: DataView, offset: number): unknown {
    // Not from a field of its own: with one more, reading whole values took a tenth longer (Node 20).
    return this.plan.code.viewOf(this, dv, offset);
  }

  offsetOf(name: string): number {
    for (const field of this.fields) if (field.name === name) return field.offset;
    throw new CoreError({ code: "no-such-field", type: this.name, member: name });
  }

  /** Where every payload of a variant starts. */
  get payloadOffset(): number {
    return this.fields[0]?.offset ?? 0;
  }

  nameOf(value: number): string | undefined {
    return this.names[value];
  }
}

/** {@link LayoutNode} with the brand. By a call that a bundler may leave out: the class is dead weight where there are no layouts. */
const Branded = /* @__PURE__ */ ((): typeof LayoutNode => {
  Object.defineProperty(LayoutNode.prototype, LAYOUT, { value: true });
  return LayoutNode;
})();

/** Makes a type from what it is for a target. Mistakes in the definition throw here, not later. */
export function define(build: Build): LayoutNode {
  return new Branded(build, "wasm32", new Map());
}

/** The public face of a node; whoever builds a node knows which of the interfaces its kind has. */
export function faceOf<L>(node: LayoutNode): L {
  return node as unknown as L;
}

/** The next multiple of `align`, a power of two, from `offset` on. Exact up to 2^53. */
export function alignUp(offset: number, align: number): number {
  const over = offset % align;
  return over === 0 ? offset : offset + align - over;
}
