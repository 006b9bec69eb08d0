/**
 * `VmSpace`: a user's address space: a page table, its number in the caches, the devices that it maps, and who handles its faults.
 *
 * Changes go through {@link VmCursorMut}, which flushes; readers and writers through the translation of a processor that has the
 * space. Keeps PT-42 to PT-44 with its neighbours.
 *
 * @see OSTD `ostd/src/mm/vm_space.rs`
 * @module
 */

import { CoreError, type Droppable } from "@memkit/core";
import { PAGE_SIZE, paddr, pfnOf } from "@memkit/core/address";
import type { Segment } from "@memkit/frame-meta/segment";
import { checkObject, refuseArgument } from "../argument.js";
import type { Cursor } from "../cursor/cursor.js";
import { userConfig } from "../format/config.js";
import { attachTable } from "../table/attach.js";
import { type FaultOptions, type FaultOutcome, handleFault } from "../table/fault.js";
import { fork } from "../table/fork.js";
import { PageTable } from "../table/page-table.js";
import type { Item } from "../table/references.js";
import { hiOf, loOf, type VirtualAddress, wholeOf } from "../virtual-address.js";
import { frame } from "../walk/machine.js";
import type { IoMem } from "./io-mem.js";
import { rangesOf, type UserRanges, UserReader, UserWriter } from "./user-memory.js";
import { type VmAccess, type VmCpu, WANTED_CPU } from "./vm-cpu.js";
import {
  checkDevice,
  checkFlags,
  checkItem,
  checkLocal,
  ioPages,
  VmCursorMut,
} from "./vm-cursor-mut.js";
import { VmSpaceError } from "./vm-space-error.js";

/** What an access stumbled over. */
export interface VmFault {
  readonly space: VmSpace;
  /** The address, as it was given; two words in one piece, from 2^53 on as a bigint. */
  readonly va: number | bigint;
  readonly access: VmAccess;
  /** `not-mapped`: nothing is there. `denied`: something is, without that right. */
  readonly outcome: "not-mapped" | "denied";
}

/**
 * Makes an access possible, and says whether it has: then it is tried again, of a value eight times at most. At once: a promise is not
 * `true`. A page is filled before it is mapped, by `writerOf` of `@memkit/frame-meta/untyped`.
 */
export type VmFaultHandler = (fault: VmFault) => boolean;

/** What an address space is made with. */
export interface VmSpaceOptions {
  /** Its number in the caches, 1..2^16-1, which must be its own among all processors of the log. Default: the lowest free one. */
  readonly asid?: number;
  /** A kernel's table, whose half the space shares. */
  readonly kernel?: PageTable;
  /** Asked about faults that copy-on-write does not explain. May unmap any page, also one that is being read. */
  readonly onFault?: VmFaultHandler;
  /** How a page that is copied on write is copied: see `handleFault` of `/fork`. */
  readonly copy?: FaultOptions["copy"];
}

/** Proves that it is a function, if anything. @throws {@link PageTableError} `invalid-argument` */
function checkHandler(handler: unknown, wanted: string): void {
  if (handler !== undefined && typeof handler !== "function") {
    refuseArgument("handler", handler, wanted);
  }
}

/** @throws {@link PageTableError} `invalid-argument` */
function checkOptions(cpu: VmCpu, options: VmSpaceOptions): void {
  checkObject("processor", cpu, WANTED_CPU, "checkOwn");
  checkObject("set of options", options, "{ asid, kernel, onFault, copy }");
  const { kernel, onFault, copy } = options;
  if (kernel !== undefined) {
    checkObject("kernel's table", kernel, "a PageTable", "createUser");
    cpu.checkFrames(kernel.frames);
  }
  checkHandler(onFault, "({ space, va, access }) => boolean");
  checkHandler(copy, "(frame) => another");
}

/**
 * An address space.
 *
 * @example
 * ```ts
 * import { u32 } from "@memkit/core";
 * import { FrameTable, unitMeta } from "@memkit/frame-meta";
 * import { allocFrame, createBuddy } from "@memkit/frame-meta/alloc";
 * import { pageProperty, READ, USER, WRITE, x86Format } from "@memkit/page-table/format";
 * import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
 *
 * const frames = FrameTable.create({ memory: { buffer: new ArrayBuffer(64 * 4096) } });
 * const allocator = createBuddy(frames);
 * const cpu = new VmCpu(frames, x86Format());
 * const space = VmSpace.create(cpu, {
 *   onFault: ({ space, va }) => { // pages on demand
 *     space.map(Number(va) - (Number(va) % 4096), allocFrame(frames, unitMeta, {}), pageProperty(READ | WRITE | USER));
 *     return true;
 *   },
 * });
 * space.activate();
 * const writer = space.writer(0x40_0ffe, 4); // two pages
 * writer.writeVal(u32, 0x1234_5678);
 * writer.drop();
 * space.unmap(0x40_0000, 16); // => 2
 * space.drop();
 * cpu.activate(undefined);
 * allocator.stats().taken; // => 0
 * ```
 */
export class VmSpace implements Droppable {
  /** The processor of the agent that changes the space: what is unmapped waits in its flusher. */
  readonly cpu: VmCpu;
  readonly table: PageTable;
  readonly asid: number;
  /** Asked about faults that copy-on-write does not explain. */
  onFault: VmFaultHandler | undefined;
  /** @internal */
  readonly ranges: UserRanges;
  /** Those of this agent that have, or have had, the space: their caches may remember translations. @internal */
  readonly processors: Set<VmCpu>;
  private readonly copy: FaultOptions["copy"];
  private readonly devices: IoMem[] = [];
  private ended = false;
  /** What still needs the number: the space itself, and processors that have it. */
  private holders = 1;

  private constructor(cpu: VmCpu, table: PageTable, asid: number, options: VmSpaceOptions) {
    this.cpu = cpu;
    this.processors = new Set([cpu]);
    this.table = table;
    this.ranges = rangesOf(table);
    this.asid = asid;
    this.onFault = options.onFault;
    this.copy = options.copy;
  }

  /**
   * An address space in which nothing is mapped.
   *
   * @throws {@link PageTableError} `asid-in-use`, `unsupported-memory`; `FrameError` `no-memory`, `no-allocator`
   */
  static create(cpu: VmCpu, options: VmSpaceOptions = {}): VmSpace {
    checkOptions(cpu, options);
    const config = userConfig(cpu.format);
    const { kernel } = options;
    return VmSpace.with(cpu, options, undefined, () => {
      return kernel === undefined
        ? PageTable.create(cpu.frames, config)
        : kernel.createUser(config);
    });
  }

  /**
   * An address space that another agent of the same frames has made, by the frame of its table's root: post it. Its number in the
   * caches is the one that it has in the agents of the log that have it open; of a space that nobody has open any more, any free one.
   * Readers and writers keep apart from one another within an agent, also those of two spaces that it has of one root; between agents
   * that is the program's matter.
   *
   * Caller must give processors of all agents that have the space open one log: what unmaps here is flushed in no other's.
   *
   * @param options - the `kernel` where the other has one; an `asid` is the space's own, or refused
   * @throws {@link PageTableError} `foreign-asid`: in this log that is another root's number, or this root has another; `asid-in-use`: it
   * is no number of a space; `invalid-pfn`; as `attachTable` of `/shared`
   *
   * @example
   * ```ts
   * import { FrameTable, unitMeta } from "@memkit/frame-meta";
   * import { allocFrame, attachBuddy, createBuddy } from "@memkit/frame-meta/alloc";
   * import { pageProperty, READ, USER, WRITE, x86Format } from "@memkit/page-table/format";
   * import { shareTables } from "@memkit/page-table/shared";
   * import { Shootdown, shootdownWords, Tlb } from "@memkit/page-table/tlb";
   * import { VmCpu, VmSpace } from "@memkit/page-table/vm-space";
   *
   * const memory = { buffer: new SharedArrayBuffer(64 * 4096) };
   * const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
   * const frames = FrameTable.create({ memory, mode: "shared" }, { agent: 0 });
   * const allocator = createBuddy(frames);
   * shareTables(frames);
   * const cpu = new VmCpu(frames, x86Format(), new Shootdown(words, 2, 0, new Tlb()));
   * const space = VmSpace.create(cpu, { asid: 7 });
   * // In a worker, with memory, words, frames.buffer, allocator.buffer and space.table.rootPfn:
   * const there = FrameTable.attach({ memory, buffer: frames.buffer }, { agent: 1 });
   * attachBuddy(there, { buffer: allocator.buffer });
   * shareTables(there);
   * const other = new VmCpu(there, x86Format(), new Shootdown(words, 2, 1, new Tlb()));
   * const same = VmSpace.attach(other, space.table.rootPfn);
   * same.asid; // => 7
   * same.map(0x40_0000, allocFrame(there, unitMeta, {}), pageProperty(READ | WRITE | USER));
   * space.activate();
   * const found = cpu.translate(0, 0x40_0000, "write");
   * same.unmap(0x40_0000, 1); // => 1
   * frames.slots.countOf(found); // => 1
   * cpu.poll(); // this processor has flushed it
   * other.poll(); // and that one lets go of it
   * frames.slots.load(frames.slots.countIndexOf(found)); // => -1
   * ```
   */
  static attach(cpu: VmCpu, rootPfn: number, options: VmSpaceOptions = {}): VmSpace {
    checkOptions(cpu, options);
    const root = frame(rootPfn);
    const config = userConfig(cpu.format);
    const { kernel } = options;
    return VmSpace.with(cpu, options, root, () => {
      return attachTable(cpu.frames, config, root, kernel);
    });
  }

  private static with(
    cpu: VmCpu,
    options: VmSpaceOptions,
    root: number | undefined,
    make: () => PageTable,
  ): VmSpace {
    const asid = cpu.claimAsid(options.asid, root);
    try {
      const table = make();
      cpu.shootdown.nameAsid(asid, table.rootPfn);
      return new VmSpace(cpu, table, asid, options);
    } catch (error) {
      cpu.releaseAsid(asid);
      throw error;
    }
  }

  /**
   * A copy, whose tracked pages are copied when one of the two writes to them. Another processor that had a page writable may write to
   * it until it has flushed: `cpu.flusher.sync()` waits for that. The copy has this one's `onFault` and `copy`.
   *
   * `AVAIL2` is the mark of what is copied, and untracked pages stay the same in both. A frame that is tracked at two addresses becomes two,
   * at the first write to one: what is to be shared is mapped untracked, or anew in both after the fork.
   *
   * @throws as `fork` of `/fork`; {@link PageTableError} `asid-in-use`. There is no copy then, and nothing has changed.
   */
  fork(asid?: number): VmSpace {
    this.live();
    const { cpu, onFault, copy } = this;
    const given = {
      ...(asid === undefined ? {} : { asid }),
      ...(onFault === undefined ? {} : { onFault }),
      ...(copy === undefined ? {} : { copy }),
    };
    const child = VmSpace.with(cpu, given, undefined, () => fork(this.table));
    child.devices.push(...this.devices);
    // This space may not write any more where it could.
    cpu.flusher.issueAll(this.asid);
    cpu.flusher.settle();
    return child;
  }

  /** A cursor that reads. @throws as `PageTable.cursor` */
  cursor(va: VirtualAddress, pages: number): Cursor {
    this.live();
    return this.table.cursor(va, pages);
  }

  /** A cursor that also writes, and flushes what it changes. Close it. @throws as `PageTable.cursorMut` */
  cursorMut(va: VirtualAddress, pages: number): VmCursorMut {
    this.live();
    return new VmCursorMut(this, this.table.cursorMut(va, pages));
  }

  /** Maps a frame or a segment that is one page. @throws as `PageTable.cursorMut`, {@link VmCursorMut.map} */
  map(va: VirtualAddress, item: Item, prop: number): void {
    checkItem(item);
    const pages = "start" in item ? Math.max(item.frames, 1) : 1;
    this.with(va, pages, (cursor) => cursor.map(item, prop));
  }

  /** Maps a segment of any length, with the largest pages that fit. @throws as `PageTable.mapSegment`; `global-page` */
  mapSegment(va: VirtualAddress, segment: Segment, prop: number, maxLevel?: number): void {
    checkItem(segment);
    this.with(va, segment.frames, (cursor) => cursor.mapSegment(segment, prop, maxLevel));
  }

  /** Maps `pages` pages that nobody counts, from frame `pfn` on. @throws as `PageTable.mapRange`; `global-page` */
  mapRange(va: VirtualAddress, pages: number, pfn: number, prop: number, maxLevel?: number): void {
    this.with(va, pages, (cursor) => cursor.mapRun(pfn, pages, prop, maxLevel));
  }

  /** Maps a device's memory. @throws as {@link VmCursorMut.mapIoMem} */
  mapIoMem(va: VirtualAddress, io: IoMem, prop: number, offset = 0, len?: number): void {
    checkDevice(io, this.cpu.frames);
    const { pages } = ioPages(io, offset, len);
    this.with(va, pages, (cursor) => cursor.mapIoMem(io, prop, offset, len));
  }

  /**
   * Removes whatever is mapped in a range, as `PageTable.unmapRange`, and flushes it.
   *
   * @returns base pages that were mapped
   * @throws as `PageTable.cursorMut`; {@link VmCursorMut.unmap}
   */
  unmap(va: VirtualAddress, pages: number): number {
    return this.with(va, pages, (cursor) => cursor.unmap(pages));
  }

  /**
   * Sets and clears flags of whatever is mapped in a range, and flushes it.
   *
   * @returns base pages that are mapped
   * @throws as `PageTable.protectRange`; {@link PageTableError} `global-page`, `invalid-argument`
   */
  protect(va: VirtualAddress, pages: number, set: number, clear: number): number {
    this.live();
    checkLocal(set);
    checkFlags(clear);
    const changed = this.table.protectRange(va, pages, set, clear);
    const { flusher } = this.cpu;
    flusher.issue(hiOf(va), loOf(va), pages, this.asid);
    flusher.settle();
    return changed;
  }

  /**
   * Frees tables in which nothing is mapped, as `PageTable.cleanUp`. No translation is of those.
   *
   * @returns tables freed
   * @throws as `PageTable.cursor`
   */
  cleanUp(va?: VirtualAddress, pages?: number): number {
    this.live();
    return this.table.cleanUp(va, pages);
  }

  private with<T>(va: VirtualAddress, pages: number, run: (cursor: VmCursorMut) => T): T {
    const cursor = this.cursorMut(va, pages);
    try {
      return run(cursor);
    } finally {
      cursor.close();
    }
  }

  /**
   * The device of a physical address that the space has mapped, also if it is unmapped since, and where in it that is.
   *
   * @throws `CoreError` `address-out-of-range` unless the address is an integer in 0 .. 2^53-1
   */
  findIoMem(address: number): { readonly io: IoMem; readonly offset: number } | undefined {
    const byte = paddr(address);
    const at = pfnOf(byte);
    const io = this.devices.find((one) => at >= one.firstPfn && at < one.firstPfn + one.frames);
    return io && { io, offset: byte - io.paddr };
  }

  /** @internal */
  keepIoMem(io: IoMem): void {
    if (!this.devices.includes(io)) this.devices.push(io);
  }

  /**
   * Makes the space a processor's: translations from now on are its own.
   *
   * @throws {@link PageTableError} `foreign-cpu` unless the processor is of the same log and the same table of frames as
   * {@link VmSpace.cpu}; `other-format`, `invalid-argument`
   */
  activate(cpu: VmCpu = this.cpu): void {
    this.live();
    checkObject("processor", cpu, WANTED_CPU, "checkOwn");
    cpu.activate(this);
  }

  /**
   * Reads the user's memory. Drop the reader. What it reads goes through the handlers of the space where a page faults: one that gives the
   * processor another space, or drops the reader, ends the access in `not-active`, or core's `used-after-drop`; in it the reader itself
   * is `range-in-use`.
   *
   * @throws {@link PageTableError} `not-active`, `foreign-cpu`, `other-format`, `access-denied`, `range-in-use`, `invalid-vaddr`,
   * `invalid-argument`; `CoreError` `used-after-drop`: the space
   */
  reader(va: VirtualAddress, len: number, cpu: VmCpu = this.cpu): UserReader {
    return new UserReader(this, cpu, this.checkUser(va, len, cpu), len);
  }

  /** Writes the user's memory. Drop the writer. @throws as {@link VmSpace.reader} */
  writer(va: VirtualAddress, len: number, cpu: VmCpu = this.cpu): UserWriter {
    return new UserWriter(this, cpu, this.checkUser(va, len, cpu), len);
  }

  /** @returns the address as a number */
  private checkUser(va: VirtualAddress, len: number, cpu: VmCpu): number {
    this.live();
    this.cpu.checkOwn(cpu);
    if (cpu.active !== this) throw new VmSpaceError({ code: "not-active", asid: this.asid });
    const { firstVpn, pages } = this.table;
    const [first, end] = [firstVpn * PAGE_SIZE, (firstVpn + pages) * PAGE_SIZE];
    const given = wholeOf(va);
    const at = typeof given === "number" || typeof given === "bigint" ? Number(given) : Number.NaN;
    const whole = Number.isSafeInteger(at) && Number.isSafeInteger(len) && len >= 0;
    if (!(whole && Number.isSafeInteger(at + len)) || at < first || at + len > end) {
      throw new VmSpaceError({ code: "access-denied", va: given, len });
    }
    return at;
  }

  /**
   * What a fault of the user comes to: a page that is copied on write is copied, anything else is the handler's. The exception that a
   * processor would raise where it stays a fault is `mmuOf(space.table).access(va, size, { kind, mode: "user" })`, of `/mmu`.
   *
   * @throws as `handleFault` of `/fork`; what the handler throws
   */
  handleFault(va: VirtualAddress, access: VmAccess): FaultOutcome {
    this.live();
    const [hi, lo] = [hiOf(va), loOf(va)];
    const { table, cpu, asid, copy } = this;
    const { flusher } = cpu;
    const release = (item: Item): void => flusher.keep(item);
    const outcome = handleFault(table, va, access, copy ? { copy, release } : { release });
    if (outcome !== "resolved") {
      const { onFault } = this;
      checkHandler(onFault, "({ space, va, access }) => boolean");
      return onFault?.({ space: this, va: wholeOf(va), access, outcome }) === true
        ? "resolved"
        : outcome;
    }
    flusher.issue(hi, lo, 1, asid);
    flusher.settle();
    return outcome;
  }

  /** A processor has the space now. @internal */
  enter(cpu: VmCpu): void {
    this.processors.add(cpu);
    this.holders += 1;
  }

  /** Nobody has a translation of its any more. With the last one its number is free. @internal */
  leave(): void {
    this.holders -= 1;
    if (this.holders === 0) this.cpu.releaseAsid(this.asid);
  }

  get dropped(): boolean {
    return this.ended;
  }

  private live(): void {
    if (this.ended) throw new CoreError({ code: "used-after-drop", what: "address space" });
  }

  /**
   * Ends the space. Its tables and what they map go when every processor has flushed its translations, and none has it any more.
   *
   * @throws {@link PageTableError} `cursor-deadlock` while a cursor is open, `range-in-use` while a reader or a writer is; as `VmCpu.poll`: then
   * it has ended
   */
  drop(): void {
    this.live();
    const { cpu, table, asid } = this;
    const claim = [...this.ranges.claims].find(({ owner }) => owner === this);
    if (claim !== undefined) {
      const { start, end } = claim;
      throw new VmSpaceError({ code: "range-in-use", va: start, len: end - start });
    }
    // Throws where a cursor is open.
    table.cursorMutOfAll().close();
    this.ended = true;
    const end = (): void => {
      this.leave();
      table.drop();
    };
    cpu.retire(asid, { drop: end });
  }

  /** Drops it unless it has ended: what `using` calls. */
  [Symbol.dispose](): void {
    if (!this.dropped) this.drop();
  }
}
