// Lives of frames that no other thread of the crew touches, of one table: claimed, published, dropped.
import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";

export const ops = 1024;
const PAGE = 4096;
const nothing = {};

export const make = ({ buffer, memory }, member) => {
  const table = FrameTable.attach({ buffer, memory });
  const first = member * ops;
  return () => {
    let sum = 0;
    for (let i = 0; i < ops; i += 1) {
      const pfn = first + ((i * 389) & (ops - 1)); // odd: each frame once, none after its neighbour
      const frame = Frame.fromUnused(table, pfn * PAGE, unitMeta, nothing);
      frame.drop();
      sum += frame.dropped ? 1 : 0;
    }
    return sum;
  };
};
