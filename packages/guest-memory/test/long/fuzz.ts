/**
 * The long form of the borrow checker's fuzzing: `npm run fuzz`.
 *
 * A million operations and more against the naive model, at least a fifth of them refused, with every block of the checker
 * run at least a thousand times. Fails if one of the three is missed. `npm run fuzz -- <seed>` plays other rounds.
 *
 * Seed 1: 7,904,776 operations in 6,084 rounds, 24.1 % of borrows, reads and writes refused; of 271 blocks none
 * of ours run less than 1,084 times.
 */

import type { Pattern } from "../support/fuzz.js";
import { BlockCounter } from "./block-counts.js";

const OPERATIONS = 1_000_000;
const REFUSED = 0.2;
const TAKEN = 1000;

/** The files whose blocks are counted. */
const FILES = [
  "/src/borrow-checker.ts",
  "/src/region-set.ts",
  "/src/id-ring.ts",
  "/src/interval-tree.ts",
  "/src/interval-nodes.ts",
];

/** Blocks that no round can reach, by how their code begins, with the reason. */
const OUT_OF_REACH: readonly (readonly [begins: string, why: string])[] = [
  ["(target,value)=>", "keeps the names of functions; not ours, but the loader's"],
  ["static{__name(", "keeps the name of the class; not ours, but the loader's"],
];

const counter = new BlockCounter();
counter.start();
const { play, PATTERN_NAMES, Tally } = await import("../support/fuzz.js");

const seed = Number(process.argv[2] ?? 1);
const tally = new Tally();
const started = performance.now();
let rounds = 0;

function progress(): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const line = `${rounds} rounds, ${tally.operations} operations, ${seconds} s`;
  process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
}

/** Patterns that leave room for thousands of borrows, with the percentage of mut ones that does. */
const ROOMY: readonly (readonly [Pattern, number])[] = [
  ["ascending", 100],
  ["identical", 0],
  ["scattered", 50],
  ["nested", 0],
  ["descending", 70],
  ["staircase", 0],
];
const ALL = PATTERN_NAMES.flatMap((name) => [30, 0, 60, 100].map((muts) => [name, muts] as const));

const FULL = [
  ["crowded", 60],
  ["clustered", 70],
  ["combs", 50],
  ["staircase", 40],
] as const;

const TINY = { ring: 4, serials: 128, limit: 32, kept: 256 };
const TINIEST = { ring: 4, serials: 16, limit: 4 };
const SMALL = { ring: 4, serials: 4096, limit: 1024, kept: 256 };
const PLANS = [
  // Rings so small that serials start over and handles run out.
  { times: 2900, of: ALL, policy: "precise", most: 40, steps: 700, every: 50, sizes: TINY },
  { times: 300, of: ALL, policy: "precise", most: 8, steps: 500, every: 50, sizes: TINIEST },
  // Around the two bounds between the flat array and the tree, which is freed each time, and beyond, where rings grow.
  { times: 800, of: ALL, policy: "precise", most: 24, steps: 300, every: 50, sizes: { kept: 1 } },
  { times: 1000, of: ALL, policy: "precise", most: 260, steps: 1000, every: 250, sizes: SMALL },
  // Where little room is left, and most is refused.
  { times: 400, of: FULL, policy: "precise", most: 300, steps: 2000, every: 500 },
  // The other policies.
  { times: 300, of: ALL, policy: "coarse", most: 40, steps: 400, every: 50, sizes: TINY },
  { times: 300, of: ALL, policy: "none", most: 40, steps: 400, every: 50 },
  // Trees of two levels of inner nodes, filled and emptied.
  { times: 84, of: ROOMY, policy: "precise", most: 4096, steps: 40_000, every: 20_000, rush: true },
] as const;

for (const { times, of, ...plan } of PLANS) {
  for (let i = 0; i < times; i++) {
    const [pattern, muts] = of[i % of.length]!;
    play({ pattern, seed: seed * 1_000_003 + rounds, muts, ...plan }, tally);
    rounds++;
    if (rounds % 100 === 0 || plan.steps === 40_000) progress();
  }
}
progress();

const wrong: string[] = [];
const share = tally.refused / tally.asked;
console.log(`\n${tally.operations} operations in ${rounds} rounds, up to ${tally.mostLive} live:`);
for (const [what, times] of Object.entries(tally.by)) console.log(`  ${what}: ${times}`);
console.log(`${(100 * share).toFixed(1)} % of borrows, reads and writes refused`);
if (tally.operations < OPERATIONS) wrong.push(`fewer than ${OPERATIONS} operations`);
if (share < REFUSED) wrong.push(`fewer than ${REFUSED} refused`);

const blocks = counter.stop(FILES);
const rare = blocks.filter(({ count }) => count < TAKEN);
const least = Math.min(...blocks.map(({ count }) => count).filter((count) => count >= TAKEN));
console.log(
  `${blocks.length} blocks in ${FILES.length} files, ${rare.length} of them run less than ${TAKEN} times; of the others none less than ${least}`,
);
for (const file of FILES) {
  if (!blocks.some((block) => block.file === file)) wrong.push(`${file} was not loaded`);
}
for (const { file, function: name, count, text } of rare) {
  const [, why] = OUT_OF_REACH.find(([begins]) => text.startsWith(begins)) ?? [];
  const where = `${file} ${name}: run ${count} times: ${text.slice(0, 120)}`;
  if (why === undefined) wrong.push(where);
  else console.log(`  ${where}\n    ${why}`);
}
for (const sentence of wrong) console.error(`FAILED: ${sentence}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
