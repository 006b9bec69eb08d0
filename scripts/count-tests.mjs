/**
 * Adds up what the test runs of all workspace members, and those in a browser, reported: prints `passed failed`, and to
 * the error output, which .ci/run shows last, what failed and why.
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
      console.error(`${whose}: ${file.name} did not load: ${file.message}`);
      failed += 1;
    }
    for (const { status, fullName, failureMessages } of file.assertionResults) {
      if (status !== "passed") {
        const why = failureMessages.map((message) =>
          message.split("\n").slice(0, 12).join("\n    "),
        );
        console.error(`${whose}: ${file.name}: ${fullName}: ${status}\n    ${why.join("\n    ")}`);
      }
    }
  }
}

// An error that belongs to no test, as of a worker that died, fails a run but is in no report: only in what vitest printed.
function unhandled(log) {
  const printed = existsSync(log) ? readFileSync(log, "utf8") : "";
  const at = printed.indexOf("Unhandled Error");
  if (at >= 0) {
    console.error(`${log}: ${printed.slice(at, at + 3000)}`);
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
    unhandled(join(root, folder, name, ".turbo/turbo-test.log"));
  }
}
// Where there is no Chromium there are none of these.
const browser = join(root, "reports/browser");
for (const name of existsSync(browser) ? readdirSync(browser) : []) {
  count(join(browser, name), `reports/browser/${name}`);
}
console.log(passed, failed);
