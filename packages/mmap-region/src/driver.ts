/**
 * Native drivers: `mmap` and its kin for a region.
 *
 * Behind the export condition `browser` the same names are there and find no driver.
 *
 * @module
 */

export type {
  Access,
  Driver,
  DriverCapabilities,
  Image,
  NativeDriverName,
} from "./driver/driver.js";
export { type DriverReport, type LoadDriverOptions, loadDriver } from "./driver/load-driver.js";
export { MapBudget, type MapLimits, type MapUsage } from "./driver/map-budget.js";
