/**
 * What a read asks the checker, with n mut borrows outstanding: does any of them hold one of these four bytes?
 *
 * The addresses lie between the borrowed regions, so the answer is no, which is the slow one, and within the box around
 * them. Outside of it a question costs what it costs with nothing borrowed.
 *
 * @module
 */

import { BorrowChecker, GuestMemory } from "@memkit/guest-memory";
import { dataViewRow } from "../../data-view.js";
import { CoarseCounter } from "../../peers/coarse-counter.js";
import { MapScan } from "../../peers/map-scan.js";
import { occupy, REGIONS } from "../../regions.js";
import { type Block, ratio, type Suite } from "../../suite.js";

/** A u32's. */
const SIZE = 4;
const SIZES = { n: [1, 8, 1024, 65_536] } as const;

const precise = (n: number): Block => {
  const checker = new BorrowChecker();
  const regions = occupy(n, (start, len) => checker.mutBorrow(start, len));
  return () => {
    const { starts } = regions;
    let free = 0;
    for (let i = 0; i < REGIONS; i++) if (!checker.isMutBorrowed(starts[i]!, SIZE)) free++;
    return free;
  };
};

/** Reads a word that is free, and always the same: the memory is smaller than what is borrowed. */
const throughMemory = (n: number): Block => {
  const memory = new GuestMemory(new WebAssembly.Memory({ initial: 16 }));
  occupy(n, (start, len) => memory.mutBorrow({ start: start + 2 ** 20, len }));
  memory.mutBorrow({ start: 0, len: 1 }); // so that the box contains the words read
  return () => {
    let sum = 0;
    for (let i = 0; i < REGIONS; i++) sum += memory.readU32(SIZE + SIZE * i);
    return sum;
  };
};

const mapScan = (n: number): Block => {
  const checker = new MapScan();
  const regions = occupy(n, (start, len) => checker.mutBorrow(start, len));
  return () => {
    const { starts } = regions;
    let free = 0;
    for (let i = 0; i < REGIONS; i++) if (!checker.isMutBorrowed(starts[i]!, SIZE)) free++;
    return free;
  };
};

const coarse = (): Block => {
  const counter = new CoarseCounter();
  counter.sharedBorrow();
  return () => {
    let free = 0;
    for (let i = 0; i < REGIONS; i++) if (counter.canRead()) free++;
    return free;
  };
};

const suite: Suite = {
  title: "the borrow check of a read of four bytes, n mut borrows outstanding",
  rows: [
    dataViewRow(REGIONS),
    { name: "checker", role: "ours", what: "isMutBorrowed(address, 4)", ...SIZES, make: precise },
    { name: "memory", role: "ours", what: "GuestMemory.readU32", ...SIZES, make: throughMemory },
    {
      name: "map-scan",
      role: "peer",
      what: "two Maps, scanned (wiggle 19)",
      n: [1, 8, 1024],
      make: mapScan,
    },
    { name: "coarse", role: "peer", what: "one counter for all bytes (wiggle 20)", make: coarse },
  ],
  checks: [
    { id: "guest-memory.borrow-read.n1", ...ratio("checker@1", "D"), atMost: 0.1, unit: "x D" },
    { id: "guest-memory.borrow-read.n8", ...ratio("checker@8", "D"), atMost: 0.25, unit: "x D" },
    {
      id: "guest-memory.borrow-read.n1024",
      ...ratio("checker@1024", "D"),
      atMost: 0.4,
      unit: "x D",
    },
    {
      id: "guest-memory.borrow-read.n65536",
      ...ratio("checker@65536", "D"),
      atMost: 2,
      unit: "x D",
    },
  ],
};

export default suite;
