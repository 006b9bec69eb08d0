/**
 * How many mappings and how much address space the process can still afford.
 *
 * Linux refuses more than `vm.max_map_count` mappings to a process, and when it refuses one to `malloc`, Node ends with
 * `std::bad_alloc`: no exception, no exit handler. So the last tenth of either is left to the rest of the process.
 *
 * Invariant MR-10: a mapping is refused before the system is asked for it, while the process has more than a tenth of its
 * mappings and of its address space left.
 *
 * @see Linux `Documentation/admin-guide/sysctl/vm.rst`, `max_map_count`
 *
 * @module
 */

import { badArgument, requireObject } from "../argument.js";
import { RegionError, wholeNumber } from "../region-error.js";

/** What the process uses now. */
export interface MapUsage {
  readonly mappings: number;
  /** Bytes of address space. */
  readonly bytes: number;
}

/** What the process may use in all. */
export type MapLimits = MapUsage;

/** The share of both limits that regions may fill. */
const SHARE = 0.9;

/** Of what is left, the part that may be taken between two looks at the process: others map, too. */
const BETWEEN_LOOKS = 0.25;

/** Mappings at the last look. */
const SEEN = 0;
/** Charged since then, and not taken back. The sum of both is never less than the process has of ours. */
const SINCE = 1;
/** How many looks there have been. */
const LOOKS = 2;
/** The sum at which to look again. */
const LOOK_AT = 3;
const ACCOUNT = 4;

/** Why nothing can be shared here: `SharedArrayBuffer` is there only in pages that are cross-origin isolated. */
export function notShareable(): RegionError {
  const capability = "sharing (shared) in a page that is not cross-origin isolated";
  return new RegionError({ code: "unsupported", backend: "mmap", capability });
}

/** The budget of one process. */
export class MapBudget {
  /** Mappings at which to refuse. */
  readonly maxMappings: number;
  /** Bytes of address space at which to refuse. */
  readonly maxBytes: number;
  readonly #measure: () => MapUsage | undefined;
  /** The account; see the indices above. */
  #account: Int32Array = new Int32Array(ACCOUNT);

  /** @param measure - Looks at the process; undefined when it may not. Then only what was charged counts. */
  constructor(limits: MapLimits, measure: () => MapUsage | undefined) {
    this.maxMappings = Math.floor(limits.mappings * SHARE);
    this.maxBytes = Math.floor(limits.bytes * SHARE);
    this.#measure = measure;
    this.#account[LOOK_AT] = -1;
  }

  /**
   * Announces that up to `count` mappings are about to be made.
   *
   * @returns what {@link MapBudget.refund} wants to know of the charge
   * @throws {@link RegionError} `too-many-mappings`
   */
  charge(count: number): number {
    wholeNumber("count", count);
    const account = this.#account;
    if (this.#used + count > Atomics.load(account, LOOK_AT)) this.#look();
    const used = this.#used;
    if (used + count > this.maxMappings) {
      const limit = this.maxMappings;
      throw new RegionError({ code: "too-many-mappings", asked: count, used, limit });
    }
    Atomics.add(account, SINCE, count);
    return Atomics.load(account, LOOKS);
  }

  /**
   * Takes a charge back: the mappings are gone. One from before the last look is not taken back but found gone at the next
   * look: what was seen of it may have been fewer mappings than were charged.
   */
  refund(count: number, charged: number): void {
    const account = this.#account;
    if (charged === Atomics.load(account, LOOKS)) Atomics.sub(account, SINCE, count);
  }

  /**
   * Asks whether the process can afford that much more address space.
   *
   * @throws {@link RegionError} `out-of-address-space`
   */
  requireSpace(asked: number): void {
    // Not wholeNumber: many slots together may well be more than 2^53 - 1, and are refused for that below.
    if (!Number.isInteger(asked) || asked < 0) throw badArgument("asked", asked, "must be bytes");
    const used = this.#measure()?.bytes ?? 0;
    if (used + asked <= this.maxBytes) return;
    const limit = this.maxBytes;
    throw new RegionError({ code: "out-of-address-space", asked, used, limit });
  }

  /**
   * Keeps one account for several threads from here on: mappings are the process's. Threads that charge while one looks may be
   * forgotten until the next look; the tenth that is left has room for that.
   *
   * @returns what {@link MapBudget.join} takes in another thread
   * @throws {@link RegionError} `unsupported` in a page that is not cross-origin isolated
   */
  share(): SharedArrayBuffer {
    const { buffer } = this.#account;
    if (typeof SharedArrayBuffer === "undefined") throw notShareable();
    if (buffer instanceof SharedArrayBuffer) return buffer;
    const shared = new SharedArrayBuffer(ACCOUNT * Int32Array.BYTES_PER_ELEMENT);
    const account = new Int32Array(shared);
    account.set(this.#account);
    this.#account = account;
    return shared;
  }

  /**
   * Goes on with the account of another thread, to which this one's charges are added.
   *
   * @throws {@link RegionError} `invalid-argument`
   */
  join(shared: SharedArrayBuffer): void {
    requireObject("budget", shared);
    if (this.#account.buffer === shared) return;
    if (shared.byteLength !== ACCOUNT * Int32Array.BYTES_PER_ELEMENT) {
      throw badArgument("budget", shared, "must be what share returned");
    }
    const account = new Int32Array(shared);
    Atomics.add(account, SINCE, Atomics.load(this.#account, SINCE));
    this.#account = account;
  }

  get #used(): number {
    return Atomics.load(this.#account, SEEN) + Atomics.load(this.#account, SINCE);
  }

  #look(): void {
    const account = this.#account;
    const usage = this.#measure();
    if (usage !== undefined) {
      Atomics.store(account, SEEN, usage.mappings);
      Atomics.store(account, SINCE, 0);
      Atomics.add(account, LOOKS, 1);
    }
    const used = this.#used;
    const room = Math.floor((this.maxMappings - used) * BETWEEN_LOOKS);
    Atomics.store(account, LOOK_AT, used + room);
  }
}
