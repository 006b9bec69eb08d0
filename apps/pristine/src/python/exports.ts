/**
 * The few functions of Python's C API that a request needs, called on the instance itself.
 *
 * @see https://docs.python.org/3/c-api/
 *
 * @module
 */

import { PristineError } from "../pristine-error.js";
import type { Booted } from "./boot.js";

type Call = (...values: number[]) => number;

const NAMES = [
  "malloc",
  "free",
  "PyImport_AddModule",
  "PyObject_GetAttrString",
  "PyObject_CallOneArg",
  "PyBytes_FromStringAndSize",
  "PyBytes_AsString",
  "PyBytes_Size",
  "_Py_DecRef",
] as const;

/** The longest reply that is read: what a program makes of it is not to be trusted. */
const MAX_REPLY = 16 * 2 ** 20;

/** See the head of this module. */
export class Exports {
  readonly #call: Readonly<Record<(typeof NAMES)[number], Call>>;
  readonly #memory: WebAssembly.Memory;

  /** @throws {@link PristineError} `unknown-interpreter` */
  constructor({ exports, memory }: Booted) {
    const found = NAMES.map((name) => {
      const value = exports[name];
      if (typeof value !== "function") {
        throw new PristineError({
          code: "unknown-interpreter",
          reason: `it does not export ${name}`,
        });
      }
      return [name, value as Call] as const;
    });
    this.#call = Object.fromEntries(found) as Record<(typeof NAMES)[number], Call>;
    this.#memory = memory;
  }

  /** An object of `__main__`, held for good. */
  attributeOfMain(name: string): number {
    const call = this.#call;
    return this.#withText("__main__", (module) =>
      this.#withText(name, (attribute) =>
        nonZero(call.PyObject_GetAttrString(nonZero(call.PyImport_AddModule(module)), attribute)),
      ),
    );
  }

  /** Calls a function with one `bytes`, and copies the `bytes` that it returns. */
  callWithBytes(callable: number, bytes: Uint8Array): Buffer {
    const call = this.#call;
    const argument = nonZero(call.PyBytes_FromStringAndSize(0, bytes.length));
    this.#write(nonZero(call.PyBytes_AsString(argument)), bytes);
    const reply = nonZero(call.PyObject_CallOneArg(callable, argument));
    const length = call.PyBytes_Size(reply);
    const start = nonZero(call.PyBytes_AsString(reply));
    if (length < 0 || length > MAX_REPLY) throw new Error(`it replied with ${length} bytes`);
    const copy = Buffer.from(new Uint8Array(this.#memory.buffer, start, length));
    call._Py_DecRef(reply);
    call._Py_DecRef(argument);
    return copy;
  }

  #withText<R>(text: string, use: (address: number) => R): R {
    const bytes = Buffer.from(`${text}\0`);
    const address = nonZero(this.#call.malloc(bytes.length));
    this.#write(address, bytes);
    const result = use(address);
    this.#call.free(address);
    return result;
  }

  #write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.#memory.buffer).set(bytes, address);
  }
}

/** The address that a function returned. @throws for none: an exception is set, or memory is short */
function nonZero(address: number): number {
  if (address === 0) throw new Error("a call of Python's C API failed");
  return address >>> 0;
}
