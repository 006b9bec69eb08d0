/**
 * A guest of a pool, and what the pool knows of it.
 *
 * @module
 */

import { badArgument, requireObject } from "../argument.js";
import { RegionError } from "../region-error.js";
import { Image } from "./image.js";
import type { Parts } from "./instance-state.js";
import type { MappedMemory } from "./memory-image.js";
import type { Occupancy } from "./occupancy.js";
import type { DiscardReason, Member } from "./pool-options.js";
import type { PoolState } from "./pool-state.js";

/** Why a guest cannot be used again. */
export interface Broken {
  readonly reason: DiscardReason;
  readonly cause: unknown;
}

/** See the head of this module. */
export class PoolGuest<T> {
  readonly member: Member<T>;
  readonly occupancy: readonly Occupancy[];
  /** All that a reset writes. */
  readonly parts: Parts;
  /** Who has it, or had it last. */
  key: string | undefined = undefined;
  broken: Broken | undefined = undefined;
  /** Bytes of memory of its own, as the last reset left them. */
  residentBytes = 0;
  private entriesAtReset: number;

  /**
   * @throws {@link RegionError} `invalid-argument`; `image-not-applied`, `image-closed`: the member shows no image; `state-shared`, and
   * what the member's `destroy` throws, which is called then
   */
  constructor(member: Member<T>, poisons: (error: unknown) => boolean, pool: PoolState) {
    requireObject("member", member);
    if (!(member.image instanceof Image)) {
      throw badArgument("member.image", member.image, "must be an image");
    }
    this.member = member;
    this.parts = member.image.partsOf(member.target);
    try {
      pool.claim(this.parts);
    } catch (error) {
      member.destroy?.();
      throw error;
    }
    this.occupancy = member.image.occupancy(member.target);
    const threw = (cause: unknown): void => {
      if (poisons(cause)) this.broken ??= { reason: "trapped", cause };
    };
    for (const each of this.occupancy) each.threw = threw;
    this.entriesAtReset = this.entries();
  }

  /** Whether anybody was inside since it was last put back. */
  get used(): boolean {
    return this.entries() !== this.entriesAtReset;
  }

  /** Puts it back; afterwards `broken` says whether that could be. */
  reset(): void {
    this.attempt(() => this.member.image.reset(this.member.target));
  }

  /** Gives its memory back to the system, as far as that can be. */
  trim(): void {
    this.attempt(() => this.member.image.trim(this.member.target));
  }

  /** The memory that a reset takes longest for. Undefined for a guest without one. */
  longest(): MappedMemory | undefined {
    let longest: MappedMemory | undefined;
    for (const memory of this.member.image.shownBy(this.member.target)) {
      if (longest === undefined || memory.image.length > longest.image.length) longest = memory;
    }
    return longest;
  }

  private entries(): number {
    let entries = 0;
    for (const each of this.occupancy) entries += each.entries;
    return entries;
  }

  private attempt(act: () => void): void {
    if (this.broken === undefined && this.occupancy.some(({ depth }) => depth > 0)) {
      this.broken = { reason: "inside", cause: undefined };
    }
    if (this.broken !== undefined) return;
    try {
      act();
    } catch (cause) {
      const grown = cause instanceof RegionError && cause.code === "has-grown";
      this.broken = { reason: grown ? "grown" : "failed", cause };
      return;
    }
    this.entriesAtReset = this.entries();
    this.residentBytes = 0;
    for (const memory of this.member.image.shownBy(this.member.target)) {
      this.residentBytes += memory.residentBytes;
    }
  }
}
