/**
 * A driver for tests: see `./driver/fake-driver.ts`.
 *
 * @module
 */

export {
  DanglingView,
  type FakeCall,
  FakeDriver,
  type FakeDriverOptions,
} from "./driver/fake-driver.js";
export type { Segment } from "./driver/page-map.js";
