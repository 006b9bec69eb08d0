/**
 * Runs the tests of the packages in Chromium, in two pages: one that is cross-origin isolated, and one that is not and so
 * has no SharedArrayBuffer. `npm run test:browser [-- isolated]`.
 *
 * Chromium is the one that is installed: nothing is downloaded. Where there is none this says so and fails nothing.
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, testFiles } from "./browser/files.mjs";

const PAGES = ["isolated", "plain"];
const NAMES = [
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
];
const reports = join(root, "reports/browser");

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent, or not ours to run: not the one
  }
}

/** The path that MEMKIT_CHROMIUM gives, or the first of the usual names on PATH. */
function findChromium() {
  const { MEMKIT_CHROMIUM: given, PATH = "" } = process.env;
  if (given) return given;
  const folders = PATH.split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function testIn(page, chromium) {
  console.log(`\n==> a page that is ${page}, in ${chromium}`);
  const outputFile = join(reports, `${page}.json`);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(root, "scripts/browser/vitest.config.ts");
  const args = ["run", "--config", config, "--reporter=default", "--reporter=json"];
  const started = performance.now();
  const { status } = spawnSync(
    process.execPath,
    [vitest, ...args, `--outputFile.json=${outputFile}`],
    {
      cwd: root,
      env: { ...process.env, MEMKIT_CHROMIUM: chromium, MEMKIT_PAGE: page },
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const seconds = Math.round((performance.now() - started) / 1000);
  try {
    const report = JSON.parse(readFileSync(outputFile, "utf8"));
    const { numPassedTests: passed, numTotalTests: total, testResults } = report;
    const ok = status === 0 && passed === total;
    return { page, files: testResults.length, passed, failed: total - passed, seconds, ok };
  } catch (error) {
    console.error(`${page}: no report: ${error}`);
    return { page, files: 0, passed: 0, failed: 0, seconds, ok: false };
  }
}

/** What ran nowhere, or in one page only. */
function sayWhatIsMissing() {
  const files = testFiles();
  const needing = (need) => files.filter(({ needs }) => needs[0] === need).map(({ file }) => file);
  const [node, isolation] = ["Node", "isolation"].map(needing);
  console.log(`\n${node.length} of ${files.length} files need Node and ran in no page:`);
  console.log(node.map((file) => `  ${file}\n`).join(""));
  console.log(`${isolation.length} need a SharedArrayBuffer and ran in the isolated page only:`);
  console.log(isolation.map((file) => `  ${file}\n`).join(""));
}

rmSync(reports, { recursive: true, force: true });
const chromium = findChromium();
if (chromium === undefined) {
  console.log(
    "SKIPPED: the tests did not run in a browser, because there is no Chromium on PATH.\n" +
      "Install one (Debian: apt-get install chromium-headless-shell), or give its path in MEMKIT_CHROMIUM.",
  );
} else {
  mkdirSync(reports, { recursive: true });
  const asked = process.argv.slice(2).filter((arg) => PAGES.includes(arg));
  const rows = (asked.length > 0 ? asked : PAGES).map((page) => testIn(page, chromium));
  sayWhatIsMissing();
  console.table(rows);
  process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
}
