/**
 * What a pool counts.
 *
 * @module
 */

import type { EngineName } from "./options.js";
import type { PoolGuest } from "./pool-guest.js";
import { DISCARD_REASONS, type DiscardReason, type PoolMetrics } from "./pool-options.js";

interface Resets {
  count: number;
  microseconds: number;
  pages: number;
}

const none = (): Resets => ({ count: 0, microseconds: 0, pages: 0 });

/** See the head of this module. */
export class PoolLedger {
  checkouts = 0;
  hits = 0;
  waits = 0;
  created = 0;
  destroyed = 0;
  private readonly discards: Record<DiscardReason, number>;
  private readonly resets: Record<EngineName, Resets> = {
    copy: none(),
    "scan+undo": none(),
    discard: none(),
  };

  constructor() {
    const counts = DISCARD_REASONS.map((reason) => [reason, 0] as const);
    this.discards = Object.fromEntries(counts) as Record<DiscardReason, number>;
  }

  /** @param spent - Milliseconds. */
  reset(guest: PoolGuest<unknown>, spent: number): void {
    const memory = guest.longest();
    const resets = this.resets[memory?.choice.engine ?? "copy"];
    resets.count += 1;
    resets.microseconds += spent * 1000;
    resets.pages += memory?.written ?? 0;
  }

  destroy(reason: DiscardReason): void {
    this.destroyed += 1;
    this.discards[reason] += 1;
  }

  metrics(
    now: Pick<PoolMetrics, "idle" | "leased" | "creating" | "waiting" | "residentBytes">,
  ): PoolMetrics {
    const { checkouts, hits, waits, created, destroyed } = this;
    const { copy, discard, "scan+undo": undo } = this.resets;
    const resets = { copy: { ...copy }, "scan+undo": { ...undo }, discard: { ...discard } };
    const discards = { ...this.discards };
    return { checkouts, hits, waits, created, destroyed, discards, resets, ...now };
  }
}
