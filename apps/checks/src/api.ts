/**
 * What each package exports, and the codes of its error, read from the types rather than from the text: a code that reaches the union
 * through an alias counts, a code in a comment does not.
 *
 * @module
 */

import { join } from "node:path";
import ts from "typescript";
import { type Member, packages, root } from "./workspace.js";

/** The package's own entry point in source. */
const entryOf = ({ dir }: Member): string => join(root, dir, "src/index.ts");

const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.base.json"), undefined, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (d) => {
    throw new Error(ts.flattenDiagnosticMessageText(d.messageText, "\n"));
  },
});
const program = ts.createProgram(packages.map(entryOf), config?.options ?? {});
const checker = program.getTypeChecker();

/** The string literals that `type` may be. */
function literals(type: ts.Type): string[] {
  if (type.isUnion()) return type.types.flatMap(literals);
  return type.isStringLiteral() ? [type.value] : [];
}

/** What a package's index exports. */
export function exportsOf(name: string): ts.Symbol[] {
  const member = packages.find(({ manifest }) => manifest.name === name);
  const source = member && program.getSourceFile(entryOf(member));
  const module = source && checker.getSymbolAtLocation(source);
  return module === undefined ? [] : checker.getExportsOfModule(module);
}

/** Sorted codes of every exported `...ErrorDetail` of a package's index. */
export function errorCodes(name: string): string[] {
  const codes = exportsOf(name)
    .filter((symbol) => symbol.name !== "ErrorDetail" && symbol.name.endsWith("ErrorDetail"))
    .map((s) => (s.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(s) : s))
    .flatMap((symbol) => {
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      const code = checker.getPropertyOfType(type, "code");
      return code === undefined ? [] : literals(checker.getTypeOfSymbol(code));
    });
  return [...new Set(codes)].sort();
}
