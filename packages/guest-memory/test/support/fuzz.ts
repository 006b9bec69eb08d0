/**
 * A borrow checker under a guest memory, played against the naive O(n) model: one round of random operations at a time.
 *
 * Shared by the suite, which plays short rounds, and by test/long/fuzz.ts, which plays a million operations and counts
 * which branches of the checker they take.
 */

import { u8, u32 } from "@memkit/core";
import { GuestMemory } from "@memkit/guest-memory";
import {
  BorrowChecker,
  type BorrowCheckerSizes,
  checkInvariants,
  OUT_OF_HANDLES,
  type PolicyName,
  REFUSED,
} from "@memkit/guest-memory/borrow";

/** Where ranges lie. The i-th range of a pattern; `random(n)` is below n. */
const PATTERNS = {
  /** Anywhere in 256 bytes, a quarter of them long. */
  crowded: (random) => [random(256), random(4) === 0 ? random(64) : random(6)],
  /** Near three points of 2^32; drawn evenly from it, ranges would never meet. */
  clustered: (random) => [[0, 2 ** 31 - 600, 2 ** 32 - 1200][random(3)]! + random(1100), random(6)],
  /** Anywhere in 2^32, 1 byte to 1 MiB. */
  scattered: (random) => [random(2 ** 32), 1 + random(2 ** random(21))],
  /** One after the other, with gaps; now and then one that is there already. */
  ascending: (random, i) => [(random(4) === 0 ? random(i + 1) : i) * 128, 1 + random(128)],
  descending: (random, i) => [
    2 ** 32 - (random(4) === 0 ? random(i + 1) : i) * 128,
    1 + random(90),
  ],
  /** Each within the one before. */
  nested: (random, i) => [i + random(2), 2 ** 20 - 2 * i],
  /** Each shifted by a bit: a byte lies in a hundred of them. */
  staircase: (random, i) => [i * 64 + random(64), 6400],
  identical: () => [1000, 24],
  /** Few starts, many lengths: equal separators. */
  combs: (random) => [random(7) * 1000, random(3000)],
} satisfies Record<string, (random: Random, i: number) => [start: number, len: number]>;

type Random = (below: number) => number;

export type Pattern = keyof typeof PATTERNS;
export const PATTERN_NAMES = Object.keys(PATTERNS) as Pattern[];

/** What a round is like. */
export interface Round {
  readonly pattern: Pattern;
  readonly seed: number;
  /** Borrows that are live at the top of a tide. */
  readonly most: number;
  readonly steps: number;
  /** Percent of the borrows that are mut. */
  readonly muts: number;
  readonly policy: PolicyName;
  /** Little but borrowing while the tide rises and releasing while it falls. */
  readonly rush?: boolean;
  /** Steps between two looks at the invariants. */
  readonly every: number;
  readonly sizes?: BorrowCheckerSizes;
}

/** What happened, for those who want to know whether the rounds proved anything. */
export class Tally {
  operations = 0;
  /** Borrows, reads and writes asked for. */
  asked = 0;
  /** Those that a live borrow refused. */
  refused = 0;
  readonly by: Record<string, number> = {};
  mostLive = 0;

  count(what: string): void {
    this.operations++;
    this.by[what] = (this.by[what] ?? 0) + 1;
  }
}

/** Marsaglia's xorshift32, the triple 13, 17, 5. */
function randomFrom(seed: number): Random {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

const MUT = 1;
const SHARED = 2;

/** The rules said plainly, over parallel arrays because rounds are long. */
class Live {
  readonly #policy: PolicyName;
  readonly handles: number[] = [];
  readonly starts: number[] = [];
  readonly lens: number[] = [];
  readonly kinds: number[] = [];

  constructor(policy: PolicyName) {
    this.#policy = policy;
  }

  /** Whether a live range of one of `kinds` shares a byte with [start, start + len), or is live at all. */
  overlaps(start: number, len: number, kinds: number): boolean {
    const { starts, lens } = this;
    if (this.#policy === "coarse") return this.kinds.some((kind) => (kind & kinds) !== 0);
    if (len === 0) return false;
    for (let i = 0; i < starts.length; i++) {
      if (starts[i]! < start + len && start < starts[i]! + lens[i]! && lens[i] !== 0) {
        if ((this.kinds[i]! & kinds) !== 0) return true;
      }
    }
    return false;
  }

  add(handle: number, start: number, len: number, kind: number): void {
    this.handles.push(handle);
    this.starts.push(start);
    this.lens.push(len);
    this.kinds.push(kind);
  }

  remove(i: number): void {
    for (const column of [this.handles, this.starts, this.lens, this.kinds]) {
      column[i] = column.at(-1)!;
      column.pop();
    }
  }
}

/** Plays a round; throws a sentence at the first difference. */
export function play(round: Round, tally: Tally): void {
  const random = randomFrom(round.seed);
  const range = PATTERNS[round.pattern] as (random: Random, i: number) => [number, number];
  const checker = new BorrowChecker(round.policy, round.sizes);
  const source = { buffer: new ArrayBuffer(256) };
  const mem = new GuestMemory(source, { policy: checker });
  const live = new Live(round.policy);
  const ended: number[] = [];
  let granted = 0;
  let step = 0;

  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${what} at step ${step} of ${JSON.stringify(round)}`);
  };
  const throws = (code: string, run: () => void): void => {
    let got: unknown;
    try {
      run();
    } catch (error) {
      got = (error as { code?: unknown }).code;
    }
    demand(got === code, `${String(got)} instead of ${code}`);
  };
  const release = (kind: number, handle: number): void =>
    kind === MUT ? checker.mutUnborrow(handle) : checker.sharedUnborrow(handle);

  const borrow = (): void => {
    // One in six is for bytes that somebody has, so that every round knows refusals.
    const taken = random(6) === 0 ? live.starts[random(live.starts.length)] : undefined;
    const kind = taken !== undefined || random(100) < round.muts ? MUT : SHARED;
    const [drawnStart, drawnLen] = range(random, granted);
    const start = taken ?? drawnStart;
    const len = random(12) === 0 ? 0 : drawnLen;
    tally.count(len === 0 ? "zero-length borrow" : "borrow");
    tally.asked++;
    const blocked = live.overlaps(start, len, kind === MUT ? MUT | SHARED : MUT);
    const handle = kind === MUT ? checker.mutBorrow(start, len) : checker.sharedBorrow(start, len);
    if (round.policy === "none") {
      demand(handle === 0, "a handle is given");
      return;
    }
    if (handle >= 0) {
      demand(!blocked, "a borrow was granted");
      demand(!live.handles.includes(handle), "a handle was given out twice");
      live.add(handle, start, len, kind);
      granted++;
      return;
    }
    if (handle === OUT_OF_HANDLES) {
      demand(live.handles.length === round.sizes?.limit, "out of handles");
      return;
    }
    demand(handle === REFUSED && blocked, "a borrow was refused");
    tally.refused++;
    const culprit = checker.conflict(start, len, kind === MUT)!;
    const named = live.starts.some(
      (s, i) =>
        s === culprit.region.start &&
        live.lens[i] === culprit.region.len &&
        live.kinds[i] === (culprit.kind === "mut" ? MUT : SHARED),
    );
    const { region } = culprit;
    const meets = region.start < start + len && start < region.start + region.len;
    demand(named && (meets || round.policy === "coarse"), "another conflict was named");
  };

  const end = (): void => {
    tally.count("release");
    // The newest, the oldest or any: hosts release in order, in reverse, or as promises settle.
    const n = live.handles.length;
    const i = [n - 1, 0, random(n)][random(3)]!;
    const handle = live.handles[i]!;
    const kind = live.kinds[i]!;
    if (random(8) === 0) {
      tally.count("release of the wrong kind");
      throws("wrong-handle-kind", () => release(MUT + SHARED - kind, handle));
    }
    const found = checker.lookup(handle);
    demand(found?.region.start === live.starts[i], "a borrow was not found");
    demand(found?.region.len === live.lens[i], "a borrow has another length");
    release(kind, handle);
    live.remove(i);
    ended[random(64)] = handle;
  };

  const access = (write: boolean): void => {
    tally.count(write ? "write" : "read");
    tally.asked++;
    const type = random(2) === 0 ? u8 : u32;
    const near = live.starts[random(live.starts.length)] ?? 0;
    const p = random(2) === 0 && near < 1024 ? near : random(source.buffer.byteLength + 2);
    const result = write ? mem.tryWrite(type, p, 7) : mem.tryRead(type, p);
    let expected: string | undefined;
    if (p + type.size > source.buffer.byteLength) expected = "ptr-out-of-bounds";
    else if (p % type.align !== 0) expected = "ptr-not-aligned";
    else if (live.overlaps(p, type.size, write ? MUT | SHARED : MUT)) expected = "ptr-borrowed";
    if (expected === "ptr-borrowed") tally.refused++;
    demand((result.ok ? undefined : result.error.code) === expected, `an access to ${p}`);
  };

  const query = (): void => {
    tally.count("query");
    const [start, drawn] = range(random, granted);
    const len = random(12) === 0 ? 0 : drawn;
    demand(checker.isMutBorrowed(start, len) === live.overlaps(start, len, MUT), "isMutBorrowed");
    const shared = live.overlaps(start, len, SHARED);
    demand(checker.isSharedBorrowed(start, len) === shared, "isSharedBorrowed");
    const both = random(2) === 0;
    const named = checker.conflict(start, len, both) !== undefined;
    demand(named === live.overlaps(start, len, both ? MUT | SHARED : MUT), "conflict");
  };

  const stale = (): void => {
    tally.count("stale release");
    const handle = random(8) === 0 ? ("7" as never) : ended[random(64)];
    if (handle === undefined || live.handles.includes(handle)) return;
    demand(checker.lookup(handle) === undefined, "a stale handle was found");
    throws("stale-handle", () => release([MUT, SHARED][random(2)]!, handle));
  };

  /** The policy `none`: any handle will do. */
  const loose = (): void => {
    tally.count("release of nothing");
    release([MUT, SHARED][random(2)]!, random(5));
    demand(checker.outstanding().length === 0, "something was recorded");
  };

  const grow = (): void => {
    tally.count("grow");
    const old = source.buffer;
    if (old.byteLength >= 1024) return;
    const next = new ArrayBuffer(old.byteLength + 64);
    new Uint8Array(next).set(new Uint8Array(old));
    source.buffer = next;
    structuredClone(old, { transfer: [old] }); // the source's duty
    demand(mem.byteLength === next.byteLength, "the memory did not grow");
  };

  throws("invalid-option", () => new BorrowChecker("exact" as never));
  throws("try-from-int-error", () => checker.mutBorrow(Number.NaN, 1));
  throws("invalid-option", () => new BorrowChecker("precise", { ring: 3 }));
  let rising = true;
  for (; step < round.steps; step++) {
    const n = live.handles.length;
    tally.mostLive = Math.max(tally.mostLive, n);
    if (n === 0) rising = true;
    // A tide turns when it is high, or when the pattern leaves no room for more.
    if (n >= round.most || (rising && random(3 * round.most + 50) === 0)) rising = false;
    const what = random(100);
    const rushes = round.rush === true && what < 90;
    if (rushes ? rising : what < (rising ? 62 : 12)) borrow();
    else if (rushes || what < (rising ? 74 : 78)) {
      if (n !== 0) end();
      else if (round.policy === "none") loose();
    } else if (what < 84) access(false);
    else if (what < 91) access(true);
    else if (what < 95) query();
    else if (what < 98) {
      if (round.policy !== "none") stale();
    } else if (what < 99) grow();
    else if (rising && random(20) === 0) {
      tally.count("release of all");
      checker.releaseAll();
      while (live.handles.length !== 0) live.remove(0);
    }
    demand(checker.mutCount + checker.sharedCount === live.handles.length, "counts differ");
    if (step % round.every === 0) {
      const [wrong] = checkInvariants(checker);
      if (wrong !== undefined) demand(false, wrong);
    }
  }
  checker.releaseAll();
  const said = `BorrowChecker { ${round.policy}, 0 mut and 0 shared borrows }`;
  demand(String(checker) === said, "it says another thing");
  const shown = JSON.stringify({ policy: round.policy, borrows: [] });
  demand(JSON.stringify(checker) === shown, "it shows another thing");
}
