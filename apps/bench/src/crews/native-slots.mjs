// What each thread of a server does in a native region that all of them share: lucet's `par_instantiate`.
import { loadDriver } from "@memkit/mmap-region/driver";
import { MmapRegion } from "@memkit/mmap-region/mmap";

export const ops = 32;

const HEAP = { heap: { initialSize: 65536 } };
const { driver } = await loadDriver();

export const make = (handles, member) => {
  const region = MmapRegion.attach(driver, handles[member]);
  return () => {
    let sum = 0;
    for (let i = 0; i < ops; i += 1) {
      const slot = region.newInstance(HEAP);
      sum += slot.index;
      slot.drop();
    }
    return sum;
  };
};
