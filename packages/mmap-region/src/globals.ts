/**
 * The globals of a module, and the area of a slot in which lucet keeps them: 8 bytes each, by their index.
 *
 * Invariant MR-16: the globals area holds the module's initial values when the instance is made and after every reset, and
 * zeros behind them. Who could break it: code that writes the area after the reset and before the guest runs.
 *
 * @see lucet `lucet-module/src/globals.rs`, `GlobalValue`; `lucet-runtime-internals/src/instance.rs`, `Instance::reset`
 *
 * @module
 */

import { badArgument } from "./argument.js";
import { RegionError } from "./region-error.js";

/** The types of globals that fit into 8 bytes. */
export type GlobalType = "i32" | "i64" | "f32" | "f64";

/** A global with a value that is known before anything runs. */
export interface DefinedGlobal {
  readonly type: GlobalType;
  /** What the 8 bytes hold: the value's bits from the lowest on, and zeros above them. */
  readonly bits: bigint;
}

/** A global that somebody else gives. No region has a value for it: lucet refuses it, too. */
export interface ImportedGlobal {
  readonly type: "import";
  readonly module: string;
  readonly name: string;
}

/** A global that 8 bytes cannot hold: a vector or a reference, which only an engine has. */
export interface EngineGlobal {
  readonly type: "v128" | "reference";
}

/** One global, by its index in the module. */
export type GlobalSpec = DefinedGlobal | ImportedGlobal | EngineGlobal;

/** Bytes of one global: lucet's `GlobalValue` is a union of 8 bytes. */
export const GLOBAL_SIZE = 8;

const TYPES: readonly string[] = ["i32", "i64", "f32", "f64"];

const scratch: DataView = new DataView(new ArrayBuffer(GLOBAL_SIZE));

/** The lowest and the highest integer that an integer type can be given, signed or unsigned. */
const RANGES: Readonly<Record<"i32" | "i64", readonly [bigint, bigint]>> = {
  i32: [-(2n ** 31n), 2n ** 32n - 1n],
  i64: [-(2n ** 63n), 2n ** 64n - 1n],
};

/**
 * A global with this value.
 *
 * @param value - For `i32` and `i64` an integer that 32 or 64 bits hold, signed or unsigned; for `f32` and `f64` a number.
 * @throws {@link RegionError} `invalid-argument`
 *
 * @example
 * ```ts
 * import { globalOf } from "@memkit/mmap-region/instance";
 *
 * globalOf("i32", -1).bits; // => 0xffffffffn
 * globalOf("f64", 1).bits; // => 0x3ff0000000000000n
 * ```
 */
export function globalOf(type: GlobalType, value: number | bigint): DefinedGlobal {
  if (typeof type !== "string" || !TYPES.includes(type)) {
    throw badArgument("type", type, `must be one of ${TYPES.join(", ")}`);
  }
  if (typeof value !== "number" && typeof value !== "bigint") throw badValue(type, value);
  scratch.setBigUint64(0, 0n, true);
  if (type === "f32" || type === "f64") {
    if (typeof value !== "number") throw badValue(type, value);
    if (type === "f32") scratch.setFloat32(0, value, true);
    else scratch.setFloat64(0, value, true);
  } else {
    if (typeof value === "number" && !Number.isSafeInteger(value)) throw badValue(type, value);
    const integer = BigInt(value);
    const [least, most] = RANGES[type];
    if (integer < least || integer > most) throw badValue(type, value);
    scratch.setBigUint64(0, BigInt.asUintN(type === "i32" ? 32 : 64, integer), true);
  }
  return { type, bits: scratch.getBigUint64(0, true) };
}

function badValue(type: GlobalType, value: number | bigint): RegionError {
  return new RegionError({
    code: "invalid-argument",
    argument: "global",
    value: typeof value === "number" || typeof value === "bigint" ? String(value) : typeof value,
    reason: `is no value of a global of type ${type}`,
  });
}

/**
 * Writes the initial values into a globals area of zeros.
 *
 * @throws {@link RegionError} `unsupported` for a global that has no value, or none of 8 bytes; nothing is written then.
 */
export function writeGlobals(globals: readonly GlobalSpec[], area: BigInt64Array): void {
  const values = globals.map(bitsOf);
  for (const [index, bits] of values.entries()) area[index] = bits;
}

function bitsOf(global: GlobalSpec): bigint {
  if ("bits" in global) return BigInt.asIntN(64, global.bits);
  const capability =
    global.type === "import"
      ? `global imports; found: ${JSON.stringify(global.module)} ${JSON.stringify(global.name)}`
      : `globals of more than 8 bytes; found: ${global.type}`;
  throw new RegionError({ code: "unsupported", backend: "mmap", capability });
}
