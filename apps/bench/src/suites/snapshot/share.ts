/**
 * How much memory twenty guests of one image take that have read all of it. What the rows give is bytes, not time.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Row, ratio, type Suite } from "../../suite.js";

const SHARE = fileURLToPath(new URL("../../isolates/share.ts", import.meta.url));
const HERE = fileURLToPath(new URL("../../..", import.meta.url)); // where `tsx` resolves

const MEBIBYTES = 256;

let known: { readonly one: number; readonly all: number } | undefined;

/** Once is enough: the kernel counts, nobody measures. */
function shares(): { readonly one: number; readonly all: number } {
  if (known !== undefined) return known;
  const line = ["--expose-gc", "--import", "tsx", SHARE, String(MEBIBYTES)];
  const { status, stdout, stderr } = spawnSync(process.execPath, line, {
    cwd: HERE,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  known = JSON.parse(stdout) as { one: number; all: number };
  return known;
}

const row = (name: "one" | "all", what: string): Row => ({
  name,
  role: "ours",
  what,
  make: () => ({ nsPerOp: () => shares()[name] }),
});

const suite: Suite = {
  title:
    "proportional set size in bytes (not ns) of memories that show one image of 256 MiB, all read",
  rows: [row("one", "one memory"), row("all", "twenty memories")],
  checks: [{ id: "snapshot.share.pss", unit: "x one", ...ratio("all", "one"), atMost: 1.2 }],
};

export default suite;
