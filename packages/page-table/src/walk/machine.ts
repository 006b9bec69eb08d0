/**
 * A processor's side of translation: its roots, and its settings turned into the masks that a walk uses.
 *
 * Keeps PT-3: masks are copied from the format and changed here, and `configure` starts from the format each time.
 *
 * @module
 */

import type { Pfn } from "@memkit/core/address";
import { checkObject } from "../argument.js";
import type { PteFormat } from "../format/format.js";
import { PageTableError } from "../page-table-error.js";
import type { Half, Tuning } from "./dialect.js";
import { aim, type Plan, planOf } from "./plan.js";
import { AD_FAULT, AD_UPDATE, checkSettings, type MmuSettings, statusWith } from "./settings.js";

/** Proves that a number is a frame's. @throws {@link PageTableError} `invalid-pfn` */
export function frame(pfn: number): Pfn {
  if (!Number.isInteger(pfn) || pfn < 0 || pfn >= 2 ** 52) {
    throw new PageTableError({ code: "invalid-pfn", pfn });
  }
  return (pfn + 0) as Pfn; // -0 becomes 0
}

function half({ paging, tableMask }: PteFormat, given: number): Half {
  const { levels, vaBits, canonical } = paging;
  return {
    given,
    root: given,
    levels,
    shift: 64 - vaBits,
    mask: -1,
    free: vaBits - (canonical === "sign-extended" ? 33 : 32),
    loMask: 0,
    tag: 0,
    tableMask,
  };
}

/** Roots and settings. {@link Walker} is one. */
export class Machine implements Tuning {
  readonly format: PteFormat;
  /** The settings last given: a copy. What is set here changes nothing; `configure` does. */
  settings: MmuSettings;
  /** The flags of the settings, a bit each, as the dialect reads them. */
  status: number;
  /** x86-64 PKRU. May be set at any time. */
  pkru: number;
  /** @internal */
  low: Half;
  /** @internal */
  high: Half;
  /** @internal */
  hiMask: number;
  /** @internal */
  readonly reservedHi: Int32Array;
  /** @internal */
  sizeHi: number;
  /** Bits of `hi` that must be 0 in an entry that leads to a table. */
  protected tableHi: number;
  protected planLow: Plan;
  protected planHigh: Plan;
  /** Where accessed and dirty bits go when nothing is said. */
  private readonly passive: boolean;

  constructor(
    format: PteFormat,
    settings: MmuSettings,
    roots: readonly [number, number | undefined],
    passive: boolean,
  ) {
    const [root, rootHigh] = roots;
    checkObject("format", format, "x86Format() or another", "supports");
    this.format = format;
    this.settings = settings;
    this.passive = passive;
    this.status = this.pkru = this.hiMask = this.sizeHi = this.tableHi = 0;
    this.reservedHi = new Int32Array(format.leafReservedHi.length);
    this.low = this.high = half(format, frame(root));
    if (format.paging.canonical === "two-halves") {
      this.high = half(format, rootHigh === undefined ? -1 : frame(rootHigh));
    }
    this.planLow = this.planHigh = planOf(format, this, this.low);
    this.configure(settings);
  }

  /**
   * Replaces all settings; one that is left out is at its default again.
   *
   * @throws {@link PageTableError} `invalid-setting`; nothing has changed then
   */
  configure(settings: MmuSettings): void {
    const { format, low, high } = this;
    const { dialect } = format;
    checkSettings(dialect, settings);
    const policy = settings.accessedDirty ?? (this.passive ? "ignore" : dialect.accessedDirty[0]);
    const ad = policy === "update" ? AD_UPDATE : policy === "fault" ? AD_FAULT : 0;
    this.settings = Object.freeze({ ...settings });
    this.status = statusWith(dialect.status | ad, settings);
    this.reservedHi.set(format.leafReservedHi);
    this.reservedHi[0] = format.tableReservedHi;
    this.hiMask = format.hiMask;
    this.pkru = this.sizeHi = 0;
    this.low = half(format, low.given);
    this.high = high === low ? this.low : half(format, high.given);
    dialect.tune(this, settings);
    this.reservedHi.forEach((reserved, level, all) => {
      all[level] = reserved | this.sizeHi;
    });
    this.tableHi = this.reservedHi[0]!;
    this.planLow = planOf(format, this, this.low);
    this.planHigh = this.high === this.low ? this.planLow : planOf(format, this, this.high);
  }

  /**
   * Other tables from now on: what a write to CR3, satp or a TTBR does. There is nothing to flush.
   *
   * @throws {@link PageTableError} `invalid-pfn`; nothing has changed then
   */
  setRoot(root: number, rootHigh: number = this.high.given): void {
    const { low, high } = this;
    const given = frame(root);
    const givenHigh = rootHigh === high.given ? rootHigh : frame(rootHigh);
    if (high !== low) setRoot(high, givenHigh);
    setRoot(low, given);
    aim(this.planLow);
    aim(this.planHigh);
  }
}

/** A half that settings switch off stays off. */
function setRoot(half: Half, given: number): void {
  if (half.root === half.given) half.root = given;
  half.given = given;
}
