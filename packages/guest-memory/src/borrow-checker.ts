/**
 * The borrow checker: which bytes of one memory are borrowed, and how.
 *
 * A handle is a serial number. The next borrow takes the next serial whose id, its place in a ring, no live borrow has;
 * the ring doubles before it is half full, or when the next id is taken. Serials stay below 2^30, a small integer in every
 * V8 that is never boxed, and start over after that: a handle that was released is taken for a live one at the earliest
 * 2^29 borrows later.
 *
 * Borrowing has two paths. The fast one is for what nearly every borrow is: precise, not empty, of a serial whose id is
 * free, and a mut one while nothing is shared. The slow one knows everything else.
 *
 * Invariant GM-2: a mut range overlaps no other live range; shared ranges may overlap one another.
 * Invariant GM-3: an empty range conflicts with nothing, yet counts as a live borrow until it is released.
 * Invariant GM-4: a handle is accepted once, for its own kind; every other use is refused and changes nothing, until 2^29
 * more borrows have been granted. Only the host can break it, by keeping a handle for longer than that.
 *
 * @see wiggle `src/borrow.rs`
 * @module
 */

import {
  type BorrowPolicy,
  OUT_OF_HANDLES,
  type PolicyName,
  REFUSED,
  sayCounts,
} from "./borrow-policy.js";
import { type Borrow, type BorrowKind, GuestError } from "./error.js";
import { IdRing } from "./id-ring.js";
import { printsAs } from "./inspect.js";
import { printed } from "./printed.js";
import { RegionSet } from "./region-set.js";

/** Ids to begin with: for two flat sets, twice over. */
const RING = 1 << 6;
/** Serials. Below 2^30 a number is a small integer to V8, also where pointers are compressed. */
const SERIALS = 1 << 30;
/** Live borrows. At most the largest ring's half, which is 2^10 times in the serials: 50 MB of ranges. */
const LIMIT = 1 << 20;

/** Entries of 20 bytes that a tree may hold on to when it is given up: room for some 10,000 ranges, a third of a megabyte. */
const KEPT = 1 << 14;

const MUT = 0;
const SHARED = 1;
type Kind = typeof MUT | typeof SHARED;
const KINDS: readonly [BorrowKind, BorrowKind] = ["mut", "shared"];
const POLICIES: readonly PolicyName[] = ["precise", "coarse", "none"];

/** Sizes that tests make small, all powers of two; everybody else leaves them alone. */
export interface BorrowCheckerSizes {
  /** Ids in the ring to begin with. */
  readonly ring?: number;
  /** Serials before they start over. */
  readonly serials?: number;
  /** Most borrows that may be live: at most a quarter of the serials. */
  readonly limit?: number;
  /** Entries that the tree of a large set may hold on to when few borrows are left; a larger one is freed. */
  readonly kept?: number;
}

/**
 * Tracks which bytes of one memory are borrowed, and how.
 *
 * @example
 * ```ts
 * import { BorrowChecker, REFUSED } from "@memkit/guest-memory/borrow";
 *
 * const checker = new BorrowChecker();
 * const first = checker.mutBorrow(0, 10);
 * checker.mutBorrow(9, 1) === REFUSED; // => true
 * checker.mutBorrow(10, 10) === REFUSED; // => false
 * checker.mutUnborrow(first);
 * checker.isMutBorrowed(0, 10); // => false
 * ```
 */
export class BorrowChecker implements BorrowPolicy {
  /** How exact it is. */
  readonly policy: PolicyName;
  private readonly coarse: boolean;
  private next = 0;
  private readonly mut: RegionSet;
  private readonly shared: RegionSet;
  private readonly ids: IdRing;
  private readonly serials: number;
  private readonly limit: number;

  /**
   * @param policy - see {@link PolicyName}
   * @throws {@link GuestError} `invalid-option`
   */
  constructor(policy: PolicyName = "precise", sizes: BorrowCheckerSizes = {}) {
    if (!POLICIES.includes(policy)) {
      throw new GuestError({ code: "invalid-option", option: "policy", got: printed(policy) });
    }
    this.policy = policy;
    this.coarse = policy === "coarse";
    this.serials = powerOfTwo("serials", sizes.serials ?? SERIALS, SERIALS);
    this.limit = powerOfTwo(
      "limit",
      sizes.limit ?? Math.min(LIMIT, this.serials / 4),
      this.serials / 4,
    );
    this.ids = new IdRing(powerOfTwo("ring", sizes.ring ?? RING, this.serials));
    const kept = powerOfTwo("kept", sizes.kept ?? KEPT, SERIALS);
    this.mut = new RegionSet(this.ids, MUT, kept);
    this.shared = new RegionSet(this.ids, SHARED, kept);
  }

  get mutCount(): number {
    return this.mut.size;
  }

  get sharedCount(): number {
    return this.shared.size;
  }

  mutBorrow(start: number, len: number): number {
    const { next: handle, mut, ids } = this;
    if (
      handle >= ids.fence ||
      typeof start !== "number" ||
      typeof len !== "number" ||
      !(start >= 0 && len > 0) ||
      ids.home[handle & ids.mask]! >= 0 ||
      this.shared.size !== 0
    ) {
      ids.from = demandBytes(start);
      ids.to = demandBytes(len);
      return this.borrow(MUT);
    }
    const end = start + len;
    if (mut.overlaps(start, end)) return REFUSED;
    this.next = handle + 1;
    mut.push(start, end, handle);
    return handle;
  }

  sharedBorrow(start: number, len: number): number {
    const { next: handle, shared, ids } = this;
    if (
      handle >= ids.fence ||
      typeof start !== "number" ||
      typeof len !== "number" ||
      !(start >= 0 && len > 0) ||
      ids.home[handle & ids.mask]! >= 0
    ) {
      ids.from = demandBytes(start);
      ids.to = demandBytes(len);
      return this.borrow(SHARED);
    }
    const end = start + len;
    if (this.mut.overlaps(start, end)) return REFUSED;
    this.next = handle + 1;
    shared.push(start, end, handle);
    return handle;
  }

  mutUnborrow(handle: number): void {
    if (!this.mut.remove(handle)) this.refuse(handle, MUT);
  }

  sharedUnborrow(handle: number): void {
    if (!this.shared.remove(handle)) this.refuse(handle, SHARED);
  }

  isMutBorrowed(start: number, len: number): boolean {
    const { mut } = this;
    return this.coarse ? mut.size !== 0 : len !== 0 && mut.overlaps(start, start + len);
  }

  isSharedBorrowed(start: number, len: number): boolean {
    const { shared } = this;
    return this.coarse ? shared.size !== 0 : len !== 0 && shared.overlaps(start, start + len);
  }

  conflict(start: number, len: number, shared: boolean): Borrow | undefined {
    for (const set of shared ? [this.mut, this.shared] : [this.mut]) {
      const precise = len === 0 ? undefined : set.find(start, start + len);
      const handle = precise ?? (this.coarse ? set.handles()[0] : undefined);
      if (handle !== undefined) return this.lookup(handle);
    }
    return undefined;
  }

  lookup(handle: number): Borrow | undefined {
    if (typeof handle !== "number") return undefined;
    const mut = this.mut.regionOf(handle);
    if (mut !== undefined) return { region: mut, kind: "mut" };
    const region = this.shared.regionOf(handle);
    return region && { region, kind: "shared" };
  }

  outstanding(): Borrow[] {
    return [...this.mut.handles(), ...this.shared.handles()].map((handle) => this.lookup(handle)!);
  }

  releaseAll(): void {
    for (const handle of this.mut.handles()) this.mut.remove(handle);
    for (const handle of this.shared.handles()) this.shared.remove(handle);
  }

  /** `BorrowChecker { precise, 1 mut and 0 shared borrows }` */
  toString(): string {
    return `BorrowChecker { ${this.policy}, ${sayCounts(this)} }`;
  }

  /** What a structured log wants: plain numbers. */
  toJSON(): object {
    return { policy: this.policy, borrows: this.outstanding() };
  }

  /**
   * The slow path of a borrow; the ring's range holds its start and its length.
   *
   * In one piece on purpose: V8 would inline the pieces into the fast path and leave, in exchange, a scan out that belongs
   * there.
   */
  private borrow(kind: Kind): number {
    const { mut, shared, ids } = this;
    const start = ids.from;
    const len = ids.to;
    const end = start + len;
    const live = mut.size + shared.size;
    if (this.policy === "none") return 0;
    if (this.coarse) {
      if (kind === MUT ? live !== 0 : mut.size !== 0) return REFUSED;
    } else if (len !== 0) {
      if (mut.overlaps(start, end) || (kind === MUT && shared.overlaps(start, end))) return REFUSED;
    }
    if (live >= this.limit) return OUT_OF_HANDLES;
    while (2 * live > ids.mask) {
      ids.double();
      mut.moveIn();
      shared.moveIn();
    }
    let handle = this.next;
    while (ids.home[handle & ids.mask]! >= 0) handle++;
    // The ring's size divides the serials, so starting over keeps the id.
    if (handle >= this.serials) handle -= this.serials;
    this.next = handle + 1;
    ids.fence = this.coarse ? 0 : Math.min(handle + this.limit - live, this.serials);
    const set = kind === MUT ? mut : shared;
    if (len === 0) set.push(-1 - start, -1 - start, handle);
    else set.push(start, end, handle);
    return handle;
  }

  /** A release of what is not live, or of the other kind. */
  private refuse(handle: number, kind: Kind): void {
    if (this.policy === "none") return;
    const code = this.lookup(handle) ? "wrong-handle-kind" : "stale-handle";
    throw new GuestError({ code, handle, kind: KINDS[kind] });
  }
}

printsAs(BorrowChecker, String);

/**
 * Refuses what would upset the order of the ranges: NaN, negative numbers, what is no number. That start and length are
 * whole is the caller's duty, as {@link BorrowPolicy} says; fractions just compare.
 */
function demandBytes(count: number): number {
  if (typeof count === "number" && count >= 0) return count;
  throw new GuestError({ code: "try-from-int-error", type: "a region", got: printed(count) });
}

/** Rings are indexed by masks. */
function powerOfTwo(option: string, size: number, most: number): number {
  const sensible = Number.isInteger(size) && size >= 1 && size <= most;
  if (sensible && (size & (size - 1)) === 0) return size;
  throw new GuestError({ code: "invalid-option", option, got: printed(size) });
}
