/** The drivers that can be had here, to run the contract on each of them. */

import { type Driver, loadDriver, type NativeDriverName } from "../../src/driver.js";
import { FakeDriver } from "../../src/fake-driver.js";

const names: readonly NativeDriverName[] = ["koffi", "node:ffi"];

const loaded = await Promise.all(names.map((only) => loadDriver({ only })));

/** Drivers of this process that really map memory. */
export const nativeDrivers: readonly Driver[] = loaded.flatMap(({ driver }) => driver ?? []);

/** Names with a way to get the driver: a new one for each test where that means something. */
export const drivers: readonly (readonly [string, () => Driver])[] = [
  ["fake", () => new FakeDriver()],
  ...nativeDrivers.map((driver) => [driver.name, () => driver] as const),
];
