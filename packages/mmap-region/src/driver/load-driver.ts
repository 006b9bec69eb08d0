/**
 * Chooses the native driver: koffi where it is installed, else `node:ffi` where Node has it.
 *
 * Nothing here throws for a driver that cannot be had: a host that runs without is told so, once, in a sentence.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import { requireObject } from "../argument.js";
import { RegionError } from "../region-error.js";
import type { Driver, NativeDriverName } from "./driver.js";
import { bindKoffi } from "./koffi.js";
import type { Libc } from "./libc.js";
import { LinuxDriver } from "./linux-driver.js";
import { nodeProcess } from "./node-builtin.js";
import { bindNodeFfi } from "./node-ffi.js";

/** What came of looking for a driver. */
export interface DriverReport {
  /** Undefined when none can be used. */
  readonly driver: Driver | undefined;
  /** One sentence: which driver was taken, or why none was. */
  readonly notice: string;
  /** What was tried without success, in order. */
  readonly failures: readonly RegionError[];
}

/** How to choose. */
export interface LoadDriverOptions {
  /** Try this one and no other. Default: `koffi`, then `node:ffi`, which is experimental and says so on stderr. */
  readonly only?: NativeDriverName | undefined;
}

const BINDINGS: Readonly<Record<NativeDriverName, () => Libc | Promise<Libc>>> = {
  koffi: bindKoffi,
  "node:ffi": bindNodeFfi,
};

/** Where the numbers of `linux-abi.ts` hold. */
const ARCHITECTURES: readonly string[] = ["x64", "arm64"];

/** Drivers that were made: one of a name is enough for the realm. */
const made: Map<NativeDriverName, Driver> = sharedRegistry(
  "@memkit/mmap-region/drivers/v1",
  () => new Map<NativeDriverName, Driver>(),
);

/** The driver, or why there is none. */
type Made = { readonly driver: Driver } | { readonly failure: RegionError };

async function make(name: NativeDriverName): Promise<Made> {
  const present = made.get(name);
  if (present !== undefined) return { driver: present };
  try {
    const driver = new LinuxDriver(await BINDINGS[name]());
    made.set(name, driver);
    return { driver };
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : String(cause);
    const detail = { code: "driver-unavailable", driver: name, reason } as const;
    return { failure: new RegionError(detail, { cause }) };
  }
}

/**
 * Looks for a native driver.
 *
 * @throws {@link RegionError} `invalid-argument` for a name that no driver has; nothing else.
 *
 * @example
 * ```ts
 * import { loadDriver } from "@memkit/mmap-region/driver";
 *
 * const { driver, notice } = await loadDriver();
 * notice.length > 0; // => true
 * if (driver !== undefined) {
 *   const address = driver.reserve(driver.pageSize);
 *   driver.release(address, driver.pageSize);
 * }
 * ```
 */
export async function loadDriver(options: LoadDriverOptions = {}): Promise<DriverReport> {
  requireObject("options", options);
  const { only } = options;
  if (only !== undefined && !(typeof only === "string" && Object.hasOwn(BINDINGS, only))) {
    throw new RegionError({
      code: "invalid-argument",
      argument: "only",
      value: typeof only === "string" ? only : typeof only,
      reason: `must be one of ${Object.keys(BINDINGS).join(", ")}`,
    });
  }
  const platform = nodeProcess()?.platform ?? "browser";
  const arch = nodeProcess()?.arch ?? "unknown";
  if (platform !== "linux" || !ARCHITECTURES.includes(arch)) {
    const failure = new RegionError({ code: "unsupported-platform", platform, arch });
    return { driver: undefined, notice: failure.message, failures: [failure] };
  }
  const failures: RegionError[] = [];
  for (const name of only === undefined ? (["koffi", "node:ffi"] as const) : [only]) {
    const tried = await make(name);
    if ("driver" in tried) {
      return { driver: tried.driver, notice: `native memory through ${name}`, failures };
    }
    failures.push(tried.failure);
  }
  const notice = `no native memory: ${failures.map(({ message }) => message).join("; ")}`;
  return { driver: undefined, notice, failures };
}
