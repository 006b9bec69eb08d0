/**
 * Makes the mutants: for each row of the transition table, each operator, each place.
 *
 * @module
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import type { Lib } from "../world.js";
import { type Edit, mutationsOf } from "./operators.js";
import { rows } from "./rows.js";

const packageDir = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const src = join(packageDir, "src");
/** Ignored by git, and inside the package, so that `@memkit/core` resolves as it does for src. */
const folder = join(packageDir, `temp/mutants-${process.pid}`);
/** What src was when the mutants were made. */
const base = join(folder, "base");

export interface Mutant {
  /** The same as long as the function is. */
  readonly id: string;
  readonly transition: string;
  readonly kind: string;
  readonly where: string;
  readonly what: string;
  /** In src. */
  readonly file: string;
  readonly text: string;
  /** Of the row. */
  readonly scenarios: RegExp | undefined;
}

const nameOf = (node: ts.Node, source: ts.SourceFile): string | undefined =>
  (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) && node.body !== undefined
    ? node.name?.getText(source)
    : undefined;

function functionsIn(source: ts.SourceFile): Map<string, ts.Node> {
  const found = new Map<string, ts.Node>();
  const visit = (node: ts.Node): void => {
    const name = nameOf(node, source);
    if (name !== undefined) found.set(name, node);
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

/** What Node runs: done once for all files, where a loader would do it for each copy. */
const compiled = (text: string): string =>
  ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  }).outputText;

const jsOf = (file: string): string => file.replace(/\.ts$/, ".js");

function put(folderOf: string, file: string, text: string): void {
  const path = join(folderOf, jsOf(file));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, compiled(text));
}

/** Compiles src as it is now. */
function compileBase(): void {
  rmSync(base, { recursive: true, force: true });
  for (const file of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts")) put(base, file, readFileSync(join(src, file), "utf8"));
  }
}

/** All of them. @throws if a function of a row is not there any more */
export function generate(): Mutant[] {
  compileBase();
  const mutants: Mutant[] = [];
  const seen = new Set<string>();
  for (const { id: row, transition, sites, scenarios } of rows) {
    let n = 0;
    for (const [file, functions] of Object.entries(sites)) {
      const original = readFileSync(join(src, file), "utf8");
      const source = ts.createSourceFile(file, original, ts.ScriptTarget.ES2022, true);
      const found = functionsIn(source);
      for (const name of functions) {
        const node = found.get(name);
        if (node === undefined) throw new Error(`${file} has no function ${name}: see rows.ts`);
        for (const { kind, what, edits } of mutationsOf(node, source)) {
          const text = edited(original, edits);
          if (seen.has(text)) continue;
          seen.add(text);
          n += 1;
          const id = `${row}-${n}`;
          mutants.push({ id, transition, kind, where: name, what, file, text, scenarios });
        }
      }
    }
  }
  return mutants;
}

/** Loads a copy of the package with the mutant in it. */
export async function load({ id, file, text }: Mutant): Promise<Lib> {
  const copy = join(folder, id);
  cpSync(base, copy, { recursive: true });
  put(copy, file, text);
  const modules = ["index.js", "unique.js", "list.js", "alloc.js", "agents.js"].map(
    (name) => import(pathToFileURL(join(copy, name)).href) as Promise<Lib>,
  );
  return Object.assign({}, ...(await Promise.all(modules))) as Lib;
}

/** Removes the copies. */
export const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });
