/**
 * What a system chooses about its entries and tables, proved: another number of levels, or a policy that nobody knows, is refused, and
 * never taken for the usual one.
 *
 * @module
 */

import { checkObject, refuseArgument } from "../argument.js";
import type { PteFormat } from "./format.js";
import { CACHE_POLICIES, type CachePolicy } from "./property.js";

/** Attributes that IA32_PAT and MAIR_EL1 have: an entry chooses with three bits. */
const ATTRIBUTES = 8;

/** @throws {@link PageTableError} `invalid-argument` unless it is one of what there is */
export function checkChoice(argument: string, value: unknown, known: readonly unknown[]): void {
  if (!known.includes(value)) refuseArgument(argument, value, known.join(" or "));
}

/** @throws {@link PageTableError} `invalid-argument` */
export function checkFormat(format: PteFormat): void {
  checkObject("format", format, "x86Format(), riscvFormat(), aarch64Format()", "supports");
}

/**
 * The numbers of the policies that a register of attributes says, its first one first.
 *
 * @param fewest - Attributes that it must say
 * @throws {@link PageTableError} `invalid-argument`
 */
export function policiesOf(
  register: string,
  policies: readonly CachePolicy[],
  fewest: number,
): number[] {
  const numbers = Array.isArray(policies)
    ? Array.from(policies, (policy: CachePolicy) => CACHE_POLICIES.indexOf(policy))
    : [];
  if (numbers.length < fewest || numbers.length > ATTRIBUTES || numbers.includes(-1)) {
    const count = fewest === ATTRIBUTES ? `${ATTRIBUTES}` : `${fewest} to ${ATTRIBUTES}`;
    refuseArgument(register, policies, `${count} of CACHE_POLICIES`);
  }
  return numbers;
}
