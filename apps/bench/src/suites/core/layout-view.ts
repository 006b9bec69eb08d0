/**
 * The fields of a record through core's layout language, against the same bytes read and written by hand.
 *
 * @module
 */

import { shuffledPositions } from "../../positions.js";
import { filestat, iovec } from "../../records/wasi.js";
import { ratio, type Suite } from "../../suite.js";

const RECORDS = 1024;
const addresses = shuffledPositions(RECORDS, iovec.size);

const statAddresses = shuffledPositions(RECORDS, filestat.size);
const stats = (): DataView => new DataView(new ArrayBuffer(RECORDS * filestat.size));
const NUMBERS = 64;
const numbers = Array.from({ length: NUMBERS }, (_, i) => 1_700_000_000_000_000_000n + BigInt(i));

/** A table of RECORDS records. */
function records(): DataView {
  const words = Uint32Array.from({ length: 2 * RECORDS }, (_, i) => i * 5);
  return new DataView(words.buffer);
}

const suite: Suite = {
  title: "the fields of records",
  rows: [
    {
      name: "by-hand",
      role: "floor",
      what: "two getUint32",
      make: () => {
        const dv = records();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = addresses[i]!;
            sum += dv.getUint32(at, true) + dv.getUint32(at + 4, true);
          }
          return sum;
        };
      },
    },
    {
      name: "view-seated",
      role: "ours",
      what: "one view, seated on each record",
      make: () => {
        const dv = records();
        const view = iovec.view(dv, 0);
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            view.seat(dv, addresses[i]!);
            sum += view.buf + view.len;
          }
          return sum;
        };
      },
    },
    {
      name: "view-new",
      role: "ours",
      what: "a view for each record",
      make: () => {
        const dv = records();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const view = iovec.view(dv, addresses[i]!);
            sum += view.buf + view.len;
          }
          return sum;
        };
      },
    },
    {
      name: "read",
      role: "ours",
      what: "iovec.read: an object { buf, len }",
      make: () => {
        const dv = records();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const value = iovec.read(dv, addresses[i]!);
            sum += value.buf + value.len;
          }
          return sum;
        };
      },
    },
    {
      name: "set-by-hand",
      role: "floor",
      what: "two setUint32",
      make: () => {
        const dv = records();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = addresses[i]!;
            dv.setUint32(at, i, true);
            dv.setUint32(at + 4, at, true);
            sum += at;
          }
          return sum;
        };
      },
    },
    {
      name: "view-set",
      role: "ours",
      what: "one view, seated on each record: two setters, which check their values",
      make: () => {
        const dv = records();
        const view = iovec.view(dv, 0);
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = addresses[i]!;
            view.seat(dv, at);
            view.buf = i;
            view.len = at;
            sum += at;
          }
          return sum;
        };
      },
    },
    {
      name: "filestat-set-by-hand",
      role: "floor",
      what: "filestat: seven setBigUint64, one setUint8",
      make: () => {
        const dv = stats();
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = statAddresses[i]!;
            const n = numbers[i % NUMBERS]!;
            dv.setBigUint64(at, n, true);
            dv.setBigUint64(at + 8, n, true);
            dv.setUint8(at + 16, i % 8);
            dv.setBigUint64(at + 24, n, true);
            dv.setBigUint64(at + 32, n, true);
            dv.setBigUint64(at + 40, n, true);
            dv.setBigUint64(at + 48, n, true);
            dv.setBigUint64(at + 56, n, true);
            sum += at;
          }
          return sum;
        };
      },
    },
    {
      name: "filestat-view-set",
      role: "ours",
      what: "filestat: one view, seated on each record: eight setters, which check their values",
      make: () => {
        const dv = stats();
        const view = filestat.view(dv, 0);
        return () => {
          let sum = 0;
          for (let i = 0; i < RECORDS; i++) {
            const at = statAddresses[i]!;
            const n = numbers[i % NUMBERS]!;
            view.seat(dv, at);
            view.dev = n;
            view.ino = n;
            view.filetype = i % 8;
            view.nlink = n;
            view.size = n;
            view.atim = n;
            view.mtim = n;
            view.ctim = n;
            sum += at;
          }
          return sum;
        };
      },
    },
  ],
  checks: [
    {
      id: "core.layout-view.setters",
      ...ratio("filestat-view-set", "filestat-set-by-hand"),
      atMost: 1.3,
      unit: "x by hand",
    },
  ],
};

export default suite;
