/**
 * Random operations on a table, beside a model of what they should do: counts by frame, and who holds what.
 *
 * @module
 */

import { Frame, type TableMode } from "@memkit/frame-meta";
import { LinkedList, type LinkMeta } from "@memkit/frame-meta/list";
import { checkInvariants } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import fc from "fast-check";
import { expect } from "vitest";
import { linked, linkedOf, PAGE, type Rig, refusalOf, rigOf } from "../frame/support.js";

const FRAMES = 12;
const UNUSED = -1;
const UNIQUE = -2;

/** A handle on `count` frames from `first` on, or what it has become. */
type Held =
  | { readonly kind: "frame"; readonly first: number; readonly real: Frame<LinkMeta> }
  | { readonly kind: "unique"; readonly first: number; readonly real: UniqueFrame<LinkMeta> }
  | {
      readonly kind: "segment";
      readonly first: number;
      readonly count: number;
      readonly real: Segment<LinkMeta>;
    }
  | { readonly kind: "raw"; readonly first: number; readonly real: number }
  | { readonly kind: "rawUnique"; readonly first: number; readonly real: number };

interface Model {
  /** The count word that each frame should have. */
  readonly counts: number[];
  held: Held[];
  /** Members of each list, from the front. */
  readonly lists: number[][];
  /** Value in the metadata of each frame. */
  readonly values: number[];
}

interface Real extends Rig {
  readonly lists: LinkedList<LinkMeta>[];
}

function setUp(mode: TableMode): { model: Model; real: Real } {
  const rig = rigOf(mode, FRAMES);
  const lists = [0, 1].map(() => new LinkedList<LinkMeta>(rig.table, linked as LinkMeta));
  const counts = Array<number>(FRAMES).fill(UNUSED);
  return {
    model: { counts, held: [], lists: [[], []], values: Array<number>(FRAMES).fill(0) },
    real: { ...rig, lists },
  };
}

/** Why a frame with this count cannot be claimed. */
const claimCode = (count: number) => (count === UNIQUE ? "unique" : "in-use");
const joinCode = (count: number) => (count === UNIQUE ? "unique" : "unused");

type Op = (model: Model, real: Real, a: number, b: number) => void;

/** Takes one of the handles of a kind out of the model, if there is any. */
function pick<K extends Held["kind"]>(
  model: Model,
  kind: K,
  n: number,
): Extract<Held, { kind: K }> | undefined {
  const all = model.held.filter((held) => held.kind === kind);
  const one = all[n % Math.max(all.length, 1)];
  if (one !== undefined) model.held = model.held.filter((held) => held !== one);
  return one as Extract<Held, { kind: K }> | undefined;
}

function less(model: Model, pfn: number): void {
  model.counts[pfn] = model.counts[pfn] === 1 ? UNUSED : model.counts[pfn]! - 1;
}

const type = linked as LinkMeta;

const OPS: Readonly<Record<string, Op>> = {
  fromUnused(model, { table }, pfn, value) {
    const claim = () => Frame.fromUnused(table, pfn * PAGE, type, linkedOf(value));
    if (model.counts[pfn] !== UNUSED) {
      expect(refusalOf(claim).code).toBe(claimCode(model.counts[pfn]!));
      return;
    }
    model.held.push({ kind: "frame", first: pfn, real: claim() });
    model.counts[pfn] = 1;
    model.values[pfn] = value;
  },
  unique(model, { table }, pfn, value) {
    const claim = () => UniqueFrame.fromUnused(table, pfn * PAGE, type, linkedOf(value));
    if (model.counts[pfn] !== UNUSED) {
      expect(refusalOf(claim).code).toBe(claimCode(model.counts[pfn]!));
      return;
    }
    model.held.push({ kind: "unique", first: pfn, real: claim() });
    model.counts[pfn] = UNIQUE;
    model.values[pfn] = value;
  },
  fromInUse(model, { table }, pfn) {
    const join = () => Frame.fromInUse(table, pfn * PAGE) as Frame<LinkMeta>;
    if (model.counts[pfn]! < 1) {
      expect(refusalOf(join).code).toBe(joinCode(model.counts[pfn]!));
      return;
    }
    model.held.push({ kind: "frame", first: pfn, real: join() });
    model.counts[pfn]! += 1;
  },
  clone(model, _real, n) {
    const held = pick(model, "frame", n);
    if (held === undefined) return;
    model.held.push(held, { ...held, real: held.real.clone() });
    model.counts[held.first]! += 1;
  },
  drop(model, _real, n) {
    const held = pick(model, "frame", n);
    if (held === undefined) return;
    held.real.drop();
    less(model, held.first);
  },
  dropUnique(model, { freed }, n, reset) {
    const held = pick(model, "unique", n);
    if (held === undefined) return;
    const told = freed.length;
    if (reset % 2 === 0) held.real.drop();
    else held.real.resetAsUnused();
    expect(freed.length).toBe(told + (reset % 2 === 0 ? 1 : 0));
    model.counts[held.first] = UNUSED;
  },
  intoShared(model, _real, n) {
    const held = pick(model, "unique", n);
    if (held === undefined) return;
    model.held.push({ kind: "frame", first: held.first, real: held.real.intoShared() });
    model.counts[held.first] = 1;
  },
  tryFrom(model, _real, n) {
    const held = pick(model, "frame", n);
    if (held === undefined) return;
    const unique = UniqueFrame.tryFrom(held.real);
    if (model.counts[held.first] !== 1) {
      expect(unique).toBeUndefined();
      model.held.push(held);
      return;
    }
    model.held.push({ kind: "unique", first: held.first, real: unique! });
    model.counts[held.first] = UNIQUE;
  },
  repurpose(model, _real, n, value) {
    const held = pick(model, "unique", n);
    if (held === undefined) return;
    const real = held.real.repurpose(type, linkedOf(value));
    model.held.push({ ...held, real });
    model.values[held.first] = value;
  },
  intoRaw(model, _real, n) {
    const held = n % 2 === 0 ? pick(model, "frame", n) : pick(model, "unique", n);
    if (held === undefined) return;
    const kind = held.kind === "frame" ? "raw" : "rawUnique";
    const real = held.real.intoRaw();
    model.held.push({ kind, first: held.first, real });
  },
  fromRaw(model, { table }, n) {
    const held = n % 2 === 0 ? pick(model, "raw", n) : pick(model, "rawUnique", n);
    if (held === undefined) return;
    if (held.kind === "raw") {
      const real = Frame.fromRaw(table, held.real) as Frame<LinkMeta>;
      model.held.push({ kind: "frame", first: held.first, real });
    } else {
      expect(refusalOf(() => Frame.fromRaw(table, held.real)).code).toBe("unique");
      const real = UniqueFrame.fromRaw(table, held.real) as UniqueFrame<LinkMeta>;
      model.held.push({ kind: "unique", first: held.first, real });
    }
  },
  segment(model, { table }, pfn, n) {
    const count = 1 + (n % 3);
    const all = Array.from({ length: count }, (_, i) => pfn + i);
    const metaOf = (paddr: number) => linkedOf(paddr / PAGE);
    const claim = () => Segment.fromUnused(table, pfn * PAGE, (pfn + count) * PAGE, type, metaOf);
    if (pfn + count > FRAMES) {
      expect(refusalOf(claim).code).toBe("out-of-bound");
      return;
    }
    const taken = all.find((at) => model.counts[at] !== UNUSED);
    if (taken !== undefined) {
      expect(refusalOf(claim)).toMatchObject({ code: claimCode(model.counts[taken]!), pfn: taken });
      return;
    }
    model.held.push({ kind: "segment", first: pfn, count, real: claim() });
    for (const at of all) {
      model.counts[at] = 1;
      model.values[at] = at;
    }
  },
  split(model, _real, n, at) {
    const held = pick(model, "segment", n);
    if (held === undefined) return;
    if (held.count < 2) {
      expect(refusalOf(() => held.real.split(held.count * PAGE)).code).toBe("offset-out-of-bound");
      model.held.push(held);
      return;
    }
    const low = 1 + (at % (held.count - 1));
    const [a, b] = held.real.split(low * PAGE);
    const { first } = held;
    model.held.push({ kind: "segment", first, count: low, real: a });
    model.held.push({ kind: "segment", first: first + low, count: held.count - low, real: b });
  },
  slice(model, _real, n, at) {
    const held = pick(model, "segment", n);
    if (held === undefined) return;
    const start = at % (held.count + 1);
    const count = held.count - start;
    const real = held.real.slice(start * PAGE, held.count * PAGE);
    model.held.push(held, { kind: "segment", first: held.first + start, count, real });
    for (let i = 0; i < count; i += 1) model.counts[held.first + start + i]! += 1;
  },
  takeFirst(model, _real, n) {
    const held = pick(model, "segment", n);
    if (held === undefined) return;
    const { first, count, real } = held;
    const frame = real.takeFirst();
    if (frame === undefined) {
      expect(count).toBe(0);
      model.held.push(held);
      return;
    }
    model.held.push({ kind: "segment", first: first + 1, count: count - 1, real });
    model.held.push({ kind: "frame", first, real: frame });
  },
  dropSegment(model, _real, n) {
    const held = pick(model, "segment", n);
    if (held === undefined) return;
    held.real.drop();
    for (let i = 0; i < held.count; i += 1) less(model, held.first + i);
  },
  push(model, real, n, where) {
    const held = pick(model, "unique", n);
    if (held === undefined) return;
    const which = where % 2;
    const [list, members] = [real.lists[which]!, model.lists[which]!];
    const before = members.length === 0 ? 0 : where % (members.length + 1);
    if (before === members.length) {
      list.pushBack(held.real);
      members.push(held.first);
    } else {
      list.cursorAt(members[before]! * PAGE)!.insertBefore(held.real);
      members.splice(before, 0, held.first);
    }
  },
  take(model, real, n, where) {
    const [list, members] = [real.lists[n % 2]!, model.lists[n % 2]!];
    const at = members.length === 0 ? 0 : where % members.length;
    const pfn = members[at];
    expect(list.cursorAt((pfn ?? FRAMES - 1) * PAGE) === undefined).toBe(pfn === undefined);
    if (pfn === undefined) return;
    const frame = list.cursorAt(pfn * PAGE)!.takeCurrent()!;
    members.splice(at, 1);
    model.held.push({ kind: "unique", first: pfn, real: frame });
  },
  dropList(model, real, n) {
    const which = n % 2;
    real.lists[which]!.drop();
    real.lists[which] = new LinkedList<LinkMeta>(real.table, type);
    for (const pfn of model.lists[which]!.splice(0)) model.counts[pfn] = UNUSED;
  },
};

/** What must be so after every operation. */
function compare(model: Model, { table, lists }: Real): void {
  const counts = model.counts.map((_, pfn) => table.slots.countOf(pfn));
  expect(counts).toEqual(model.counts);
  for (const [which, list] of lists.entries()) {
    const members: number[] = [];
    const cursor = list.cursorFront();
    for (; !cursor.atGhost; cursor.moveNext()) members.push(cursor.currentPaddr! / PAGE);
    expect(members).toEqual(model.lists[which]);
    expect(list.size).toBe(members.length);
  }
  for (const held of model.held) {
    if (held.kind !== "frame" && held.kind !== "unique") continue;
    const meta = held.real.meta as unknown as { inner: { value: number } };
    expect(meta.inner.value).toBe(model.values[held.first]);
  }
  expect(checkInvariants(table)).toEqual({ violations: [], racing: [] });
}

/** One operation, with two numbers that say what it is on. */
class Operation implements fc.Command<Model, Real> {
  readonly #name: string;
  readonly #a: number;
  readonly #b: number;

  constructor(name: string, a: number, b: number) {
    this.#name = name;
    this.#a = a;
    this.#b = b;
  }

  check(): boolean {
    return true; // what cannot be done must be refused, and that is checked too
  }

  run(model: Model, real: Real): void {
    OPS[this.#name]!(model, real, this.#a, this.#b);
    compare(model, real);
  }

  toString(): string {
    return `${this.#name}(${this.#a}, ${this.#b})`;
  }
}

/** Gives everything back that is held, and looks for leaks. */
function tearDown(model: Model, real: Real): void {
  for (const held of model.held) {
    if (held.kind === "raw") Frame.fromRaw(real.table, held.real).drop();
    else if (held.kind === "rawUnique") UniqueFrame.fromRaw(real.table, held.real).drop();
    else held.real.drop();
  }
  for (const list of real.lists) list.drop();
  expect(checkInvariants(real.table, { atEnd: true }).violations).toEqual([]);
  expect(real.table.slots.words.filter((word) => word === UNUSED).length).toBe(FRAMES);
}

/** Operations of one history; each begins with a new table. */
const LENGTH = 100;

/** Plays random histories, told of after each, and returns how many operations they had: at least so many. */
export function play(
  mode: TableMode,
  operations: number,
  progress?: (ran: number) => void,
): number {
  const one = fc
    .tuple(fc.constantFrom(...Object.keys(OPS)), fc.nat({ max: FRAMES - 1 }), fc.nat({ max: 50 }))
    .map(([name, a, b]) => new Operation(name, a, b));
  let ran = 0;
  fc.assert(
    fc.property(fc.array(one, { minLength: LENGTH, maxLength: LENGTH, size: "max" }), (history) => {
      const { model, real } = setUp(mode);
      for (const operation of history) operation.run(model, real);
      tearDown(model, real);
      ran += LENGTH;
      progress?.(ran);
    }),
    { numRuns: Math.ceil(operations / LENGTH) },
  );
  return ran;
}
