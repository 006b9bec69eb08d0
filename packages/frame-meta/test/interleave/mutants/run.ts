/**
 * `npm run mutants:interleavings`: runs all mutants through the scenarios of the suite, in several processes, and writes
 * test/MUTANTS.md.
 *
 *     --only <text>       those whose id has it, and writes nothing
 *     --document          writes MUTANTS.md of what the last run found
 *     --part <i> <n>      every n-th from i on, each verdict as a line of JSON: what it starts itself with
 */

// Before copies of the package are loaded: it replaces globals that they must find replaced.
import "@memkit/interleave";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { entries } from "../scenarios.js";
import { EQUIVALENT } from "./equivalent.js";
import { cleanUp, generate, load, type Mutant } from "./generate.js";
import { judge, type Kill } from "./judge.js";
import { documentOf, type Verdict } from "./table.js";

const [, script = "", option, text = "", of = ""] = process.argv;
const PROCESSES = 5;

/** Larger ones, which have found nothing that the others have not, and take most of the time; and what is no mutant's. */
const LEFT_OUT = /^(clone, drop|meta-lock, drop|alloc, free: a cache of one|reap.*|kernel.*)$/;
const ofTheSuite = entries.filter(({ form, name }) => form === "suite" && !LEFT_OUT.test(name));
const scenariosOf = ({ scenarios }: Mutant) =>
  scenarios === undefined ? ofTheSuite : entries.filter(({ name }) => scenarios.test(name));

const reasonOf = (mutant: Mutant): string | undefined =>
  EQUIVALENT.find(({ matches }) => matches(mutant))?.reason;

function say({ mutant: { id, kind, where, what }, kill, reason }: Verdict): void {
  const by = kill && `${kill.oracle} in "${kill.scenario}"`;
  console.log(`${id}  ${kind}  ${where}: ${what}\n      ${by ?? reason ?? "SURVIVES"}`);
}

/** Runs every n-th mutant in another process. */
async function part(i: number, mutants: readonly Mutant[]): Promise<Verdict[]> {
  const args = [...process.execArgv, script, "--part", String(i), String(PROCESSES)];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
  });
  const verdicts: Verdict[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { id, kill } = JSON.parse(line) as { readonly id: string; readonly kill?: Kill };
    const mutant = mutants.find((one) => one.id === id)!;
    const verdict = { mutant, kill, reason: reasonOf(mutant) };
    say(verdict);
    verdicts.push(verdict);
  }
  return verdicts;
}

/** What a run has found, kept so that the document can be written again. */
const FOUND = new URL("../../../temp/mutants.json", import.meta.url);

function write(all: readonly Mutant[], kills: Readonly<Record<string, Kill | undefined>>): void {
  const verdicts = all.map((mutant) => ({
    mutant,
    kill: kills[mutant.id],
    reason: reasonOf(mutant),
  }));
  writeFileSync(new URL("../../MUTANTS.md", import.meta.url), documentOf(verdicts));
  for (const { mutant, kill, reason } of verdicts) {
    if (kill !== undefined || reason !== undefined) continue;
    say({ mutant, kill, reason });
    process.exitCode = 1;
  }
}

const all = generate();
if (option === "--part" || option === "--only") {
  const mine = all.filter(({ id }, i) =>
    option === "--part" ? i % Number(of) === Number(text) : id.includes(text),
  );
  for (const mutant of mine) {
    const kill = judge(scenariosOf(mutant), await load(mutant));
    if (option === "--part") console.log(JSON.stringify({ id: mutant.id, kill }));
    else say({ mutant, kill, reason: reasonOf(mutant) });
  }
} else if (option === "--document") {
  write(all, JSON.parse(readFileSync(FOUND, "utf8")) as Record<string, Kill>);
} else {
  const parts = await Promise.all(Array.from({ length: PROCESSES }, (_, i) => part(i, all)));
  const kills = Object.fromEntries(parts.flat().map(({ mutant, kill }) => [mutant.id, kill]));
  writeFileSync(FOUND, JSON.stringify(kills));
  write(all, kills);
}
cleanUp();
