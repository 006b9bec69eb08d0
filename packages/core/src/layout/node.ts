/**
 * The one class behind every type.
 *
 * Invariant CORE-11: every node has the same hidden class: all fields are set in the constructor, in one order.
 * Invariant CORE-12: a type is built once per target, so `type.for(t)` is the same object at every call; a type that
 * reaches no pointer is built once for all. Who could break it: a `build` that calls `define` for its target.
 *
 * @module
 */

import { type BoundCodec, walk } from "./bound-codec.js";
import { Kind } from "./kind.js";
import { CoreError } from "./layout-error.js";
import { type Part, partOf } from "./part.js";
import type { Step } from "./steps.js";
import type { Target } from "./target.js";
import type { PointerEnv, WriteSite } from "./type.js";
import { openView } from "./view.js";
import type { Words } from "./words.js";

/** A field of a record, or a case of a variant with its payload. */
export interface Member {
  readonly name: string;
  readonly offset: number;
  readonly type: LayoutNode;
}

/** The name of padding, which no field may have. */
export const UNNAMED = "";

/** What a kind of type says about itself for one target; the rest has defaults. */
export interface Blueprint {
  readonly kind: Kind;
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
  readonly constants?: Readonly<Record<string, number | bigint>>;
  readonly known?: number | bigint;
  readonly codec?: BoundCodec | undefined;
}

type Build = (target: Target) => Blueprint;

/** The largest 32-bit memory. */
const MAX_SIZE = 2 ** 32;

const LAYOUT: unique symbol = Symbol.for("@memkit/core/Layout") as never;
/** Stands for the bytes that a site will open. */
const NO_BYTES = new DataView(new ArrayBuffer(0));
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
    this.cases = plan.kind === Kind.flags ? NOTHING : (plan.constants ?? NOTHING);
    this.bits = plan.kind === Kind.flags ? (plan.constants ?? NOTHING) : NOTHING;
    this.known = plan.known ?? 0;
    this.codec = plan.codec ?? walk(this);
    this.part = partOf(plan.kind);
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
    return openView(this, dv, offset);
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
Object.defineProperty(LayoutNode.prototype, LAYOUT, { value: true });

/** Makes a type from what it is for a target. Mistakes in the definition throw here, not later. */
export function define(build: Build): LayoutNode {
  return new LayoutNode(build, "wasm32", new Map());
}

/** The public face of a node; whoever builds a node knows which of the interfaces its kind has. */
export function faceOf<L>(node: LayoutNode): L {
  return node as unknown as L;
}

/**
 * The node behind a public layout.
 *
 * @param wanted - what the caller needs, for the message
 * @param kinds - the kinds that will do; any but a pad when left out
 * @throws {@link CoreError} `not-a-layout`
 */
export function nodeOf(value: unknown, wanted: string, kinds?: readonly Kind[]): LayoutNode {
  // A brand, not instanceof: the package may be loaded twice, as ESM and as CommonJS.
  const branded = typeof value === "object" && value !== null && LAYOUT in value;
  const node = branded ? (value as object as LayoutNode) : undefined;
  if (node !== undefined) {
    if (kinds === undefined ? node.kind !== Kind.pad : kinds.includes(node.kind)) return node;
  }
  const got = node === undefined ? typeof value : node.name;
  throw new CoreError({ code: "not-a-layout", wanted, got });
}

/** Refuses names that are taken twice or that mean something else on a view (`seat`, `~...`) or an object. */
export function checkNames(type: string, names: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const given of names) {
    const name = String(given);
    if (
      typeof given !== "string" ||
      given === UNNAMED ||
      given.startsWith("~") ||
      given === "seat" ||
      given === "__proto__"
    ) {
      throw new CoreError({ code: "invalid-name", type, member: name });
    }
    if (seen.has(name)) throw new CoreError({ code: "duplicate-name", type, member: name });
    seen.add(name);
  }
}

/** Refuses everything but an integer from `min` to `max`. */
export function checkCount(type: string, count: number, min: number, max: number): void {
  if (!(Number.isInteger(count) && count >= min && count <= max)) {
    throw new CoreError({ code: "invalid-count", type, count, min, max });
  }
}

/** The next multiple of `align`, a power of two, from `offset` on. Exact up to 2^53. */
export function alignUp(offset: number, align: number): number {
  const over = offset % align;
  return over === 0 ? offset : offset + align - over;
}
