/**
 * Readers and writers of a user's memory: addresses are virtual, each page goes through the processor's translation, and a page that
 * faults is put to the address space's handlers first.
 *
 * PT-43 (V1): a writer's range is in no other reader's or writer's of this agent, whichever `VmSpace` of the root has it; readers may
 * share. A handler is the program's own code: after each the range must still be the reader's or writer's, and the processor have the
 * space, or the access ends in an error.
 *
 * @see OSTD `VmSpace::reader`, `VmSpace::writer`; vostd `vm_space.rs`, `VmSpaceOwner::inv`
 * @module
 */

import { CoreError } from "@memkit/core";
import { PAGE_SIZE } from "@memkit/core/address";
import type { ViewCache } from "@memkit/core/view-cache";
import { type FallibleMemory, FallibleVmReader, FallibleVmWriter } from "@memkit/core/vm-io";
import type { FrameTable } from "@memkit/frame-meta";
import type { PageTable } from "../table/page-table.js";
import type { VmCpu } from "./vm-cpu.js";
import type { VmSpace } from "./vm-space.js";
import { VmSpaceError } from "./vm-space-error.js";

/** Times that a fault is put to the handlers before it stands: one handler may make room for the next. */
const TRIES = 4;

/** A range that a reader or a writer has. */
interface Claim {
  readonly owner: VmSpace | undefined;
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  dropped: boolean;
  /** Whether a handler is asked about a page of it. */
  asking: boolean;
}

const inUse = (va: number, len: number): Error =>
  new VmSpaceError({ code: "range-in-use", va, len });

/** The ranges of the address spaces of one root. */
export class UserRanges {
  readonly claims: Set<Claim> = new Set<Claim>();

  /**
   * @param owner - the space that may not end before the range is given up
   * @throws {@link PageTableError} `range-in-use`
   */
  claim(start: number, len: number, write: boolean, owner?: VmSpace): Claim {
    const end = start + len;
    for (const other of this.claims) {
      if ((write || other.write) && start < other.end && other.start < end) throw inUse(start, len);
    }
    const claim = { owner, start, end, write, dropped: false, asking: false };
    // No bytes are nobody's.
    if (len > 0) this.claims.add(claim);
    return claim;
  }

  /** Gives a range up. */
  drop(claim: Claim): void {
    claim.dropped = true;
    this.claims.delete(claim);
  }
}

/** By root, of each table of frames: who attaches a root that is open here has its ranges, too. */
const kept = new WeakMap<FrameTable, Map<number, UserRanges>>();

/** The ranges of a table's root in this agent. */
export function rangesOf({ frames, rootPfn }: PageTable): UserRanges {
  const roots = kept.get(frames) ?? new Map<number, UserRanges>();
  kept.set(frames, roots);
  const ranges = roots.get(rootPfn) ?? new UserRanges();
  roots.set(rootPfn, ranges);
  return ranges;
}

/** The memory of an address space as a processor's user sees it: a range of it. */
class UserMemory implements FallibleMemory {
  views: ViewCache;
  offset = 0;
  private readonly space: VmSpace;
  private readonly cpu: VmCpu;
  private readonly claim: Claim;

  /** @throws {@link PageTableError} `range-in-use` */
  constructor(space: VmSpace, cpu: VmCpu, start: number, len: number, write: boolean) {
    this.space = space;
    this.cpu = cpu;
    this.views = cpu.frames.memory.banks[0]!.views;
    this.claim = space.ranges.claim(start, len, write, space);
  }

  /** Gives the range up. */
  drop(): void {
    this.space.ranges.drop(this.claim);
  }

  /**
   * Proves that nobody has dropped it, and that no access of it is under way.
   *
   * @throws `CoreError` `used-after-drop`; {@link PageTableError} `range-in-use`
   */
  checkLive(): void {
    const { dropped, write, asking, start, end } = this.claim;
    if (dropped)
      throw new CoreError({ code: "used-after-drop", what: write ? "user writer" : "user reader" });
    if (asking) throw inUse(start, end - start);
  }

  /** @throws as {@link UserMemory.checkLive}; {@link PageTableError} `not-active` */
  private check(): void {
    const { space, cpu } = this;
    this.checkLive();
    if (cpu.active !== space) throw new VmSpaceError({ code: "not-active", asid: space.asid });
  }

  /** Puts a fault to the handlers. @returns whether it is resolved */
  private ask(at: number, access: "read" | "write"): boolean {
    const { space, claim } = this;
    claim.asking = true;
    try {
      return space.handleFault(at, access) === "resolved";
    } finally {
      claim.asking = false;
    }
  }

  seek(at: number, len: number, access: "read" | "write"): number {
    const { cpu } = this;
    this.check();
    const hi = Math.floor(at / 2 ** 32);
    const lo = at | 0;
    let frame = cpu.translate(hi, lo, access);
    for (let tries = 0; frame < 0; tries += 1) {
      const resolved = tries < TRIES && this.ask(at, access);
      this.check();
      if (!resolved) return 0;
      frame = cpu.translate(hi, lo, access);
    }
    const { memory } = cpu.frames;
    const bank = memory.bankIndexOf(frame);
    if (bank < 0) return 0; // a device's: no bytes
    const within = at % PAGE_SIZE;
    this.views = memory.banks[bank]!.views;
    this.offset = memory.byteOffsetOf(frame) + within;
    return Math.min(len, PAGE_SIZE - within);
  }
}

/** Reads a user's memory. Drop it: until then nobody writes to its range. */
export class UserReader extends FallibleVmReader {
  private readonly user: UserMemory;

  /** @internal */
  constructor(space: VmSpace, cpu: VmCpu, start: number, len: number) {
    const user = new UserMemory(space, cpu, start, len, false);
    super(user, start, len);
    this.user = user;
  }

  /** Gives the range up. */
  drop(): void {
    this.user.drop();
  }

  protected override get left(): number {
    this.user.checkLive();
    return super.left;
  }

  /** {@link UserReader.drop}, for `using`. */
  [Symbol.dispose](): void {
    this.drop();
  }
}

/** Writes a user's memory. Drop it: until then nobody else has its range. */
export class UserWriter extends FallibleVmWriter {
  private readonly user: UserMemory;

  /** @internal */
  constructor(space: VmSpace, cpu: VmCpu, start: number, len: number) {
    const user = new UserMemory(space, cpu, start, len, true);
    super(user, start, len);
    this.user = user;
  }

  /** Gives the range up. */
  drop(): void {
    this.user.drop();
  }

  protected override get left(): number {
    this.user.checkLive();
    return super.left;
  }

  /** {@link UserWriter.drop}, for `using`. */
  [Symbol.dispose](): void {
    this.drop();
  }
}
