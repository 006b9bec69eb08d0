/**
 * The processor's settings that decide what tables mean, by the manuals' names in lower case.
 *
 * They come in two kinds. Flags that a kernel flips all the time (SUM around a copy from user memory, AC, PAN) are bits of
 * one number, so that changing one costs nothing. The others change masks or the walk's shape, and go through `configure`.
 *
 * @module
 */

import { checkObject } from "../argument.js";
import { pageTableError, shown } from "../page-table-error.js";
import type { Dialect } from "./dialect.js";

/** What the flags that may differ from one access to the next are called. */
export interface StatusSettings {
  /** x86-64 CR0.WP: the supervisor cannot write to read-only pages. Default true. */
  readonly wp?: boolean;
  /** x86-64 CR4.SMEP: the supervisor cannot execute user pages. */
  readonly smep?: boolean;
  /** x86-64 CR4.SMAP: the supervisor cannot read or write user pages, unless `ac`. */
  readonly smap?: boolean;
  /** x86-64 EFLAGS.AC. */
  readonly ac?: boolean;
  /** x86-64 CR4.PKE: `pkru` counts. */
  readonly pke?: boolean;
  /** RISC-V sstatus.SUM: the supervisor may read and write user pages. */
  readonly sum?: boolean;
  /** RISC-V sstatus.MXR: what may be executed may be read. */
  readonly mxr?: boolean;
  /** AArch64 SCTLR_EL1.WXN: what may be written cannot be executed. */
  readonly wxn?: boolean;
  /** AArch64 PSTATE.PAN: the supervisor cannot read or write user pages. */
  readonly pan?: boolean;
}

/** All settings. Those of other architectures than the format's are refused. */
export interface MmuSettings extends StatusSettings {
  /**
   * Who sets accessed and dirty bits: the walker (`update`), software after a `fault`, or nobody (`ignore`: bits neither
   * matter nor change). Default over memory: `update` on x86-64 and RISC-V, `fault` on AArch64. Over a page source: `ignore`.
   * x86-64 has no `fault`.
   */
  readonly accessedDirty?: "fault" | "update" | "ignore";
  /** x86-64 EFER.NXE: bit 63 of an entry denies execution, and is reserved otherwise. Default true. */
  readonly nxe?: boolean;
  /** x86-64: bits of a physical address, 32..52. Bits above are reserved. Default 52. */
  readonly maxPhysAddr?: number;
  /** x86-64 PKRU: two bits for each of 16 keys, access disabled and write disabled. Default 0. */
  readonly pkru?: number;
  /** AArch64 TCR_EL1.T0SZ, T1SZ: the halves have 64 - n bits of address, n in 16..39. Default 16. */
  readonly t0sz?: number;
  readonly t1sz?: number;
  /** AArch64 TCR_EL1.EPD0, EPD1: the half is not translated. */
  readonly epd0?: boolean;
  readonly epd1?: boolean;
  /** AArch64 TCR_EL1.TBI0, TBI1: the top byte of the half's addresses is ignored. */
  readonly tbi0?: boolean;
  readonly tbi1?: boolean;
  /** AArch64 TCR_EL1.HPD0, HPD1: table entries take no rights away. */
  readonly hpd0?: boolean;
  readonly hpd1?: boolean;
  /** AArch64 TCR_EL1.HA, HD: the hardware sets AF, and clears AP2 of entries with DBM. Default: both with `update`. */
  readonly ha?: boolean;
  readonly hd?: boolean;
  /** AArch64 TCR_EL1.IPS as a number of bits: 32, 36, 40, 42, 44 or 48. Default 48. */
  readonly ips?: number;
}

/** The bits of a status word. */
export const WP = 1;
export const SMEP = 2;
export const SMAP = 4;
export const AC = 8;
export const PKE = 16;
export const SUM = 32;
export const MXR = 64;
export const WXN = 128;
export const PAN = 256;
export const NXE = 512;
export const HA = 1024;
export const HD = 2048;
/** Accessed and dirty bits: the walker sets them; their absence faults. Neither: ignored. */
export const AD_UPDATE = 4096;
export const AD_FAULT = 8192;

const STATUS: Readonly<Record<string, number>> = {
  wp: WP,
  smep: SMEP,
  smap: SMAP,
  ac: AC,
  pke: PKE,
  sum: SUM,
  mxr: MXR,
  wxn: WXN,
  pan: PAN,
  nxe: NXE,
  ha: HA,
  hd: HD,
};

const WANTED = "{ wp: false } or others";

/** The whole numbers among the settings: the least, and the most. */
const NUMBERS: Readonly<Record<string, readonly [number, number]>> = {
  maxPhysAddr: [32, 52],
  pkru: [0, 2 ** 32 - 1],
  t0sz: [16, 39],
  t1sz: [16, 39],
  ips: [32, 48],
};

/** What of these TCR_EL1.IPS can say of the 4 KiB granule without LPA2: Arm ARM DDI 0487, "TCR_EL1". */
const IPS = [32, 36, 40, 42, 44, 48];

const PageTableError = /* @__PURE__ */ pageTableError<"invalid-setting">({
  "invalid-setting": (d) => `a processor of ${d.arch} cannot be set so: ${d.setting} to ${d.value}`,
});

/** @throws {@link PageTableError} `invalid-setting` */
export function refuseSetting({ arch }: Dialect, setting: string, value: string): never {
  throw new PageTableError({ code: "invalid-setting", setting, value, arch });
}

/**
 * Proves that a processor of `dialect` has these settings with these values.
 *
 * @throws {@link PageTableError} `invalid-setting`
 */
export function checkSettings(dialect: Dialect, settings: MmuSettings): void {
  checkObject("settings", settings, WANTED);
  for (const [setting, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    const range = NUMBERS[setting];
    const valid =
      range !== undefined
        ? Number.isInteger(value) &&
          value >= range[0] &&
          value <= range[1] &&
          (setting !== "ips" || IPS.includes(value))
        : setting === "accessedDirty"
          ? dialect.accessedDirty.includes(value)
          : typeof value === "boolean";
    if (!valid || !(dialect.settings.includes(setting) || setting === "accessedDirty")) {
      refuseSetting(dialect, setting, shown(value));
    }
  }
}

/**
 * The same for flags that one access brings along.
 *
 * @throws {@link PageTableError} `invalid-setting`, also for what only `configure` can change
 */
export function checkStatus(dialect: Dialect, settings: StatusSettings): void {
  checkSettings(dialect, settings);
  for (const setting of Object.keys(settings)) {
    if ((STATUS[setting] ?? NXE) >= NXE) {
      refuseSetting(dialect, setting, "one access");
    }
  }
}

/**
 * `status` with the flags that `settings` has: on, off, or as they were. Caller must give a number, and flags as booleans;
 * `checkSettings` is for who is not sure.
 *
 * @throws {@link PageTableError} `invalid-argument`: not an object
 */
export function statusWith(status: number, settings: MmuSettings | StatusSettings): number {
  checkObject("settings", settings, WANTED);
  let word = status;
  for (const [setting, value] of Object.entries(settings)) {
    const bit = STATUS[setting] ?? 0;
    if (value === true) word |= bit;
    else if (value === false) word &= ~bit;
  }
  return word;
}
