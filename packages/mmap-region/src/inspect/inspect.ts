/**
 * Looks at a region from outside.
 *
 * Invariant MR-18: looking changes nothing: no page is touched, no view is made, no call of the driver has an effect.
 * Invariant MR-19: what is said of access and of pages is what the kernel says; what only books say is marked as such, and
 * what nobody says is undefined, never a guess.
 *
 * @module
 */

import { objectsOf, requireDriver, requireMethod, requireObject } from "../argument.js";
import type { Driver } from "../driver/driver.js";
import type { Segment } from "../driver/page-map.js";
import { pageRuns, processSegments } from "../driver/process-pages.js";
import { HOST_PAGE_SIZE } from "../page-size.js";
import type { Region, Slot, SlotOf } from "../region.js";
import { wholeNumber } from "../region-error.js";
import type { SlotLayout } from "../slot-layout.js";
import { accountOf, type RegionAccount } from "./account.js";
import type {
  LayoutPart,
  PageTotals,
  ProtectedRun,
  RegionReport,
  SlotReport,
  SlotUse,
  StateRun,
} from "./report.js";

/** What the host knows and the region does not. */
export interface InspectOptions<S extends Slot> {
  /**
   * Slots that the host holds. On wasm only they know their heaps, so that others are counted and not listed; a region
   * keeps no reference to its slots, or it could not notice those that were lost.
   */
  readonly slots?: Iterable<S> | undefined;
  /** For a wasm region that was made without a driver: tells where the heaps are, so that the kernel can be asked about them. */
  readonly driver?: Driver | undefined;
}

/**
 * Looks at a region: which slots are used, where, with what access, and which of their pages are in memory and written.
 *
 * On Linux the kernel is asked (`/proc/self/maps`, `/proc/self/pagemap`); where it cannot be, `sources` and `notes` say so.
 *
 * @example
 * ```ts
 * import { FakeDriver } from "@memkit/mmap-region/fake-driver";
 * import { inspect } from "@memkit/mmap-region/inspect";
 * import { MmapRegion } from "@memkit/mmap-region/mmap";
 *
 * const region = MmapRegion.create(new FakeDriver(), 2, { heapAddressSpaceSize: 2 ** 20 });
 * const slot = region.newInstance({ heap: { initialSize: 8192 } });
 * const report = inspect(region);
 * report.slots.map(({ index, use, heapLength }) => [index, use, heapLength]); // => [[1, "in-use", 8192]]
 * report.sources.protections; // => "bookkeeping"
 * slot.drop();
 * inspect(region).slots.length; // => 0
 * ```
 */
export function inspect<R extends Region<Slot>>(
  region: R,
  options: InspectOptions<SlotOf<R>> = {},
): RegionReport {
  requireMethod("region", region, "newInstance");
  requireObject("options", options);
  if (options.driver !== undefined) requireDriver(options.driver);
  const held = objectsOf("slots", options.slots ?? []).filter((slot) => !slot.dropped);
  for (const slot of held) wholeNumber("slot.index", slot.index);
  const account = accountOf(region);
  const driver = account?.driver ?? options.driver ?? ownDriver(region);
  const source = new Source(driver);
  const slots =
    account === undefined ? heapReports(held, source) : nativeReports(account, held, source);
  const { backend, capacity, freeSlots, usedSlots } = region;
  return {
    backend,
    driver: driver?.name,
    capacity,
    freeSlots,
    usedSlots,
    layout: account === undefined ? heapLayout(region) : layoutOf(account.layout),
    slots,
    totals: source.pages === "none" ? undefined : sumOf(slots.map(({ totals }) => totals)),
    sources: { protections: source.protections, pages: source.pages },
    notes: notesOf(source, usedSlots - slots.filter(({ use }) => use !== "warm").length),
  };
}

/** A wasm region has offered no account, but may have been made with a driver. */
function ownDriver(region: Region<Slot>): Driver | undefined {
  const { driver } = region as { readonly driver?: Driver | undefined };
  if (driver !== undefined) requireDriver(driver);
  return driver;
}

/** Whoever can be asked about access and pages. */
class Source {
  readonly protections: "kernel" | "bookkeeping" | "none";
  readonly pages: "kernel" | "none";
  readonly #driver: Driver | undefined;
  readonly #segments: readonly Segment[] | undefined;

  constructor(driver: Driver | undefined) {
    this.#driver = driver;
    const books = driver !== undefined && "segments" in driver;
    const kernel = driver === undefined || books ? undefined : processSegments();
    this.#segments = books
      ? (driver as Driver & { segments(): readonly Segment[] }).segments()
      : kernel;
    this.protections = books ? "bookkeeping" : kernel === undefined ? "none" : "kernel";
    const readable = kernel !== undefined && pageRuns(kernel[0]!.address, 0, 1) !== undefined;
    this.pages = readable ? "kernel" : "none";
  }

  /** Where a heap is, if anybody knows. */
  addressOf(buffer: ArrayBuffer | SharedArrayBuffer): number | undefined {
    const foreign = this.protections !== "kernel" || !(buffer instanceof ArrayBuffer);
    return foreign || buffer.byteLength === 0 ? undefined : this.#driver?.addressOf(buffer);
  }

  /** The segments of a range, cut off at its ends. */
  protectionsOf(address: number, length: number): readonly ProtectedRun[] | undefined {
    return this.#segments?.flatMap((segment) => {
      const from = Math.max(segment.address, address);
      const to = Math.min(segment.address + segment.length, address + length);
      return from < to
        ? [{ offset: from - address, length: to - from, access: segment.access }]
        : [];
    });
  }

  /** The pages of all accessible runs that are not absent. */
  pagesOf(
    address: number,
    protections: readonly ProtectedRun[] | undefined,
  ): readonly StateRun[] | undefined {
    if (this.pages === "none" || protections === undefined) return undefined;
    const accessible = protections.filter(({ access }) => access !== "none");
    return accessible.flatMap(({ offset, length }) => {
      const runs =
        pageRuns(address + offset, length, this.#driver?.pageSize ?? HOST_PAGE_SIZE) ?? [];
      return runs.flatMap(({ address: at, length: bytes, state }) =>
        state === "absent" ? [] : [{ offset: at - address, length: bytes, state }],
      );
    });
  }

  /** The numbers of slots with an accessible page. */
  accessible({ slabs, layout }: RegionAccount): number[] {
    const numbers = new Set<number>();
    for (const { address, first, count } of slabs) {
      const runs = this.protectionsOf(address, count * layout.stride) ?? [];
      for (const { offset, length, access } of runs) {
        if (access === "none") continue;
        const last = Math.floor((offset + length - 1) / layout.stride);
        for (let n = Math.floor(offset / layout.stride); n <= last; n++) numbers.add(first + n);
      }
    }
    return [...numbers];
  }
}

function nativeReports(
  account: RegionAccount,
  held: readonly Slot[],
  source: Source,
): SlotReport[] {
  const { slabs, layout, quarantined } = account;
  const lengths = new Map(held.map((slot) => [slot.index, slot.heapLength]));
  const numbers = new Set([...source.accessible(account), ...lengths.keys(), ...quarantined]);
  return [...numbers].sort(ascending).map((index) => {
    const slab = slabs.find(({ first, count }) => index >= first && index < first + count);
    const address = slab && slab.address + (index - slab.first) * layout.stride;
    const protections =
      address === undefined ? undefined : source.protectionsOf(address, layout.stride);
    const use = useOf(account, index);
    const heapLength =
      use === "quarantined" ? undefined : (lengths.get(index) ?? heapIn(protections));
    return slotReport(index, use, address, heapLength, protections, source);
  });
}

function useOf({ quarantined, isWarm }: RegionAccount, index: number): SlotUse {
  if (quarantined.includes(index)) return "quarantined";
  return isWarm(index) ? "warm" : "in-use";
}

/** The heap is what is accessible behind the Instance page, up to the guard. */
function heapIn(protections: readonly ProtectedRun[] | undefined): number | undefined {
  const [first] = protections ?? [];
  return first?.offset === 0 && first.access === "read-write"
    ? first.length - HOST_PAGE_SIZE
    : undefined;
}

/** Slots of which the heap is all there is. */
function heapReports(held: readonly Slot[], source: Source): SlotReport[] {
  return [...held]
    .sort((a, b) => ascending(a.index, b.index))
    .map(({ index, heap, heapLength }) => {
      const address = source.addressOf(heap.buffer);
      const protections =
        address === undefined ? undefined : source.protectionsOf(address, heapLength);
      return slotReport(index, "in-use", address, heapLength, protections, source);
    });
}

function slotReport(
  index: number,
  use: SlotUse,
  address: number | undefined,
  heapLength: number | undefined,
  protections: readonly ProtectedRun[] | undefined,
  source: Source,
): SlotReport {
  const pages = address === undefined ? undefined : source.pagesOf(address, protections);
  const totals = pages && totalsOf(pages);
  return { index, use, address, heapLength, protections, pages, totals };
}

function totalsOf(pages: readonly StateRun[]): PageTotals {
  const of = (...states: readonly StateRun["state"][]): number =>
    pages.reduce((sum, { state, length }) => (states.includes(state) ? sum + length : sum), 0);
  return { resident: of("clean", "dirty"), dirty: of("dirty"), swapped: of("swapped") };
}

function sumOf(all: readonly (PageTotals | undefined)[]): PageTotals {
  const of = (name: keyof PageTotals): number =>
    all.reduce((sum, totals) => sum + (totals?.[name] ?? 0), 0);
  return { resident: of("resident"), dirty: of("dirty"), swapped: of("swapped") };
}

function heapLayout({ limits }: Region<Slot>): LayoutPart[] {
  return [{ name: "heap", offset: 0, length: limits.heapMemorySize }];
}

function layoutOf(layout: SlotLayout): LayoutPart[] {
  const { heap, stack, globals, sigstack, size, stride, limits } = layout;
  const parts: readonly LayoutPart[] = [
    { name: "instance", offset: 0, length: heap },
    { name: "heap", offset: heap, length: limits.heapAddressSpaceSize },
    { name: "stack-guard", offset: stack - HOST_PAGE_SIZE, length: HOST_PAGE_SIZE },
    { name: "stack", offset: stack, length: limits.stackSize },
    { name: "globals", offset: globals, length: limits.globalsSize },
    { name: "sigstack-guard", offset: sigstack - HOST_PAGE_SIZE, length: HOST_PAGE_SIZE },
    { name: "sigstack", offset: sigstack, length: limits.signalStackSize },
    { name: "slot-guard", offset: size, length: stride - size },
  ];
  return parts.filter(({ length }) => length !== 0);
}

function notesOf(source: Source, unlisted: number): string[] {
  const notes: string[] = [];
  if (source.protections === "bookkeeping") {
    notes.push("access is what the driver's books say: there is no kernel behind them");
  }
  if (source.protections === "none") {
    notes.push("nobody tells access and addresses here: bookkeeping only");
  }
  if (source.pages === "none") notes.push("nobody tells which pages are in memory");
  if (unlisted > 0) {
    notes.push(`${unlisted} more in use: pass the slots that you hold to see their heaps`);
  }
  return notes;
}

const ascending = (a: number, b: number): number => a - b;
