/**
 * The interpreter's imports, behind a door: open while it starts, closed while it serves.
 *
 * @module
 */

import { trap } from "@memkit/guest-memory/instance";
import { PristineError } from "../pristine-error.js";
import { IMPORT_POLICY, type Verdict } from "./import-policy.js";

type Import = (...values: unknown[]) => unknown;

/** Called in place of an import; `undefined` leaves it to the import itself. */
export type Instead = (values: readonly unknown[]) => unknown;

/** `SIGINT`'s place is not needed: a program that is out of time is ended by a trap. */
const NO_SIGNAL = 0;

/** See the head of this module. */
export class Door {
  /** Whether requests are served: from then on the table holds. */
  closed = false;
  /** Whether the file system may have changed since it was put back. */
  filesTouched = false;
  /** What ended the program, whatever it made of that. */
  refusal: PristineError | undefined = undefined;
  /** When the program that runs must be done, on the clock of `performance.now()`. */
  deadline: number = Number.POSITIVE_INFINITY;
  /** How long it was given, for the message. */
  allowed = 0;
  readonly #instead: Map<string, Instead> = new Map();

  /** Takes an import's calls once the door is closed. */
  intercept(name: string, instead: Instead): void {
    this.#instead.set(name, instead);
  }

  /** The imports that a module asks for, each behind the door. */
  wrap(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Imports {
    const wrapped: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      const value = imports[from]?.[name];
      wrapped[from] ??= {};
      if (value === undefined) continue; // the engine says which one is missing
      wrapped[from][name] = kind === "function" ? this.#wrapped(name, value) : value;
    }
    return wrapped;
  }

  #wrapped(name: string, value: WebAssembly.ImportValue): Import {
    if (name === "_Py_CheckEmscriptenSignals_Helper") return () => this.#checkTime();
    // What suspends the guest (`WebAssembly.Suspending`) is no function, and no request may do it.
    if (typeof value !== "function") return () => this.refuse({ code: "refused", import: name });
    const inner = value as Import;
    const verdict = IMPORT_POLICY.get(name);
    return (...values) => {
      if (!this.closed) return inner(...values);
      return this.#judge(name, verdict, inner, values);
    };
  }

  #judge(name: string, verdict: Verdict | undefined, inner: Import, values: unknown[]): unknown {
    const answer = this.#instead.get(name)?.(values);
    if (answer !== undefined) return answer;
    if (typeof verdict === "number") return verdict;
    if (verdict === "files") this.filesTouched = true;
    else if (verdict === undefined) this.refuse({ code: "refused", import: name });
    return inner(...values);
  }

  #checkTime(): number {
    if (this.closed && performance.now() > this.deadline) {
      this.refuse({ code: "deadline", milliseconds: this.allowed });
    }
    return NO_SIGNAL;
  }

  /** Ends the program. */
  refuse(detail: ConstructorParameters<typeof PristineError>[0]): never {
    this.refusal ??= new PristineError(detail);
    return trap(this.refusal);
  }
}
