/**
 * Mutation tests of the code that decides whether an access may happen: `npm run mutants`.
 *
 * Not part of `npm test`: it takes about an hour on two cores. `npm run mutants -- --mutate <files, with commas between>` takes
 * some of the files below. What survives is argued in packages/guest-memory/test/MUTANTS.md.
 */

/** The borrow checker. */
const CHECKER = ["borrow-checker", "region-set", "id-ring", "interval-nodes", "interval-tree"];
/** What looks at bounds, alignment and values. */
const VALIDATOR = [
  "checked-memory",
  "scalar-memory",
  "scalar-views",
  "typed-memory",
  "live-scalars",
  "layout-faults",
];

export default {
  testRunner: "vitest",
  vitest: { configFile: "packages/guest-memory/vitest.mutants.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  mutate: [...CHECKER, ...VALIDATOR].map((name) => `packages/guest-memory/src/${name}.ts`),
  ignorePatterns: ["apps", "docs", "reports", "**/dist", "**/reports"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  // A mutant that never ends is found out after this, plus half as long again as its tests take.
  timeoutMS: 10_000,
  disableTypeChecks: false,
  reporters: ["progress-append-only", "clear-text", "json"],
  jsonReporter: { fileName: "reports/mutants.json" },
  clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: true },
  tempDirName: ".stryker-tmp",
  thresholds: { high: 98, low: 95, break: 95 },
};
