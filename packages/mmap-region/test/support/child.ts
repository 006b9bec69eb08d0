/** Runs a script of this folder in a process of its own: what it does there may kill it. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Outcome {
  readonly signal: string | null;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @param script - Its path from this folder, or its URL.
 * @param before - What stands before `node` on the command line: `prlimit`, and what it is given.
 */
export function runChild(
  script: string | URL,
  args: readonly string[] = [],
  nodeOptions: readonly string[] = [],
  before: readonly string[] = [],
): Outcome {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const source = ["--conditions=@memkit/source", "--import", "tsx"];
  const line = [...before, process.execPath, ...nodeOptions, ...source, path, ...args];
  const { signal, status, stdout, stderr } = spawnSync(line[0]!, line.slice(1), {
    encoding: "utf8",
  });
  return { signal, status, stdout, stderr };
}
