/**
 * `GuestError`: the failures of guest memory, in wiggle's vocabulary.
 *
 * The first eleven codes are wiggle's `GuestError` variants, spelled in kebab-case; each carries the numbers that wiggle
 * keeps and those that it drops (what a refused borrow collided with). The rest are failures that Rust's compiler
 * or a Rust panic rules out, and that JavaScript has to report.
 *
 * Invariant GM-9: an operation that throws has changed nothing, neither bytes nor borrows.
 *
 * @see wiggle `src/error.rs`
 * @module
 */

import {
  defineError,
  type ErrorClass,
  type ErrorOf,
  formatRegion,
  type Region,
} from "@memkit/core";
import { printed } from "./printed.js";

/** The two kinds of borrow: any number of shared ones may overlap, a mut one overlaps nothing. */
export type BorrowKind = "mut" | "shared";

/** One live borrow, as errors and reports name it. */
export interface Borrow {
  readonly region: Region;
  readonly kind: BorrowKind;
  /** Where it was taken; only in debug mode. */
  readonly stack?: string;
}

/** What was asked for when a borrow stood in the way. */
export type GuestAccess = "read" | "write" | "shared borrow" | "mut borrow";

/** Every `code` of {@link GuestError} with the fields that come with it. */
export type GuestErrorDetail =
  | DebugFault
  /** `InvalidFlagValue`: bits that the flags type `type` does not name. */
  | {
      readonly code: "invalid-flag-value";
      readonly type: string;
      readonly got: number | bigint;
      readonly unknown: number | bigint;
      /** The field inside the value, as in `u.clock.flags`; empty for the value itself. */
      readonly path: string;
    }
  /** `InvalidEnumValue`: a number that is no case of `type`. */
  | {
      readonly code: "invalid-enum-value";
      readonly type: string;
      readonly got: number | string;
      readonly path: string;
    }
  /** `PtrOverflow`: `ptr + count * size`, or `count * size` alone, leaves the guest's address space. */
  | {
      readonly code: "ptr-overflow";
      readonly ptr: number;
      readonly count: number;
      readonly size: number;
    }
  /** `PtrOutOfBounds`: `region` does not lie within the memory, which was `byteLength` bytes long. */
  | { readonly code: "ptr-out-of-bounds"; readonly region: Region; readonly byteLength: number }
  /** `PtrNotAligned`: `region` does not start at a multiple of `align`. */
  | { readonly code: "ptr-not-aligned"; readonly region: Region; readonly align: number }
  /** `PtrBorrowed`: `conflict` is a live borrow that overlaps the requested `region`. */
  | {
      readonly code: "ptr-borrowed";
      readonly region: Region;
      readonly access: GuestAccess;
      readonly conflict: Borrow;
    }
  /** `BorrowCheckerOutOfHandles`: `limit` borrows are live at once. */
  | { readonly code: "borrow-checker-out-of-handles"; readonly limit: number }
  /** `SliceLengthsDiffer`: a copy between ranges of different lengths, in elements. */
  | {
      readonly code: "slice-lengths-differ";
      readonly expected: number;
      readonly got: number;
    }
  /** `InFunc`: the `cause` happened in host function `module.func`, at `location`. */
  | {
      readonly code: "in-func";
      readonly module: string;
      readonly func: string;
      readonly location: string;
    }
  /** `InvalidUtf8`: the first `validUpTo` bytes are text; `errorLen` bad bytes follow, or 0 if the text is cut short. */
  | {
      readonly code: "invalid-utf8";
      readonly region: Region;
      readonly validUpTo: number;
      readonly errorLen: number;
    }
  /** `TryFromIntError`: `got` (as text, so that every value prints) is no value of `type`. */
  | {
      readonly code: "try-from-int-error";
      readonly type: string;
      readonly got: string;
      readonly path?: string;
    }
  /** A slice of a type whose bytes are not its value (records, bools, enums...). wiggle: a trait bound. */
  | { readonly code: "not-transparent"; readonly type: string }
  /** No NUL byte ends the C string within `region`. */
  | { readonly code: "unterminated-string"; readonly region: Region }
  /** A borrow handle that was never given out, or whose borrow has ended. wiggle: a debug assertion. */
  | { readonly code: "stale-handle"; readonly handle: number; readonly kind: BorrowKind }
  /** A shared handle given to `mutUnborrow`, or the reverse. */
  | { readonly code: "wrong-handle-kind"; readonly handle: number; readonly kind: BorrowKind }
  /** A guard used after its borrow ended. */
  | {
      readonly code: "released";
      readonly guard: string;
      readonly region: Region;
      /** Where its borrow ended, as a stack; only in debug mode. */
      readonly releasedAt?: string;
    }
  /** A scoped callback returned a promise or a generator: its borrow would have ended before the work did. */
  | { readonly code: "async-callback"; readonly region: Region }
  /** Other threads may change these bytes at any time, so no view of them is handed out. Copy instead. */
  | { readonly code: "shared-memory"; readonly region: Region }
  /** Nobody waits for these bytes: they are not `shared`, or this thread must not block. `reason` is the message. */
  | {
      readonly code: "wait-refused";
      readonly region: Region;
      readonly shared: boolean;
      readonly reason: string;
    }
  /** Another source already claims this buffer: two checkers over one memory would not see one another. */
  | { readonly code: "memory-claimed" }
  /** This memory is already checked in another way (`option` says which option differs). */
  | { readonly code: "options-differ"; readonly option: string }
  /** `got` (as text) is no value that `option` may have. */
  | { readonly code: "invalid-option"; readonly option: string; readonly got: string }
  /** An export was called while the host still had borrows out. */
  | { readonly code: "reentered"; readonly entry: string; readonly borrows: readonly Borrow[] }
  /** An export was called after the instance had trapped or exited; that end is the `cause`. */
  | { readonly code: "poisoned"; readonly entry: string }
  /** The guest itself trapped (its own `unreachable`, a load out of bounds, stack exhaustion); the `cause` says how. */
  | { readonly code: "guest-trap"; readonly entry: string; readonly reason: string }
  /** The guest asked to end, as WASI's `proc_exit` does. Not a failure, but the instance is finished. */
  | { readonly code: "exit"; readonly status: number }
  | BoundaryFault;

/**
 * What goes wrong on the way in or out of a guest, apart from its memory. `reason` is the message: it is made where the
 * error is thrown, on a subpath, so that hosts that only read memory need not carry it.
 */
export type BoundaryFault =
  /** A description of a function, or its implementation, that cannot be bound. */
  | {
      readonly code: "invalid-binding";
      readonly module: string;
      readonly func: string;
      readonly reason: string;
    }
  /** A bound function ran before it had a memory. */
  | {
      readonly code: "missing-memory";
      readonly module: string;
      readonly func: string;
      readonly reason: string;
    }
  /** The guest declares a bound function with other types than its description: `got` arrived where `expected` says. */
  | {
      readonly code: "signature-mismatch";
      readonly module: string;
      readonly func: string;
      readonly expected: string;
      readonly got: string;
      readonly reason: string;
    }
  /** The implementation of a bound function threw something that its error type does not declare: the `cause`. */
  | {
      readonly code: "host-threw";
      readonly module: string;
      readonly func: string;
      readonly reason: string;
    }
  /** A bound function was about to let the guest run on while `borrows` were live. */
  | {
      readonly code: "borrow-outlives-call";
      readonly module: string;
      readonly func: string;
      readonly borrows: readonly Borrow[];
      readonly reason: string;
    }
  /** This host cannot suspend a guest: `feature` is missing. */
  | { readonly code: "jspi-missing"; readonly feature: string; readonly reason: string }
  /** Export `entry` may suspend, and `suspended` has not finished yet. */
  | {
      readonly code: "suspended";
      readonly entry: string;
      readonly suspended: string;
      readonly reason: string;
    }
  /** The guest's allocator, export `entry`, answered 0. */
  | {
      readonly code: "allocation-failed";
      readonly entry: string;
      readonly size: number;
      readonly align: number;
      readonly reason: string;
    }
  /** Export `entry` returned `errno`, which its description says is a failure. */
  | {
      readonly code: "guest-errno";
      readonly entry: string;
      readonly type: string;
      readonly errno: number;
      readonly reason: string;
    };

/** What debugging finds. `reason` is the message: it is made on the subpath `./debug`, for hosts that carry it. */
export type DebugFault =
  /** The rules of `borrow` were broken: its shared view was written to, or others changed bytes beneath it. */
  | {
      readonly code: "borrow-violated";
      readonly borrow: Borrow;
      /** Address of the first byte that is another. */
      readonly at: number;
      /** The holder of the borrow, or the guest or somebody with a view of the whole memory. */
      readonly by: "holder" | "other";
      readonly reason: string;
    }
  /** Borrows are live where none may be. */
  | {
      readonly code: "borrows-outstanding";
      readonly borrows: readonly Borrow[];
      readonly reason: string;
    };

const hex = (n: number | bigint): string => `0x${n.toString(16)}`;

/** A borrow, in words. */
export const sayBorrow = ({ kind, region, stack }: Borrow): string =>
  `${kind} borrow of ${formatRegion(region)}${stack === undefined ? "" : ` taken at\n${stack}\n`}`;

const where = (path = ""): string => (path === "" ? "" : ` in field ${path}`);

function describe(d: GuestErrorDetail): string {
  switch (d.code) {
    case "invalid-flag-value":
      return `${hex(d.got)} has bits that ${d.type} does not name: ${hex(d.unknown)}${where(d.path)}`;
    case "invalid-enum-value":
      return `${String(d.got)} is not a case of ${d.type}${where(d.path)}`;
    case "ptr-overflow":
      return `pointer ${hex(d.ptr)} plus ${d.count} * ${d.size} bytes leaves the address space`;
    case "ptr-out-of-bounds":
      return `${formatRegion(d.region)} is out of bounds of a memory of ${hex(d.byteLength)} bytes`;
    case "ptr-not-aligned":
      return `${formatRegion(d.region)} does not start at a multiple of ${d.align}`;
    case "ptr-borrowed":
      return `${d.access} of ${formatRegion(d.region)} refused: it overlaps a live ${sayBorrow(d.conflict)}`;
    case "borrow-checker-out-of-handles":
      return `${d.limit} borrows are live at once; release some first`;
    case "slice-lengths-differ":
      return `the guest range has ${d.expected} elements, the host's has ${d.got}`;
    case "in-func":
      return `in ${d.module}.${d.func}, ${d.location}`;
    case "invalid-utf8":
      return `${formatRegion(d.region)} is not UTF-8: ${
        d.errorLen === 0 ? "cut short" : `${d.errorLen} invalid byte(s)`
      } after ${d.validUpTo} byte(s)`;
    case "try-from-int-error":
      return `${d.got} is not a value of ${d.type}${where(d.path)}`;
    case "not-transparent":
      return `${d.type} has no slices, only numbers of 8 to 64 bits do; read its elements one by one`;
    case "unterminated-string":
      return `no NUL byte in ${formatRegion(d.region)}`;
    case "stale-handle":
      return `handle ${printed(d.handle)} names no live ${d.kind} borrow; it was released before, or never given out`;
    case "wrong-handle-kind":
      return `handle ${printed(d.handle)} names a live borrow of the other kind than ${d.kind}`;
    case "released":
      return `this ${d.guard} of ${formatRegion(d.region)} was released${d.releasedAt === undefined ? "; take a new one" : ` at\n${d.releasedAt}`}`;
    case "async-callback":
      return `the callback that borrowed ${formatRegion(d.region)} returned a promise or generator; borrows end when it returns, so copy the bytes first`;
    case "borrow-violated":
    case "borrows-outstanding":
      return d.reason;
    case "shared-memory":
      return `other threads may change ${formatRegion(d.region)}; copy it out or in instead of taking a view`;
    case "memory-claimed":
      return "another source already claims this buffer; make both GuestMemory over the same source object";
    case "options-differ":
      return `this memory already has a GuestMemory with another ${d.option}; give the same one, or none`;
    case "invalid-option":
      return `${d.got} is no value for the option ${d.option}`;
    case "reentered":
      return `export ${d.entry} called while the host holds ${d.borrows.length} borrow(s), the first a ${
        d.borrows[0] === undefined ? "hidden one" : sayBorrow(d.borrows[0])
      }; release them before entering the guest`;
    case "poisoned":
      return `export ${d.entry} called after the instance had ended; instantiate it anew`;
    case "guest-trap":
      return `the guest trapped in ${d.entry}: ${d.reason}`;
    case "exit":
      return `the guest exited with status ${d.status}`;
    default:
      return d.reason;
  }
}

/**
 * What `@memkit/guest-memory` throws. (A source that is no memory, is detached or throws is core's `CoreError`.)
 *
 * @example
 * ```ts
 * import { GuestError, GuestMemory } from "@memkit/guest-memory";
 *
 * const mem = new GuestMemory({ buffer: new ArrayBuffer(16) });
 * let caught: unknown;
 * try {
 *   mem.readU32(16);
 * } catch (error) {
 *   caught = error;
 * }
 * caught instanceof GuestError && caught.code; // => "ptr-out-of-bounds"
 * String(caught); // => "GuestError: 0x10..0x13 (4 bytes) is out of bounds of a memory of 0x10 bytes"
 * ```
 */
export const GuestError: ErrorClass<GuestErrorDetail> = defineError<GuestErrorDetail>(
  "@memkit/guest-memory/GuestError",
  describe,
);
export type GuestError = ErrorOf<GuestErrorDetail>;
