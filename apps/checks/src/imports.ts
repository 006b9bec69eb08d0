/** What a source file imports, as TypeScript's own scanner sees it: static, dynamic, `require`, and type-only. */

import ts from "typescript";
import { read } from "./workspace.js";

/** The specifiers in the order in which they stand. */
export function importsOf(file: string): string[] {
  return ts.preProcessFile(read(file), true, true).importedFiles.map(({ fileName }) => fileName);
}
