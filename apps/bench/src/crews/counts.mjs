// inc and dec of frames that no other thread of the crew touches, of one table.
import { attachSlots } from "@memkit/frame-meta";

export const ops = 1024;

export const make = ({ buffer, memory }, member) => {
  const slots = attachSlots({ buffer, memory });
  const first = member * ops;
  return () => {
    let sum = 0;
    for (let i = 0; i < ops; i += 1) {
      const pfn = first + ((i * 389) & (ops - 1)); // odd: each frame once, none after its neighbour
      sum += slots.inc(pfn);
      slots.dec(pfn);
    }
    return sum;
  };
};
