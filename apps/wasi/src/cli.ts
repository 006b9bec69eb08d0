/**
 * Runs a WASI command: `cli.ts [--dir HOST::GUEST] [--env K=V] [--max-pages N] FILE.wasm ARGS...`
 *
 * Exits with the guest's status; with 2 for a mistake on the command line, with 1 when the guest could not be run or came
 * to a bad end. The guest gets no environment and no directory but those named.
 *
 * @module
 */

import * as fs from "node:fs";
import * as path from "node:path";
import { WASM_PAGE_SIZE, WASM32_MAX_PAGES, WasmRegion } from "@memkit/mmap-region";
import { functionTable } from "./function-table.js";
import type { Preopen } from "./host.js";
import { Program } from "./program.js";

const USAGE = `usage: cli.ts [options] FILE.wasm [ARGS...]
  --dir HOST::GUEST  give the guest a directory, under the name GUEST (default: the same name)
  --env NAME=VALUE   set a variable for the guest
  --max-pages N      let its memory grow to N pages of 64 KiB at most (default: 65536)
  --functions        print the functions of preview1 and which are implemented
`;

/** A mistake on the command line. */
class UsageError extends Error {}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly preopens: readonly Preopen[];
  readonly env: Readonly<Record<string, string>>;
  readonly maxPages: number;
}

function parseDir(text: string): Preopen {
  const [host, guest, ...rest] = text.split("::");
  if (host === undefined || host === "" || guest === "" || rest.length > 0) {
    throw new UsageError(`--dir takes HOST::GUEST, got ${text}`);
  }
  return { host, guest: guest ?? host };
}

function parseEnv(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw new UsageError(`--env takes NAME=VALUE, got ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function parsePages(text: string): number {
  const pages = Number(text);
  if (!Number.isInteger(pages) || pages < 1 || pages > WASM32_MAX_PAGES) {
    throw new UsageError(`--max-pages takes a number from 1 to ${WASM32_MAX_PAGES}, got ${text}`);
  }
  return pages;
}

function parse(argv: readonly string[]): Command | undefined {
  const preopens: Preopen[] = [];
  const env: (readonly [string, string])[] = [];
  let maxPages = WASM32_MAX_PAGES;
  let i = 0;
  for (; argv[i]?.startsWith("--") === true; i += 2) {
    const option = argv[i] as string;
    if (option === "--functions") return undefined;
    const value = argv[i + 1];
    if (value === undefined) throw new UsageError(`${option} needs a value, or is unknown`);
    if (option === "--dir") preopens.push(parseDir(value));
    else if (option === "--env") env.push(parseEnv(value));
    else if (option === "--max-pages") maxPages = parsePages(value);
    else throw new UsageError(`unknown option ${option}`);
  }
  const file = argv[i];
  if (file === undefined) throw new UsageError("no FILE.wasm given");
  const args = [path.basename(file), ...argv.slice(i + 1)];
  return { file, args, preopens, env: Object.fromEntries(env), maxPages };
}

function run({ file, args, preopens, env, maxPages }: Command): number {
  const program = Program.compile(new Uint8Array(fs.readFileSync(file)), maxPages);
  const region = WasmRegion.create(1, { heapMemorySize: maxPages * WASM_PAGE_SIZE });
  const guest = program.instantiate(region, { args, preopens, env });
  try {
    return guest.run();
  } finally {
    guest.close();
    region.close();
  }
}

try {
  const command = parse(process.argv.slice(2));
  if (command === undefined) process.stdout.write(functionTable());
  else process.exitCode = run(command);
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n${USAGE}`);
    process.exitCode = 2;
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
