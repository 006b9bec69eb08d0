/**
 * The error base: every package throws one class of its own, and a stable `code` tells its cases apart.
 *
 * A package may be loaded more than once in a process: as ESM and as CommonJS, through its index and through a
 * subpath. `instanceof` therefore asks for a brand on the prototype chain, never for the identity of a class, so an
 * error made by one copy is recognised by every other.
 *
 * @module
 */

/** What distinguishes one failure: its `code`, and the offending numbers beside it. */
export interface ErrorDetail {
  readonly code: string;
  /** The fields are written onto the error: these four are the error's own. */
  readonly name?: never;
  readonly message?: never;
  readonly stack?: never;
  readonly cause?: never;
}

const MEMKIT: unique symbol = Symbol.for("@memkit/core/MemkitError");

function branded(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}

/** The ordinary `instanceof`, for classes that others derive: their instances have no brand of their own. */
function inherits(value: unknown, { prototype }: { readonly prototype: object }): boolean {
  return Object.prototype.isPrototypeOf.call(prototype, value as object);
}

/**
 * The common ancestor of `CoreError`, `GuestError`, `FrameError`, `PageTableError` and `RegionError`.
 *
 * @example
 * ```ts
 * import { CoreError, MemkitError } from "@memkit/core";
 *
 * const error = new CoreError({ code: "source-detached" });
 * error instanceof MemkitError; // => true
 * error.code; // => "source-detached"
 * ```
 */
export abstract class MemkitError extends Error {
  /** Stable across releases; messages are not. */
  declare readonly code: string;

  protected constructor(message: string, detail: ErrorDetail, options?: ErrorOptions) {
    super(message, options);
    Object.assign(this, detail);
  }

  /**
   * Name, code, message, the offending numbers and the causes: what a structured log wants. Bigints, which JSON lacks, as
   * decimals.
   */
  toJSON(): object {
    return plain(this, new Set());
  }

  /** Asks for the brand, so that errors of another copy of the package count (see the head of this module). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: this is the class that was asked, which may be derived
    return this === MemkitError ? branded(value, MEMKIT) : inherits(value, this);
  }
}
Object.defineProperty(MemkitError.prototype, MEMKIT, { value: true });

/** An error as JSON can say it. Of others than ours only name, message and causes: their fields are not ours to show. */
function plain(error: Error, seen: Set<unknown>): object {
  seen.add(error);
  const { name, message, cause } = error;
  const own: [string, unknown][] = error instanceof MemkitError ? Object.entries(error) : [];
  const fields = own.map(([key, value]) => [key, typeof value === "bigint" ? `${value}` : value]);
  return {
    ...Object.fromEntries(fields),
    name,
    message,
    // A host that made a circle of causes gets each of them once.
    ...(cause === undefined || seen.has(cause) ? {} : { cause: plainCause(cause, seen) }),
  };
}

/** Anything can be thrown. An object is not looked into: its code is not ours to run. */
function plainCause(cause: unknown, seen: Set<unknown>): unknown {
  if (cause instanceof Error) return plain(cause, seen);
  return Object(cause) === cause ? "an object" : String(cause);
}

/** An instance of an error class: narrowing on `code` narrows the other fields. */
export type ErrorOf<D extends ErrorDetail> = MemkitError & Readonly<D>;

/** The constructor that {@link defineError} makes. */
export interface ErrorClass<D extends ErrorDetail> {
  new (detail: D, options?: ErrorOptions): ErrorOf<D>;
  readonly prototype: MemkitError;
  /** Asks for the brand, so that errors of another copy of the package count (see the head of this module). */
  [Symbol.hasInstance](value: unknown): value is ErrorOf<D>;
}

/**
 * Makes the error class of one package.
 *
 * @param brand - `@memkit/<package>/<ClassName>`; its last part becomes the error's `name`.
 * @param describe - Says in one sentence what happened, with the numbers, and where it helps what to do.
 *
 * @example
 * ```ts
 * import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core";
 *
 * type Detail = { code: "too-big"; size: number; max: number } | { code: "closed" };
 * const PoolError: ErrorClass<Detail> = defineError<Detail>("@memkit/example/PoolError", (d) =>
 *   d.code === "closed" ? "the pool is closed" : `${d.size} bytes asked, ${d.max} at most`,
 * );
 * type PoolError = ErrorOf<Detail>;
 *
 * const error: unknown = new PoolError({ code: "too-big", size: 9, max: 8 });
 * if (error instanceof PoolError && error.code === "too-big") {
 *   error.max; // => 8
 * }
 * String(error); // => "PoolError: 9 bytes asked, 8 at most"
 * ```
 */
export function defineError<D extends ErrorDetail>(
  brand: `@memkit/${string}/${string}`,
  describe: (detail: D) => string,
): ErrorClass<D> {
  const symbol = Symbol.for(brand);
  class TypedError extends MemkitError {
    constructor(detail: D, options?: ErrorOptions) {
      super(describe(detail), detail, options);
    }
    static override [Symbol.hasInstance](value: unknown): boolean {
      // biome-ignore lint/complexity/noThisInStatic: this is the class that was asked, which may be derived
      return this === TypedError ? branded(value, symbol) : inherits(value, this);
    }
  }
  const name = brand.slice(brand.lastIndexOf("/") + 1);
  Object.defineProperty(TypedError, "name", { value: name });
  Object.defineProperty(TypedError.prototype, "name", { value: name });
  Object.defineProperty(TypedError.prototype, symbol, { value: true });
  return TypedError as unknown as ErrorClass<D>;
}

/** One sentence for each code of an error: what happened, with the numbers, and where it helps what to do. */
export type Sentences<D extends ErrorDetail> = {
  readonly [C in D["code"]]: (detail: D & { readonly code: C }) => string;
};

/** Adds the sentences of the cases `C`, and returns the class, the same one at every call. */
export type ErrorCases<D extends ErrorDetail> = <C extends D["code"] = never>(
  sentences: Pick<Sentences<D>, C>,
) => ErrorClass<D>;

/**
 * {@link defineError} for a class with many cases, whose sentences stand beside the code that throws them. A bundle has those of
 * the code that it has, provided that each call is marked as pure and its thrower takes the class from it.
 *
 * @param brand - as there
 * @param common - the sentences of cases that several modules throw
 *
 * @example
 * ```ts
 * import { defineErrorCases, type ErrorCases } from "@memkit/core/error";
 *
 * type Detail = { code: "too-big"; size: number } | { code: "closed" };
 * const poolError: ErrorCases<Detail> = defineErrorCases<Detail>("@memkit/example/PoolError", {
 *   closed: () => "the pool is closed",
 * });
 * const PoolError = poolError<"too-big">({ "too-big": (d) => `${d.size} bytes are too many` });
 * new PoolError({ code: "too-big", size: 9 }).message; // => "9 bytes are too many"
 * new PoolError({ code: "closed" }).message; // => "the pool is closed"
 * ```
 */
export function defineErrorCases<D extends ErrorDetail>(
  brand: `@memkit/${string}/${string}`,
  common: Partial<Sentences<D>>,
): ErrorCases<D> {
  const said: { [code: string]: ((detail: never) => string) | undefined } = { ...common };
  // Without a sentence is only what somebody else made of a code that nothing here throws.
  const Class = defineError<D>(
    brand,
    (detail) => said[detail.code]?.(detail as never) ?? detail.code,
  );
  return (sentences) => {
    Object.assign(said, sentences);
    return Class;
  };
}
