/**
 * The workspace as its files say it is: where it stands, which packages it has, which files belong to it.
 *
 * Nothing is listed by hand here, so a package added tomorrow is checked tomorrow.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Text of a file named from the root. */
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Whether a path named from the root exists. */
export const present = (path: string): boolean => existsSync(join(root, path));

/** The parts of a package.json that the checks look at. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly packageManager?: string;
  readonly engines?: { readonly node?: string };
  readonly exports?: Readonly<Record<string, string | { readonly "@memkit/source": string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A member of the workspace. */
export interface Member {
  /** `packages/core`, from the root. */
  readonly dir: string;
  readonly manifest: Manifest;
}

export const rootManifest: Manifest = JSON.parse(read("package.json"));

function membersIn(folder: "packages" | "apps"): Member[] {
  return readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter((dir) => present(`${dir}/package.json`))
    .map((dir) => ({ dir, manifest: JSON.parse(read(`${dir}/package.json`)) as Manifest }));
}

const libraries = membersIn("packages");
/** What gets published. */
export const packages: readonly Member[] = libraries.filter(({ manifest }) => !manifest.private);
/** What tests them: packages that are not published. */
export const tools: readonly Member[] = libraries.filter(({ manifest }) => manifest.private);
/** What uses them here. */
export const apps: readonly Member[] = membersIn("apps");

/** The importable names of a package: `@memkit/core`, `@memkit/core/region`, and so on. */
export function specifiersOf({ manifest }: Member): string[] {
  return Object.entries(manifest.exports ?? {})
    .filter(([, to]) => typeof to === "object")
    .map(([path]) => manifest.name + path.slice(1));
}

/** One line of .gitignore as a predicate on a path from the root; the forms are those that the file uses. */
function ignoreRule(line: string): (path: string) => boolean {
  if (line.startsWith("/")) return (path) => path === line.slice(1);
  const name = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  if (line.startsWith("*")) return (path) => name(path).endsWith(line.slice(1));
  return (path) => name(path) === line;
}

function walk(dir: string, ignored: readonly ((path: string) => boolean)[]): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    const fromRoot = relative(root, path).split(sep).join("/");
    if (ignored.some((rule) => rule(fromRoot))) return [];
    if (entry.isDirectory()) {
      // A hidden folder within a member is some test's own: it may vanish while we look.
      const passing = entry.name.startsWith(".") && dir !== root;
      return passing ? [] : walk(path, ignored);
    }
    return entry.isFile() ? [fromRoot] : [];
  });
}

/**
 * Every file that is or could be committed, from the root: what .gitignore leaves.
 *
 * Walked rather than asked of git, because git need not be installed where the tests run, and because a file is
 * better judged before it is committed than after.
 */
export const files: readonly string[] = walk(root, [
  (path) => path === ".git",
  ...read(".gitignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ignoreRule(line.replace(/\/$/, ""))),
]);

/** A file with a NUL in its first 8000 bytes is binary: git's own rule. */
export function isText(path: string): boolean {
  return !readFileSync(join(root, path)).subarray(0, 8000).includes(0);
}

/** The text under `## title`, up to the next heading of that level, or undefined. */
export function section(markdown: string, title: string): string | undefined {
  const parts = markdown.split(/^## +/m).slice(1);
  const found = parts.find((part) => part.split("\n", 1)[0]?.trim() === title);
  return found?.slice(title.length);
}
