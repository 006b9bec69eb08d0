/**
 * Where and on what a report was made: figures of two machines are not to be compared.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { arch, cpus, loadavg, totalmem } from "node:os";
import type { Machine } from "./report.js";

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryBytes: totalmem(),
    platform: `${process.platform}-${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    load: loadavg()[0] ?? 0,
  };
}

/** The commit checked out, with `+` if the tree differs from it; null outside a repository. */
export function describeCommit(): string | null {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const dirty = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "HEAD")}${dirty ? "+" : ""}`;
  } catch {
    return null; // no git, or no repository: the report then has no commit
  }
}
