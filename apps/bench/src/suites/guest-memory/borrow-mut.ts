/**
 * A mut borrow and its release, with n other mut borrows outstanding.
 *
 * All regions are disjoint, so every borrow is granted and every checker has to look at all it has. They lie shuffled
 * among one another: the outstanding ones are not beside, before or after the ones borrowed.
 *
 * @module
 */

import { BorrowChecker, GuestMemory } from "@memkit/guest-memory";
import { CoarseCounter } from "../../peers/coarse-counter.js";
import { MapScan } from "../../peers/map-scan.js";
import { disjointRegions, type Regions } from "../../regions.js";
import { type Block, ratio, type Suite } from "../../suite.js";

/** Regions borrowed and released in a block. */
const REGIONS = 1024;
/** How many buffers a host call holds: none, one, an iovec list of eight. Beyond: lists up to IOV_MAX. */
const SIZES = { n: [0, 1, 8], nFull: [64, 1024] } as const;

interface Checker {
  mutBorrow(start: number, len: number): number;
}

/** Borrows the last `n` of `REGIONS + n` regions and leaves the others to the block. */
function occupy(checker: Checker, n: number): Regions {
  const regions = disjointRegions(REGIONS + n);
  for (let i = REGIONS; i < REGIONS + n; i++) {
    if (checker.mutBorrow(regions.starts[i]!, regions.lens[i]!) < 0) throw new Error("refused");
  }
  return regions;
}

const dataView = (): Block => {
  const memory = new WebAssembly.Memory({ initial: 16 });
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) sum += new DataView(memory.buffer).byteLength;
    return sum;
  };
};

const precise = (n: number): Block => {
  const checker = new BorrowChecker();
  const { starts, lens } = occupy(checker, n);
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.mutBorrow(starts[i]!, lens[i]!);
      checker.mutUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const throughMemory = (n: number): Block => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 16 }));
  const { starts, lens } = occupy(
    { mutBorrow: (start, len) => memory.mutBorrow({ start, len }) },
    n,
  );
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = memory.mutBorrow({ start: starts[i]!, len: lens[i]! });
      memory.mutUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const mapScan = (n: number): Block => {
  const checker = new MapScan();
  const { starts, lens } = occupy(checker, n);
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.mutBorrow(starts[i]!, lens[i]!);
      checker.mutUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const coarse = (): Block => {
  const counter = new CoarseCounter();
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      if (counter.mutBorrow()) sum++;
      counter.mutUnborrow();
    }
    return sum;
  };
};

const suite: Suite = {
  title: "mut borrow + release, n mut borrows outstanding",
  rows: [
    { name: "D", role: "floor", what: "new DataView(memory.buffer)", make: dataView },
    { name: "checker", role: "ours", what: "BorrowChecker", ...SIZES, make: precise },
    { name: "memory", role: "ours", what: "GuestMemory.mutBorrow", ...SIZES, make: throughMemory },
    {
      name: "map-scan",
      role: "peer",
      what: "two Maps, scanned (wiggle 19)",
      ...SIZES,
      make: mapScan,
    },
    {
      name: "coarse",
      role: "peer",
      what: "one counter, never a second borrow (wiggle 20)",
      make: coarse,
    },
  ],
  checks: [
    {
      id: "guest-memory.borrow-mut.n0",
      ...ratio("checker@0", "D"),
      atMost: 0.2,
      unit: "x D",
    },
    {
      id: "guest-memory.borrow-mut.n1",
      ...ratio("checker@1", "D"),
      atMost: 0.25,
      unit: "x D",
    },
    {
      id: "guest-memory.borrow-mut.n8",
      ...ratio("checker@8", "D"),
      atMost: 0.45,
      unit: "x D",
    },
  ],
};

export default suite;
