/**
 * `RegionError`: every way in which a region, a slot or the adoption of a memory refuses.
 *
 * The first five codes are lucet's `InvalidArgument`, `LimitsExceeded`, `ModuleError::IncorrectModule`,
 * `NoLinearMemory` and `RegionFull`; `reason` and `what` are lucet's own words, so that they can be searched for.
 *
 * @see lucet `lucet-runtime-internals/src/error.rs`
 *
 * @module
 */

import { defineError, type ErrorClass, type ErrorOf } from "@memkit/core";
import { HOST_PAGE_SIZE } from "./page-size.js";

/** Every `code` of {@link RegionError} with the fields that come with it. Sizes are bytes. */
export type RegionErrorDetail =
  /** A value that no limit, spec or call may have. */
  | {
      readonly code: "invalid-argument";
      readonly argument: string;
      readonly value: number | string;
      readonly reason: string;
    }
  /** What was asked is well formed but larger than the region, the instance or the module allows. */
  | {
      readonly code: "limits-exceeded";
      readonly what: string;
      readonly asked: number;
      readonly limit: number;
    }
  /** The module's own numbers contradict each other. */
  | {
      readonly code: "incorrect-module";
      readonly what: string;
      readonly asked: number;
      readonly limit: number;
    }
  /** The module has no heap to expand. */
  | { readonly code: "no-linear-memory" }
  /** All slots are in use. */
  | { readonly code: "region-full"; readonly capacity: number }
  /** The region was closed; slots taken before live on until they are dropped. */
  | { readonly code: "region-closed" }
  /** The slot was dropped: its memory belongs to nobody this slot may speak for. */
  | { readonly code: "slot-dropped"; readonly slot: number }
  /** A reset gave the slot another memory, and this heap was a view of the one before. */
  | { readonly code: "heap-replaced"; readonly slot: number }
  /** The engine refused the memory; its own error is the `cause`. */
  | { readonly code: "out-of-memory"; readonly asked: number }
  /** The backend cannot do it at all, whatever the limits say. */
  | { readonly code: "unsupported"; readonly backend: "wasm" | "mmap"; readonly capability: string }
  /** The native drivers are for Linux on x64 and arm64. */
  | { readonly code: "unsupported-platform"; readonly platform: string; readonly arch: string }
  /** The native driver that was asked for is missing, forbidden or broken; its own error is the `cause`. */
  | { readonly code: "driver-unavailable"; readonly driver: string; readonly reason: string }
  /** An optional peer dependency is not installed, or broken; its error is the `cause`. */
  | { readonly code: "library-unavailable"; readonly library: string; readonly reason: string }
  /** The system refused; `errno` is its number, `errnoName` as in `errno.h`. */
  | {
      readonly code: "system-call-failed";
      readonly call: string;
      readonly errno: number;
      readonly errnoName: string;
      readonly address: number;
      readonly length: number;
    }
  /** One mapping more, and the process could not map even for its own `malloc`. Nothing was asked of the system. */
  | {
      readonly code: "too-many-mappings";
      readonly asked: number;
      readonly used: number;
      readonly limit: number;
    }
  /** Not enough address space is left for the process to live on. Nothing was asked of the system. Bytes. */
  | {
      readonly code: "out-of-address-space";
      readonly asked: number;
      readonly used: number;
      readonly limit: number;
    }
  /** A range that no reservation of this driver holds whole. */
  | { readonly code: "not-reserved"; readonly address: number; readonly length: number }
  /** Somebody moved the bytes of a view out of our reach (`transfer()`), so their pages must stay accessible. */
  | { readonly code: "view-out-of-reach"; readonly slot: number; readonly part: string }
  /** No function of that name in the module. */
  | { readonly code: "symbol-not-found"; readonly symbol: string }
  /** The module's start function must run before any other. */
  | { readonly code: "instance-needs-start"; readonly slot: number }
  /** The start function has run since the instance was made or reset. */
  | { readonly code: "start-already-run"; readonly slot: number }
  /** Not in this state of the instance. */
  | { readonly code: "instance-not-ready"; readonly slot: number; readonly state: string }
  /** The engine stopped the guest; its error is the `cause`, and `reason` what that says. */
  | { readonly code: "runtime-fault"; readonly slot: number; readonly reason: string }
  /** Something was thrown through the guest; it is the `cause`. */
  | { readonly code: "runtime-terminated"; readonly slot: number }
  /** The engine could not make the instance; its error is the `cause`, and `reason` what that says. */
  | { readonly code: "instantiation-failed"; readonly slot: number; readonly reason: string }
  /** Not a wasm module, or one cut short. */
  | { readonly code: "malformed-module"; readonly offset: number; readonly reason: string }
  /** A wasm module that neither defines nor imports a memory. */
  | { readonly code: "no-memory" }
  /** A wasm module with more than one memory: which one is meant is not known. */
  | { readonly code: "several-memories"; readonly count: number }
  /** The module imports something else by the name that its memory was to get. */
  | {
      readonly code: "import-name-taken";
      readonly importModule: string;
      readonly importName: string;
    }
  /** The image of a snapshot was closed. */
  | { readonly code: "image-closed" }
  /** The memory or the instance is not this image's: it was never applied, or another image was since. */
  | { readonly code: "image-not-applied" }
  /** The target lacks what the image has, or has more of it than the image knows of. */
  | { readonly code: "image-mismatch"; readonly what: string; readonly reason: string }
  /** A memory or table has grown beyond its image, and neither can shrink. Bytes or elements. */
  | {
      readonly code: "has-grown";
      readonly what: string;
      readonly now: number;
      readonly limit: number;
    }
  /** A function of the guest has not returned yet. */
  | { readonly code: "guest-inside"; readonly depth: number }
  /** A global or a table element whose value nobody can keep, put back, or carry to another instance. */
  | { readonly code: "state-out-of-reach"; readonly what: string; readonly reason: string }
  /** A memory, table or global that another guest of the pool has. */
  | { readonly code: "state-shared"; readonly what: string }
  /** Not a file of an image, cut short, or damaged. */
  | { readonly code: "malformed-image"; readonly reason: string }
  /** The pool was closed. */
  | { readonly code: "pool-closed" }
  /** As many wait for a guest as may. */
  | { readonly code: "pool-full"; readonly waiting: number }
  /** No guest became free in time. Milliseconds. */
  | { readonly code: "pool-timeout"; readonly waited: number }
  /** The guest was given back: it may be somebody else's. */
  | { readonly code: "lease-released" };

/** In hex from a page on, as addresses and sizes are read; what is less than that is a count, or next to none. */
const hex = (value: number | string): string =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= HOST_PAGE_SIZE
    ? `0x${value.toString(16)}`
    : String(value);

function describe(detail: RegionErrorDetail): string {
  switch (detail.code) {
    case "invalid-argument":
      return `${detail.reason} (${detail.argument} = ${hex(detail.value)})`;
    case "limits-exceeded":
    case "incorrect-module":
      return `${detail.what}: ${hex(detail.asked)} asked, ${hex(detail.limit)} at most`;
    case "no-linear-memory":
      return "cannot expand heap: the module has no linear memory";
    case "region-full":
      return `all ${detail.capacity} slots of the region are in use; drop one first`;
    case "region-closed":
      return "the region is closed and gives out no more slots";
    case "slot-dropped":
      return `slot ${detail.slot} was dropped; take a new one with region.newInstance`;
    case "heap-replaced":
      return `slot ${detail.slot} was reset to a new memory after this heap had grown; read slot.heap and slot.memory again`;
    case "out-of-memory":
      return `the engine refused a memory of ${hex(detail.asked)} bytes; drop other memories or ask less`;
    case "unsupported":
      return `the ${detail.backend} backend does not support ${detail.capability}`;
    case "unsupported-platform":
      return `no native driver for ${detail.platform} on ${detail.arch}; WasmRegion works everywhere`;
    case "driver-unavailable":
      return `the ${detail.driver} driver cannot be used: ${detail.reason}`;
    case "library-unavailable":
      return `${detail.library} cannot be loaded, install it beside this package: ${detail.reason}`;
    case "system-call-failed":
      return `${detail.call} of ${hex(detail.length)} bytes at ${hex(detail.address)}: ${detail.errnoName} (errno ${detail.errno})`;
    case "too-many-mappings":
      return `${detail.asked} more mappings asked, ${detail.used} in use, ${detail.limit} at most; drop slots or raise vm.max_map_count`;
    case "out-of-address-space":
      return `${hex(detail.asked)} bytes of address space asked, ${hex(detail.used)} in use, ${hex(detail.limit)} at most; ask for fewer or smaller slots`;
    case "not-reserved":
      return `${hex(detail.length)} bytes at ${hex(detail.address)} are not within a reservation of this driver`;
    case "view-out-of-reach":
      return `a view of the ${detail.part} of slot ${detail.slot} was transferred away, so its pages cannot be closed; drop the slot`;
    case "symbol-not-found":
      return `the module exports no function ${JSON.stringify(detail.symbol)}`;
    case "instance-needs-start":
      return `the start function of the instance in slot ${detail.slot} has not run; call runStart() first`;
    case "start-already-run":
      return `the start function of the instance in slot ${detail.slot} has run already; reset() makes it run again`;
    case "instance-not-ready":
      return `the instance in slot ${detail.slot} is ${detail.state}: it must be ready, starting, or non-fatally faulted`;
    case "runtime-fault":
      return `the guest in slot ${detail.slot} trapped (${detail.reason}); reset the instance, or run it again unless it was starting`;
    case "runtime-terminated":
      return `the guest in slot ${detail.slot} was terminated by an exception; reset the instance or drop it`;
    case "instantiation-failed":
      return `no wasm instance could be made in slot ${detail.slot}, check its imports: ${detail.reason}`;
    case "malformed-module":
      return `malformed wasm module at offset ${hex(detail.offset)}: ${detail.reason}`;
    case "no-memory":
      return "the module neither defines nor imports a memory: there is nothing to adopt";
    case "several-memories":
      return `the module has ${detail.count} memories; adoption knows what to do with one`;
    case "import-name-taken":
      return (
        `the module already imports something else as ${JSON.stringify(detail.importModule)} ` +
        `${JSON.stringify(detail.importName)}; choose another name for its memory`
      );
    case "image-closed":
      return "the image was closed; take another snapshot";
    case "image-not-applied":
      return "the image is not the last one that was applied to this memory or instance; apply it first";
    case "image-mismatch":
      return `the image does not fit: ${detail.what} ${detail.reason}`;
    case "has-grown":
      return `${detail.what} has ${hex(detail.now)}, its image ${hex(detail.limit)}, and cannot shrink; make a new instance`;
    case "guest-inside":
      return `the guest is running (${detail.depth} calls have not returned); reset it when all have`;
    case "state-out-of-reach":
      return `${detail.what} cannot be rewound: ${detail.reason}`;
    case "state-shared":
      return `${detail.what} is another guest's of the pool; make memories, tables and mutable globals anew for each guest`;
    case "malformed-image":
      return `not a saved image: ${detail.reason}`;
    case "pool-closed":
      return "the pool was closed";
    case "pool-full":
      return `${detail.waiting} checkouts wait already; try later`;
    case "pool-timeout":
      return `no guest was free within ${detail.waited} ms; release leases, or raise the maximum`;
    case "lease-released":
      return "the lease was released; check out another guest";
  }
}

/** What `@memkit/mmap-region` throws. */
export const RegionError: ErrorClass<RegionErrorDetail> = defineError<RegionErrorDetail>(
  "@memkit/mmap-region/RegionError",
  describe,
);
export type RegionError = ErrorOf<RegionErrorDetail>;

/** {@link wholeNumber}, or the default when nothing was given; null is not nothing. */
export function wholeNumberOr(
  argument: string,
  value: number | undefined,
  fallback: number,
): number {
  return wholeNumber(argument, value === undefined ? fallback : value);
}

/**
 * Proves that `value` is a whole number of bytes (or pages, or slots) from 0 to `max`: what Rust's `usize` and `u32`
 * say by their type.
 */
export function wholeNumber(
  argument: string,
  value: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const given: unknown = value;
  if (typeof given === "number" && Number.isInteger(given) && given >= 0 && given <= max) {
    return given;
  }
  throw new RegionError({
    code: "invalid-argument",
    argument,
    value: typeof given === "number" ? given : given === null ? "null" : typeof given,
    reason: `must be a whole number from 0 to ${hex(max)}`,
  });
}
