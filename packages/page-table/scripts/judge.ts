/**
 * Puts every question of a folder of recorded answers to the walker: `npm run judge -- <folder>`.
 *
 * Files are what test/fixtures/README.md describes, gzipped or not; others are left alone. Exits with 1 on a disagreement.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { judgeKernel, judgeRandom, readPages, type Verdict } from "../test/support/answers.js";

function bytesOf(file: string): Buffer {
  const bytes = readFileSync(file);
  return file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

function judge(folder: string, file: string): Verdict | undefined {
  const name = basename(file, ".gz");
  if (/^rand-.*\.txt$/.test(name)) return judgeRandom(bytesOf(join(folder, file)).toString());
  const kernel = /^(k4_\w+)(?:-\w+)?\.tsv$/.exec(name);
  if (!kernel) return undefined;
  const pages = readdirSync(folder).find((other) => other.startsWith(`${kernel[1]}.pages`));
  if (pages === undefined) return undefined;
  const text = bytesOf(join(folder, file)).toString();
  return judgeKernel(readPages(bytesOf(join(folder, pages))), text);
}

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("judge: name the folder\n");
  process.exitCode = 2;
} else {
  let judged = 0;
  for (const file of readdirSync(folder).sort()) {
    const verdict = judge(folder, file);
    if (verdict === undefined) continue;
    judged++;
    const { questions, words, disagreements } = verdict;
    process.stdout.write(
      `${file}: ${questions} questions, ${words} words, ${disagreements.length} disagreements\n`,
    );
    for (const line of disagreements.slice(0, 20)) process.stdout.write(`  ${line}\n`);
    if (disagreements.length > 0) process.exitCode = 1;
  }
  if (judged === 0) {
    process.stderr.write(`judge: ${folder} has no file of answers\n`);
    process.exitCode = 2;
  }
}
