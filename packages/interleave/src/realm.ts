/**
 * The intrinsics as they were before they were replaced, and who answers the accesses of the replacements now.
 *
 * Once per realm, not per copy of this module: a second copy that took the first one's replacements for the originals would
 * see every access twice.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import type { Access, Word } from "./access.js";

/** Answers the accesses that the replaced globals report. */
export interface Host {
  /** Does the access, or takes its result from a log, or suspends the thread by throwing. */
  perform(access: Access): Word;
  /** A buffer for `new SharedArrayBuffer(byteLength)`. */
  makeBuffer(byteLength: number): SharedArrayBuffer;
  /** Takes the buffer of a shared `WebAssembly.Memory` for one made by {@link Host.makeBuffer}. */
  adoptBuffer(buffer: SharedArrayBuffer): void;
  /** The number of a buffer, or -1 for one that a thread made for itself alone. */
  numberOf(buffer: SharedArrayBuffer): number;
}

interface Realm {
  readonly atomics: typeof Atomics;
  readonly DataView: DataViewConstructor;
  readonly SharedArrayBuffer: SharedArrayBufferConstructor;
  readonly isView: typeof ArrayBuffer.isView;
  host: Host | undefined;
  /** The first error that the explorer threw at code under test, which may have caught it. */
  fault: Error | undefined;
  installed: boolean;
  /** Whether an exploration is under way. */
  running: boolean;
}

/** See the head of this module. */
export const realm: Realm = sharedRegistry("@memkit/interleave/v1", () => ({
  atomics: Atomics,
  DataView,
  SharedArrayBuffer,
  isView: ArrayBuffer.isView,
  host: undefined,
  fault: undefined,
  installed: false,
  running: false,
}));

/** Throws an error of the explorer into code under test, and remembers it in case that it is caught there. */
export function raise(error: Error): never {
  realm.fault ??= error;
  throw error;
}

/** Calls `run` with `host` as the one who answers accesses. */
export function withHost<T>(host: Host, run: () => T): T {
  const before = realm.host;
  realm.host = host;
  try {
    return run();
  } finally {
    realm.host = before;
  }
}

/** Throws what {@link raise} has thrown since, if anything. */
export function checkFault(): void {
  const { fault } = realm;
  if (fault === undefined) return;
  realm.fault = undefined;
  throw fault;
}
