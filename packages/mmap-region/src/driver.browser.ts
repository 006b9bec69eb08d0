/**
 * What `./driver` is in a browser: the same names, no native code, no driver.
 *
 * @module
 */

import type { DriverReport, LoadDriverOptions } from "./driver/load-driver.js";
import { RegionError } from "./region-error.js";

export { MapBudget } from "./driver/map-budget.js";

/** Finds no driver. */
export async function loadDriver(_options: LoadDriverOptions = {}): Promise<DriverReport> {
  const failure = new RegionError({
    code: "unsupported-platform",
    platform: "browser",
    arch: "unknown",
  });
  return { driver: undefined, notice: failure.message, failures: [failure] };
}
