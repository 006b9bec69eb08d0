import { projectConfig } from "../../vitest.base.js";

/** The tests that mutants of the checker and the validator must not survive. Stryker runs them in threads. */
export default projectConfig("mutants", {
  root: import.meta.dirname,
  include: [
    "test/borrow-checker*.test.ts",
    "test/guest-memory.*.test.ts",
    "test/guest-ptr.test.ts",
    "test/guard.test.ts",
    "test/hostile-*.test.ts",
    "test/shared-memory.test.ts",
  ],
  pool: "threads",
  execArgv: [],
  reporters: ["default"],
});
