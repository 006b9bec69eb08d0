/**
 * Ways to get a concurrent step wrong, as edits of the syntax tree of the function that makes it.
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

/** A line of code, on one line. */
const brief = (node: ts.Node, source: ts.SourceFile): string =>
  node.getText(source).replace(/\s+/g, " ").slice(0, 70);

/** A compare-and-swap: where, from what, to what. */
interface Swap {
  readonly call: ts.CallExpression;
  readonly from: ts.Expression;
  readonly to: ts.Expression;
  readonly load: string;
  readonly store: (value: string) => string;
}

function swapOf(node: ts.Node, source: ts.SourceFile): Swap | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression))
    return undefined;
  const of = node.expression.expression.getText(source);
  const text = (at: number): string => node.arguments[at]!.getText(source);
  switch (node.expression.name.text) {
    case "compareExchange":
      return {
        call: node,
        from: node.arguments[2]!,
        to: node.arguments[3]!,
        load: `Atomics.load(${text(0)}, ${text(1)})`,
        store: (value) => `Atomics.store(${text(0)}, ${text(1)}, ${value})`,
      };
    case "swap":
    case "stepAt":
      return {
        call: node,
        from: node.arguments[1]!,
        to: node.arguments[2]!,
        load: `${of}.load(${text(0)})`,
        store: (value) => `${of}.store(${text(0)}, ${value})`,
      };
    default:
      return undefined;
  }
}

const isStep = (call: ts.CallExpression): boolean =>
  ts.isPropertyAccessExpression(call.expression) && call.expression.name.text === "stepAt";

/** A swap becomes a load, a look and a store. */
const split: Operator = (node, source) => {
  const swap = swapOf(node, source);
  if (swap === undefined || isStep(swap.call)) return [];
  const [from, to] = [swap.from.getText(source), swap.to.getText(source)];
  const text = `((found: number, next: number) => { if (found === (${from})) ${swap.store("next")}; return found; })(${swap.load}, ${to})`;
  return [{ kind: "load+store", what: brief(node, source), edits: [over(node, source, text)] }];
};

/** A swap becomes a store. */
const blind: Operator = (node, source) => {
  const swap = swapOf(node, source);
  if (swap === undefined) return [];
  const [from, to] = [swap.from.getText(source), swap.to.getText(source)];
  const done = isStep(swap.call) ? "0" : from;
  const text = `(${swap.store(to)}, ${done})`;
  return [{ kind: "blind store", what: brief(node, source), edits: [over(node, source, text)] }];
};

/** The states, as the words order them. */
const STATES = ["REF_COUNT_UNIQUE", "REF_COUNT_UNUSED", "REF_COUNT_BUSY", "1"] as const;
const VALUES = ["-2", "-1", "0", "1"] as const;

function neighboursOf(text: string): string[] {
  const at = STATES.indexOf(text as (typeof STATES)[number]);
  if (at >= 0) return [VALUES[at - 1], VALUES[at + 1] ?? "2"].filter((v) => v !== undefined);
  const count = /^word ([+-]) 1$/.exec(text);
  return count === null ? [] : ["word", `word ${count[1]} 2`];
}

/** A state in a swap becomes the one below or above it. */
const neighbour: Operator = (node, source) => {
  const swap = swapOf(node, source);
  if (swap === undefined) return [];
  return [swap.from, swap.to].flatMap((state) => {
    const text = state.getText(source);
    return neighboursOf(text).map((other) => ({
      kind: "neighbour",
      what: `${brief(node, source)}: ${text} is ${other}`,
      edits: [over(state, source, `(${other})`)],
    }));
  });
};

/** An atomic access becomes a plain one. */
const plain: Operator = (node, source) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { expression, name } = node.expression;
  const args = node.arguments.map((argument) => argument.getText(source));
  const of = expression.getText(source);
  const words = of === "Atomics" ? args[0] : `${of}.words`;
  const rest = of === "Atomics" ? args.slice(1) : args;
  if (of !== "Atomics" && !/(^|\.)(slots|this)$/.test(of)) return [];
  const text =
    name.text === "load"
      ? `${words}[${rest[0]}]!`
      : name.text === "store"
        ? `(${words}[${rest[0]}] = ${rest[1]})`
        : undefined;
  if (text === undefined) return [];
  return [{ kind: "plain access", what: brief(node, source), edits: [over(node, source, text)] }];
};

/** Who may do anything at all is no matter of schedules: bounds, an agent without its allocator, a frame that is to stay. */
const NOT_TESTED = /ledger|untold|isIndexOf|^!?table\.lacksAllocator|if \(table\.lacks|^tell\b/;

/** A test that stops is left out; a part of a condition is left out. */
const dropCheck: Operator = (node, source) => {
  const mutation = (at: ts.Node, text: string): Mutation => ({
    kind: "dropped check",
    what: brief(at, source),
    edits: [over(at, source, text)],
  });
  if (NOT_TESTED.test(node.getText(source))) return [];
  if (ts.isIfStatement(node) && node.elseStatement === undefined) {
    const stops = /^(return|throw|continue)\b|refuse|giveBack/i.test(
      node.thenStatement.getText(source),
    );
    return stops ? [mutation(node, ";")] : [];
  }
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken
  ) {
    return [mutation(node.left, "true"), mutation(node.right, "true")];
  }
  return [];
};

/** What no schedule can show: handles of the agent itself, its own bookkeeping. */
const NOT_OF_THE_SLOT =
  /ledger|untold|refuse\(|#report|#blame|\b(un)?pin\(|\b(turn|lose|gain)\(|\.(release|revive)\(|#done|#work\b|scope\.|taken\.push|freed|#errors|#holders|acquire/;

const writes = (node: ts.Node, source: ts.SourceFile): boolean =>
  ts.isExpressionStatement(node) && !NOT_OF_THE_SLOT.test(node.getText(source));

/** What can be done earlier or later: a statement, or one that depends on a test. */
const moves = (node: ts.Node, source: ts.SourceFile): boolean =>
  writes(node, source) ||
  (ts.isIfStatement(node) &&
    node.elseStatement === undefined &&
    writes(node.thenStatement, source));

/** A statement is left out. */
const dropStatement: Operator = (node, source) => {
  if (!writes(node, source)) return [];
  const what = brief(node, source);
  return [{ kind: "dropped statement", what, edits: [over(node, source, ";")] }];
};

/** The run of statements in front of one that are done for their effect. */
function before(statements: readonly ts.Statement[], end: number): ts.Statement[] {
  let first = end;
  while (
    first > 0 &&
    (ts.isExpressionStatement(statements[first - 1]!) || ts.isIfStatement(statements[first - 1]!))
  ) {
    first -= 1;
  }
  return statements.slice(first, end);
}

/** The swap that ends a step comes before what must be written first, or one write comes after it. */
const reorder: Operator = (node, source) => {
  if (!ts.isBlock(node)) return [];
  const mutations: Mutation[] = [];
  node.statements.forEach((last, i) => {
    const decisive = /\.(swap|stepAt|publishAt|releaseAt)\(/.test(last.getText(source));
    if (!decisive || ts.isForStatement(last) || ts.isIfStatement(last)) return;
    const text = last.getText(source);
    const earlier = before(node.statements, i).filter((statement) => moves(statement, source));
    for (const early of earlier) {
      mutations.push({
        kind: "late write",
        what: `${brief(early, source)} after ${brief(last, source)}`,
        edits: [over(early, source, ";"), over(last, source, `${text}\n${early.getText(source)}`)],
      });
    }
    const head = earlier[0];
    if (head !== undefined && earlier.length > 1) {
      mutations.push({
        kind: "early publish",
        what: `${brief(last, source)} before ${brief(head, source)}`,
        edits: [over(head, source, `${text}\n${head.getText(source)}`), over(last, source, ";")],
      });
    }
  });
  return mutations;
};

/** Load and swap become an add that is undone where it had no right to happen: OSTD's way, with neighbours for states. */
const addThenLook: Operator = (node, source) => {
  if (!ts.isFunctionDeclaration(node) || node.body === undefined) return [];
  const step = /^try(Inc|Dec)Shared$/.exec(node.name?.text ?? "");
  if (step === null) return [];
  const by = step[1] === "Inc" ? 1 : -1;
  const most = by > 0 ? " && word !== REF_COUNT_MAX" : "";
  const body = `{
    if (!isIndexOf(words, index)) return Refusal.outOfBound;
    const word = Atomics.add(words, index, ${by});
    if (word > 0${most}) return word + ${by};
    Atomics.sub(words, index, ${by});
    return refusalOf(word);
  }`;
  const what = `Atomics.add(words, index, ${by}), and a look`;
  return [{ kind: "add, then look", what, edits: [over(node.body, source, body)] }];
};

const OPERATORS: readonly Operator[] = [
  split,
  blind,
  neighbour,
  plain,
  dropCheck,
  dropStatement,
  reorder,
  addThenLook,
];

/** Every mutation of a function. */
export function mutationsOf(root: ts.Node, source: ts.SourceFile): Mutation[] {
  const found = OPERATORS.flatMap((operator) => {
    const each: Mutation[] = [];
    const visit = (node: ts.Node): void => {
      each.push(...operator(node, source));
      node.forEachChild(visit);
    };
    visit(root);
    return each;
  });
  return found;
}
