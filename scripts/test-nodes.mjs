/**
 * Runs every test on each Node that we support and prints one table: `npm run test:nodes [-- 22 24]`.
 *
 * Each Node comes from its own npm package, `node-<platform>-<arch>`, which holds the binary and has no install script:
 * the package `node` fetches its binary in one, and where scripts are blocked the run silently happens on the Node that
 * is installed. Hence two proofs of the major: the binary is asked here, and a test (apps/checks/test/node.test.ts)
 * asks from inside. Not through turbo, whose cache does not know which Node it runs on. And each file in a process of
 * its own, which `npm test` has no time for: so no file depends on what another has loaded or left.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAJORS = ["20", "22", "24", "26"];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const reports = join(root, "reports/nodes");
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const pnpm = packageManager.split("+", 1)[0];

const platform = process.platform === "win32" ? "win" : process.platform;
const packageOf = (major) => `node-${platform}-${process.arch}@${major}`;

/** Runs a command from the root; its output goes to ours unless `pipe` keeps it. */
function run(command, args, { env = process.env, pipe = false } = {}) {
  const stdio = pipe ? ["ignore", "pipe", "inherit"] : ["ignore", "inherit", "inherit"];
  return spawnSync(command, args, { cwd: root, env, stdio, encoding: "utf8" });
}

/** A Node of this major, which has been asked. */
function nodeOf(major) {
  const args = [
    "--yes",
    "--prefer-offline",
    "-p",
    packageOf(major),
    "-c",
    "node -p process.execPath",
  ];
  const path = run("npx", args, { pipe: true }).stdout?.trim();
  const version = path && run(path, ["--version"], { pipe: true }).stdout?.trim();
  if (!version?.startsWith(`v${major}.`)) {
    throw new Error(`${packageOf(major)} gave ${version || "nothing"}, not Node ${major}`);
  }
  return { path, version };
}

function testOn(major) {
  const { path, version } = nodeOf(major);
  console.log(`\n==> Node ${version}`);
  const outputFile = join(reports, `${major}.json`);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const args = [
    "run",
    "--isolate",
    "--reporter=dot",
    "--reporter=json",
    `--outputFile.json=${outputFile}`,
  ];
  // First on PATH too: the tests of packed consumers start npm.
  const PATH = `${dirname(path)}:${process.env.PATH}`;
  const started = performance.now();
  const { status } = run(path, [vitest, ...args], {
    env: { ...process.env, PATH, MEMKIT_NODE_MAJOR: major },
  });
  const seconds = Math.round((performance.now() - started) / 1000);
  const { numPassedTests: passed, numTotalTests: total } = JSON.parse(readFileSync(outputFile));
  return { major, version, passed, failed: total - passed, seconds, ok: status === 0 };
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const build = run("npx", ["--yes", "--prefer-offline", pnpm, "run", "-s", "ci:build"]);
if (build.status !== 0) process.exit(1);

const asked = process.argv.slice(2);
const rows = (asked.length > 0 ? asked : MAJORS).map((major) => {
  try {
    return testOn(major);
  } catch (error) {
    console.error(String(error));
    return { major, version: "-", passed: 0, failed: 0, seconds: 0, ok: false };
  }
});
console.log("");
console.table(rows);
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
