import { BaseSequencer, type TestSpecification } from "vitest/node";
import { projectConfig } from "../../vitest.base.js";

/** In the order in which they meet a mutant: what finds most, soonest, comes first. */
const FILES = [
  "borrow-checker.test.ts",
  "borrow-checker.fuzz.test.ts",
  "borrow-checker-many.test.ts",
  "borrow-checker.prop.test.ts",
  "borrow-checker-policies.test.ts",
  "guest-memory.contract.test.ts",
  "hostile-input.test.ts",
  "hostile-value.test.ts",
  "hostile-values.test.ts",
  "hostile-options.test.ts",
  "hostile-policy.test.ts",
  "hostile-source.test.ts",
  "hostile-host.test.ts",
  "scalar-views.test.ts",
  "value-types.test.ts",
  "guest-ptr.test.ts",
  "guard.test.ts",
  "try.test.ts",
  "wasm64.test.ts",
  "shared-memory.test.ts",
  "guest-memory.prop.test.ts",
];

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      FILES.findIndex((name) => moduleId.endsWith(`/${name}`));
    return [...files].sort((a, b) => rank(a) - rank(b));
  }
}

/**
 * The tests that mutants of the checker and the validator must not survive. Stryker runs them in threads, one after the
 * other; what takes gigabytes, or counts them, is left out.
 */
export default projectConfig("mutants", {
  root: import.meta.dirname,
  include: FILES.map((name) => `test/${name}`),
  pool: "threads",
  isolate: false,
  sequence: { sequencer: InOrder },
  testNamePattern: /^(?!.*(4 GiB|a burst's memory|not called malformed))/,
  execArgv: [],
  reporters: ["default"],
});
