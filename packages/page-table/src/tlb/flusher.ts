/**
 * What an owner of tables calls while it unmaps: requests in a batch, and the frames that must live until all have flushed.
 *
 * PT-14: what was given to `keep` is released once, and not before every request issued before it is done everywhere. What refuses stays,
 * and is asked again; what was thrown is told by a `collect`, once.
 *
 * @see OSTD `TlbFlusher`: `issue_tlb_flush_with`, `dispatch_tlb_flush`, `sync_tlb_flush`
 * @module
 */

import { checkObject } from "../argument.js";
import { type Lost, releaseFailed } from "../table/release-failed.js";
import type { Shootdown } from "./shootdown.js";
import { ANY_ASID, checkRequest } from "./translation-cache.js";

/** A handle on frames: a `Frame`, a `Segment`. */
export interface Releasable {
  /** Ends it. */
  drop(): void;
  /** Whether it has ended: one that says no after its `drop` threw is dropped again. */
  readonly dropped?: boolean;
}

/** A handle that could not be dropped, and whether it is kept. */
interface Failure extends Lost {
  readonly kept: boolean;
}

/** Requests from here on become one for everything: OSTD `FLUSH_ALL_PAGES_THRESHOLD`. */
const ALL_PAGES = 32;
/** Pages of the whole address space. */
const EVERYTHING = 2 ** 52;

/** hi, lo, pages, ASID. */
type Request = readonly [number, number, number, number];

/** One request in place of many. */
function wholeOf(batch: readonly Request[]): Request {
  const asid = batch[0]![3];
  return [0, 0, EVERYTHING, batch.every((request) => request[3] === asid) ? asid : ANY_ASID];
}

/**
 * Collects what is to be flushed, sends it at once, and keeps frames alive until it is done.
 *
 * @example
 * ```ts
 * import { Shootdown, shootdownWords, Tlb, TlbFlusher } from "@memkit/page-table/tlb";
 *
 * const words = new Int32Array(shootdownWords(1));
 * const flusher = new TlbFlusher(new Shootdown(words, 1, 0, new Tlb()));
 * let dropped = 0;
 * flusher.issue(0, 0x1000, 1, 3);
 * flusher.keep({ drop: () => dropped++ });
 * dropped; // => 0
 * flusher.dispatch();
 * flusher.collect(); // => true
 * dropped; // => 1
 * ```
 */
export class TlbFlusher {
  private readonly shootdown: Shootdown;
  private batch: Request[] = [];
  private pages = 0;
  private fresh: Releasable[] = [];
  /** What is flushed, and could not be dropped yet. */
  private refused: Releasable[] = [];
  /** What was thrown by drops of what has ended, and nobody has heard of. */
  private unheard: Failure[] = [];
  private waiting: { readonly ticket: number; readonly kept: Releasable[] }[] = [];

  /** @throws {@link PageTableError} `invalid-argument` */
  constructor(shootdown: Shootdown) {
    checkObject("end of a log", shootdown, "a Shootdown", "publish", "done");
    this.shootdown = shootdown;
  }

  /**
   * Asks for a flush of `pages` pages from the one of an address on. Nothing happens before {@link TlbFlusher.dispatch}.
   *
   * @throws {@link PageTableError} as {@link Shootdown.publish}
   */
  issue(hi: number, lo: number, pages: number, asid: number): void {
    checkRequest(hi, lo, pages, asid);
    this.batch.push([hi, lo, pages, asid]);
    this.pages += pages;
  }

  /** Asks for a flush of a whole address space, whose global entries then stay; or of everything. */
  issueAll(asid: number = ANY_ASID): void {
    this.issue(0, 0, EVERYTHING, asid);
  }

  /** Hands over what the unmapped addresses led to. @throws {@link PageTableError} `invalid-argument`: it cannot be dropped */
  keep(item: Releasable): void {
    checkObject("handle", item, "a Frame, a Segment or what else has drop()", "drop");
    this.fresh.push(item);
  }

  /**
   * Sends what was issued; if it is 32 pages or more, as one request for the whole address space, or for everything if it is about
   * several of them.
   */
  dispatch(): void {
    const { batch, fresh } = this;
    if (batch.length === 0 && fresh.length === 0) return;
    let ticket = 0;
    for (const [hi, lo, pages, asid] of this.pages < ALL_PAGES ? batch : [wholeOf(batch)]) {
      ticket = this.shootdown.publish(hi, lo, pages, asid);
    }
    // Nothing was issued for what is kept: then nobody says what it was, and everything goes.
    if (batch.length === 0) ticket = this.shootdown.publish(0, 0, EVERYTHING, ANY_ASID);
    this.batch = [];
    this.pages = 0;
    this.fresh = [];
    if (fresh.length > 0) this.waiting.push({ ticket, kept: fresh });
  }

  /**
   * Releases what nobody can reach any more. What could not be dropped and lives still, a frame whose type refuses, is kept.
   *
   * @param again - whether to try what was kept so, too, and to tell what was thrown where something else was being done
   * @returns whether nothing is left
   * @throws {@link PageTableError} `release-failed` where something is kept, which then is not in its `raws`, or several have thrown; what
   * else a `drop` throws. The others have been released.
   */
  collect(again = true): boolean {
    const unheard = again ? this.unheard.splice(0) : [];
    const lost = [...unheard, ...this.release(again)];
    const kept = lost.filter((failure) => failure.kept).length;
    if (kept > 0 || lost.length > 1) throw releaseFailed(lost, kept);
    if (lost.length > 0) throw lost[0]!.error;
    const { waiting, fresh, batch, refused } = this;
    return waiting.length + fresh.length + batch.length + refused.length === 0;
  }

  /**
   * Sends what was issued and releases what nobody can reach any more, at the end of something that has succeeded, or failed, without
   * that: what is thrown here the next {@link TlbFlusher.collect} throws.
   *
   * @internal
   */
  settle(): void {
    this.dispatch();
    this.unheard.push(...this.release(false).filter(({ kept }) => !kept));
  }

  /** @returns what has not gone, or only with an error */
  private release(again: boolean): Failure[] {
    const { shootdown } = this;
    const ready = again ? this.refused.splice(0) : [];
    while (this.waiting.length > 0 && shootdown.done(this.waiting[0]!.ticket)) {
      ready.push(...this.waiting.shift()!.kept);
    }
    const lost: Failure[] = [];
    for (const item of ready) {
      try {
        item.drop();
      } catch (error) {
        const kept = item.dropped === false;
        if (kept) this.refused.push(item);
        lost.push({ error, raws: [], kept });
      }
    }
    return lost;
  }

  /** Dispatches, waits for all agents, and releases. They must poll, or be detached. @throws as {@link TlbFlusher.collect} */
  sync(): void {
    this.dispatch();
    const last = this.waiting.at(-1);
    if (last !== undefined) this.shootdown.wait(last.ticket);
    this.collect();
  }
}
