import { loadDriver } from "@memkit/mmap-region/driver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS } from "../src/attacks.js";
import { PristineError } from "../src/pristine-error.js";
import { Interpreter, type Reply } from "../src/python/interpreter.js";

// One for the file: starting it is what takes time.
let python: Interpreter;
let pristine: string;

beforeAll(async () => {
  const { driver } = await loadDriver();
  python = await Interpreter.create({
    snapshot: { driver },
    heapBytes: 48 * 2 ** 20,
    deadline: 20_000,
    maxOutput: 5_000,
  });
  pristine = python.digest();
});

afterAll(() => python.close());

/** What a program comes to, and its failure if it has none. */
function outcome(source: string): Reply | string {
  try {
    return python.run(source);
  } catch (error) {
    return String(error);
  }
}

/** The code that a program is ended with. */
function ended(source: string): string {
  try {
    python.run(source);
  } catch (error) {
    if (error instanceof PristineError) return error.code;
    throw error;
  }
  return "";
}

test("a program's last expression, its output, and its error", () => {
  expect(python.run("print('a')\n1 + 1")).toEqual({ value: "2", error: null, output: "a\n" });
  expect(python.run("x = 1")).toEqual({ value: null, error: null, output: "" });
  expect(python.run("'é\\u2028\\ud800'").value).toBe("'é\\u2028\\ud800'");
  const failed = python.run("import sys; sys.stderr.write('b'); 1 / 0");
  expect(failed).toMatchObject({ value: null, output: "b" });
  expect(failed.error).toContain("ZeroDivisionError");
  expect(python.run("import sys; sys.exit(3)").error).toContain("SystemExit: 3");
  expect(python.run("syntax error").error).toContain("SyntaxError");
  python.reset();
});

test("PR-2: no attack leaves anything, and after each every byte, global and table is the image's", () => {
  const leaks: string[] = [];
  let leaky = 0;
  for (const [n, { name, plant, probe }] of ATTACKS.entries()) {
    const clean = outcome(probe);
    python.reset();
    outcome(plant);
    const without = outcome(probe);
    if (JSON.stringify(without) !== JSON.stringify(clean)) leaky += 1;
    python.reset();
    if (n % 6 === 0 && python.digest() !== pristine) leaks.push(`${name}: digest`);
    const after = outcome(probe);
    python.reset();
    if (JSON.stringify(after) !== JSON.stringify(clean)) leaks.push(name);
  }
  expect(leaks).toEqual([]);
  expect(python.digest()).toBe(pristine);
  // What nobody could leak without a reset would prove nothing.
  expect(leaky).toBeGreaterThan(ATTACKS.length / 2);
});

test("PR-3: functions in the table, and globals that are imported, are put back whoever has set them", () => {
  const { exports } = python.target;
  const [functions, ...others] = Object.values(exports).filter(
    (value) => value instanceof WebAssembly.Table,
  );
  const globals = Object.values(exports).filter((value) => value instanceof WebAssembly.Global);
  expect(others.length).toBe(2);
  expect(globals.length).toBeGreaterThan(280);
  for (const at of [1, 700, functions!.length - 1]) functions!.set(at, null);
  for (const each of globals) each.value = each.value === null ? null : 4711;
  expect(python.digest()).not.toBe(pristine);
  python.reset();
  expect(python.digest()).toBe(pristine);
  expect(python.run("1 + 1").value).toBe("2");
  python.reset();
});

test("PR-1: what leads to JavaScript ends the program, and no program can catch it", () => {
  // The modules that were taken out of `sys.modules`: a program that looks long enough finds them.
  const touch = (action: string): string =>
    `for o in evaluate.__defaults__[1]:\n  try:\n    ${action}\n  except BaseException: pass`;
  expect(ended(touch("o.leaked = 1"))).toBe("refused");
  python.reset();
  expect(ended(touch("str(o)"))).toBe("refused");
  python.reset();
  expect(ended("import os\ntry:\n  os._exit(3)\nfinally:\n  pass")).toBe("refused");
  python.reset();
  expect("leaked" in globalThis).toBe(false);
  // It would be thrown away; but nothing of the instance or the files is lost.
  expect(python.digest()).toBe(pristine);
});

test("what a program may not use up: time, output, memory", () => {
  python.deadline = 100;
  expect(ended("while True: pass")).toBe("deadline");
  python.reset();
  expect(ended("try:\n  while True: pass\nexcept BaseException: pass")).toBe("deadline");
  python.reset();
  python.deadline = 20_000;
  expect(ended("while True: print('x' * 100)")).toBe("too-much-output");
  python.reset();
  expect(python.run("x = bytearray(1 << 30)").error).toContain("MemoryError");
  python.reset();
  expect(python.run("1").output).toBe("");
  python.reset();
  expect(python.digest()).toBe(pristine);
});

test("random numbers are others in every request", () => {
  const draw = (): string | null => {
    const { value } = python.run(
      "import random, uuid, os; random.random(), uuid.uuid4(), os.urandom(4)",
    );
    python.reset();
    return value;
  };
  expect(new Set([draw(), draw(), draw()]).size).toBe(3);
});

test("the server's own process stays as it is", () => {
  const umask = process.umask();
  python.run("import os; os.umask(0o777 ^ 0o022); os.system('false'); os.kill(os.getpid(), 0)");
  python.reset();
  expect(process.umask()).toBe(umask);
});
