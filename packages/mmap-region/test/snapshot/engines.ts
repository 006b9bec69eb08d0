/** The engines that can be had here, to run the contract on each of them. */

import type { SnapshotOptions } from "../../src/snapshot.js";
import { nativeDrivers } from "../contract/drivers.js";

export const engines: readonly (readonly [name: string, options: SnapshotOptions])[] = [
  ["copy", { engine: "copy" }],
  ["auto without a driver", {}],
  ...nativeDrivers.flatMap((driver) =>
    (["auto", "scan+undo", "discard"] as const).map(
      (engine) => [`${engine} by ${driver.name}`, { driver, engine }] as const,
    ),
  ),
  ...nativeDrivers.map(
    (driver) => [`auto by ${driver.name}, nothing kept`, { driver, keepResident: 0 }] as const,
  ),
];
