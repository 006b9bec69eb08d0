/**
 * A borrow and its release, 1,024 times a block, by everything that can do it.
 *
 * The loops are written out for each: a loop that is given what it shall call is one that the compiler cannot specialise.
 * A suite gets copies of its own, because it runs in a process of its own.
 *
 * @module
 */

import { BorrowChecker, GuestMemory } from "@memkit/guest-memory";
import { CoarseCounter } from "./peers/coarse-counter.js";
import { MapScan } from "./peers/map-scan.js";
import { occupy, REGIONS } from "./regions.js";
import type { Block, Row } from "./suite.js";

const checkerMut = (n: number): Block => {
  const checker = new BorrowChecker();
  const regions = occupy(n, (start, len) => checker.mutBorrow(start, len));
  return () => {
    const { starts, lens } = regions;
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.mutBorrow(starts[i]!, lens[i]!);
      checker.mutUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const checkerShared = (n: number): Block => {
  const checker = new BorrowChecker();
  const regions = occupy(n, (start, len) => checker.sharedBorrow(start, len));
  return () => {
    const { starts, lens } = regions;
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.sharedBorrow(starts[i]!, lens[i]!);
      checker.sharedUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const memoryMut = (n: number): Block => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 16 }));
  const regions = occupy(n, (start, len) => memory.mutBorrow({ start, len }));
  return () => {
    const { starts, lens } = regions;
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = memory.mutBorrow({ start: starts[i]!, len: lens[i]! });
      memory.mutUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const memoryShared = (n: number): Block => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 16 }));
  const regions = occupy(n, (start, len) => memory.sharedBorrow({ start, len }));
  return () => {
    const { starts, lens } = regions;
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = memory.sharedBorrow({ start: starts[i]!, len: lens[i]! });
      memory.sharedUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const mapScanMut = (n: number): Block => {
  const checker = new MapScan();
  const regions = occupy(n, (start, len) => checker.mutBorrow(start, len));
  return () => {
    const { starts, lens } = regions;
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.mutBorrow(starts[i]!, lens[i]!);
      checker.mutUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const mapScanShared = (n: number): Block => {
  const checker = new MapScan();
  const regions = occupy(n, (start, len) => checker.sharedBorrow(start, len));
  return () => {
    const { starts, lens } = regions;
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      const handle = checker.sharedBorrow(starts[i]!, lens[i]!);
      checker.sharedUnborrow(handle);
      sum += handle;
    }
    return sum;
  };
};

const coarseMut = (): Block => {
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

const coarseShared = (): Block => {
  const counter = new CoarseCounter();
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) {
      if (counter.sharedBorrow()) sum++;
      counter.sharedUnborrow();
    }
    return sum;
  };
};

type Sizes = Pick<Row, "n" | "nFull">;

/** Everybody who borrows, with `sizes` borrows of the same kind outstanding. The Maps get sizes of their own. */
export function borrowers(kind: "mut" | "shared", sizes: Sizes, mapSizes: Sizes = sizes): Row[] {
  const mut = kind === "mut";
  return [
    {
      name: "checker",
      role: "ours",
      what: "BorrowChecker",
      ...sizes,
      make: mut ? checkerMut : checkerShared,
    },
    {
      name: "memory",
      role: "ours",
      what: `GuestMemory.${kind}Borrow`,
      ...sizes,
      make: mut ? memoryMut : memoryShared,
    },
    {
      name: "map-scan",
      role: "peer",
      what: "two Maps, scanned (wiggle 19)",
      ...mapSizes,
      make: mut ? mapScanMut : mapScanShared,
    },
    {
      name: "coarse",
      role: "peer",
      what: "one counter for all bytes, none outstanding (wiggle 20)",
      make: mut ? coarseMut : coarseShared,
    },
  ];
}
