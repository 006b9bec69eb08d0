/**
 * Makes the mutants: for each step of the locking protocol, each operator, each place.
 *
 * All of them are in one copy of the package. A function that has some begins with a switch: it does what the one does whose turn it is.
 *
 * @module
 */

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import type { Lib } from "../world.js";
import { libIn } from "./lib-in.js";
import { type Edit, mutationsOf } from "./operators.js";

/** The steps, and the functions in src that make each. */
const STEPS: readonly (readonly [id: string, file: string, functions: readonly string[]])[] = [
  ["cover", "table/shared-locks.ts", ["cover", "tryCover"]],
  ["lower", "table/shared-locks.ts", ["lower", "adopt", "release"]],
  ["below", "table/shared-locks.ts", ["lockBelow", "lockChild"]],
  ["wait", "table/shared-locks.ts", ["wait"]],
  ["open", "table/shared-locks.ts", ["open", "close", "unlockAll"]],
  ["stray", "table/shared-locks.ts", ["lose"]],
  ["entry", "table/shared-store.ts", ["read", "put", "swap", "blank", "setMeta"]],
  ["born", "table/shared-store.ts", ["alloc", "tryAlloc"]],
  ["born", "table/node-store.ts", ["finish"]],
  ["retire", "table/shared-store.ts", ["dropTree", "strand", "strandTree", "collect", "claim"]],
  ["retire", "table/node-store.ts", ["dropEntries", "dropLeaves"]],
  ["limbo", "table/limbo.ts", ["take"]],
  ["walk", "table/page-table.ts", ["translate"]],
  ["cursor", "cursor/shared-cursor-mut.ts", ["mapPfn", "unmapNext"]],
  ["make", "cursor/editor.ts", ["makeTables"]],
  ["take", "cursor/cursor-mut.ts", ["takeTable", "takeLeaf"]],
  ["clear", "cursor/editor.ts", ["clearLeaf", "clearEntry"]],
  [
    "reap",
    "table/reap.ts",
    ["takeOver", "childrenOf", "repair", "isUnfinished", "mend", "isEnding"],
  ],
];

const packageDir = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const src = join(packageDir, "src");
/** Ignored by git, and inside the package, so that its dependencies resolve as they do for src. */
const folder = join(packageDir, `temp/mutants-${process.pid}`);
/** The copy. */
export const copy: string = pathToFileURL(folder).href;

export interface Mutant {
  /** The same as long as the function is. */
  readonly id: string;
  readonly kind: string;
  readonly where: string;
  readonly what: string;
  /** The function's block, as it is in the mutant. */
  readonly body: string;
}

function bodiesIn(source: ts.SourceFile): Map<string, ts.Block> {
  const found = new Map<string, ts.Block>();
  const visit = (node: ts.Node): void => {
    const named = ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node);
    if (named && node.body !== undefined) found.set(node.name!.getText(source), node.body);
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

function edited(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((done, { start, end, text: by }) => done.slice(0, start) + by + done.slice(end), text);
}

const insert = (start: number, text: string): Edit => ({ start, end: start, text });

/** The mutants of a function. */
function* mutantsOf(
  block: ts.Block,
  source: ts.SourceFile,
): Generator<Pick<Mutant, "kind" | "what" | "body">> {
  const { text } = source;
  const start = block.getStart(source);
  for (const { kind, what, edits } of mutationsOf(block, source)) {
    const after = text.length - block.end;
    yield { kind, what, body: edited(text, edits).slice(start, -after) };
  }
}

/** All of them, and the copy. @throws if a function of a step is not there any more */
export function generate(): Mutant[] {
  cpSync(src, folder, { recursive: true });
  writeFileSync(join(folder, "turn.ts"), 'export const turn = { of: "" };\n');
  const mutants: Mutant[] = [];
  const counts = new Map<string, number>();
  const switches = new Map<string, Edit[]>();
  for (const [step, file, functions] of STEPS) {
    const original = readFileSync(join(src, file), "utf8");
    const source = ts.createSourceFile(file, original, ts.ScriptTarget.ES2022, true);
    const bodies = bodiesIn(source);
    const edits = switches.get(file) ?? [insert(0, 'import { turn } from "../turn.js";\n')];
    switches.set(file, edits);
    for (const where of functions) {
      const block = bodies.get(where);
      if (block === undefined) throw new Error(`${file} has no function ${where}: see STEPS`);
      let cases = "";
      for (const { kind, what, body } of mutantsOf(block, source)) {
        const n = (counts.get(step) ?? 0) + 1;
        counts.set(step, n);
        const id = `${step}-${n}`;
        mutants.push({ id, kind, where, what, body });
        cases += `case "${id}": ${body} return;\n`;
      }
      edits.push(insert(block.getStart(source) + 1, `switch (turn.of) {\n${cases}}`));
    }
  }
  for (const [file, edits] of switches) {
    writeFileSync(join(folder, file), edited(readFileSync(join(src, file), "utf8"), edits));
  }
  return mutants;
}

/** The package with the mutant in it, until another is asked for. */
export const load = ({ id }: Mutant): Promise<Lib> => libIn(copy, id);

/** Removes the copy. */
export const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });
