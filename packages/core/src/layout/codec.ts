/**
 * Code for one type that was written ahead of time, and how a type comes to use it.
 *
 * Walking a layout costs a lookup by name for every field of every value. `emit` writes the same reads and writes out as
 * source text with the names and offsets in it; what a build step saved from that becomes the type's own code here.
 *
 * Invariant CORE-20: a type uses a codec only if it was emitted for exactly this type: the same names, offsets, sizes and
 * cases, for the same target. Text that was emitted before the layout changed is refused, not run.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "../core-error.js";
import type { ErrorClass } from "../error.js";
import { BoundCodec } from "./bound-codec.js";
import { nodeOf } from "./definition.js";
import { Kind } from "./kind.js";
import { define, faceOf, type LayoutNode } from "./node.js";
import { pointerOf } from "./parts.js";
import type { Target } from "./target.js";
import type { Layout, Pointer, PointerEnv, ValueOf, WriteSite } from "./type.js";
import type { Words } from "./words.js";

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<"codec-mismatch">({
  "codec-mismatch": (d) =>
    `this codec was not emitted for ${d.type} on ${d.target} as it is now; emit it again`,
});

/** What {@link emit} writes for a type. `read` and `write` do what the type's do, and use no `this`. */
export interface Codec<V = unknown> {
  /** The type that it is for, as text. */
  readonly shape: string;
  /** What it is laid out for. */
  readonly target: Target;
  /** As {@link Layout.read}; `pointers` are those of the type, in order, for `env`. */
  read(dv: DataView, at: number, words?: Words, env?: PointerEnv, pointers?: readonly Pointer[]): V;
  /** As {@link Layout.write}, or with a `site` as {@link Layout.writeTo}; `dv` is not looked at then. */
  write(
    dv: DataView,
    at: number,
    value: V,
    site?: WriteSite,
    env?: PointerEnv,
    pointers?: readonly Pointer[],
  ): void;
}

/** Every pointer in values of `node`, in the order in which emitted code meets them. */
export function pointersIn(node: LayoutNode): readonly Pointer[] {
  switch (node.kind) {
    case Kind.ptr:
    case Kind.arrayPtr:
    case Kind.strPtr:
      return [pointerOf(node)];
    case Kind.array:
      return node.element === undefined ? [] : pointersIn(node.element);
    default:
      return node.fields.flatMap(({ type }) => pointersIn(type));
  }
}

const nameOf = (kind: Kind): string | undefined =>
  Object.entries(Kind).find(([, number]) => number === kind)?.[0];

/** All that emitted code has of a type, as text. What a pointer points to is not part of it, but for its name. */
export function shapeOf(node: LayoutNode): string {
  const { kind, name, size, align, width, count, known, element, fields } = node;
  const self = [nameOf(kind), JSON.stringify(name), size, align, width, count, known];
  const pointer = kind === Kind.ptr || kind === Kind.arrayPtr || kind === Kind.strPtr;
  const parts = [
    ...(element === undefined || pointer ? [] : [shapeOf(element)]),
    ...fields.map((part) => `${JSON.stringify(part.name)}@${part.offset}:${shapeOf(part.type)}`),
  ];
  return `${self.join(" ")}${parts.length === 0 ? "" : `{${parts.join(",")}}`}`;
}

/**
 * The same type, read and written by code that {@link emit} wrote for it. Give one codec for each target that is used; for
 * the others the type walks its layout as before, and so does a record *around* this type: emit that one too.
 *
 * @throws {@link CoreError} `not-a-layout`, `codec-mismatch` for a codec of another type, or of this one before it changed
 *
 * @example
 * ```ts
 * import { type Codec, struct, u32, withCodec } from "@memkit/core";
 *
 * const point = struct(["x", u32], ["y", u32]);
 * // A build step writes emit({ Point: point }) to a file, which exports a codec `Point`; withCodec(point, Point) takes it.
 * // One that was emitted before the layout changed is refused:
 * const stale: Codec<{ x: number; y: number }> = {
 *   shape: "struct",
 *   target: "wasm32",
 *   read: () => ({ x: 0, y: 0 }),
 *   write: () => undefined,
 * };
 * let code = "";
 * try {
 *   withCodec(point, stale);
 * } catch (error) {
 *   code = (error as { code: string }).code;
 * }
 * code; // => "codec-mismatch"
 * ```
 */
export function withCodec<L extends Layout>(
  type: L,
  ...codecs: readonly Codec<NoInfer<ValueOf<L>>>[]
): L {
  const node = nodeOf(type, "the type of a codec");
  const bound = new Map<Target, BoundCodec>();
  for (const codec of codecs as readonly Codec[]) {
    const { shape, target } = codec;
    const own = node.for(target);
    if (own.target !== target || shapeOf(own) !== shape) {
      throw new CoreError({ code: "codec-mismatch", type: own.name, target, shape });
    }
    bound.set(target, new BoundCodec(codec.read, codec.write, pointersIn(own)));
  }
  const made = define((target) => ({ ...node.for(target).plan, codec: bound.get(target) }));
  return faceOf(made.for(node.target));
}
