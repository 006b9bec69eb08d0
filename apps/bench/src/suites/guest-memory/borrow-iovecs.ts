/**
 * A host call that reads a table of iovecs from guest memory and borrows every buffer before it releases the first.
 *
 * Four times as many may cost seven times as much: the tables outgrow the caches. An operation is a whole call.
 *
 * @module
 */

import { GuestMemory } from "@memkit/guest-memory";
import { shuffle, xorshift32 } from "../../positions.js";
import { type Block, type Check, type Row, ratio, type Suite } from "../../suite.js";

const FEW = 16_384;
const MANY = 65_536;
/** `iovec` of WASI preview 1: a pointer and a length, both u32. */
const IOVEC = 8;
const WASM_PAGE = 65_536;
/** Bytes of a buffer, in a cell of as many again. */
const LENGTH = 128;

/** A guest whose table of `n` iovecs lies at 0 and whose buffers lie behind it, in ascending or shuffled order. */
function guest(n: number, shuffled: boolean): WebAssembly.Memory {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  if (shuffled) shuffle(order, xorshift32(1));
  const pages = (n * (IOVEC + 2 * LENGTH)) / WASM_PAGE;
  const memory = new WebAssembly.Memory({ initial: pages });
  const table = new DataView(memory.buffer);
  for (let i = 0; i < n; i++) {
    table.setUint32(IOVEC * i, n * IOVEC + order[i]! * 2 * LENGTH, true);
    table.setUint32(IOVEC * i + 4, LENGTH, true);
  }
  return memory;
}

const call = (n: number, shuffled: boolean): Block => {
  const memory = new GuestMemory(guest(n, shuffled));
  const handles = new Int32Array(n);
  return () => {
    for (let i = 0; i < n; i++) {
      const start = memory.readU32(IOVEC * i);
      const len = memory.readU32(IOVEC * i + 4);
      handles[i] = memory.mutBorrow({ start, len });
    }
    for (let i = 0; i < n; i++) memory.mutUnborrow(handles[i]!);
    return handles[n - 1]!;
  };
};

const rows = ["ascending", "shuffled"].map(
  (order): Row => ({
    name: order,
    role: "ours",
    what: `${order} buffers: read n iovecs, borrow all, release all`,
    ops: 1,
    n: [FEW, MANY],
    make: (n) => call(n, order === "shuffled"),
  }),
);

const suite: Suite = {
  title: "a host call with n iovecs, all borrowed at once",
  // Of a call that takes milliseconds the collections are a part.
  statistic: "mean",
  rows,
  checks: rows.flatMap(({ name }): Check[] => [
    {
      id: `guest-memory.borrow-iovecs.${name}-growth`,
      ...ratio(`${name}@${MANY}`, `${name}@${FEW}`),
      atMost: 7,
      unit: `x ${FEW}`,
    },
    {
      id: `guest-memory.borrow-iovecs.${name}-ms`,
      value: (readings) => readings.ns(`${name}@${MANY}`) / 1e6,
      floor: null,
      atMost: 100,
      unit: "ms",
    },
  ]),
};

export default suite;
