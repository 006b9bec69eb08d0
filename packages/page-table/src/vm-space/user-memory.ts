/**
 * Readers and writers of a user's memory: addresses are virtual, each page goes through the processor's translation, and a page that
 * faults is put to the address space's handlers first.
 *
 * PT-43 (V1): a writer's range is in no other reader's or writer's; readers may share.
 *
 * @see OSTD `VmSpace::reader`, `VmSpace::writer`; vostd `vm_space.rs`, `VmSpaceOwner::inv`
 * @module
 */

import { CoreError } from "@memkit/core";
import { PAGE_SIZE } from "@memkit/core/address";
import type { ViewCache } from "@memkit/core/view-cache";
import { type FallibleMemory, FallibleVmReader, FallibleVmWriter } from "@memkit/core/vm-io";
import type { VmCpu } from "./vm-cpu.js";
import type { VmSpace } from "./vm-space.js";
import { VmSpaceError } from "./vm-space-error.js";

/** Times that a fault is put to the handlers before it stands: one handler may make room for the next. */
const TRIES = 4;

/** The memory of an address space as a processor's user sees it. */
class UserMemory implements FallibleMemory {
  views: ViewCache;
  offset = 0;
  private readonly space: VmSpace;
  private readonly cpu: VmCpu;

  constructor(space: VmSpace, cpu: VmCpu) {
    this.space = space;
    this.cpu = cpu;
    this.views = cpu.frames.memory.banks[0]!.views;
  }

  seek(at: number, len: number, access: "read" | "write"): number {
    const { space, cpu } = this;
    if (cpu.active !== space) throw new VmSpaceError({ code: "not-active", asid: space.asid });
    const hi = Math.floor(at / 2 ** 32);
    const lo = at | 0;
    let frame = cpu.translate(hi, lo, access);
    for (let tries = 0; frame < 0; tries += 1) {
      if (tries === TRIES || space.handleFault(at, access) !== "resolved") return 0;
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

/** A range that a reader or a writer has. */
interface Claim {
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  dropped: boolean;
}

/** @throws `CoreError` `used-after-drop` */
function checkLive({ dropped, write }: Claim): void {
  if (dropped)
    throw new CoreError({ code: "used-after-drop", what: write ? "user writer" : "user reader" });
}

/** The ranges of one address space. */
export class UserRanges {
  readonly claims: Set<Claim> = new Set<Claim>();

  /** @throws {@link PageTableError} `range-in-use` */
  claim(start: number, len: number, write: boolean): Claim {
    const end = start + len;
    for (const other of this.claims) {
      if ((write || other.write) && start < other.end && other.start < end) {
        throw new VmSpaceError({ code: "range-in-use", va: start, len });
      }
    }
    const claim = { start, end, write, dropped: false };
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

/** Reads a user's memory. Drop it: until then nobody writes to its range. */
export class UserReader extends FallibleVmReader {
  private readonly ranges: UserRanges;
  private readonly claim: Claim;

  /** @internal */
  constructor(space: VmSpace, cpu: VmCpu, start: number, len: number) {
    super(new UserMemory(space, cpu), start, len);
    this.ranges = space.ranges;
    this.claim = this.ranges.claim(start, len, false);
  }

  /** Gives the range up. */
  drop(): void {
    this.ranges.drop(this.claim);
  }

  protected override get left(): number {
    checkLive(this.claim);
    return super.left;
  }

  /** {@link UserReader.drop}, for `using`. */
  [Symbol.dispose](): void {
    this.drop();
  }
}

/** Writes a user's memory. Drop it: until then nobody else has its range. */
export class UserWriter extends FallibleVmWriter {
  private readonly ranges: UserRanges;
  private readonly claim: Claim;

  /** @internal */
  constructor(space: VmSpace, cpu: VmCpu, start: number, len: number) {
    super(new UserMemory(space, cpu), start, len);
    this.ranges = space.ranges;
    this.claim = this.ranges.claim(start, len, true);
  }

  /** Gives the range up. */
  drop(): void {
    this.ranges.drop(this.claim);
  }

  protected override get left(): number {
    checkLive(this.claim);
    return super.left;
  }

  /** {@link UserWriter.drop}, for `using`. */
  [Symbol.dispose](): void {
    this.drop();
  }
}
