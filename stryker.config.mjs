/**
 * Mutation tests of the code that decides whether an access may happen: `npm run mutants`.
 *
 * Not part of `npm test`: it takes about half an hour on two cores. `MUTANTS=checker npm run mutants` does the borrow checker
 * only, `MUTANTS=validator` what checks bounds, alignment and values. What survives is argued in
 * packages/guest-memory/test/MUTANTS.md.
 */

/** The files of each group, in packages/guest-memory/src. */
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

const asked = process.env.MUTANTS;
if (asked !== undefined && !(asked in GROUPS)) {
  throw new Error(`MUTANTS=${asked}: there are ${Object.keys(GROUPS).join(" and ")}`);
}
const files = asked === undefined ? Object.values(GROUPS).flat() : GROUPS[asked];

export default {
  testRunner: "vitest",
  vitest: { configFile: "packages/guest-memory/vitest.mutants.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner"],
  mutate: files.map((name) => `packages/guest-memory/src/${name}.ts`),
  ignorePatterns: ["apps", "docs", "reports", "**/dist", "**/reports"],
  coverageAnalysis: "perTest",
  concurrency: 2,
  // A mutant that never ends is found out after this, plus half as long again as its tests take.
  timeoutMS: 10_000,
  disableTypeChecks: false,
  reporters: ["progress-append-only", "clear-text", "json"],
  jsonReporter: { fileName: `reports/mutants${asked === undefined ? "" : `-${asked}`}.json` },
  clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: true },
  tempDirName: ".stryker-tmp",
  thresholds: { high: 98, low: 95, break: 95 },
};
