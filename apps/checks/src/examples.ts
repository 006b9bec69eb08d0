/**
 * Finds the examples of the documentation: fenced `ts` blocks in docstrings and in Markdown.
 *
 * @module
 */

/** One fenced block. */
export interface Example {
  /** From the root. */
  readonly file: string;
  /** Line of the opening fence, from 1; the first line of `code` is the next one. */
  readonly line: number;
  readonly code: string;
}

/** A fence alone on its line, in a docstring (behind ` * `) or in Markdown, perhaps indented. */
const FENCE = /^(\s*(?:\* ?)?\s*)```(\w*)\s*$/;

/** Every `ts` block of a text, in order. */
export function examplesIn(file: string, text: string): Example[] {
  const found: Example[] = [];
  let open: { line: number; prefix: string; language: string; body: string[] } | undefined;
  for (const [i, row] of text.split("\n").entries()) {
    const fence = FENCE.exec(row);
    if (open === undefined) {
      if (fence) open = { line: i + 1, prefix: fence[1]!, language: fence[2]!, body: [] };
    } else if (fence === null) {
      // An empty docstring line is ` *` without the blank of the others.
      open.body.push(row.startsWith(open.prefix) ? row.slice(open.prefix.length) : "");
    } else {
      const { line, language, body } = open;
      if (language === "ts") found.push({ file, line, code: body.join("\n") });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: a fence that nothing closes`);
  return found;
}

/** Whether the block is a program of its own: it imports what it uses, and nothing by a path that only its author has. */
export const runs = ({ code }: Example): boolean =>
  /^import\b/m.test(code) && !/^import\b[^;]*?"\.{1,2}\//m.test(code);

/**
 * A comment that claims a result: `// => value`, or `// throws` with a code, a class, or both. What reads like a
 * sentence ("throws a GuestError if") is prose; what begins with a code or a class is a claim, to be right or to fail.
 */
const CLAIM = /\/\/ (=>|throws(?= (?:\w*Error\b|\w+-|[\w-]+(?: [\w-]+)?$))) (.+)$/gm;

/** The claims of a text: which kind, and what it says. */
export const claimsIn = (text: string): { kind: string; text: string }[] =>
  [...text.matchAll(CLAIM)].map(([, kind = "", said = ""]) => ({ kind, text: said.trim() }));
