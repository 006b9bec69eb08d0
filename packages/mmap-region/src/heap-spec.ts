/**
 * What a module asks of its slot, and whether the region's limits allow it: bookkeeping only, the same for every backend.
 *
 * Invariant MR-4: a heap never grows beyond the least of the module's maximum, the instance's limit, the region's limit
 * and the address space less the guard, whether the host expands it or the guest grows it.
 *
 * @see lucet `lucet-module/src/linear_memory.rs`, `HeapSpec`; `lucet-runtime-internals/src/module.rs`,
 * `validate_runtime_spec`; `alloc/mod.rs`, `Alloc::expand_heap`
 *
 * @module
 */

import { objectsOf, requireObject } from "./argument.js";
import type { Limits } from "./limits.js";
import type { MemoryType } from "./memory-type.js";
import { WASM_PAGE_SIZE } from "./page-size.js";
import { RegionError, wholeNumber, wholeNumberOr } from "./region-error.js";

/** The heap that a module was compiled for, in bytes. */
export interface HeapSpec {
  /** Bytes it starts with. */
  readonly initialSize: number;
  /** Bytes it may grow to; the limits alone decide when it is left out. */
  readonly maxSize?: number | undefined;
  /** Address space the module's code relies on being reserved, at most 4 GiB. Default: `initialSize`. */
  readonly reservedSize?: number | undefined;
  /** Inaccessible bytes that must stay behind the heap, at most 4 GiB. Default: 0. */
  readonly guardSize?: number | undefined;
}

/** Bytes that the heap holds from the start. */
export interface InitialData {
  /** Where in the heap, in bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a region must know of a module. Without a heap the instance has no linear memory. */
export interface ModuleSpec {
  readonly heap?: HeapSpec | undefined;
  /** Copied when the instance is made. A module's own data segments need not be listed: the engine writes them. */
  readonly initialData?: readonly InitialData[] | undefined;
}

/** A heap that was found good: every size proven a whole number, defaults filled in. */
export interface HeapPlan {
  readonly initialSize: number;
  /** Undefined when the module sets none. */
  readonly maxSize: number | undefined;
  readonly guardSize: number;
  readonly addressSpace: number;
  /** The instance's own limit; not above the region's. */
  readonly heapLimit: number;
  /** The unit of growth in bytes. */
  readonly pageSize: number;
  /** False for a module without a heap. */
  readonly linear: boolean;
}

/** 4 GiB, lucet's `u32::MAX + 1`: what 32-bit addresses can reach. */
const ADDRESSABLE_32 = 2 ** 32;

function exceeds(
  code: "limits-exceeded" | "incorrect-module",
  what: string,
  asked: number,
  limit: number,
): void {
  if (asked > limit) throw new RegionError({ code, what, asked, limit });
}

/**
 * The heap of a module whose memory has this type.
 *
 * @throws {@link RegionError} `unsupported` for a shared memory or one with 64-bit addresses.
 *
 * @example
 * ```ts
 * import { heapSpecOf } from "@memkit/mmap-region";
 *
 * const type = { initialPages: 1, maximumPages: 4, shared: false, memory64: false };
 * heapSpecOf(type).maxSize; // => 262144
 * ```
 */
export function heapSpecOf(type: MemoryType): HeapSpec {
  requireObject("type", type);
  if (type.shared || type.memory64) {
    const capability = type.shared ? "shared memories" : "memories with 64-bit addresses";
    throw new RegionError({ code: "unsupported", backend: "wasm", capability });
  }
  const { initialPages, maximumPages } = type;
  return {
    initialSize: initialPages * WASM_PAGE_SIZE,
    maxSize: maximumPages === undefined ? undefined : maximumPages * WASM_PAGE_SIZE,
  };
}

/**
 * Decides whether an instance of a module fits a slot, asking lucet's questions in lucet's order. The globals are not
 * asked after: on the wasm backend they are the engine's.
 *
 * @param heapLimit - The instance's own limit in bytes; the region's when undefined.
 * @param pageSize - The unit of growth of the backend's heaps.
 * @throws {@link RegionError} `invalid-argument`, `incorrect-module`, `limits-exceeded`
 */
export function planHeap(
  limits: Limits,
  spec: HeapSpec | undefined,
  heapLimit: number | undefined,
  pageSize: number,
): HeapPlan {
  const limit = wholeNumberOr("heapLimit", heapLimit, limits.heapMemorySize);
  if (limit > limits.heapMemorySize) {
    throw new RegionError({
      code: "invalid-argument",
      argument: "heapLimit",
      value: limit,
      reason: "heap memory size requested for instance is larger than slot allows",
    });
  }
  if (spec !== undefined) requireObject("heap", spec);
  const addressSpace = limits.heapAddressSpaceSize;
  const initialSize = spec === undefined ? 0 : wholeNumber("initialSize", spec.initialSize);
  const reservedSize = wholeNumberOr("reservedSize", spec?.reservedSize, initialSize);
  const guardSize = wholeNumberOr("guardSize", spec?.guardSize, 0);
  const given = spec?.maxSize;
  const maxSize = given === undefined ? undefined : wholeNumber("maxSize", given);

  exceeds("incorrect-module", "heap spec sizes would overflow", reservedSize, ADDRESSABLE_32);
  exceeds("incorrect-module", "heap spec sizes would overflow", guardSize, ADDRESSABLE_32);
  const total = reservedSize + guardSize;
  exceeds("limits-exceeded", "heap spec reserved and guard size", total, addressSpace);
  exceeds("limits-exceeded", "heap spec initial size", initialSize, limit);
  const overReserved = "initial heap size greater than reserved size";
  exceeds("incorrect-module", overReserved, initialSize, reservedSize);
  // Not lucet's: its compiler cannot produce such a spec, a caller's object literal can.
  const overMaximum = "initial heap size greater than maximum size";
  exceeds("incorrect-module", overMaximum, initialSize, maxSize ?? initialSize);

  const linear = spec !== undefined;
  return { initialSize, maxSize, guardSize, addressSpace, heapLimit: limit, pageSize, linear };
}

/** The size in bytes that the heap can reach in whole pages (MR-4). */
export function largestHeap(plan: HeapPlan): number {
  if (!plan.linear) return 0;
  const { maxSize, heapLimit, addressSpace, guardSize, pageSize } = plan;
  const bytes = Math.min(maxSize ?? heapLimit, heapLimit, addressSpace - guardSize);
  // Not a silent rounding: growth goes by whole pages, and the next one would be beyond the bound.
  return bytes - (bytes % pageSize);
}

/**
 * Decides whether a heap may be expanded, asking lucet's questions in lucet's order.
 *
 * @param accessible - How long the heap is now, in bytes.
 * @returns the bytes to add: `bytes` rounded up to whole pages, as lucet does
 * @throws {@link RegionError} `invalid-argument`, `limits-exceeded`, `no-linear-memory`
 */
export function planExpansion(plan: HeapPlan, accessible: number, bytes: number): number {
  if (wholeNumber("expandHeap", bytes, ADDRESSABLE_32 - 1) === 0) return 0;
  const { pageSize, maxSize, heapLimit } = plan;
  const what = "expanded heap would overflow address space";
  exceeds("limits-exceeded", what, bytes, ADDRESSABLE_32 - 2 - pageSize);
  const added = Math.ceil(bytes / pageSize) * pageSize;
  const inaccessible = plan.addressSpace - accessible;
  exceeds(
    "limits-exceeded",
    "expanded heap would overflow addressable memory",
    added,
    inaccessible,
  );
  const guarded = "expansion would leave guard memory too small";
  exceeds("limits-exceeded", guarded, added, inaccessible - plan.guardSize);
  const size = accessible + added;
  const overMaximum = "expansion would exceed module-specified heap limit";
  exceeds("limits-exceeded", overMaximum, size, maxSize ?? size);
  if (!plan.linear) throw new RegionError({ code: "no-linear-memory" });
  exceeds(
    "limits-exceeded",
    "expansion would exceed runtime-specified heap limit",
    size,
    heapLimit,
  );
  return added;
}

/** What is no Uint8Array, is a Proxy of one or is detached cannot be copied. */
function copyOf(bytes: Uint8Array): Uint8Array {
  let cause: unknown;
  if (bytes instanceof Uint8Array) {
    try {
      return new Uint8Array(bytes);
    } catch (error) {
      cause = error;
    }
  }
  throw new RegionError(
    {
      code: "invalid-argument",
      argument: "initialData bytes",
      value: typeof bytes,
      reason: "initial data is given as a Uint8Array whose buffer is not detached",
    },
    { cause },
  );
}

/** The caller's initial data, copied, so that a later change of the caller's arrays does not reach the next reset. */
export function copyInitialData(spec: ModuleSpec, initialSize: number): readonly InitialData[] {
  return objectsOf("initialData", spec.initialData ?? []).map(({ offset, bytes }) => {
    wholeNumber("initialData offset", offset);
    const copy = copyOf(bytes);
    exceeds("incorrect-module", "initial data beyond the heap", offset + copy.length, initialSize);
    return { offset, bytes: copy };
  });
}
