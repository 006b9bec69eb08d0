/**
 * One checker per memory.
 *
 * Borrow checking means nothing if two checkers watch the same bytes. The state of a memory is therefore found through
 * its source, in a registry shared by every loaded copy of this package, and a buffer belongs to one source.
 *
 * Invariant GM-5: at most one {@link BorrowPolicy} watches a buffer. Who could break it: a source that answers with
 * different buffers in turn, and other realms and threads, whose registries are their own.
 *
 * @module
 */

import { isRecord, type MemorySource, sharedRegistry } from "@memkit/core";
import { BorrowChecker } from "./borrow-checker.js";
import type { BorrowPolicy, PolicyName } from "./borrow-policy.js";
import { demandOption } from "./demand.js";
import { GuestError } from "./error.js";

/** Width of a guest's pointers: `wasm32` has 32 bits, `wasm64` 64, of which a number holds 53. */
export type GuestTarget = "wasm32" | "wasm64";

/** How a memory is to be checked. What a later GuestMemory over the same source leaves out, it inherits. */
export interface GuestMemoryOptions {
  /** Pointer width of the guest. Default `wasm32`. */
  readonly target?: GuestTarget;
  /** Who keeps the borrows: a {@link BorrowChecker} that is `precise`, the default, `coarse` or `none`, or somebody else. */
  readonly policy?: PolicyName | BorrowPolicy;
}

/** What every GuestMemory over one source shares. */
export interface Claim {
  readonly target: GuestTarget;
  readonly policy: BorrowPolicy;
  /** How often all borrows were ended at once: guards of an earlier epoch have ended. */
  epoch: number;
}

interface Claims {
  readonly bySource: WeakMap<MemorySource, Claim>;
  /** The source that answered with the buffer when last seen. Held by the buffer, so it keeps nothing alive. */
  readonly byBuffer: WeakMap<ArrayBufferLike, MemorySource>;
}

const claims = (): Claims =>
  sharedRegistry<Claims>("@memkit/guest-memory/v1", () => ({
    bySource: new WeakMap(),
    byBuffer: new WeakMap(),
  }));

/** Policies that watch a memory. One that watched two would take the borrows of one for borrows of the other. */
const taken = (): WeakSet<BorrowPolicy> =>
  sharedRegistry("@memkit/guest-memory/policies/v1", () => new WeakSet());

/** Every method that a policy must have. */
const METHODS: readonly (keyof BorrowPolicy)[] = [
  "mutBorrow",
  "sharedBorrow",
  "mutUnborrow",
  "sharedUnborrow",
  "isMutBorrowed",
  "isSharedBorrowed",
  "conflict",
  "lookup",
  "outstanding",
  "releaseAll",
];

/** @throws {@link GuestError} `invalid-option` */
export function demandTarget(target: GuestTarget): GuestTarget {
  demandOption(target === "wasm32" || target === "wasm64", "target", target);
  return target;
}

/** @throws {@link GuestError} `invalid-option` */
export function demandPolicy(policy: PolicyName | BorrowPolicy): BorrowPolicy {
  if (typeof policy === "string") return new BorrowChecker(policy);
  const whole = isRecord(policy) && METHODS.every((name) => typeof policy[name] === "function");
  demandOption(whole, "policy", policy);
  return policy;
}

/** Whether `source` still answers with `buffer`; one that throws or moved on does not. */
function stillHolds(source: MemorySource, buffer: ArrayBufferLike): boolean {
  try {
    return source.buffer === buffer;
  } catch {
    return false; // a source that throws holds nothing: that is the answer
  }
}

/**
 * Notes that `buffer` belongs to `source`.
 *
 * @throws {@link GuestError} `memory-claimed` if another source answers with the same buffer.
 */
export function claimBuffer(source: MemorySource, buffer: ArrayBufferLike): void {
  const { byBuffer } = claims();
  const owner = byBuffer.get(buffer);
  if (owner === source) return;
  if (owner !== undefined && stillHolds(owner, buffer)) {
    throw new GuestError({ code: "memory-claimed" });
  }
  byBuffer.set(buffer, source);
}

/**
 * Finds or makes the state of a memory, and notes that `buffer` belongs to `source`; neither if it throws (GM-9).
 *
 * @throws {@link GuestError} `invalid-option`; `options-differ` if the memory is already checked with other options;
 * `memory-claimed`
 */
export function claimSource(
  source: MemorySource,
  buffer: ArrayBufferLike,
  options: GuestMemoryOptions,
): Claim {
  demandOption(isRecord(options), "options", options);
  const { bySource } = claims();
  const present = bySource.get(source);
  if (present === undefined) {
    const { target = "wasm32", policy = "precise" } = options;
    const made: Claim = { target: demandTarget(target), policy: demandPolicy(policy), epoch: 0 };
    if (taken().has(made.policy)) {
      const got = "one that watches another memory already";
      throw new GuestError({ code: "invalid-option", option: "policy", got });
    }
    claimBuffer(source, buffer);
    taken().add(made.policy);
    bySource.set(source, made);
    return made;
  }
  const { target = present.target, policy = present.policy } = options;
  if (target !== present.target) throw new GuestError({ code: "options-differ", option: "target" });
  // A name asks for a checker that is as exact, not for another checker.
  const { policy: name } = present.policy as { readonly policy?: unknown };
  if (policy !== present.policy && (typeof policy !== "string" || policy !== name)) {
    throw new GuestError({ code: "options-differ", option: "policy" });
  }
  claimBuffer(source, buffer);
  return present;
}
