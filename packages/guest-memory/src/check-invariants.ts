/**
 * What is wrong inside a {@link BorrowChecker}, if anything: for tests and fuzzing. Visits everything it holds.
 *
 * @module
 */

// biome-ignore-all lint/complexity/useLiteralKeys: it looks at what nobody else may touch, and is typed all the same

import type { BorrowChecker } from "./borrow-checker.js";
import type { IntervalTree } from "./interval-tree.js";
import type { RegionSet } from "./region-set.js";

const NEVER = Number.POSITIVE_INFINITY;

/**
 * One sentence for each violation of GM-1, GM-2, GM-4, GM-17, GM-18 or GM-19; none if all is well.
 *
 * @example
 * ```ts
 * import { BorrowChecker, checkInvariants } from "@memkit/guest-memory/borrow";
 *
 * const checker = new BorrowChecker();
 * checker.sharedBorrow(0, 10);
 * checkInvariants(checker); // => []
 * ```
 */
export function checkInvariants(checker: BorrowChecker): string[] {
  return [
    ...setFaults(checker["mut"]),
    ...setFaults(checker["shared"]),
    ...idFaults(checker),
    ...(checker.policy === "coarse" ? [] : overlapFaults(checker)),
  ];
}

/** GM-4: no two live borrows share an id, and none has one that is to be given out unseen. */
function idFaults(checker: BorrowChecker): string[] {
  const { mask } = checker["ids"];
  const ids = [checker["mut"], checker["shared"]].flatMap((set) =>
    set.handles().map((handle) => handle & mask),
  );
  const taken = new Set(ids);
  const wrong: string[] = [];
  if (taken.size !== ids.length) wrong.push("GM-4: two live borrows have the same id");
  for (const [id, home] of checker["ids"].home.entries()) {
    if (home >= 0 !== taken.has(id)) wrong.push(`GM-4: the home of id ${id} is ${home}`);
  }
  return wrong;
}

/** GM-2, by a sweep from low to high addresses. */
function overlapFaults(checker: BorrowChecker): string[] {
  const wrong: string[] = [];
  let furthest = 0;
  let furthestMut = 0;
  const live = checker.outstanding().filter(({ region }) => region.len !== 0);
  for (const { region, kind } of live.sort((a, b) => a.region.start - b.region.start)) {
    if (region.start < (kind === "mut" ? furthest : furthestMut)) {
      wrong.push(`GM-2: the ${kind} borrow at ${region.start} overlaps another`);
    }
    furthest = Math.max(furthest, region.start + region.len);
    if (kind === "mut") furthestMut = Math.max(furthestMut, region.start + region.len);
  }
  return wrong;
}

/** GM-1: every handle leads to a range that is found, or is empty; the box covers a tree. */
function setFaults(set: RegionSet): string[] {
  const tree = set["tree"];
  const wrong: string[] = [];
  const handles = set.handles();
  if (handles.length !== set.size)
    wrong.push(`GM-1: ${handles.length} ranges, ${set.size} counted`);
  for (const handle of handles) {
    const region = set.regionOf(handle);
    if (region === undefined) wrong.push(`GM-1: handle ${handle} has no range`);
    else if (region.len !== 0 && !set.overlaps(region.start, region.start + region.len)) {
      wrong.push(`GM-1: the range of handle ${handle} is not found`);
    }
  }
  if (set["near"] >= set["room"]) wrong.push("GM-1: more than the array has room for");
  return tree === undefined ? wrong : [...wrong, ...treeFaults(tree, set["far"])];
}

/** GM-17, GM-18 and GM-19. */
function treeFaults(tree: IntervalTree, size: number): string[] {
  const wrong: string[] = [];
  const demand = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const { start, end, ref, count, up } = {
    start: tree["start"],
    end: tree["end"],
    ref: tree["ref"],
    count: tree["count"],
    up: tree["up"],
  };
  let ranges = 0;
  let nodes = 1; // the one whose first entry is the root's
  let before = -NEVER;

  const sums = (at: number): void => {
    const child = ref[at]!;
    const ends = end.subarray(child, child + count[child >> 4]!);
    demand(start[at] === start[child], `GM-17: start of child ${at}`);
    demand(end[at] === Math.max(...ends), `GM-18: end of child ${at}`);
  };
  const visit = (node: number, level: number): void => {
    const n = count[node >> 4]!;
    nodes++;
    demand(n > 0 && n <= 16, `GM-19: node ${node} has ${n} entries`);
    let few = false;
    for (let at = node; at < node + n; at++) {
      if (level === 0) {
        ranges++;
        demand(start[at]! >= before, `GM-17: range ${at} starts before the one before`);
        before = start[at]!;
        continue;
      }
      const child = ref[at]!;
      const children = count[child >> 4]!;
      sums(at);
      demand(up[child >> 4] === at, `GM-19: node ${child} is not told that it is entry ${at}`);
      demand(!few || children >= 4, `GM-19: node ${child} and its neighbour are nearly empty`);
      few = children < 4;
      visit(child, level - 1);
    }
    for (let at = node + n; at < node + 16; at++) {
      demand(start[at] === NEVER, `GM-17: entry ${at} is not in use and not blank`);
    }
  };
  sums(0);
  visit(ref[0]!, tree["height"]);
  demand(up[ref[0]! >> 4] === -1, "GM-19: the root has a parent");
  demand(ranges === size, `GM-19: ${ranges} ranges in the leaves, ${size} counted`);
  for (let node = tree["free"]; node >= 0; node = up[node >> 4]!) nodes++;
  demand(16 * nodes === tree["used"], `GM-19: ${nodes} nodes found, ${tree["used"]} entries taken`);
  return wrong;
}
