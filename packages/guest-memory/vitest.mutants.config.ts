import { BaseSequencer, type TestSpecification } from "vitest/node";
import { projectConfig } from "../../vitest.base.js";

/**
 * For each group of mutants (stryker.config.mjs), the tests that must not let them live, in the order in which they meet
 * one: what finds most, soonest, comes first. What is slow and finds nothing that these do not is left out.
 */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  checker: [
    "borrow-checker.test.ts",
    "borrow-checker.fuzz.test.ts",
    "borrow-checker.prop.test.ts",
    "borrow-checker-policies.test.ts",
    "borrow-checker-many.test.ts",
  ],
  validator: [
    "refusals.test.ts",
    "try.test.ts",
    "scalar-views.test.ts",
    "guest-ptr.test.ts",
    "fast-path.test.ts",
    "wasm64.test.ts",
    "inspect.test.ts",
    "release-all.test.ts",
    "hostile-input.test.ts",
    "hostile-policy.test.ts",
    "hostile-value.test.ts",
    "hostile-options.test.ts",
    "guard.test.ts",
  ],
};
const { MUTANTS_OF = "checker" } = process.env;
const files = TESTS[MUTANTS_OF] ?? [];

class InOrder extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      files.findIndex((name) => moduleId.endsWith(`/${name}`));
    return [...specifications].sort((a, b) => rank(a) - rank(b));
  }
}

/** Stryker runs them in threads, one after the other; what counts the memory of the whole process is left out. */
export default projectConfig("mutants", {
  root: import.meta.dirname,
  include: files.map((name) => `test/${name}`),
  pool: "threads",
  isolate: false,
  sequence: { sequencer: InOrder },
  testNamePattern: /^(?!.*a burst's memory)/,
  execArgv: [],
  reporters: ["default"],
});
