/**
 * Replaces `Atomics`, `DataView`, `SharedArrayBuffer`, the typed arrays, `WebAssembly.Memory` and `ArrayBuffer.isView`.
 *
 * Done once, when this package is imported, and never undone: code under test may keep a constructor in a constant of its
 * module, so the replacements must be there before it is loaded. Outside an exploration, and for memory that is not shared,
 * they do what the originals do.
 *
 * IL-1: no access of the code under test to shared memory goes unseen. What these replacements cannot see, a view made by a
 * constructor kept from earlier, works on bytes that mean nothing (0xA5), and a write to those is an error.
 *
 * @module
 */

import { ELEMENTS } from "./element.js";
import { unsupported } from "./interleave-error.js";
import { realm } from "./realm.js";
import { placeOf, sharedArray } from "./shared-array.js";
import { sharedAtomics } from "./shared-atomics.js";
import { sharedDataView } from "./shared-data-view.js";

type Constructor = new (...args: never[]) => object;

/** `Original`, with its own way of making an object. Statics, `prototype` and `name` stay the original's. */
function constructing(
  Original: Constructor,
  construct: (args: readonly unknown[], newTarget: Constructor) => object,
): Constructor {
  const Replaced: Constructor = new Proxy(Original, {
    construct: (_, args: readonly unknown[], newTarget) =>
      construct(args, (newTarget === Replaced ? Original : newTarget) as Constructor),
  });
  return Replaced;
}

const isShared = (value: unknown): value is SharedArrayBuffer =>
  value instanceof realm.SharedArrayBuffer;

/** The number of the shared buffer that is viewed here, or -1. */
function bufferNumber(first: unknown): number {
  return realm.host !== undefined && isShared(first) ? realm.host.numberOf(first) : -1;
}

function typedArray(Original: Constructor, element: number): Constructor {
  return constructing(Original, (args, newTarget) => {
    // A copy of a replaced array reads its elements; the original would look past the Proxy.
    const source = placeOf(args[0]) === undefined ? args : [Array.from(args[0] as Int32Array)];
    const made: object = Reflect.construct(Original, source, newTarget);
    const number = bufferNumber(source[0]);
    return number < 0 ? made : sharedArray(made, number, element);
  });
}

function dataView(Original: Constructor): Constructor {
  return constructing(Original, (args, newTarget) => {
    const number = bufferNumber(args[0]);
    if (number < 0) return Reflect.construct(Original, args, newTarget);
    if (newTarget !== Original) unsupported("a subclass of DataView over shared memory");
    return sharedDataView(args, number);
  });
}

function sharedArrayBuffer(Original: Constructor): Constructor {
  return constructing(Original, (args, newTarget) => {
    if (realm.host === undefined) return Reflect.construct(Original, args, newTarget);
    const options = args[1] as { readonly maxByteLength?: number } | undefined;
    if (options?.maxByteLength !== undefined) unsupported("a SharedArrayBuffer that can grow");
    return realm.host.makeBuffer(args[0] as number);
  });
}

function wasmMemory(Original: Constructor): Constructor {
  return constructing(Original, (args, newTarget) => {
    const memory = Reflect.construct(Original, args, newTarget) as { readonly buffer: unknown };
    if (isShared(memory.buffer)) realm.host?.adoptBuffer(memory.buffer);
    return memory;
  });
}

const globals = globalThis as unknown as Record<string, Constructor>;

function replace(name: string, by: (original: Constructor) => Constructor): void {
  const original = globals[name]!;
  Object.defineProperty(globalThis, name, {
    value: by(original),
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

function install(): void {
  realm.installed = true;
  ELEMENTS.forEach(({ array }, element) => {
    replace(array, (Original) => typedArray(Original, element));
  });
  if (globals.Float16Array !== undefined) {
    replace("Float16Array", (Original) =>
      constructing(Original, (args, newTarget) =>
        bufferNumber(args[0]) < 0
          ? Reflect.construct(Original, args, newTarget)
          : unsupported("a Float16Array over shared memory"),
      ),
    );
  }
  replace("DataView", dataView);
  replace("SharedArrayBuffer", sharedArrayBuffer);
  Object.defineProperty(globalThis, "Atomics", {
    value: sharedAtomics(),
    writable: true,
    enumerable: false,
    configurable: true,
  });
  ArrayBuffer.isView = (value: unknown): value is ArrayBufferView =>
    realm.isView(value) || placeOf(value) !== undefined;
  const wasm = WebAssembly as unknown as { Memory: Constructor };
  wasm.Memory = wasmMemory(wasm.Memory);
}

if (!realm.installed) install();
