/**
 * Judges what would be published: packs every package the way a release does and shows each tarball to publint (is the
 * package well formed) and to attw (do the types say what the code does, for every way to import it).
 *
 * Reads `dist`: build first. Needs `pnpm` on PATH, so run it through `pnpm run`.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "temp/tarballs");

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
  });
  if (error) throw error;
  if (status !== 0) console.error(`${stdout}${stderr}`);
  return status === 0;
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
let good = run("pnpm", [
  "-r",
  "--filter",
  "./packages/*",
  "--filter",
  "!@memkit/interleave",
  "pack",
  "--pack-destination",
  folder,
]);
for (const name of readdirSync(folder)) {
  const tarball = join(folder, name);
  const wellFormed = run("publint", ["run", "--strict", tarball]);
  // node16: subpaths need `exports`, which the resolution before it (node10) does not know.
  const wellTyped = run("attw", ["--profile", "node16", "--no-definitely-typed", tarball]);
  console.log(
    `${name}: publint ${wellFormed ? "ok" : "failed"}, attw ${wellTyped ? "ok" : "failed"}`,
  );
  good &&= wellFormed && wellTyped;
}
process.exitCode = good ? 0 : 1;
