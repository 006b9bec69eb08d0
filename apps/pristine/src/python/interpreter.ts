/**
 * One Python interpreter that evaluates requests, and can be put back to what it was before the first.
 *
 * Requests do not pass through Pyodide's JavaScript: the source is written into the guest's memory, a Python function is called
 * through the C API, and its reply is read from the guest's memory. Output is taken from the file descriptors.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Image, type SnapshotOptions, snapshot } from "@memkit/mmap-region/snapshot";
import { PristineError } from "../pristine-error.js";
import { type Booted, boot } from "./boot.js";
import { Exports } from "./exports.js";
import { filesOf } from "./files.js";
import type { ObjectImage } from "./object-image.js";
import { Output } from "./output.js";
import { PRELUDE, SETTLE } from "./prelude.js";

/** What a program came to. */
export interface Reply {
  /** `repr` of the last expression; null if that was None, or there was none. */
  readonly value: string | null;
  /** The traceback of what the program did not catch, or null. */
  readonly error: string | null;
  /** Both streams, in the order in which they were written. */
  readonly output: string;
}

/** How an interpreter is made, and what its requests may take. */
export interface InterpreterOptions {
  readonly snapshot: SnapshotOptions;
  /** Bytes of memory, which cannot grow. Default 64 MiB. */
  readonly heapBytes?: number | undefined;
  /** Milliseconds that a program may run. Default 5,000. */
  readonly deadline?: number | undefined;
  /** Bytes that a program may write. Default 1 MiB. */
  readonly maxOutput?: number | undefined;
  /** Python that is run before the image is taken. */
  readonly warmUp?: string | undefined;
}

const MIB = 2 ** 20;

/** See the head of this module. */
export class Interpreter {
  readonly image: Image;
  /** Milliseconds that a program may run. */
  deadline: number;
  readonly #booted: Booted;
  readonly #exports: Exports;
  readonly #files: ObjectImage;
  readonly #output: Output;
  readonly #evaluate: number;

  private constructor(booted: Booted, options: InterpreterOptions) {
    const { door, pyodide, memory, state } = booted;
    this.#booted = booted;
    this.deadline = options.deadline ?? 5_000;
    this.#exports = new Exports(booted);
    pyodide.runPython(PRELUDE);
    if (options.warmUp !== undefined) pyodide.runPython(options.warmUp);
    pyodide.runPython(SETTLE);
    this.#evaluate = this.#exports.attributeOfMain("evaluate");
    this.#output = new Output(booted, options.maxOutput ?? MIB);
    this.#files = filesOf(pyodide);
    door.closed = true;
    // Once, so that what the first call makes is in the image.
    this.#run("None");
    this.image = snapshot(state, options.snapshot);
    this.image.apply(state);
    this.#files.restore();
    if (memory.buffer.byteLength !== this.image.byteLength) throw new Error("memory has grown");
  }

  static async create(options: InterpreterOptions): Promise<Interpreter> {
    return new Interpreter(await boot(options.heapBytes ?? 64 * MIB), options);
  }

  /** What the image is put back into. */
  get target(): Booted["state"] {
    return this.#booted.state;
  }

  get memory(): WebAssembly.Memory {
    return this.#booted.memory;
  }

  /**
   * Runs a program. What it changes stays until {@link reset}.
   *
   * @throws {@link PristineError} `refused`, `deadline`, `too-much-output`, `crashed`: the interpreter is to be thrown away
   */
  run(source: string): Reply {
    const { door } = this.#booted;
    this.#output.clear();
    door.refusal = undefined;
    door.allowed = this.deadline;
    door.deadline = performance.now() + this.deadline;
    try {
      return this.#run(source);
    } catch (cause) {
      if (door.refusal !== undefined) throw door.refusal;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PristineError({ code: "crashed", reason }, { cause });
    } finally {
      door.deadline = Number.POSITIVE_INFINITY;
    }
  }

  #run(source: string): Reply {
    const bytes = this.#exports.callWithBytes(this.#evaluate, Buffer.from(source, "utf8"));
    const { refusal } = this.#booted.door;
    if (refusal !== undefined) throw refusal; // the program has swallowed the trap's consequences
    const [value, error] = JSON.parse(bytes.toString("utf8")) as [string | null, string | null];
    return { value, error, output: this.#output.text() };
  }

  /** Puts back everything. The pool puts back the image itself, and calls {@link resetFiles}. */
  reset(): void {
    this.image.reset(this.#booted.state);
    this.resetFiles();
  }

  /** Puts back the file system, if a program may have changed it. */
  resetFiles(): void {
    const { door } = this.#booted;
    if (!door.filesTouched) return;
    this.#files.restore();
    door.filesTouched = false;
  }

  /** A hash of all state of the instance: the memory, the globals, and which element is where in the tables. */
  digest(): string {
    const { state, memory } = this.#booted;
    const hash = createHash("sha256").update(new Uint8Array(memory.buffer));
    for (const [name, value] of Object.entries(state.exports)) {
      if (value instanceof WebAssembly.Global) hash.update(`${name}=${String(value.value)};`);
      else if (value instanceof WebAssembly.Table) {
        hash.update(`${name}:${this.#identities(value)};`);
      }
    }
    return hash.digest("hex");
  }

  readonly #numbers: Map<unknown, number> = new Map();

  /** A number for each element, the same for the same one. */
  #identities(table: WebAssembly.Table): string {
    const numbers = this.#numbers;
    return Array.from({ length: table.length }, (_, index) => {
      const value: unknown = table.get(index);
      if (!numbers.has(value)) numbers.set(value, numbers.size);
      return numbers.get(value);
    }).join();
  }

  close(): void {
    this.image.close();
  }
}
