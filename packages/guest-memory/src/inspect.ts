/**
 * How memories, pointers and guards print in Node's `util.inspect` and `console.log`, without importing Node.
 *
 * @see https://nodejs.org/api/util.html#utilinspectcustom
 * @module
 */

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Makes every instance of `type` print as `say` says. Not a method: it is nobody's to call. */
export function printsAs<T>(type: { readonly prototype: T }, say: (self: T) => string): void {
  Object.defineProperty(type.prototype, INSPECT, {
    value(this: T): string {
      return say(this);
    },
  });
}
