/**
 * Makes the mutants: for each step of the locking protocol, each operator, each place.
 *
 * @module
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  ["retire", "table/shared-store.ts", ["dropTree", "strand", "strandTree", "collect"]],
  ["limbo", "table/limbo.ts", ["take"]],
  ["walk", "table/page-table.ts", ["translate"]],
  ["cursor", "cursor/shared-cursor-mut.ts", ["mapPfn", "unmapNext"]],
  ["make", "cursor/editor.ts", ["makeTables"]],
  ["take", "cursor/cursor-mut.ts", ["takeTable", "takeLeaf"]],
  ["clear", "cursor/editor.ts", ["clearLeaf", "clearEntry"]],
  ["reap", "table/reap.ts", ["takeOver", "childrenOf", "repair", "isUnfinished", "mend"]],
];

const packageDir = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const src = join(packageDir, "src");
/** Ignored by git, and inside the package, so that its dependencies resolve as they do for src. */
const folder = join(packageDir, `temp/mutants-${process.pid}`);
const base = join(folder, "base");

export interface Mutant {
  /** The same as long as the function is. */
  readonly id: string;
  readonly kind: string;
  readonly where: string;
  readonly what: string;
  /** In src. */
  readonly file: string;
  readonly text: string;
}

function functionsIn(source: ts.SourceFile): Map<string, ts.Node> {
  const found = new Map<string, ts.Node>();
  const visit = (node: ts.Node): void => {
    const body =
      ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node) ? node.body : undefined;
    if (body !== undefined) found.set((node as ts.MethodDeclaration).name.getText(source), node);
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

function put(folderOf: string, file: string, text: string): void {
  const path = join(folderOf, file.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(path), { recursive: true });
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  writeFileSync(path, ts.transpileModule(text, { compilerOptions }).outputText);
}

/** All of them. @throws if a function of a step is not there any more */
export function generate(): Mutant[] {
  rmSync(base, { recursive: true, force: true });
  for (const file of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts")) put(base, file, readFileSync(join(src, file), "utf8"));
  }
  const mutants: Mutant[] = [];
  const counts = new Map<string, number>();
  for (const [step, file, functions] of STEPS) {
    const original = readFileSync(join(src, file), "utf8");
    const source = ts.createSourceFile(file, original, ts.ScriptTarget.ES2022, true);
    const found = functionsIn(source);
    for (const where of functions) {
      const node = found.get(where);
      if (node === undefined) throw new Error(`${file} has no function ${where}: see STEPS`);
      for (const { kind, what, edits } of mutationsOf(node, source)) {
        const n = (counts.get(step) ?? 0) + 1;
        counts.set(step, n);
        mutants.push({
          id: `${step}-${n}`,
          kind,
          where,
          what,
          file,
          text: edited(original, edits),
        });
      }
    }
  }
  return mutants;
}

/** Makes a copy of the package with the mutant in it. @returns its folder */
export function copyOf({ id, file, text }: Mutant): string {
  const copy = join(folder, id);
  cpSync(base, copy, { recursive: true });
  put(copy, file, text);
  return pathToFileURL(copy).href;
}

/** Loads a copy of the package with the mutant in it. */
export const load = (mutant: Mutant): Promise<Lib> => libIn(copyOf(mutant));

/** Removes the copies. */
export const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });
