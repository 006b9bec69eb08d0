/**
 * Adds up what the test runs of all workspace members, and those in a browser, reported: prints `passed failed`.
 *
 * A member without a report, a file that did not load, and a skipped test count as failed: none of them has passed.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
let passed = 0;
let failed = 0;

function count(path, whose) {
  for (const file of JSON.parse(readFileSync(path, "utf8")).testResults) {
    const good = file.assertionResults.filter(({ status }) => status === "passed").length;
    const bad = file.assertionResults.length - good;
    passed += good;
    failed += bad;
    if (file.status !== "passed" && bad === 0) {
      console.error(`${whose}: ${file.name} did not load`);
      failed += 1;
    }
  }
}

for (const folder of ["packages", "apps"]) {
  for (const name of readdirSync(join(root, folder))) {
    const path = join(root, folder, name, "reports/vitest.json");
    if (!existsSync(path)) {
      console.error(`${folder}/${name}: no test report`);
      failed += 1;
      continue;
    }
    count(path, `${folder}/${name}`);
  }
}
// Where there is no Chromium there are none of these.
const browser = join(root, "reports/browser");
for (const name of existsSync(browser) ? readdirSync(browser) : []) {
  count(join(browser, name), `reports/browser/${name}`);
}
console.log(passed, failed);
