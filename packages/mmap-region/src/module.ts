/**
 * What a region must know of a program: lucet's `Module`, less the machine code.
 *
 * Invariant MR-13: lucet's questions about a module are asked in lucet's order before a slot is taken, so that a module which
 * is refused leaves the region as it was.
 *
 * @see lucet `lucet-runtime-internals/src/module.rs`, `ModuleInternal`; `module/mock.rs`, `MockModuleBuilder`;
 * `module/sparse_page_data.rs`
 *
 * @module
 */

import { badArgument, objectsOf, requireObject } from "./argument.js";
import { GLOBAL_SIZE, type GlobalSpec } from "./globals.js";
import {
  copyInitialData,
  type HeapSpec,
  type InitialData,
  type ModuleSpec,
  planHeap,
} from "./heap-spec.js";
import type { GuestFunction } from "./instance/guest.js";
import type { Limits } from "./limits.js";
import { HOST_PAGE_SIZE } from "./page-size.js";
import { RegionError, wholeNumber } from "./region-error.js";

/** What a {@link Module} is made of; all of it may be left out. */
export interface ModuleParts {
  /** Without it the instance has no linear memory. */
  readonly heap?: HeapSpec | undefined;
  /** Bytes that the heap holds from the start. Copied; where two overlap, the later one counts. */
  readonly data?: readonly InitialData[] | undefined;
  readonly globals?: readonly GlobalSpec[] | undefined;
  /** What runs by name: functions of JavaScript over the slot, as lucet's mock modules have functions of Rust. */
  readonly functions?: Readonly<Record<string, GuestFunction>> | undefined;
  /** What must run before anything else. */
  readonly start?: GuestFunction | undefined;
}

/**
 * A program for slots: heap, sparse page data, globals, and functions of JavaScript.
 *
 * @example
 * ```ts
 * import { Limits } from "@memkit/mmap-region";
 * import { globalOf, Module } from "@memkit/mmap-region/instance";
 *
 * const module = new Module({
 *   heap: { initialSize: 65536, maxSize: 131072 },
 *   data: [{ offset: 8190, bytes: new Uint8Array([1, 2, 3]) }],
 *   globals: [globalOf("i32", 7)],
 * });
 * module.validateRuntimeSpec(new Limits());
 * module.sparsePage(0); // => undefined
 * module.sparsePage(2)?.[0]; // => 3
 * module.initialGlobalsSize; // => 8
 * ```
 */
export class Module implements ModuleSpec {
  readonly heap: HeapSpec | undefined;
  readonly initialData: readonly InitialData[];
  readonly globals: readonly GlobalSpec[];
  /** What {@link Instance.run} finds by name. */
  readonly functions: ReadonlyMap<string, GuestFunction>;
  readonly start: GuestFunction | undefined;

  /** @throws {@link RegionError} `invalid-argument` for data that is none, `incorrect-module` for data beyond the heap */
  constructor(parts: ModuleParts = {}) {
    requireObject("parts", parts);
    const { heap, data, globals, functions, start } = parts;
    if (heap !== undefined) requireObject("heap", heap);
    if (functions !== undefined) requireObject("functions", functions);
    if (start !== undefined && typeof start !== "function") {
      throw badArgument("start", start, "must be a function, or left out");
    }
    this.heap = heap && { ...heap };
    this.initialData = copyInitialData({ initialData: data }, heap?.initialSize ?? 0);
    this.globals = objectsOf("globals", globals ?? []);
    this.functions = new Map(Object.entries(functions ?? {}));
    this.start = start;
  }

  /** Whether {@link Instance.runStart} has something to run. */
  get hasStart(): boolean {
    return this.start !== undefined;
  }

  /** Bytes of all globals. */
  get initialGlobalsSize(): number {
    return this.globals.length * GLOBAL_SIZE;
  }

  /** Host pages up to the last that holds data: lucet's `sparse_page_data_len`. */
  get sparsePageCount(): number {
    const end = this.initialData.reduce((most, { offset, bytes }) => {
      return bytes.length === 0 ? most : Math.max(most, offset + bytes.length);
    }, 0);
    return Math.ceil(end / HOST_PAGE_SIZE);
  }

  /**
   * The 4096 bytes that a page of the heap holds from the start, or undefined for one of zeros: lucet's
   * `get_sparse_page_data`. The pages are put together when they are asked for; what is kept is the data as given.
   *
   * @param page - Its number, from 0.
   * @throws {@link RegionError} `invalid-argument`
   */
  sparsePage(page: number): Uint8Array | undefined {
    const start = wholeNumber("page", page) * HOST_PAGE_SIZE;
    let contents: Uint8Array | undefined;
    for (const { offset, bytes } of this.initialData) {
      const from = Math.max(offset, start);
      const to = Math.min(offset + bytes.length, start + HOST_PAGE_SIZE);
      if (from >= to) continue;
      contents ??= new Uint8Array(HOST_PAGE_SIZE);
      contents.set(bytes.subarray(from - offset, to - offset), from - start);
    }
    return contents;
  }

  /**
   * Asks lucet's questions in lucet's order: whether an instance of the module fits a slot of these limits.
   *
   * @param heapLimit - The instance's own limit in bytes; the region's when left out.
   * @throws {@link RegionError} `invalid-argument`, `incorrect-module`, `limits-exceeded` with lucet's message in `what`
   */
  validateRuntimeSpec(limits: Limits, heapLimit?: number): void {
    requireObject("limits", limits);
    planHeap(limits, this.heap, heapLimit, HOST_PAGE_SIZE);
    const asked = this.initialGlobalsSize;
    if (asked <= limits.globalsSize) return;
    const limit = limits.globalsSize;
    throw new RegionError({ code: "limits-exceeded", what: "globals exceed limits", asked, limit });
  }
}
