/**
 * The fields of a record through core's layout language, against the same bytes read by hand.
 *
 * @module
 */

import { ptr, struct, u8, u32 } from "@memkit/core";
import { shuffledPositions } from "../../positions.js";
import type { Suite } from "../../suite.js";

const RECORDS = 1024;
/** Preview 1's iovec: 8 bytes for a 32-bit guest. */
const iovec = struct(["buf", ptr(u8)], ["len", u32]).named("iovec");
const addresses = shuffledPositions(RECORDS, iovec.size);

/** A table of RECORDS records. */
function records(): DataView {
  const words = Uint32Array.from({ length: 2 * RECORDS }, (_, i) => i * 5);
  return new DataView(words.buffer);
}

const suite: Suite = {
  title: "reading both fields of an iovec",
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
  ],
  checks: [],
};

export default suite;
