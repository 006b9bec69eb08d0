/**
 * `VmCpu`: what a processor, or an agent that plays one, knows of translation: its cache, its end of the flush log, and which address
 * space it has.
 *
 * PT-42: while a processor has an address space, the space's tables live: it holds the root, and lets go of it when another space
 * takes its place, of a dropped space not before every cache has forgotten it.
 *
 * @see OSTD `mm/vm_space.rs`, `ACTIVATED_VM_SPACE`; `arch/x86/mm/mod.rs`, `activate_page_table`
 * @module
 */

import { PAGE_SIZE, type Pfn } from "@memkit/core/address";
import type { Frame, FrameTable } from "@memkit/frame-meta";
import { type ReapOptions, type ReapReport, reap } from "@memkit/frame-meta/agents";
import { checkObject, refuseArgument } from "../argument.js";
import { checkFormat } from "../format/choice.js";
import type { PteFormat } from "../format/format.js";
import { refuseFormat } from "../format/other-format.js";
import { SW, UR, UW } from "../format/rights.js";
import { mmuOf } from "../table/node-tables.js";
import { isAsid } from "../tlb/asids.js";
import { type Releasable, TlbFlusher } from "../tlb/flusher.js";
import { Shootdown, shootdownWords } from "../tlb/shootdown.js";
import { Tlb } from "../tlb/tlb.js";
import type { TranslationCache } from "../tlb/translation-cache.js";
import { wholeOf } from "../virtual-address.js";
import { type AccessKind, kindOfAccess } from "../walk/access.js";
import { USER_ACCESS } from "../walk/dialect.js";
import type { Mmu } from "../walk/mmu.js";
import { Owed } from "./owed.js";
import type { VmSpace } from "./vm-space.js";
import { VmSpaceError } from "./vm-space-error.js";

/** What an access is for. */
export type VmAccess = AccessKind;

/** What a processor is given as. */
export const WANTED_CPU = "a VmCpu";
/** In place of a frame. */
const FAULT = -1 as Pfn;
/** Accessed and dirty bits are set as hardware does. */
const UPDATE = { accessedDirty: "update" } as const;

/**
 * A processor.
 *
 * @example
 * ```ts
 * import { FrameTable } from "@memkit/frame-meta";
 * import { x86Format } from "@memkit/page-table/format";
 * import { Shootdown, shootdownWords, Tlb } from "@memkit/page-table/tlb";
 * import { VmCpu } from "@memkit/page-table/vm-space";
 *
 * const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(16 * 4096) } });
 * const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
 * const [first, second] = [0, 1].map((n) => {
 *   return new VmCpu(frames, x86Format(), new Shootdown(words, 2, n, new Tlb()));
 * });
 * first?.active; // => undefined
 * second?.tlb.asid; // => 0
 * ```
 */
export class VmCpu {
  readonly frames: FrameTable;
  readonly format: PteFormat;
  readonly shootdown: Shootdown;
  /** What was unmapped waits here until every cache has forgotten it. */
  readonly flusher: TlbFlusher;
  /** Of the address that was translated last, within its frame: 0..4095. */
  offset: number = 0;
  private mmu: Mmu | undefined;
  private space: VmSpace | undefined;
  private root: Frame | undefined;

  /**
   * @param shootdown - This processor's end of the log that it shares with others; if not given, it is the only one
   * @throws {@link PageTableError} `invalid-argument`
   */
  constructor(
    frames: FrameTable,
    format: PteFormat,
    shootdown: Shootdown = new Shootdown(new Int32Array(shootdownWords(1)), 1, 0, new Tlb()),
  ) {
    checkObject("table of frames", frames, "a FrameTable", "bind");
    checkFormat(format);
    this.frames = frames;
    this.format = format;
    this.shootdown = shootdown;
    this.flusher = new TlbFlusher(shootdown);
  }

  /** The translations that this processor has remembered. */
  get tlb(): TranslationCache {
    return this.shootdown.tlb;
  }

  /** The address space that it has. */
  get active(): VmSpace | undefined {
    return this.space;
  }

  /**
   * Flushes what others have asked for, and lets go of what all have flushed. Call it where no translation is held.
   *
   * @throws {@link PageTableError} `release-failed` where the types of some frames refuse to let them go: they are kept, and asked again by
   * the next poll, `flusher.sync()` or drop of a space; `FrameError` `drop-failed`. Also of what other operations have let go of at their end:
   * those say nothing of it.
   */
  poll(): void {
    this.shootdown.poll();
    this.flusher.collect();
  }

  /**
   * Gives back what dead agents had locked and taken out: `reap` of frame-meta, once nobody waits for their answers, and every
   * processor that lives has flushed whatever they may have unmapped. Their numbers in the log are those in the table of frames. Waits
   * for them to poll, as long as `patience` says, and then as long for them to leave their steps. What a dead agent kept until a flush stays counted, as all handles of the dead do without a ledger.
   *
   * @throws as `reap` of `@memkit/frame-meta/agents`; {@link PageTableError} `invalid-tlb`: the log has no such agent;
   * `not-flushed`: some have not polled, so nothing is given back; call it again; `invalid-argument`
   */
  reap(dead: readonly number[], options: ReapOptions = {}): ReapReport {
    if (!Array.isArray(dead)) refuseArgument("list of agents", dead, "the numbers of the dead");
    checkObject("set of options", options, "{ patience }");
    const { shootdown, flusher, frames } = this;
    const { agent } = frames;
    const { patience = 1000 } = options;
    const waits = agent !== undefined && !dead.includes(agent.id) && patience >= 0;
    // Refused, and why: who lives must stay in the log, or frames would go that it has translated.
    if (!waits) return reap(frames, dead, options);
    const tickets = dead.map((agent) => shootdown.detach(agent));
    // The last is done when all are.
    for (const ticket of tickets.slice(-1)) {
      if (shootdown.wait(ticket, patience)) continue;
      throw new VmSpaceError({ code: "not-flushed", agents: shootdown.behind(ticket) });
    }
    flusher.settle();
    return reap(frames, dead, options);
  }

  /**
   * The frame that a user's access at an address goes to, by the cache or a walk, which sets accessed and dirty bits as
   * hardware does (AArch64: dirty ones only in entries with DBM, which are not made here); -1 where it would fault. Where in the frame is
   * {@link VmCpu.offset}. Its bytes are at `byteOffsetOf` in bank `bankIndexOf` of `frames.memory`, unless it is a device's.
   *
   * @throws {@link PageTableError} `invalid-access`; `invalid-vaddr` for words that are no numbers
   */
  translate(hi: number, lo: number, access: VmAccess): Pfn {
    if (typeof hi !== "number" || typeof lo !== "number") wholeOf([hi, lo]); // throws
    const { tlb, mmu } = this;
    const kind = kindOfAccess(access);
    this.offset = lo & (PAGE_SIZE - 1);
    const frame = tlb.lookup(hi, lo, UR << kind);
    if (frame >= 0) return frame as Pfn;
    if (mmu === undefined || mmu.touch(hi, lo, 1, kind | USER_ACCESS, mmu.status) < 0) return FAULT;
    // Whoever has not written yet has set no dirty bit: the first write walks.
    const rights = access === "write" ? mmu.rights : mmu.rights & ~(SW | UW);
    tlb.insert(hi, lo, mmu.pfn, rights, mmu.level, mmu.global);
    return mmu.pfn as Pfn;
  }

  /**
   * Takes an address space, or none, in place of the one that it has, and polls the log.
   *
   * @throws {@link PageTableError} as `VmSpace.activate`; `CoreError` `used-after-drop`: it has the one that it had
   */
  activate(space: VmSpace | undefined): void {
    if (space === this.space) return;
    if (space !== undefined) {
      checkObject("address space", space, "a VmSpace, or undefined", "handleFault");
      this.checkOwn(space.cpu);
    }
    // So that nothing is left of who had the number before, see `Shootdown.detach`.
    this.shootdown.poll();
    const root = space?.table.root();
    const [before, old] = [this.space, this.root];
    this.space = space;
    this.root = root;
    if (space !== undefined && root !== undefined) {
      this.mmu ??= mmuOf(space.table, { settings: UPDATE });
      // Which the processor holds, also when the space has been dropped (PT-42).
      this.mmu.setRoot(root.paddr / PAGE_SIZE);
      this.tlb.asid = space.asid;
    } else {
      this.mmu = undefined;
      this.tlb.asid = 0;
    }
    space?.enter(this);
    if (before === undefined || old === undefined) return;
    const leave = (): void => {
      before.leave();
      old.drop();
    };
    if (before.dropped) {
      this.keepUntilFlushed(before.asid, { drop: leave });
      this.flusher.settle();
    } else leave();
  }

  /** Proves that an address space of processor `other` may be this one's: that what `other` unmaps is flushed here. @internal */
  checkOwn(other: VmCpu): void {
    checkObject("processor", other, WANTED_CPU, "checkOwn");
    const { format, shootdown } = this;
    if (format !== other.format) refuseFormat(other.format, format);
    if (!shootdown.isOfLog(other.shootdown)) {
      throw new VmSpaceError({ code: "foreign-cpu", what: "log of flushes" });
    }
    this.checkFrames(other.frames);
  }

  /** Proves that frames are this processor's. @internal */
  checkFrames(frames: FrameTable): void {
    if (frames !== this.frames) {
      throw new VmSpaceError({ code: "foreign-cpu", what: "table of frames" });
    }
  }

  /** Ends something of an address space when all have forgotten the space. @throws as {@link VmCpu.poll} @internal */
  retire(asid: number, item: Releasable): void {
    this.keepUntilFlushed(asid, item);
    this.flusher.dispatch();
    this.flusher.collect();
  }

  private keepUntilFlushed(asid: number, item: Releasable): void {
    this.flusher.issueAll(asid);
    this.flusher.keep(new Owed(this.frames, item));
  }

  /** Takes a number for an address space, or shares the one that it has in other agents. @internal */
  claimAsid(wanted: number | undefined, root: number | undefined): number {
    const asid = this.shootdown.claimAsid(wanted, root);
    if (asid >= 0) return asid;
    if (root !== undefined && wanted !== undefined && isAsid(wanted)) {
      throw new VmSpaceError({ code: "foreign-asid", asid: wanted, pfn: root });
    }
    throw new VmSpaceError({ code: "asid-in-use", asid: wanted ?? 0 });
  }

  /** @internal */
  releaseAsid(asid: number): void {
    this.shootdown.releaseAsid(asid);
  }
}
