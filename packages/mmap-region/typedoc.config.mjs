import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, [
  "src/driver/driver.ts:PageRange",
  "src/snapshot/pool-options.ts:DISCARD_REASONS",
  "src/snapshot/targets.ts:Index",
]);
