/**
 * Starts Pyodide so that all of its state can be reached: its module is given an export for every table and mutable global, and
 * its imports are put behind a {@link Door}.
 *
 * It offers no way to do that, so `WebAssembly.instantiate` is replaced while one starts: one at a time.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { EXPOSED_PREFIX, exposeState } from "@memkit/mmap-region/expose-state";
import { type InstanceTarget, watchTable } from "@memkit/mmap-region/snapshot";
import { loadPyodide, type PyodideAPI } from "pyodide";
import { PristineError } from "../pristine-error.js";
import { Door } from "./door.js";

/** An interpreter that has started, and what lies behind it. */
export interface Booted {
  readonly pyodide: PyodideAPI;
  readonly door: Door;
  /** The module's own instance, with its state exposed. */
  readonly exports: Readonly<Record<string, unknown>>;
  readonly memory: WebAssembly.Memory;
  /** What a snapshot is taken of: memory, all mutable globals, imported ones included, and all tables. */
  readonly state: InstanceTarget;
}

/** The module, compiled once for all interpreters of a process: V8's code for it is shared by them. */
let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const require = createRequire(import.meta.url);
  const bytes = await readFile(require.resolve("pyodide/pyodide.asm.wasm"));
  return WebAssembly.compile(await exposeState(new Uint8Array(bytes)));
}

/** The interpreter that is being started, or was last. */
let starting: Promise<unknown> = Promise.resolve();

/**
 * @param heapBytes - What memory has from the start, in whole pages of wasm; it cannot grow afterwards.
 * @throws {@link PristineError} `unknown-interpreter`
 */
export function boot(heapBytes: number): Promise<Booted> {
  const next = starting.then(
    () => bootAlone(heapBytes),
    () => bootAlone(heapBytes),
  );
  starting = next;
  return next;
}

async function bootAlone(heapBytes: number): Promise<Booted> {
  compiled ??= compile();
  const module = await compiled;
  const door = new Door();
  const { instantiate } = WebAssembly;
  let instance: WebAssembly.Instance | undefined;
  let imports: WebAssembly.Imports = {};

  const replacement = async (
    source: unknown,
    given: WebAssembly.Imports = {},
  ): Promise<unknown> => {
    if (
      instance !== undefined ||
      (!ArrayBuffer.isView(source) && !(source instanceof ArrayBuffer))
    ) {
      return instantiate(source as WebAssembly.Module, given);
    }
    imports = given;
    instance = await instantiate(module, door.wrap(module, given));
    // Emscripten would take the exports that were added for addresses of its own.
    const own = Object.entries(instance.exports).filter(([name]) => !isExposed(name));
    return { module, instance: { exports: Object.fromEntries(own) } };
  };
  Object.defineProperty(WebAssembly, "instantiate", {
    value: replacement,
    configurable: true,
    writable: true,
  });
  let pyodide: PyodideAPI;
  try {
    pyodide = await loadPyodide({ stdin: () => null });
  } finally {
    Object.defineProperty(WebAssembly, "instantiate", {
      value: instantiate,
      configurable: true,
      writable: true,
    });
  }
  if (instance === undefined) throw unknown("it did not instantiate a module from bytes");
  const memory = instance.exports.memory;
  if (!(memory instanceof WebAssembly.Memory)) throw unknown("it exports no memory");
  // Polled by programs that run long: that is how they are ended.
  pyodide.setInterruptBuffer(new Uint8Array(1));
  const resize = imports.env?.emscripten_resize_heap;
  if (typeof resize !== "function") throw unknown("it does not import emscripten_resize_heap");
  // By its own function, which makes the views that its JavaScript holds anew.
  if (memory.buffer.byteLength < heapBytes) resize(heapBytes);
  if (memory.buffer.byteLength < heapBytes) throw unknown("its memory does not grow");
  return {
    pyodide,
    door,
    exports: instance.exports,
    memory,
    state: stateOf(instance.exports, memory),
  };
}

const isExposed = (name: string): boolean => name.startsWith(EXPOSED_PREFIX);

function unknown(reason: string): PristineError {
  return new PristineError({ code: "unknown-interpreter", reason });
}

/**
 * Memory, globals and tables.
 *
 * Invariant PR-3: no instruction of the interpreter writes to its table of functions. So what changes it is JavaScript: emscripten's
 * dynamic linker and `addFunction`, which are watched, for looking through its 14,000 elements would take longer than all else.
 * Who could break it: another release; a test holds this one to the bytes that were inspected.
 */
function stateOf(exports: WebAssembly.Exports, memory: WebAssembly.Memory): InstanceTarget {
  const functions = exports.__indirect_function_table;
  if (!(functions instanceof WebAssembly.Table)) throw unknown("it exports no table of functions");
  watchTable(functions);
  const exposed = Object.entries(exports).filter(
    ([name, value]) => isExposed(name) && !(value instanceof WebAssembly.Memory),
  );
  return { exports: { memory, ...Object.fromEntries(exposed) } };
}
