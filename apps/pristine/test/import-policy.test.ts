import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { IMPORT_POLICY } from "../src/python/import-policy.js";

const require = createRequire(import.meta.url);
const bytes = readFileSync(require.resolve("pyodide/pyodide.asm.wasm"));
const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes))
  .filter(({ kind }) => kind === "function")
  .map(({ name }) => name);

test("PR-1: every name of the table is an import, and most imports have no place in it", () => {
  const known = [...IMPORT_POLICY.keys()];
  expect(known.filter((name) => !imports.includes(name))).toEqual([]);
  const refused = imports.filter((name) => !IMPORT_POLICY.has(name));
  expect(refused.length).toBeGreaterThan(150);
  expect(refused).toEqual(
    expect.arrayContaining(["js2python_js", "ffi_call_js", "_dlopen_js", "proc_exit"]),
  );
});

test("PR-3: the interpreter is the one of which `npm run leaks` has inspected all instructions", () => {
  // pyodide 314.0.7. For another release: run it, which says whether any writes to the table of functions, then put its hash here.
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(
    "cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6",
  );
});
