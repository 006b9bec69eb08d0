/**
 * What a region of native slots tells those who inspect it, without a public method that nobody else needs.
 *
 * @module
 */

import { sharedRegistry } from "@memkit/core";
import type { Driver } from "../driver/driver.js";
import type { SlotLayout } from "../slot-layout.js";

/** See the head of this module. */
export interface RegionAccount {
  readonly driver: Driver;
  readonly layout: SlotLayout;
  /** Slots side by side: the address of the first, its number, and how many there are. */
  readonly slabs: readonly {
    readonly address: number;
    readonly first: number;
    readonly count: number;
  }[];
  /** Numbers of slots that nobody gets again. */
  readonly quarantined: readonly number[];
  /** Whether a free slot has kept access to its pages. */
  isWarm(number: number): boolean;
}

/** One for the realm: the region may be of another copy of this package than whoever inspects it. */
const accounts: WeakMap<object, () => RegionAccount> = sharedRegistry(
  "@memkit/mmap-region/accounts/v1",
  () => new WeakMap<object, () => RegionAccount>(),
);

/** Says how to get the region's account. */
export function offerAccount(region: object, account: () => RegionAccount): void {
  accounts.set(region, account);
}

/** The region's account as it is now, if it has offered one. */
export function accountOf(region: object): RegionAccount | undefined {
  return accounts.get(region)?.();
}
