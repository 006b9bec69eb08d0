/**
 * DataViews over shared buffers: every `get...` and `set...` is one access, however many bytes it has.
 *
 * It may tear on a real machine; then it races with whoever sees it torn, and the race is what is reported.
 *
 * @module
 */

import { accessOf, Kind } from "./access.js";
import { ELEMENTS, fit } from "./element.js";
import { unsupported } from "./interleave-error.js";
import { realm } from "./realm.js";
import { hostNow } from "./shared-array.js";

const buffers = new WeakMap<object, number>();

/** The methods themselves are those of {@link METHODS}, put on its prototype below. */
class SharedDataView extends (realm.DataView as unknown as new (...args: unknown[]) => object) {}

type Getter = (this: DataView, at: unknown, little?: unknown) => unknown;
type Method = (this: DataView, at: unknown, ...rest: unknown[]) => unknown;

/** ECMA-262 ToIndex, of what the real method has accepted. */
const indexOf = (at: unknown): number => Math.trunc(Number(at)) || 0;

function methodsFor(element: number): readonly (readonly [string, Method])[] {
  const { accessor } = ELEMENTS[element]!;
  if (accessor === undefined) return [];
  // Reads the unused bytes behind the view, for the sake of its error when `at` is out of bounds.
  const check = Reflect.get(realm.DataView.prototype, `get${accessor}`) as Getter;
  return [
    [
      `get${accessor}`,
      function (this: DataView, at: unknown, little?: unknown) {
        check.call(this, at);
        const place = this.byteOffset + indexOf(at);
        const number = buffers.get(this)!;
        return hostNow().perform(
          accessOf(Kind.load, false, number, place, element, 0, 0, Boolean(little)),
        );
      },
    ],
    [
      `set${accessor}`,
      function (this: DataView, at: unknown, value: unknown, little?: unknown) {
        if (indexOf(at) < 0) check.call(this, at); // ECMA-262 SetViewValue: index, value, bounds
        const word = fit(element, value);
        check.call(this, at);
        const place = this.byteOffset + indexOf(at);
        const number = buffers.get(this)!;
        hostNow().perform(
          accessOf(Kind.store, false, number, place, element, word, 0, Boolean(little)),
        );
      },
    ],
  ];
}

const METHODS = new Map(ELEMENTS.flatMap((_, element) => methodsFor(element)));

for (const name of Object.getOwnPropertyNames(realm.DataView.prototype)) {
  if (!/^[gs]et[A-Z]/.test(name)) continue;
  const value = METHODS.get(name) ?? (() => unsupported(`DataView.${name} of shared memory`));
  Object.defineProperty(SharedDataView.prototype, name, { value });
}
// Whoever asks for the constructor makes another view with it.
Object.defineProperty(SharedDataView.prototype, "constructor", {
  get: () => Reflect.get(globalThis, "DataView"),
});

/** A DataView over shared buffer number `buffer`. `args` are those of the constructor. */
export function sharedDataView(args: readonly unknown[], buffer: number): object {
  const view: object = Reflect.construct(SharedDataView, [...args]);
  buffers.set(view, buffer);
  return view;
}
