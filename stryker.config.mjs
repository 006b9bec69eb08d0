/**
 * Mutation tests of the code that decides whether an access may happen: `npm run mutants`.
 *
 * Not part of `npm test`: it takes about a quarter of an hour on two cores. What survives is argued in
 * packages/guest-memory/test/MUTANTS.md.
 */
export default {
  testRunner: "vitest",
  vitest: { configFile: "packages/guest-memory/vitest.mutants.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  mutate: [
    "packages/guest-memory/src/borrow-checker.ts",
    "packages/guest-memory/src/region-set.ts",
    "packages/guest-memory/src/checked-memory.ts",
    "packages/guest-memory/src/scalar-memory.ts",
  ],
  ignorePatterns: ["apps", "docs", "reports", "**/dist", "**/reports"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  timeoutMS: 20_000,
  disableTypeChecks: false,
  reporters: ["progress-append-only", "clear-text", "json"],
  jsonReporter: { fileName: "reports/mutants.json" },
  clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: true },
  tempDirName: ".stryker-tmp",
  thresholds: { high: 98, low: 95, break: 95 },
};
