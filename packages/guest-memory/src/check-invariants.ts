/**
 * What is wrong inside a {@link BorrowChecker}, if anything: for tests and fuzzing. Visits everything it holds.
 *
 * @module
 */

// biome-ignore-all lint/complexity/useLiteralKeys: it looks at what nobody else may touch, and is typed all the same

import type { BorrowChecker } from "./borrow-checker.js";
import { widthAt } from "./interval-nodes.js";
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
  for (let serial = checker["next"]; serial < checker["clear"]; serial++) {
    if (taken.has(serial & mask)) wrong.push(`GM-4: the id of serial ${serial} is not free`);
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
  const { tree } = set;
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
  if (tree === undefined) {
    if (set.size > set["refs"].length) wrong.push("GM-1: more than a flat set has room for");
    return wrong;
  }
  if (tree.size !== set.size)
    wrong.push(`GM-1: ${tree.size} ranges in the tree, ${set.size} in all`);
  return [...wrong, ...treeFaults(tree)];
}

/** GM-17, GM-18 and GM-19. */
function treeFaults(tree: IntervalTree): string[] {
  const wrong: string[] = [];
  const demand = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const { start, end, reach, ref, count, peak, floor, up } = {
    start: tree["start"],
    end: tree["end"],
    reach: tree["reach"],
    ref: tree["ref"],
    count: tree["count"],
    peak: tree["peak"],
    floor: tree["floor"],
    up: tree["up"],
  };
  let ranges = 0;
  let room = 0;

  const visit = (node: number, level: number, low: number, high: number): void => {
    const n = count[node >> 3]!;
    const width = widthAt(level);
    room += width;
    demand(n > 0 || tree.size === 0, `GM-19: node ${node} is empty`);
    demand(n <= width, `GM-19: node ${node} overflows`);
    if (level === 0) {
      ranges += n;
      // What is left of the leaf ends below its floor, unless nothing is left of it.
      demand(floor[node >> 3]! >= low || low === -NEVER, `GM-17: floor of leaf ${node}`);
    }
    let most = -NEVER;
    let few = false;
    for (let at = node; at < node + n; at++) {
      const child = ref[at]!;
      const from = level > 0 && at === node ? low : start[at]!;
      demand(from >= low && from <= high, `GM-17: ${from} in ${at} is not in ${low} to ${high}`);
      most = Math.max(most, end[at]!);
      if (level === 0) continue;
      demand(end[at] === peak[child >> 3], `GM-18: end of child ${at}`);
      demand(reach[at] === most, `GM-18: reach of child ${at}`);
      demand(up[child >> 3] === node, `GM-19: node ${child} has another parent than ${node}`);
      const fewer = count[child >> 3]! < widthAt(level - 1) / 4;
      demand(!few || !fewer, `GM-19: node ${child} and its neighbour are nearly empty`);
      few = fewer;
      visit(child, level - 1, from, at + 1 < node + n ? start[at + 1]! : high);
    }
    demand(peak[node >> 3] === most, `GM-18: peak of node ${node}`);
    for (let at = node + n; at < node + width; at++) {
      const blank = start[at] === NEVER && (level > 0 || end[at] === NEVER);
      demand(blank, `GM-17: entry ${at} is not in use and not blank`);
    }
  };
  visit(tree["root"], tree["height"], -NEVER, NEVER);
  demand(up[tree["root"] >> 3] === -1, "GM-19: the root has a parent");
  demand(ranges === tree.size, `GM-19: ${ranges} ranges in the leaves, ${tree.size} counted`);
  for (let node = tree["freeLeaf"]; node >= 0; node = up[node >> 3]!) room += widthAt(0);
  for (let node = tree["freeInner"]; node >= 0; node = up[node >> 3]!) room += widthAt(1);
  demand(room === tree["used"], `GM-19: ${room} entries in nodes and lists, ${tree["used"]} taken`);
  return wrong;
}
