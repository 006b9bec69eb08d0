/**
 * How a snapshot is taken and put back.
 *
 * @module
 */

import { badArgument, requireDriver, requireObject } from "../argument.js";
import type { Driver } from "../driver/driver.js";
import { RegionError, wholeNumberOr } from "../region-error.js";
import { selfTest } from "./self-test.js";
import type { InstanceTarget, MemoryTarget } from "./targets.js";

/**
 * What puts a memory back.
 *
 * - `copy` writes all bytes again. It needs no driver.
 * - `scan+undo` maps the image copy-on-write, finds the pages that were written, and writes those again: they stay resident.
 * - `discard` maps the image likewise and drops the pages that were written or read: each costs a fault when it is next used.
 */
export type EngineName = "copy" | "scan+undo" | "discard";

/** Which engine was used, and why. */
export interface Choice {
  readonly engine: EngineName;
  readonly reason: string;
}

/** See the head of this module. */
export interface SnapshotOptions {
  /** What `loadDriver` found. Without one everything is copied. */
  readonly driver?: Driver | undefined;
  /** Default `auto`: by what the driver can do, the size of the image, and how many pages are dirty. */
  readonly engine?: EngineName | "auto" | undefined;
  /** Bytes that may stay resident over a reset: with more of them dirty `auto` discards. Default 16 MiB. */
  readonly keepResident?: number | undefined;
  /**
   * What to do with a memory or table that is longer than its image, for none can shrink: throw `has-grown` (the default), or `clear`
   * what is beyond to zeros and nulls, so that only the size tells. Tables that hold no nulls are refused either way.
   */
  readonly grown?: "refuse" | "clear" | undefined;
  /**
   * Allows memories that threads share. Whoever resets one answers for no other thread being inside: nobody can check it. They are
   * always copied.
   */
  readonly shared?: boolean | undefined;
  /**
   * Called with the memory or instance after each `apply` and `reset`: an image has the same seeds, keys and clocks every time,
   * and whatever must differ is to be written here.
   */
  readonly reseed?: ((target: MemoryTarget | InstanceTarget) => void) | undefined;
}

/**
 * 16 MiB: 4,096 pages, which take about 4 ms to undo. Beyond that the memory is worth more to others.
 */
const DEFAULT_KEEP_RESIDENT: number = 16 * 2 ** 20;

/** Options that have been looked through, and whether a driver may map. */
export interface Plan {
  readonly engine: EngineName | "auto";
  /** Undefined where everything is copied. */
  readonly driver: Driver | undefined;
  /** Why everything is copied, when it is. */
  readonly copyBecause: string;
  readonly keepResident: number;
  readonly grown: "refuse" | "clear";
  readonly shared: boolean;
  readonly reseed: ((target: MemoryTarget | InstanceTarget) => void) | undefined;
}

const ENGINES: readonly string[] = ["auto", "copy", "scan+undo", "discard"];

function oneOf<T extends string>(argument: string, value: T, values: readonly string[]): T {
  if (values.includes(value)) return value;
  throw badArgument(argument, value, `must be one of ${values.join(", ")}`);
}

/**
 * @throws {@link RegionError} `invalid-argument`; `unsupported` for an engine that is asked for by name and cannot work here
 */
export function planOf(options: SnapshotOptions): Plan {
  requireObject("options", options);
  const engine = oneOf("engine", options.engine ?? "auto", ENGINES);
  const grown = oneOf("grown", options.grown ?? "refuse", ["refuse", "clear"]);
  const keepResident = wholeNumberOr("keepResident", options.keepResident, DEFAULT_KEEP_RESIDENT);
  const { driver, reseed } = options;
  if (driver !== undefined) requireDriver(driver);
  if (reseed !== undefined && typeof reseed !== "function") {
    throw badArgument("reseed", reseed, "must be a function");
  }
  let copyBecause = "";
  if (engine === "copy") copyBecause = "it was asked for";
  else if (driver === undefined) copyBecause = "there is no driver";
  else {
    const verdict = selfTest(driver);
    if (verdict !== undefined) copyBecause = `the self-test failed: ${verdict}`;
    else if (engine === "scan+undo" && !driver.capabilities.dirtyPages) {
      copyBecause = "nobody can tell dirty pages";
    }
  }
  if (copyBecause !== "" && engine !== "auto" && engine !== "copy") {
    const capability = `the snapshot engine ${engine}: ${copyBecause}`;
    throw new RegionError({ code: "unsupported", backend: "wasm", capability });
  }
  return {
    engine,
    driver: copyBecause === "" ? driver : undefined,
    copyBecause,
    keepResident,
    grown,
    shared: options.shared === true,
    reseed,
  };
}
