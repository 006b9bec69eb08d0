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
