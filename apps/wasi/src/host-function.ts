/**
 * One function of preview1: what it takes, and what runs for it.
 *
 * The types of parameters are those of abi.ts, and `bindings` converts by them. Addresses and lengths are plain numbers:
 * calls see memory through a GuestAccess, of which the guest's GuestMemory is only one.
 *
 * @module
 */

import type { HostArgs, Param } from "@memkit/guest-memory/bindings";
import type { Context } from "./context.js";

/** One function of preview1. */
export interface HostFunction {
  readonly name: string;
  readonly params: readonly Param[];
  /** `undefined`: the guest gets ENOSYS. */
  readonly call: ((context: Context, ...args: unknown[]) => void) | undefined;
}

/** Joins a name, parameters and a function that takes what the parameters convert to. */
export function hostFunction<const P extends readonly Param[]>(
  name: string,
  params: P,
  call?: (context: Context, ...args: HostArgs<{ readonly params: P }>) => void,
): HostFunction {
  return { name, params, call: call as HostFunction["call"] };
}
