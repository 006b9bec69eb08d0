/**
 * Access: what a load, a store or a fetch at a virtual address comes to.
 *
 *      access ->  memory     one part, or two when it crosses a page
 *                 mmio       the same, and one of them is a device's
 *                 fault      exactly the exception that this processor raises
 *                 page-missing, outside
 *
 * PT-7: an access that ends in anything but memory or mmio has changed no table: accessed and dirty bits are set when
 * both of its parts are known to be allowed.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject } from "../argument.js";
import { pageTableError, shown } from "../page-table-error.js";
import { hiOf, joinVa, loOf, type VirtualAddress } from "../virtual-address.js";
import { type AccessKind, kindOfAccess, refuseAccess } from "./access.js";
import { USER_ACCESS } from "./dialect.js";
import { NOT_PRESENT, OUTSIDE, PAGE_MISSING, type Reason, reasonName } from "./reason.js";
import { AD_UPDATE, checkStatus, type StatusSettings, statusWith } from "./settings.js";
import { MMIO } from "./tables.js";
import { Walker, type WalkerInit } from "./walker.js";

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-size">({
  "invalid-size": (d) => `an access has 1 to 4096 bytes, not ${shown(d.size)}`,
});

/** Of an access that lies in one page. */
const NO_FRAME = -1 as Pfn;

/** A run of bytes in one frame. */
export interface Part {
  readonly pfn: Pfn;
  /** 0..4095 */
  readonly offset: number;
  readonly len: number;
  /** Whether the frame is a device's. */
  readonly mmio: boolean;
}

/** What kind of access, and who makes it. */
export interface AccessRequest {
  readonly kind: AccessKind;
  /** `user`: ring 3, U-mode, EL0. Default: the supervisor. */
  readonly mode?: "user" | "supervisor";
  /** Flags that differ from the walker's for this access. */
  readonly settings?: StatusSettings;
}

/** An exception as the processor would report it. */
export interface Fault {
  readonly kind: "fault";
  readonly arch: string;
  /** x86-64: the vector, 14 or 13. RISC-V: scause. AArch64: the exception class of ESR_EL1. */
  readonly exception: number;
  /** x86-64: the error code. RISC-V: scause. AArch64: the fault status code, level included. */
  readonly code: number;
  /** CR2, stval, FAR: where the part of the access that faulted begins. */
  readonly va: bigint;
  /** Our level of the entry, 1 for leaf tables. */
  readonly level: number;
  readonly reason: Reason;
}

/** The answer to an access. */
export type Access =
  | { readonly kind: "memory" | "mmio"; readonly parts: readonly Part[] }
  | Fault
  /** The page source does not have the frame: load it and ask again. */
  | { readonly kind: "page-missing"; readonly pfn: Pfn }
  /**
   * There is no memory at the frame of a table, or at `level` 0 of the data. RISC-V and AArch64 raise an exception; on
   * x86-64 the platform decides, and `exception` is -1.
   */
  | {
      readonly kind: "outside";
      readonly pfn: Pfn;
      readonly level: number;
      readonly exception: number;
      readonly code: number;
      readonly va: bigint;
    };

/**
 * A walker that also judges accesses: the memory unit of an emulator.
 *
 * @example
 * ```ts
 * import { PhysicalMemory } from "@memkit/core";
 * import { x86Format } from "@memkit/page-table/format";
 * import { Mmu } from "@memkit/page-table/walk";
 *
 * const buffer = new ArrayBuffer(8 * 4096);
 * const entries = new BigUint64Array(buffer);
 * entries.set([0x1007n, 0x2007n, 0x3007n].flatMap((e) => [e, ...Array<bigint>(511).fill(0n)]));
 * entries.set([0x5007n, 0x6005n], 3 * 512); // page 0: writable; page 1: read-only; both the user's
 * const mmu = new Mmu({ format: x86Format(), memory: new PhysicalMemory({ buffer }), root: 0 });
 *
 * const load = mmu.access(0xffc, 8, { kind: "read", mode: "user" });
 * load.kind === "memory" && load.parts.map(({ pfn, len }) => [pfn, len]); // => [[5, 4], [6, 4]]
 * const answer = mmu.access(0xffc, 8, { kind: "write", mode: "user" });
 * answer.kind === "fault" && [answer.exception, answer.code, answer.va]; // => [14, 7, 0x1000n]
 * ```
 */
export class Mmu extends Walker {
  /** After {@link Mmu.touch}: the second part's frame, or -1 if the access lies in one page. */
  pfn2: Pfn;
  /** Bytes of the first part. */
  len: number;
  /** Whether one of the parts is a device's. */
  mmio: boolean;
  /** Where the part that failed begins. */
  faultHi: number;
  faultLo: number;

  /** @throws {@link PageTableError} `invalid-setting`, `invalid-pfn`, `invalid-argument` */
  constructor(init: WalkerInit) {
    super(init);
    this.pfn2 = this.len = this.faultHi = this.faultLo = 0 as Pfn;
    this.mmio = false;
  }

  /**
   * Makes an access.
   *
   * @param size - Bytes, 1..4096
   * @throws {@link PageTableError} `invalid-access`, `invalid-size`, `invalid-vaddr`, `invalid-setting`, `invalid-argument`;
   * `page-source-threw`, `invalid-page`, `walker-busy`; what a hook throws
   */
  access(va: VirtualAddress, size: number, what: AccessRequest): Access {
    checkObject("access", what, '{ kind: "read" } or another');
    const { kind, mode = "supervisor", settings } = what;
    const hi = hiOf(va);
    const lo = loOf(va);
    if (!(Number.isInteger(size) && size >= 1 && size <= 4096)) {
      throw new PageTableError({ code: "invalid-size", size });
    }
    let { status } = this;
    if (settings !== undefined) {
      checkStatus(this.format.dialect, settings);
      status = statusWith(status, settings);
    }
    const user = mode === "user";
    if (!(user || mode === "supervisor")) refuseAccess(kind, mode);
    const request = kindOfAccess(kind, mode) | (user ? USER_ACCESS : 0);
    const reason = this.touch(hi, lo, size, request, status);
    if (reason < 0) return this.failure(reason, request, status);
    const { pfn, offset, len, pfn2 } = this;
    const part = (frame: Pfn, from: number, bytes: number): Part => {
      const mmio = this.tables.targetOf(frame) === MMIO;
      return { pfn: frame, offset: from, len: bytes, mmio };
    };
    const parts = [part(pfn, offset, len)];
    if (pfn2 >= 0) parts.push(part(pfn2, 0, size - len));
    return { kind: this.mmio ? "mmio" : "memory", parts };
  }

  /**
   * {@link Mmu.access} in numbers: allocates nothing. The parts are `pfn` + `offset` for `len` bytes, and the rest from the
   * start of `pfn2`; `mmio` says whether a device is among them. What a walk says besides, `rights`, `level`, `global` and the entry, is
   * of an access in one page, and the entry as it was before bits were set in it; after one that crosses a page it is of either page.
   *
   * Caller must give words of 32 bits, a size of 1..4096, and a request made of {@link READ_ACCESS}, {@link WRITE_ACCESS} or
   * {@link EXECUTE_ACCESS}, and {@link USER_ACCESS}.
   *
   * @param status - The flags of this access: `mmu.status`, perhaps changed by {@link statusWith}
   * @returns 0, or a reason below 0; {@link Mmu.exception} and {@link Mmu.code} then tell the exception
   * @throws {@link PageTableError} `page-source-threw`, `invalid-page`, `walker-busy`; what a hook throws
   */
  touch(hi: number, lo: number, size: number, request: number, status: number): number {
    const room = 4096 - (lo & 4095);
    let reason = this.judge(hi, lo, request, status);
    if (reason < 0) return reason;
    const mmio = reason === MMIO;
    const { pfn, offset } = this;
    const update = (status & AD_UPDATE) !== 0;
    if (size <= room) {
      if (update && this.stale(request)) {
        reason = this.mark(hi, lo, request, status);
        if (reason < 0) return reason;
      }
      this.pfn2 = NO_FRAME;
      this.len = size;
      this.mmio = mmio;
      return 0;
    }
    const nextLo = (lo | 4095) + 1;
    const nextHi = nextLo === 0 ? (hi + 1) | 0 : hi;
    const stale = update && this.stale(request);
    reason = this.judge(nextHi, nextLo, request, status);
    if (reason < 0) return reason;
    let first = pfn;
    this.mmio = mmio || reason === MMIO;
    if (update && this.stale(request)) {
      reason = this.mark(nextHi, nextLo, request, status);
      if (reason < 0) return reason;
    }
    const second = this.pfn;
    if (stale) {
      reason = this.mark(hi, lo, request, status);
      if (reason < 0) return reason;
      first = this.pfn;
    }
    this.pfn = first;
    this.offset = offset;
    this.pfn2 = second;
    this.len = room;
    return 0;
  }

  /** The exception of a reason that {@link Mmu.touch} has just returned. -1: the architecture has none. */
  exception(reason: number, request: number): number {
    return this.format.dialect.exception(reason, request, this.level);
  }

  /** Its error code, cause or fault status. */
  code(reason: number, request: number, status: number): number {
    return this.format.dialect.code(reason, request, status, this.level);
  }

  /** Walks and judges. @returns what is at the frame, above 0, or a reason */
  private judge(hi: number, lo: number, request: number, status: number): number {
    const found = this.walk(hi, lo);
    this.faultHi = hi;
    this.faultLo = lo;
    if (found < 0) return found;
    const refused =
      this.software === undefined
        ? this.format.dialect.refuse(this, request, status, this.pkru)
        : NOT_PRESENT; // the hardware does not see what the hook sees
    if (refused !== 0) {
      this.reason = refused;
      return refused;
    }
    const target = this.tables.targetOf(this.pfn);
    if (target < 0) {
      this.level = 0;
      this.reason = target;
    }
    return target;
  }

  /** Whether the access has bits to set. */
  private stale(request: number): boolean {
    const { format, upperAnd, lo } = this;
    return (
      (upperAnd & format.tableAccessed) !== format.tableAccessed ||
      format.dialect.touch(this, request) !== lo
    );
  }

  /**
   * Sets the bits of every entry of the walk, the root's first. An entry that another agent changes meanwhile is judged
   * again: the bits go to the entry that allowed the access, or nowhere.
   */
  private mark(hi: number, lo: number, request: number, status: number): number {
    const { format, tables } = this;
    for (;;) {
      const target = this.judge(hi, lo, request, status);
      if (target < 0) return target;
      const { table, index, pfn, lo: from, hi: upper } = this;
      const touched = format.dialect.touch(this, request);
      if (format.tableAccessed !== 0 && !this.markTables(hi, lo)) continue;
      if (touched !== from && !tables.swap(table, index, from, touched, upper)) continue;
      this.pfn = pfn; // the tables were walked once more
      return target;
    }
  }

  /** @returns whether every entry above the leaf has its bits now */
  private markTables(hi: number, lo: number): boolean {
    const bits = this.format.tableAccessed;
    return this.steps(hi, lo).every(
      (step) =>
        step.level === this.level ||
        (step.lo & bits) === bits ||
        this.tables.swap(step.table, step.index, step.lo, step.lo | bits, step.hi),
    );
  }

  private failure(reason: number, request: number, status: number): Access {
    const { level, faultHi, faultLo, pfn } = this;
    if (reason === PAGE_MISSING) return { kind: "page-missing", pfn };
    const exception = this.exception(reason, request);
    const code = this.code(reason, request, status);
    const va = joinVa(faultHi, faultLo);
    if (reason === OUTSIDE) return { kind: "outside", pfn, level, exception, code, va };
    const { arch } = this.format.dialect;
    return { kind: "fault", arch, exception, code, va, level, reason: reasonName(reason) };
  }
}
