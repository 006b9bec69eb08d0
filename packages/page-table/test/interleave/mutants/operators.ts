/**
 * Ways to get a step of the locking protocol wrong, as edits of the syntax tree of the function that makes it.
 *
 * @module
 */

import ts from "typescript";

/** Replaces the characters from `start` to `end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One mutation of one function. */
export interface Mutation {
  /** Which operator. */
  readonly kind: string;
  /** What it did, for people. */
  readonly what: string;
  readonly edits: readonly Edit[];
}

type Operator = (node: ts.Node, source: ts.SourceFile) => Mutation[];

const over = (node: ts.Node, source: ts.SourceFile, text: string): Edit => ({
  start: node.getStart(source),
  end: node.end,
  text,
});
const brief = (node: ts.Node, source: ts.SourceFile): string =>
  node.getText(source).replace(/\s+/g, " ").slice(0, 70);

/** A statement is left out: a lock, a mark, a pin, half of an entry. */
const dropStatement: Operator = (node, source) => {
  if (!ts.isExpressionStatement(node) || /^super\b/.test(node.getText(source))) return [];
  const what = brief(node, source);
  return [{ kind: "dropped statement", what, edits: [over(node, source, ";")] }];
};

/** A test that stops, or goes round once more, is left out; or a part of a condition is. */
const dropCheck: Operator = (node, source) => {
  const mutation = (at: ts.Node, text: string): Mutation => ({
    kind: "dropped check",
    what: brief(at, source),
    edits: [over(at, source, text)],
  });
  if (ts.isIfStatement(node) && node.elseStatement === undefined) return [mutation(node, ";")];
  const and = ts.SyntaxKind.AmpersandAmpersandToken;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === and) {
    return [mutation(node.left, "true"), mutation(node.right, "true")];
  }
  return [];
};

/** An atomic access becomes a plain one, or a swap a store without a look. */
const plain: Operator = (node, source) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const of = node.expression.expression.getText(source);
  const args = node.arguments.map((argument) => argument.getText(source));
  if (of !== "Atomics" && !/(^|\.)slots$/.test(of)) return [];
  const [words, at, value, next] = of === "Atomics" ? args : [`${of}.words`, ...args];
  const text = {
    load: `${words}[${at}]!`,
    store: `(${words}[${at}] = ${value})`,
    swap: `(${of}.store(${at}, ${next}), ${value})`,
  }[node.expression.name.text];
  if (text === undefined) return [];
  const kind = node.expression.name.text === "swap" ? "blind store" : "plain access";
  return [{ kind, what: brief(node, source), edits: [over(node, source, text)] }];
};

/** Two statements in a row change places: published too early, marked too late. */
const reorder: Operator = (node, source) => {
  if (!ts.isBlock(node)) return [];
  return node.statements.flatMap((first, i): Mutation[] => {
    const second = node.statements[i + 1];
    if (second === undefined || !ts.isExpressionStatement(first)) return [];
    if (!ts.isExpressionStatement(second)) return [];
    const [one, other] = [first.getText(source), second.getText(source)];
    return [
      {
        kind: "too early",
        what: `${brief(second, source)} before ${brief(first, source)}`,
        edits: [over(first, source, other), over(second, source, one)],
      },
    ];
  });
};

/** Every mutation of a function. */
export function mutationsOf(root: ts.Node, source: ts.SourceFile): Mutation[] {
  return [dropStatement, dropCheck, plain, reorder].flatMap((operator) => {
    const each: Mutation[] = [];
    const visit = (node: ts.Node): void => {
      each.push(...operator(node, source));
      node.forEachChild(visit);
    };
    visit(root);
    return each;
  });
}
