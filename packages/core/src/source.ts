/**
 * The one seam that joins every package: `{ readonly buffer }`.
 *
 * `WebAssembly.Memory` has that shape already, and so has `{ buffer: new ArrayBuffer(n) }`. Views and Node's `Buffer`
 * have it too, but their bytes start somewhere inside a larger pool: they are refused by the type (`byteOffset`) and
 * at run time.
 *
 * @module
 */

import { type CoreErrorDetail, coreError } from "./core-error.js";
import type { ErrorClass } from "./error.js";

const CoreError: ErrorClass<CoreErrorDetail> = /* @__PURE__ */ coreError<
  "invalid-source" | "source-threw"
>({
  "invalid-source": (d) =>
    `not a memory: got ${d.got}; give { buffer }, such as a WebAssembly.Memory`,
  "source-threw": () => "the memory's source threw when asked for its buffer",
});

/**
 * Memory that somebody else owns.
 *
 * The source promises one of three things when it exchanges its buffer for another: the old one is detached
 * (`WebAssembly.Memory` growing), or the old one stays a prefix of the same bytes (shared memory growing), or it calls
 * `refresh()` on whoever caches views. An exchange that does none of the three cannot be seen from outside.
 */
export interface MemorySource {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Views are not sources. */
  readonly byteOffset?: never;
}

/** How a buffer behaves over time; decides how views of it may be cached. */
export interface BufferTraits {
  /** A `SharedArrayBuffer`: other threads may change any byte at any moment. */
  readonly shared: boolean;
  /** Its length may change without its identity changing (`resizable`, or `growable` when shared). */
  readonly resizable: boolean;
}

const unsharedLength = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")
  ?.get as (this: unknown) => number;
const unsharedResizable = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "resizable")?.get;

/** Whether `value` is an `ArrayBuffer` of any realm, whatever its prototype claims. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  try {
    unsharedLength.call(value);
    return true;
  } catch {
    return false; // the intrinsic getter throws on everything else: that is the test
  }
}

function isSharedArrayBuffer(value: unknown): value is SharedArrayBuffer {
  try {
    // Not `instanceof`: pages that are not cross-origin isolated have shared wasm memories but no SharedArrayBuffer.
    if (Object.prototype.toString.call(value) !== "[object SharedArrayBuffer]") return false;
    new DataView(value as SharedArrayBuffer);
    return true;
  } catch {
    return false; // the tag can be worn by anything, but only a buffer can be viewed
  }
}

/** Names a rejected value for an error message. */
function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  try {
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    return ArrayBuffer.isView(value) ? `a view (${value.constructor?.name ?? tag})` : tag;
  } catch {
    return "an object"; // a revoked proxy, or a tag that throws: it has no name to give
  }
}

/**
 * Reads `source.buffer`, once, and proves that it is a buffer.
 *
 * @param known - A buffer proved before: returned without another proof if it is still the one. The proof of a shared
 * buffer costs two exceptions, some microseconds; without this every access to a growable one would pay it.
 * @throws {@link CoreError} `invalid-source` for anything that is not `{ buffer }`, `source-threw` when the getter does.
 */
export function bufferOf(
  source: MemorySource,
  known?: ArrayBufferLike,
): ArrayBuffer | SharedArrayBuffer {
  const value: unknown = source;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    throw new CoreError({ code: "invalid-source", got: nameOf(value) });
  }
  let buffer: unknown;
  let byteOffset: unknown;
  try {
    ({ buffer, byteOffset } = value as { buffer?: unknown; byteOffset?: unknown });
  } catch (cause) {
    throw new CoreError({ code: "source-threw" }, { cause });
  }
  if (byteOffset !== undefined) {
    throw new CoreError({ code: "invalid-source", got: "an object with a .byteOffset" });
  }
  if (known !== undefined && buffer === known) return known;
  if (!isArrayBuffer(buffer) && !isSharedArrayBuffer(buffer)) {
    throw new CoreError({
      code: "invalid-source",
      got: buffer === undefined ? nameOf(value) : `.buffer = ${nameOf(buffer)}`,
    });
  }
  return buffer;
}

/**
 * Tells shared from unshared and resizable from fixed.
 *
 * The engine is asked, not the buffer: one that has a property `resizable` of its own could pass for fixed, and one view of
 * it at the sites of fixed ones is enough for them to forget, for every memory of the process, whether a buffer is detached
 * (CORE-3).
 */
export function bufferTraits(buffer: ArrayBuffer | SharedArrayBuffer): BufferTraits {
  if (isArrayBuffer(buffer)) {
    return { shared: false, resizable: unsharedResizable?.call(buffer) === true };
  }
  return { shared: true, resizable: growableOf(buffer)?.call(buffer) === true };
}

/** The getter of the engine; found from the buffer where pages have no SharedArrayBuffer by name. */
function growableOf(buffer: SharedArrayBuffer): (() => unknown) | undefined {
  const { prototype } =
    typeof SharedArrayBuffer === "function"
      ? SharedArrayBuffer
      : { prototype: Object.getPrototypeOf(buffer) };
  return Object.getOwnPropertyDescriptor(prototype, "growable")?.get;
}
