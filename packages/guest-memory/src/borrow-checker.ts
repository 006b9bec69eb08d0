/**
 * The borrow checker: which bytes of one memory are borrowed, and how.
 *
 * A handle is a serial number. The next borrow takes the next serial whose id, its place in a ring, no live borrow has;
 * the ring is always at least twice as large as the number of live borrows. Serials stay below 2^30, a small integer in every
 * V8 that is never boxed, and start over after that: a handle that was released is taken for a live one at the earliest
 * 2^29 borrows later.
 *
 * Borrowing has two paths. The fast one is for what nearly every borrow is: precise, not empty, one of few, with a
 * serial known to be free; it is one comparison of the serial with `clear` away. The slow one knows everything else.
 *
 * Invariant GM-2: a mut range overlaps no other live range; shared ranges may overlap one another.
 * Invariant GM-3: an empty range conflicts with nothing, yet counts as a live borrow until it is released.
 * Invariant GM-4: a handle is accepted once, for its own kind; every other use is refused and changes nothing, until 2^29
 * more borrows have been granted. Only the host can break it, by keeping a handle for longer than that.
 *
 * @see wiggle `src/borrow.rs`
 * @module
 */

import { type BorrowPolicy, OUT_OF_HANDLES, type PolicyName, REFUSED } from "./borrow-policy.js";
import { type Borrow, type BorrowKind, GuestError } from "./error.js";
import { IdRing } from "./id-ring.js";
import { printed } from "./printed.js";
import { RegionSet } from "./region-set.js";

/** Ids to begin with: as many as one page of homes has, 4 KiB. */
const RING = 1 << 10;
/** Serials. Below 2^30 a number is a small integer to V8, also where pointers are compressed. */
const SERIALS = 1 << 30;
/** Live borrows. At most the largest ring's half, which is 2^10 times in the serials: 50 MB of ranges. */
const LIMIT = 1 << 20;

/** Entries of 28 bytes that a tree may hold on to when it is given up: room for some 10,000 ranges, half a megabyte. */
const KEPT = 1 << 14;
/** Live borrows at which trees are given up: half of what makes a set one, so that a move is paid for by 8 others. */
const FEW = 8;

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
  /** Serials below it, from `next` on, have ids that are free. 0 where only the slow path will do. */
  private clear = 0;
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
    const { next: handle, mut } = this;
    if (handle >= this.clear || len === 0 || mut.full) {
      this.ids.from = start;
      this.ids.to = len;
      return this.borrow(MUT);
    }
    const end = start + len;
    if (mut.scan(start, end) || this.shared.scan(start, end)) return REFUSED;
    this.next = handle + 1;
    mut.push(start, end, handle);
    return handle;
  }

  sharedBorrow(start: number, len: number): number {
    const { next: handle, shared } = this;
    if (handle >= this.clear || len === 0 || shared.full) {
      this.ids.from = start;
      this.ids.to = len;
      return this.borrow(SHARED);
    }
    const end = start + len;
    if (this.mut.scan(start, end)) return REFUSED;
    this.next = handle + 1;
    shared.push(start, end, handle);
    return handle;
  }

  mutUnborrow(handle: number): void {
    const { mut } = this;
    if (mut.tree !== undefined || !mut.pop(handle)) this.unborrow(handle, MUT);
  }

  sharedUnborrow(handle: number): void {
    const { shared } = this;
    if (shared.tree !== undefined || !shared.pop(handle)) this.unborrow(handle, SHARED);
  }

  isMutBorrowed(start: number, len: number): boolean {
    const { mut } = this;
    return (len !== 0 && mut.overlaps(start, start + len)) || (this.coarse && mut.size !== 0);
  }

  isSharedBorrowed(start: number, len: number): boolean {
    const { shared } = this;
    return (len !== 0 && shared.overlaps(start, start + len)) || (this.coarse && shared.size !== 0);
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
    for (const kind of [MUT, SHARED] as const) {
      const region = this.setOf(kind).regionOf(handle);
      if (region !== undefined) return { region, kind: KINDS[kind] };
    }
    return undefined;
  }

  outstanding(): Borrow[] {
    return [...this.mut.handles(), ...this.shared.handles()].map((handle) => this.lookup(handle)!);
  }

  releaseAll(): void {
    for (const handle of this.mut.handles()) this.mut.remove(handle);
    for (const handle of this.shared.handles()) this.shared.remove(handle);
    this.disperse();
  }

  private setOf(kind: Kind): RegionSet {
    return kind === MUT ? this.mut : this.shared;
  }

  /**
   * The slow path of a borrow; the ring's range holds its start and its length.
   *
   * In one piece on purpose: V8 would inline a function of less than 460 bytecodes into the fast path and leave, in
   * exchange, a scan out that belongs there.
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
      // The shared set first: what the mut set learns from the question helps to add to it.
      if (kind === MUT && shared.size !== 0 && shared.overlaps(start, end)) return REFUSED;
      if (mut.size !== 0 && mut.overlapsFirst(start, end)) return REFUSED;
    }
    if (live >= this.limit) return OUT_OF_HANDLES;
    while (2 * live > ids.mask) this.growRing();
    const set = kind === MUT ? mut : shared;
    if (set.full && set.tree === undefined) this.crowd();
    let handle = this.next;
    if (set.tree !== undefined) {
      while (ids.home[handle & ids.mask]! >= 0) handle++;
      // The ring's size divides the serials, so starting over keeps the id.
      if (handle >= this.serials) handle -= this.serials;
    } else {
      for (let room = 0; ; handle++) {
        if (handle >= this.serials) handle = 0;
        room = Math.min(mut.room(handle), shared.room(handle), this.limit - live);
        if (room === 0) continue;
        if (!this.coarse) this.clear = Math.min(handle + room, this.serials);
        break;
      }
    }
    this.next = handle + 1;
    ids.from = len === 0 ? -1 - start : start;
    ids.to = len === 0 ? -1 - start : end;
    set.add(handle, kind === MUT && len !== 0);
    return handle;
  }

  /** Both sets become trees, so that one array says which ids are free. */
  private crowd(): void {
    this.ids.open();
    this.mut.grow();
    this.shared.grow();
    this.clear = 0;
  }

  /** The slow path of a release. */
  private unborrow(handle: number, kind: Kind): void {
    const numeric = typeof handle === "number";
    if (numeric && this.setOf(kind).remove(handle)) {
      this.disperse();
      return;
    }
    if (this.policy === "none") return;
    const other = kind === MUT ? this.shared : this.mut;
    const code = numeric && other.regionOf(handle) ? "wrong-handle-kind" : "stale-handle";
    throw new GuestError({ code, handle, kind: KINDS[kind] });
  }

  /** Both sets become flat again once they are both small. */
  private disperse(): void {
    const { mut, shared } = this;
    if (mut.tree === undefined || mut.size + shared.size > FEW) return;
    mut.flatten();
    shared.flatten();
  }

  private growRing(): void {
    const { ids } = this;
    ids.mask = 2 * ids.mask + 1;
    if (ids.home.length === 0) return;
    ids.open();
    this.mut.tree?.moveIn();
    this.shared.tree?.moveIn();
  }
}

/** Rings are indexed by masks. */
function powerOfTwo(option: string, size: number, most: number): number {
  const sensible = Number.isInteger(size) && size >= 1 && size <= most;
  if (sensible && (size & (size - 1)) === 0) return size;
  throw new GuestError({ code: "invalid-option", option, got: printed(size) });
}
