/**
 * Invalidation between agents: a log of requests in shared memory, and how far each agent has read it.
 *
 *     word 0  lock: 0, or 1 + the writer        word 1  requests so far        word 2  agents, of whom all say so
 *     then by agent, 2 words:  live?            requests that it has done
 *     then the last 32 requests, 4 words:       hi, lo, pages, ASID
 *     then 65536 words                          the address spaces' roots by number, and
 *     by agent, 2048 words:                     the numbers that it has, see `asids.ts`
 *
 * An agent reads the log at places of its own choice (`poll`). One that is more than the log behind flushes everything.
 *
 * PT-13: when a ticket is done, every agent that was attached when it was published, and has not been detached, has flushed what
 * it says. Who unlinks a page may then free it. Who died may have unlinked pages and told nobody: taking it out asks for a flush of
 * everything.
 *
 * @see OSTD `mm/tlb.rs` (`TlbFlusher`), whose interrupt `poll` stands for
 * @module
 */

import { checkObject } from "../argument.js";
import { Asids, asidWords, isAsid } from "./asids.js";
import { PageTableError } from "./tlb-error.js";
import { ANY_ASID, checkRequest, type TranslationCache } from "./translation-cache.js";

const LOCK = 0;
const HEAD = 1;
const CREW = 2;
const AGENTS = 3;
const AGENT_WORDS = 2;
/** Requests that the log keeps: OSTD flushes everything from 32 pages on. */
const LOG = 32;
const REQUEST_WORDS = 4;
/** Pages of everything. */
const EVERYTHING = 2 ** 52;
/** Agents at most. */
const MOST_AGENTS = 1024;

function checkAgents(agents: number): void {
  if (!(Number.isInteger(agents) && agents >= 1 && agents <= MOST_AGENTS)) {
    throw new PageTableError({ code: "invalid-tlb", option: "agents", got: agents });
  }
}

function checkAgent(agent: number, agents: number): void {
  if (!(Number.isInteger(agent) && agent >= 0 && agent < agents)) {
    throw new PageTableError({ code: "invalid-tlb", option: "agent", got: agent });
  }
}

/**
 * Words of shared memory that a log for so many agents takes: 65,667, and 2050 for each of them. They must be zero at first.
 *
 * @throws {@link PageTableError} `invalid-tlb`
 */
export function shootdownWords(agents: number): number {
  checkAgents(agents);
  return AGENTS + agents * AGENT_WORDS + LOG * REQUEST_WORDS + asidWords(agents);
}

/**
 * One agent's end of the log.
 *
 * @example
 * ```ts
 * import { Shootdown, shootdownWords, Tlb } from "@memkit/page-table/tlb";
 * import { UR } from "@memkit/page-table/walk";
 *
 * const words = new Int32Array(new SharedArrayBuffer(4 * shootdownWords(2)));
 * const [mine, theirs] = [new Tlb(), new Tlb()];
 * const here = new Shootdown(words, 2, 0, mine);
 * const there = new Shootdown(words, 2, 1, theirs); // in another worker
 * theirs.insert(0, 0x1000, 5, UR, 1, false);
 *
 * const ticket = here.publish(0, 0x1000, 1, 0);
 * here.done(ticket); // => false
 * there.poll();
 * here.done(ticket); // => true
 * theirs.lookup(0, 0x1000, UR); // => -1
 * ```
 */
export class Shootdown {
  /** The agent's own cache. */
  readonly tlb: TranslationCache;
  private readonly words: Int32Array;
  private readonly agents: number;
  private readonly agent: number;
  private readonly log: number;
  private readonly asids: Asids;

  /**
   * Attaches an agent with its cache, which is flushed.
   *
   * @throws {@link PageTableError} `invalid-tlb`: not so many agents, or others said another number of them; no such agent, another's
   * number, or too few words; `invalid-argument`: no words, no cache
   */
  constructor(words: Int32Array, agents: number, agent: number, tlb: TranslationCache) {
    checkObject("cache", tlb, "a Tlb or a SetAssociativeTlb", "flush", "flushAll");
    const length = ArrayBuffer.isView(words) && words instanceof Int32Array ? words.length : 0;
    if (length < shootdownWords(agents)) {
      throw new PageTableError({ code: "invalid-tlb", option: "words", got: length });
    }
    checkAgent(agent, agents);
    const crew = Atomics.compareExchange(words, CREW, 0, agents);
    if (crew !== 0 && crew !== agents) {
      throw new PageTableError({ code: "invalid-tlb", option: "agents", got: agents });
    }
    const at = AGENTS + agent * AGENT_WORDS;
    if (Atomics.compareExchange(words, at, 0, 1) !== 0) {
      throw new PageTableError({ code: "invalid-tlb", option: "agent", got: agent });
    }
    this.words = words;
    this.agents = agents;
    this.agent = agent;
    this.tlb = tlb;
    this.log = AGENTS + agents * AGENT_WORDS;
    this.asids = new Asids(words, this.log + LOG * REQUEST_WORDS, agents, agent);
    // Attached first, so that whoever publishes from now on waits; what was published before finds an empty cache.
    Atomics.store(words, at + 1, Atomics.load(words, HEAD));
    tlb.flushAll();
  }

  /**
   * Tells every agent to flush, and flushes the own cache. Waits for another that is just publishing.
   *
   * @returns a ticket for {@link Shootdown.done}
   * @throws {@link PageTableError} `invalid-tlb` as `flush` of a cache; nobody is told then
   */
  publish(hi: number, lo: number, pages: number, asid: number): number {
    checkRequest(hi, lo, pages, asid);
    const { words } = this;
    this.lock();
    const head = Atomics.load(words, HEAD);
    const at = this.log + (head & (LOG - 1)) * REQUEST_WORDS;
    // More pages than an int32 has are all of them: the reader sees 0.
    const count = pages < 2 ** 31 ? pages : 0;
    [hi, lo, count, asid].forEach((word, i) => {
      Atomics.store(words, at + i, word);
    });
    const ticket = (head + 1) | 0;
    Atomics.store(words, HEAD, ticket);
    Atomics.store(words, LOCK, 0);
    this.poll();
    return ticket;
  }

  /** Does what others have published. One load if there is nothing: call it wherever the agent holds no translation. */
  poll(): void {
    const { words, tlb, log } = this;
    const mine = AGENTS + this.agent * AGENT_WORDS + 1;
    let head = Atomics.load(words, HEAD);
    for (let next = Atomics.load(words, mine); next !== head; next = (next + 1) | 0) {
      const at = log + (next & (LOG - 1)) * REQUEST_WORDS;
      const hi = Atomics.load(words, at);
      const lo = Atomics.load(words, at + 1);
      const pages = Atomics.load(words, at + 2);
      const asid = Atomics.load(words, at + 3);
      head = Atomics.load(words, HEAD);
      // The writer may be at the request that is one log further: read too late, so it may be half another.
      if (((head - next) | 0) >= LOG || pages === 0) {
        const late = pages !== 0 || ((head - next) | 0) >= LOG;
        tlb.flushAll(late ? ANY_ASID : asid);
        if (late) break;
      } else tlb.flush(hi, lo, pages, asid);
    }
    Atomics.store(words, mine, head);
  }

  /** What this agent has not flushed yet: addresses' words, pages, and an ASID. @internal */
  *owed(): Generator<readonly [hi: number, lo: number, pages: number, asid: number]> {
    const { words, log } = this;
    const head = Atomics.load(words, HEAD);
    let next = Atomics.load(words, AGENTS + this.agent * AGENT_WORDS + 1);
    if (((head - next) | 0) >= LOG) {
      yield [0, 0, EVERYTHING, ANY_ASID];
      return;
    }
    for (; next !== head; next = (next + 1) | 0) {
      const at = log + (next & (LOG - 1)) * REQUEST_WORDS;
      const [hi, lo, pages, asid] = [0, 1, 2, 3].map((i) => Atomics.load(words, at + i)) as [
        ...[number, number, number, number],
      ];
      yield pages === 0 ? [0, 0, EVERYTHING, asid] : [hi, lo, pages, asid];
    }
  }

  /**
   * Whether every agent has flushed what the ticket says, this one included.
   *
   * @throws {@link PageTableError} `invalid-tlb`: there is no such ticket yet, so waiting for it could be for ever
   */
  done(ticket: number): boolean {
    const { words, agents } = this;
    const whole = typeof ticket === "number" && (ticket | 0) === ticket;
    if (!whole || ((Atomics.load(words, HEAD) - ticket) | 0) < 0) {
      throw new PageTableError({ code: "invalid-tlb", option: "ticket", got: ticket });
    }
    for (let agent = 0; agent < agents; agent++) {
      const at = AGENTS + agent * AGENT_WORDS;
      if (Atomics.load(words, at) === 0) continue;
      if (((Atomics.load(words, at + 1) - ticket) | 0) < 0) return false;
    }
    return true;
  }

  /**
   * Waits until {@link Shootdown.done}, polling: two agents that wait for each other both get on.
   *
   * @param patience - Milliseconds; for ever if not given
   * @returns whether it is done
   * @throws {@link PageTableError} `invalid-tlb` as {@link Shootdown.done}, and for a patience below 0
   */
  wait(ticket: number, patience: number = Infinity): boolean {
    if (!(typeof patience === "number" && patience >= 0)) {
      throw new PageTableError({ code: "invalid-tlb", option: "patience", got: patience });
    }
    const end = Date.now() + patience;
    while (!this.done(ticket)) {
      if (Date.now() > end) return false;
      this.poll();
      park(this.words, HEAD);
    }
    return true;
  }

  /** The agents that have not flushed what the ticket says. @internal */
  behind(ticket: number): number[] {
    const { words, agents } = this;
    const isBehind = (agent: number): boolean => {
      const at = AGENTS + agent * AGENT_WORDS;
      return Atomics.load(words, at) !== 0 && ((Atomics.load(words, at + 1) - ticket) | 0) < 0;
    };
    return Array.from({ length: agents }, (_, agent) => agent).filter(isBehind);
  }

  /**
   * Leaves the log, or takes out an agent that is dead: nobody waits for it any more. A lock that it held is opened, and the numbers
   * of its address spaces are free.
   *
   * What the agent has unmapped and not told is in the caches of the others still, so all are asked to flush everything. Give back the
   * frames of one that died, by `reap` of `@memkit/frame-meta/agents`, when the ticket is done, and not before.
   *
   * @returns a ticket for {@link Shootdown.done} and {@link Shootdown.wait}
   * @throws {@link PageTableError} `invalid-tlb`: there is no such agent
   */
  detach(agent: number = this.agent): number {
    const { words, asids } = this;
    checkAgent(agent, this.agents);
    Atomics.compareExchange(words, LOCK, agent + 1, 0);
    const ticket = this.publish(0, 0, EVERYTHING, ANY_ASID);
    // Behind the request: who takes such a number, and polls, has flushed. Last the agent's own number is free for another.
    asids.clear(agent);
    Atomics.store(words, AGENTS + agent * AGENT_WORDS, 0);
    return ticket;
  }

  /** Whether both ends are of one log. @internal */
  isOfLog({ words }: Shootdown): boolean {
    return words.buffer === this.words.buffer && words.byteOffset === this.words.byteOffset;
  }

  /**
   * Takes a number for an address space: the one that its root has already in some agent, or one that nobody has.
   *
   * @param wanted - if not given, the root's, or the lowest free one
   * @param root - the frame of its root; if there is none yet, {@link Shootdown.nameAsid} says it later
   * @returns -1 where it cannot be had
   * @internal
   */
  claimAsid(wanted: number | undefined, root: number | undefined): number {
    const { asids } = this;
    this.lock();
    try {
      const known = root === undefined ? -1 : asids.numberOf(root);
      const asid = wanted ?? (known < 0 ? asids.free() : known);
      if (!isAsid(asid)) return -1;
      if (asid !== known) {
        if (known >= 0 || asids.isTaken(asid)) return -1;
        asids.name(asid, root);
      }
      asids.hold(asid);
      return asid;
    } finally {
      Atomics.store(this.words, LOCK, 0);
    }
  }

  /** Says the root of an address space that has just been made. @internal */
  nameAsid(asid: number, root: number): void {
    this.asids.name(asid, root);
  }

  /** @internal */
  releaseAsid(asid: number): void {
    this.asids.release(asid);
  }

  private lock(): void {
    const { words } = this;
    while (Atomics.compareExchange(words, LOCK, 0, this.agent + 1) !== 0) {
      this.poll();
      park(words, HEAD);
    }
  }
}

/** A millisecond at most, or until somebody publishes; at once where the agent may not block. The caller looks again. */
function park(words: Int32Array, index: number): void {
  try {
    Atomics.wait(words, index, Atomics.load(words, index), 1);
  } catch {
    // A TypeError: not shared, or the main thread of a page.
    Atomics.load(words, index);
  }
}
