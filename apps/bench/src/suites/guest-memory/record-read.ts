/**
 * Reading whole records out of a guest's memory, against the same loads by hand from a DataView that is kept.
 *
 * Each way makes an object and keeps it, as a host does that collects the iovecs of a call before it looks at any buffer.
 *
 * @module
 */

import type { Layout } from "@memkit/core";
import type { GuestMemory } from "@memkit/guest-memory";
import { readFilestat, readIovec } from "../../records/by-hand.js";
import { addresses, coded, guestMemory, RECORDS, wasmMemory } from "../../records/guest.js";
import { filestat, iovec } from "../../records/wasi.js";
import { type Block, type Row, ratio, type Suite } from "../../suite.js";

/** Records kept at a time: those of a long scatter read. */
const KEPT = 64;

const kept: unknown[] = new Array(KEPT).fill(undefined);

/** Loops of their own, in which V8 knows what is called: a call that it cannot inline would cost as much as an iovec. */
const byHand = {
  Iovec: (): Block => {
    const dv = new DataView(wasmMemory().buffer);
    return () => {
      for (let i = 0; i < RECORDS; i++) kept[i % KEPT] = readIovec(dv, addresses[i]!);
      return kept.length;
    };
  },
  Filestat: (): Block => {
    const dv = new DataView(wasmMemory().buffer);
    return () => {
      for (let i = 0; i < RECORDS; i++) kept[i % KEPT] = readFilestat(dv, addresses[i]!);
      return kept.length;
    };
  },
};

/** The judged row has a loop of its own as well. */
const emittedIovec = (): Block => {
  const mem = guestMemory();
  const own = coded(iovec, "Iovec");
  return () => {
    for (let i = 0; i < RECORDS; i++) kept[i % KEPT] = mem.read(own, addresses[i]!);
    return kept.length;
  };
};

/** A block that reads a record at each address. The other rows share this loop, and so what V8 knows of it. */
function reading(mem: GuestMemory, type: Layout): Block {
  return () => {
    for (let i = 0; i < RECORDS; i++) kept[i % KEPT] = mem.read(type, addresses[i]!);
    return kept.length;
  };
}

/** The ways to read one record. */
function rowsOf(
  name: keyof typeof byHand,
  type: Layout,
  load: (dv: DataView, at: number) => unknown,
): Row[] {
  const id = name.toLowerCase();
  return [
    {
      name: `${id}-by-hand`,
      role: "floor",
      what: `${name}: a cached DataView, no check`,
      make: byHand[name],
    },
    {
      name: `${id}-emitted`,
      role: "ours",
      what: `${name}: GuestMemory.read, code emitted at build time`,
      make: name === "Iovec" ? emittedIovec : () => reading(guestMemory(), coded(type, name)),
    },
    {
      name: `${id}-walked`,
      role: "ours",
      what: `${name}: GuestMemory.read, nothing emitted`,
      make: () => reading(guestMemory(), type),
    },
    {
      name: `${id}-fresh`,
      role: "peer",
      what: `${name}: by hand, from a new DataView(memory.buffer)`,
      make: () => {
        const memory = wasmMemory();
        return () => {
          for (let i = 0; i < RECORDS; i++) {
            kept[i % KEPT] = load(new DataView(memory.buffer), addresses[i]!);
          }
          return kept.length;
        };
      },
    },
  ];
}

const suite: Suite = {
  title: "reading records",
  rows: [...rowsOf("Iovec", iovec, readIovec), ...rowsOf("Filestat", filestat, readFilestat)],
  checks: [
    {
      id: "guest-memory.record-read.iovec",
      ...ratio("iovec-emitted", "iovec-by-hand"),
      atMost: 2,
      unit: "x by hand",
    },
  ],
};

export default suite;
