/**
 * Mutation tests of the code that decides whether an access may happen: `npm run mutants` for the borrow checker,
 * `MUTANTS_OF=validator npm run mutants` for what looks at bounds, alignment and values.
 *
 * Not part of `npm test`: each takes about half an hour on two idle cores. `npm run mutants -- --mutate <files, with commas
 * between>` takes some of a group's files. What survives is argued in packages/guest-memory/test/MUTANTS.md.
 */

/** What is changed. The tests that must notice are in packages/guest-memory/vitest.mutants.config.ts, by the same names. */
const GROUPS = {
  checker: ["borrow-checker", "region-set", "id-ring", "interval-nodes", "interval-tree"],
  validator: [
    "checked-memory",
    "scalar-memory",
    "scalar-views",
    "typed-memory",
    "live-scalars",
    "layout-faults",
  ],
};

const { MUTANTS_OF = "checker" } = process.env;
const group = GROUPS[MUTANTS_OF];
if (group === undefined) throw new Error(`MUTANTS_OF is one of ${Object.keys(GROUPS).join(", ")}`);

export default {
  testRunner: "vitest",
  vitest: { configFile: "packages/guest-memory/vitest.mutants.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  mutate: group.map((name) => `packages/guest-memory/src/${name}.ts`),
  ignorePatterns: ["apps", "docs", "reports", "**/dist", "**/reports"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  // A mutant that never ends is found out after this, plus half as long again as its tests take.
  timeoutMS: 5_000,
  disableTypeChecks: false,
  reporters: ["progress-append-only", "clear-text", "json"],
  jsonReporter: { fileName: `reports/mutants-${MUTANTS_OF}.json` },
  clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: true },
  tempDirName: ".stryker-tmp",
  thresholds: { high: 98, low: 95, break: 95 },
};
