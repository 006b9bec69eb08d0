/**
 * The property tests with seeds that no run has had: `npm run properties [-- ROUNDS [PROJECT...]]`, ten rounds of all
 * unless told. Ends at the first failure, with the command that shows it again.
 */

import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [rounds = "10", ...projects] = process.argv.slice(2);

const usesProperties = (file) =>
  file.endsWith(".test.ts") && readFileSync(file, "utf8").includes('from "fast-check"');

const files = ["packages", "apps"]
  .flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name, "test")),
  )
  .flatMap((tests) => readdirSync(tests, { recursive: true }).map((file) => join(tests, file)))
  .filter(usesProperties);

const args = [
  "vitest",
  "run",
  "--reporter=dot",
  ...projects.flatMap((name) => ["--project", name]),
];
for (let round = 1; round <= Number(rounds); round += 1) {
  const seed = String(randomInt(2 ** 31));
  console.log(`\n==> round ${round} of ${rounds}: MEMKIT_SEED=${seed}`);
  const { status } = spawnSync("npx", [...args, ...files], {
    cwd: root,
    env: { ...process.env, MEMKIT_SEED: seed },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) {
    console.error(`\nAgain: MEMKIT_SEED=${seed} npx ${args.join(" ")}`);
    process.exit(1);
  }
}
