/**
 * Which test files can run in a page, and why the others cannot.
 *
 * A file needs what it, or a file that it imports by a relative path, needs: Node, if it imports one of Node's modules,
 * names one of its globals or loads modules anew; isolation, if it makes a SharedArrayBuffer without asking whether there
 * is one. Names followed by `?.`, or after `typeof`, ask. Explorations need a realm of their own, whose Atomics they replace:
 * files in a page share theirs.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** What the text of a file says that it needs. */
const NEEDS = [
  ["Node", /^import (?!type\b)[^;]*"node:|\b(?:Buffer|process)\.\w|\bvi\.resetModules\b/m],
  ["a realm of its own", /^import (?!type\b)[^;]*"@memkit\/interleave"/m],
  ["isolation", /^(?!.*\btypeof SharedArrayBuffer\b).*\bSharedArrayBuffer\b/s],
];

/** A file and everything that it imports by a relative path. */
function closure(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  for (const [, to] of readFileSync(file, "utf8").matchAll(/from "(\.{1,2}\/[^"]+)\.js"/g)) {
    closure(`${join(dirname(file), to)}.ts`, seen);
  }
  return seen;
}

function needsOf(file) {
  const texts = [...closure(file)].map((path) => readFileSync(path, "utf8"));
  return NEEDS.filter(([, pattern]) => texts.some((text) => pattern.test(text))).map(([n]) => n);
}

const manifestOf = (dir) =>
  JSON.parse(readFileSync(join(root, "packages", dir, "package.json"), "utf8"));

/** Every test file of the packages, from the root, with its needs. A private package is a tool, and runs in Node. */
export function testFiles() {
  const packages = readdirSync(join(root, "packages"));
  return packages
    .filter((dir) => !manifestOf(dir).private)
    .flatMap((name) => {
      const folder = join(root, "packages", name, "test");
      return readdirSync(folder, { recursive: true })
        .filter((file) => file.endsWith(".test.ts"))
        .map((file) => join(folder, file))
        .map((file) => ({ file: relative(root, file).replaceAll(sep, "/"), needs: needsOf(file) }));
    });
}

/** The source of each package and of its subpaths, by what tests import it as: a page has no conditions to resolve by. */
export function sources() {
  return readdirSync(join(root, "packages")).flatMap((dir) => {
    const path = join(root, "packages", dir);
    const { name, exports } = manifestOf(dir);
    return Object.entries(exports)
      .filter(([, to]) => typeof to === "object")
      .map(([subpath, to]) => [`${name}${subpath.slice(1)}`, join(path, to["@memkit/source"])]);
  });
}
