/**
 * Turns an example into a module that checks what its comments claim.
 *
 *     expr; // => value            the result is deeply equal to the value
 *     const x = expr; // => value  so is x afterwards
 *     statement; // throws code    it throws an error with that `code` (or that `name`)
 *
 * Every rewriting stays on its line, so line n of the module is line n - 1 after the fence of the example, and a
 * compiler's message can be led back.
 *
 * @module
 */

import ts from "typescript";
import { claimsIn, type Example } from "./examples.js";

type Claim = ReturnType<typeof claimsIn>[number];

/** The claim in the comment on a statement's last line. */
function claimAfter(source: ts.SourceFile, statement: ts.Node): Claim | undefined {
  for (const { pos, end } of ts.getTrailingCommentRanges(source.text, statement.end) ?? []) {
    const [claim] = claimsIn(source.text.slice(pos, end));
    if (claim !== undefined) return claim;
  }
  return undefined;
}

function rewrite(statement: ts.Node, code: string, { kind, text }: Claim, at: string): string {
  const where = JSON.stringify(at);
  if (kind === "throws") {
    const names = JSON.stringify(text.split(/\s+/));
    // An arrow that needs no `await` stays synchronous: a promise left alone would hide the throw.
    return /\bawait\b/.test(code)
      ? `await __throwsLater(async () => { ${code} }, ${names}, ${where});`
      : `__throws(() => { ${code} }, ${names}, ${where});`;
  }
  const value = text.replace(/;$/, "");
  if (ts.isExpressionStatement(statement)) {
    return `__equal(${code.replace(/;$/, "")}, ${value}, ${where});`;
  }
  const name =
    ts.isVariableStatement(statement) && statement.declarationList.declarations.at(-1)?.name;
  if (!name || !ts.isIdentifier(name))
    throw new Error(`${at}: nothing here has a value to compare`);
  return `${code} __equal(${name.text}, ${value}, ${where});`;
}

/** An example made into a module. */
export interface Checked {
  readonly text: string;
  /** `file:line` of every claim; all of them must be in `held` once the module has run. */
  readonly claims: readonly string[];
}

/**
 * The module that runs and checks an example.
 *
 * @param support - Specifier of `./expect.ts` as the module must write it.
 * @throws Error if a claim stands where it would not be checked.
 */
export function moduleOf(example: Example, support: string): Checked {
  const { code } = example;
  const source = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  const edits: { start: number; end: number; text: string; at: string }[] = [];
  const visit = (node: ts.Node): void => {
    const claim = ts.isStatement(node) ? claimAfter(source, node) : undefined;
    if (claim === undefined) {
      ts.forEachChild(node, visit);
      return;
    }
    const start = node.getStart(source);
    const line = source.getLineAndCharacterOfPosition(node.end).line;
    const at = `${example.file}:${example.line + 1 + line}`;
    edits.push({
      start,
      end: node.end,
      text: rewrite(node, code.slice(start, node.end), claim, at),
      at,
    });
  };
  visit(source);

  const claims = claimsIn(code).length;
  if (claims !== edits.length) {
    throw new Error(
      `${example.file}:${example.line}: ${claims} claims, ${edits.length} of them at the end of a statement`,
    );
  }
  const body = edits.reduceRight(
    (text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end),
    code,
  );
  const header = `import { __equal, __throws, __throwsLater } from ${JSON.stringify(support)};`;
  return { text: `${header}\n${body}\nexport {};\n`, claims: edits.map(({ at }) => at) };
}
