/**
 * Writing whole records into a guest's memory, against the same stores by hand into a DataView that is kept.
 *
 * The judged record is `filestat`, which `path_filestat_get` and `fd_filestat_get` write: seven bigints, a byte, padding. Ours
 * checks bounds, alignment, borrows and each value, the hand checks nothing; it makes up for that by storing bigints through a
 * BigUint64Array, which is ten times faster than `setBigUint64` on Node 20. Where a record has no bigint (`iovec`), the
 * checks are most of the time, whoever writes them; those rows are shown and not judged.
 *
 * @module
 */

import type { Layout } from "@memkit/core";
import type { Dirent, Filestat, Iovec } from "../../fixtures/wasi-codecs.js";
import { writeDirent, writeFilestat, writeIovec } from "../../records/by-hand.js";
import { addresses, coded, guestMemory, RECORDS, wasmMemory } from "../../records/guest.js";
import { dirent, filestat, iovec } from "../../records/wasi.js";
import { type Block, type Row, ratio, type Suite } from "../../suite.js";

/** Different values, so that none of them is a constant. */
const VALUES = 64;
const some = <V>(make: (i: number) => V): readonly V[] =>
  Array.from({ length: VALUES }, (_, i) => make(i));

const filestats = some<Filestat>((i) => ({
  dev: BigInt(i),
  ino: BigInt(i) * 1_000_003n,
  filetype: i % 8,
  nlink: 1n,
  size: BigInt(i) * 4096n,
  atim: 1_700_000_000_000_000_000n + BigInt(i),
  mtim: 1_700_000_000_000_000_000n + BigInt(i),
  ctim: 1_700_000_000_000_000_000n + BigInt(i),
}));
const dirents = some<Dirent>((i) => ({
  next: BigInt(i),
  ino: BigInt(i) * 1_000_003n,
  namlen: i,
  type: i % 8,
}));
const iovecs = some<Iovec>((i) => ({ buf: i * 64, len: i }));

/**
 * The floor, with a loop of its own for each record: a call that V8 cannot inline would cost as much as an iovec. The sum
 * keeps the loops from being left out.
 */
const byHand = {
  Filestat: (): Block => {
    const dv = new DataView(wasmMemory().buffer);
    return () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        const at = addresses[i]!;
        writeFilestat(dv, at, filestats[i % VALUES]!);
        sum += at;
      }
      return sum;
    };
  },
  Dirent: (): Block => {
    const dv = new DataView(wasmMemory().buffer);
    return () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        const at = addresses[i]!;
        writeDirent(dv, at, dirents[i % VALUES]!);
        sum += at;
      }
      return sum;
    };
  },
  Iovec: (): Block => {
    const dv = new DataView(wasmMemory().buffer);
    return () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        const at = addresses[i]!;
        writeIovec(dv, at, iovecs[i % VALUES]!);
        sum += at;
      }
      return sum;
    };
  },
};

/** The judged rows have loops of their own as well; those of other records share one, and so what V8 knows of it. */
const judged = {
  emitted: (): Block => {
    const mem = guestMemory();
    const own = coded(filestat, "Filestat");
    const pointers = Array.from(addresses, (at) => mem.ptr(own, at));
    return () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        const p = pointers[i]!;
        p.write(filestats[i % VALUES]!);
        sum += p.offset;
      }
      return sum;
    };
  },
  walked: (): Block => {
    const mem = guestMemory();
    return () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) {
        const at = addresses[i]!;
        mem.write(filestat, at, filestats[i % VALUES]!);
        sum += at;
      }
      return sum;
    };
  },
};

/** The ways to write one record. */
function rowsOf<V>(
  name: keyof typeof byHand,
  type: Layout<V>,
  values: readonly V[],
  store: (dv: DataView, at: number, value: V) => void,
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
      what: `${name}: GuestPtr.write, code emitted at build time`,
      make: () => {
        if (name === "Filestat") return judged.emitted();
        const mem = guestMemory();
        const own = coded(type, name);
        const pointers = Array.from(addresses, (at) => mem.ptr(own, at));
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const p = pointers[i]!;
            p.write(values[i % VALUES]! as never);
            sum += p.offset;
          }
          return sum;
        };
      },
    },
    {
      name: `${id}-walked`,
      role: "ours",
      what: `${name}: GuestMemory.write, nothing emitted`,
      make: () => {
        if (name === "Filestat") return judged.walked();
        const mem = guestMemory();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = addresses[i]!;
            mem.write(type, at, values[i % VALUES]!);
            sum += at;
          }
          return sum;
        };
      },
    },
    {
      name: `${id}-fresh`,
      role: "peer",
      what: `${name}: by hand, into a new DataView(memory.buffer)`,
      make: () => {
        const memory = wasmMemory();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = addresses[i]!;
            store(new DataView(memory.buffer), at, values[i % VALUES]!);
            sum += at;
          }
          return sum;
        };
      },
    },
  ];
}

const suite: Suite = {
  title: "writing records",
  rows: [
    ...rowsOf("Filestat", filestat, filestats, writeFilestat),
    ...rowsOf("Dirent", dirent, dirents, writeDirent),
    ...rowsOf("Iovec", iovec, iovecs, writeIovec),
  ],
  checks: [
    {
      id: "guest-memory.record-write.emitted",
      ...ratio("filestat-emitted", "filestat-by-hand"),
      atMost: 1.3,
      unit: "x by hand",
    },
    {
      id: "guest-memory.record-write.walked",
      ...ratio("filestat-walked", "filestat-by-hand"),
      atMost: 3,
      unit: "x by hand",
    },
  ],
};

export default suite;
