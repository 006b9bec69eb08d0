/** Started as a process of its own by load-driver.test.ts: says which driver it got and why, or what came of a region. */

import { loadDriver } from "@memkit/mmap-region/driver";
import { createRegion } from "@memkit/mmap-region/mmap";

const { driver, notice, failures } = await loadDriver();
const region = createRegion(driver, 1);
region.newInstance({ heap: { initialSize: 65536 } }).drop();
const codes = failures.map((failure) => `${failure.code} ${"driver" in failure && failure.driver}`);
process.stdout.write(
  JSON.stringify({ driver: driver?.name, backend: region.backend, notice, codes }),
);
