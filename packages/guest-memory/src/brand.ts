/**
 * Classes that other loaded copies of this package recognise.
 *
 * A program may load the package twice, as ES module and as CommonJS. What one copy makes should be `instanceof` the
 * other's class, as it is for errors: `instanceof` then asks for a mark on the prototype chain.
 *
 * @module
 */

/** Makes `instanceof type` ask for the mark `@memkit/guest-memory/<name>`. For final classes: who derives inherits it. */
export function brand(type: { readonly prototype: object }, name: string): void {
  const mark = Symbol.for(`@memkit/guest-memory/${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value: (value: unknown): boolean =>
      typeof value === "object" && value !== null && mark in value,
  });
}
