/**
 * The native driver that suites of real memory need: without one they fail, and say why.
 *
 * @module
 */

import { type Driver, loadDriver } from "@memkit/mmap-region/driver";

export async function driverOrThrow(): Promise<Driver> {
  const { driver, notice } = await loadDriver();
  if (driver === undefined) throw new Error(notice);
  return driver;
}
