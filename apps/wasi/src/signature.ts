/**
 * How a raw wasm argument becomes what a function of this host takes.
 *
 * Wasm has i32 and i64 and both arrive signed. Pointers, lengths and descriptors are any u32. Enumerations and flags are
 * narrower than the integer that carries them: a number that does not fit is EOVERFLOW (wiggle's `TryFromIntError`), one
 * that fits but means nothing is EINVAL (`InvalidEnumValue`, `InvalidFlagValue`). For those of 32 bits a number with the
 * top bit set is EOVERFLOW too: wiggle converts from i32.
 *
 * @see wiggle `generate/src/funcs.rs`
 * @module
 */

import { Advice, ClockId, FdFlag, FstFlag, LookupFlag, OFlag, Whence } from "./abi.js";
import type { Context } from "./context.js";
import { fail } from "./errno.js";
import { RIGHT_NAMES } from "./rights.js";

function asU32(raw: number): number {
  return raw >>> 0;
}

function asU64(raw: bigint): bigint {
  return BigInt.asUintN(64, raw);
}

function asS64(raw: bigint): bigint {
  return raw;
}

/** A number of `bits` bits, or EOVERFLOW. */
function fitting(raw: number, bits: 8 | 16 | 32): number {
  return raw >= 0 && raw < 2 ** bits ? raw : fail("EOVERFLOW");
}

function enumOf(cases: object, bits: 8 | 16 | 32): (raw: number) => number {
  const count = Object.keys(cases).length;
  return (raw) => {
    const value = fitting(raw, bits);
    return value < count ? value : fail("EINVAL");
  };
}

function flagsOf(names: object, bits: 8 | 16 | 32): (raw: number) => number {
  const known = 2 ** Object.keys(names).length - 1;
  return (raw) => {
    const value = fitting(raw, bits);
    return (value & ~known) === 0 ? value : fail("EINVAL");
  };
}

/** Rights have 64 bits of which 30 mean something: see rights.ts. */
function asRights(raw: bigint): number {
  if (raw < 0n) fail("EOVERFLOW");
  return raw < 1n << BigInt(RIGHT_NAMES.length) ? Number(raw) : fail("EINVAL");
}

/** Every kind of parameter, by the name of its witx type. */
const kinds = {
  ptr: asU32,
  size: asU32,
  fd: asU32,
  exitcode: asU32,
  filesize: asU64,
  filedelta: asS64,
  timestamp: asU64,
  dircookie: asU64,
  rights: asRights,
  clockid: enumOf(ClockId, 32),
  advice: enumOf(Advice, 8),
  whence: enumOf(Whence, 8),
  fdflags: flagsOf(FdFlag, 16),
  fstflags: flagsOf(FstFlag, 16),
  oflags: flagsOf(OFlag, 16),
  lookupflags: flagsOf(LookupFlag, 32),
  /** Of a function that is not implemented, or that never looks at it. */
  ignored: asU32,
} as const;

/** The name of a kind of parameter. */
type KindName = keyof typeof kinds;

/** A parameter: its name, and its kind. */
export type Param<K extends KindName = KindName> = readonly [name: string, kind: K];

/** What a function takes for `P`, after conversion. */
export type ArgsOf<P extends readonly Param[]> = {
  -readonly [I in keyof P]: ReturnType<(typeof kinds)[P[I][1]]>;
};

/** One function of preview1. */
export interface HostFunction {
  readonly name: string;
  readonly params: readonly Param[];
  /** `undefined`: the guest gets ENOSYS. */
  readonly call: ((context: Context, raw: readonly (number | bigint)[]) => void) | undefined;
}

/**
 * Joins a name, parameters and a function that takes what the parameters convert to.
 *
 * Conversion happens from left to right and before the function runs, so a bad flag is refused before anything is done.
 */
export function hostFunction<const P extends readonly Param[]>(
  name: string,
  params: P,
  run?: (context: Context, ...args: ArgsOf<P>) => void,
): HostFunction {
  if (run === undefined) return { name, params, call: undefined };
  const converters = params.map(([, kind]) => kinds[kind] as (raw: number | bigint) => unknown);
  return {
    name,
    params,
    call: (context, raw) => {
      const args = converters.map((convert, i) => convert(raw[i] as number | bigint));
      run(context, ...(args as ArgsOf<P>));
    },
  };
}
