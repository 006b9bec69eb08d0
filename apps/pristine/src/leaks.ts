/**
 * `npm run leaks -- [requests]`: attacks in random order on one interpreter, 1,000 by default, each followed by
 * a probe. Every fiftieth time all state of the instance is hashed. Before them all instructions of the interpreter are
 * inspected (PR-3). Exits with 1 if anything was seen, or differs.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadDriver } from "@memkit/mmap-region/driver";
import { inspectState } from "@memkit/mmap-region/expose-state";
import { ATTACKS, type Attack } from "./attacks.js";
import { Interpreter } from "./python/interpreter.js";

const requests = Number(process.argv[2] ?? 1_000);
const HASHED = 50;

const wasm = createRequire(import.meta.url).resolve("pyodide/pyodide.asm.wasm");
const { tables, globals } = await inspectState(new Uint8Array(readFileSync(wasm)));
const imported = globals.filter((each) => each.imported);
if (tables[0]?.writes !== 0) throw new Error("instructions write to the table of functions");
process.stdout.write(
  `instructions that write to tables: ${tables.map(({ writes }) => writes).join(", ")}; ` +
    `to the ${imported.length} imported globals: ${imported.reduce((sum, { writes }) => sum + writes, 0)}\n`,
);
const { driver, notice } = await loadDriver();
process.stdout.write(`${notice}\n`);
const python = await Interpreter.create({
  snapshot: { driver },
  deadline: 60_000,
});
const pristine = python.digest();

const answer = (source: string): string => JSON.stringify(python.run(source));

const clean = new Map<Attack, string>();
for (const each of ATTACKS) {
  clean.set(each, answer(each.probe));
  python.reset();
}
const failures: string[] = [];
const counts = { plants: 0, probes: 0, hashes: 0 };
const heapBefore = process.memoryUsage().heapUsed;
for (let n = 0; n < requests; n++) {
  // Several may be planted before somebody looks, and they need not be those that are looked for.
  const planted = ATTACKS[Math.floor(Math.random() * ATTACKS.length)]!;
  answer(planted.plant);
  python.reset();
  counts.plants += 1;
  const probes = new Set([planted, ATTACKS[n % ATTACKS.length]!]);
  for (const each of probes) {
    if (answer(each.probe) !== clean.get(each)) {
      failures.push(`request ${n}: ${planted.name} seen by the probe of ${each.name}`);
    }
    python.reset();
    counts.probes += 1;
  }
  if (n % HASHED === HASHED - 1) {
    counts.hashes += 1;
    if (python.digest() !== pristine) failures.push(`request ${n}: the state differs`);
    process.stderr.write(`leaks: ${n + 1} of ${requests}\n`);
  }
}
const grown = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20;
const { engine, reason } = python.image.choice(python.memory);
process.stdout.write(
  `${counts.plants} requests that plant, ${counts.probes} that look, ${counts.hashes} hashes of memory, globals and tables\n` +
    `engine ${engine}: ${reason}\n` +
    `JavaScript's heap grew by ${grown.toFixed(1)} MiB\n` +
    `leaks: ${failures.length === 0 ? "none" : failures.join("\n")}\n`,
);
python.close();
process.exitCode = failures.length === 0 ? 0 : 1;
