/** The reader of examples itself: a claim that nothing checks would be worse than none. */

import { describe, expect, test } from "vitest";
import { moduleOf } from "../src/assertions.js";
import { claimsIn, examplesIn, runs } from "../src/examples.js";
import { __equal, __throws, __throwsLater, held } from "../src/expect.js";

const docstring = `
/**
 * Text.
 *
 * @example
 * \`\`\`ts
 * import { a } from "x";
 *
 * a(1); // => 2
 * \`\`\`
 */
`;

const body = (code: string): string =>
  moduleOf({ file: "f.md", line: 10, code }, "s").text.split("\n").slice(1, -2).join("\n");

describe("finding", () => {
  test("a docstring's fence, its line, and its code without the stars", () => {
    expect(examplesIn("f.ts", docstring)).toEqual([
      { file: "f.ts", line: 6, code: 'import { a } from "x";\n\na(1); // => 2' },
    ]);
  });

  test("fences of Markdown, ts only, indentation taken off", () => {
    const text = "```sh\nls\n```\n- item\n  ```ts\n  f();\n    g();\n  ```\n";
    expect(examplesIn("f.md", text)).toEqual([{ file: "f.md", line: 5, code: "f();\n  g();" }]);
  });

  test("an open fence is an error", () => {
    expect(() => examplesIn("f.md", "```ts\nf();\n")).toThrow(
      "f.md:1: a fence that nothing closes",
    );
  });

  test.each([
    ['import { f } from "x";\nf();', true],
    ['import {\n  f,\n} from "x";', true],
    ["f(); // important", false],
    ['import { f } from "../f.js";', false],
    ['import { g } from "x";\nimport {\n  f,\n} from "./f.js";', false],
  ])("a block runs if it imports, and only from packages: %j", (code, expected) => {
    expect(runs({ file: "f.md", line: 1, code })).toBe(expected);
  });
});

test.each([
  ["f(); // => 1", "1"],
  ["f(); // throws busy", "busy"],
  ["f(); // throws GuestError ptr-borrowed", "GuestError ptr-borrowed"],
  ["f(); // throws too-big, when it is", "too-big, when it is"], // wrong, so it fails: better than not read
  ["f(); // throws a GuestError for what the guest did", undefined],
  ["f(); // what it throws", undefined],
])("what claims and what is prose: %s", (code, expected) => {
  expect(claimsIn(code)[0]?.text).toBe(expected);
});

describe("rewriting", () => {
  test("an expression, with the line of the claim", () => {
    expect(body("\nf(1); // => 2")).toBe('\n__equal(f(1), 2, "f.md:12"); // => 2');
  });

  test("an expression over several lines keeps them", () => {
    expect(body("f(\n  1,\n); // => 2")).toBe('__equal(f(\n  1,\n), 2, "f.md:13"); // => 2');
  });

  test("a declaration", () => {
    expect(body("const x = f(); // => [1]")).toBe(
      'const x = f(); __equal(x, [1], "f.md:11"); // => [1]',
    );
  });

  test("a statement inside a block", () => {
    expect(body("if (a) {\n  b; // => 1\n}")).toContain('__equal(b, 1, "f.md:12");');
  });

  test("throws, and throws later", () => {
    expect(body("f(); // throws too-big")).toBe(
      '__throws(() => { f(); }, ["too-big"], "f.md:11"); // throws too-big',
    );
    expect(body("await f(); // throws E x")).toContain(
      "await __throwsLater(async () => { await f(); }",
    );
  });

  test.each(["f(\n  1, // => 1\n);", "// => 1", "const { x } = f(); // => 1"])(
    "a claim that nothing would check is an error: %j",
    (code) => {
      expect(() => body(code)).toThrow(/^f\.md:1/);
    },
  );
});

describe("judging", () => {
  const error = Object.assign(new RangeError("m"), { code: "too-big" });
  const fail = (): never => {
    throw error;
  };

  test("a wrong value, or a value of another type, fails with its place", () => {
    __equal([1], [1], "f:1");
    expect(() => __equal(1, 2, "f:1")).toThrow(/^f:1: /);
    expect(() => __equal(1, 1n, "f:1")).toThrow(/^f:1: /);
  });

  test("the code, the name, or both", () => {
    __throws(fail, ["too-big"], "f:1");
    __throws(fail, ["RangeError", "too-big"], "f:1");
    expect(() => __throws(fail, ["too-small"], "f:1")).toThrow("f:1: threw RangeError too-big");
    expect(() => __throws(() => undefined, ["too-big"], "f:1")).toThrow(
      "f:1: did not throw too-big",
    );
  });

  test("only what held is remembered: a claim not reached, or caught, is missed", () => {
    held.clear();
    __equal(1, 1, "f:1");
    expect(() => __equal(1, 2, "f:2")).toThrow();
    expect(() => __throws(fail, ["x"], "f:3")).toThrow();
    expect([...held]).toEqual(["f:1"]);
  });

  test("the same after await", async () => {
    await __throwsLater(async () => fail(), ["too-big"], "f:1");
    await expect(__throwsLater(async () => fail(), ["x"], "f:1")).rejects.toThrow("f:1: threw");
    await expect(__throwsLater(async () => undefined, ["x"], "f:1")).rejects.toThrow("did not");
  });
});
