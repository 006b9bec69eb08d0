/** Who may depend on whom. The truth is in the package.json files; pnpm and tsc refuse imports that they do not declare. */

import { posix } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../src/imports.js";
import { apps, files, type Manifest, packages, tools } from "../src/workspace.js";

/** The graph, whole: core <- frame-meta <- page-table; core <- guest-memory; core <- mmap-region. */
const GRAPH: Readonly<Record<string, readonly string[]>> = {
  "@memkit/core": [],
  "@memkit/frame-meta": ["@memkit/core"],
  "@memkit/guest-memory": ["@memkit/core"],
  "@memkit/mmap-region": ["@memkit/core"],
  "@memkit/page-table": ["@memkit/core", "@memkit/frame-meta"],
};

const ours = (dependencies: object | undefined): string[] =>
  Object.keys(dependencies ?? {})
    .filter((name) => name.startsWith("@memkit/"))
    .sort();

const everyKind = (m: Manifest): string[] =>
  ours({
    ...m.dependencies,
    ...m.devDependencies,
    ...m.peerDependencies,
    ...m.optionalDependencies,
  });

const toolNames = tools.map(({ manifest }) => manifest.name);

/** Whether the relative import `to` of `file` stays in `folder`. */
const within = (folder: string, file: string, to: string): boolean =>
  posix.join(posix.dirname(file), to).startsWith(`${folder}/`);

test("the graph names every package", () => {
  expect(packages.map(({ manifest }) => manifest.name).sort()).toEqual(Object.keys(GRAPH));
});

test.each(packages.map(({ manifest }) => [manifest.name, manifest] as const))(
  "%s depends on what the graph says, and on no app",
  (name, manifest) => {
    expect(ours(manifest.dependencies)).toEqual(GRAPH[name]);
    // Nor by way of devDependencies, but for what only tests use.
    expect(everyKind(manifest).filter((to) => !toolNames.includes(to))).toEqual(GRAPH[name]);
  },
);

test.each(tools.map(({ manifest }) => [manifest.name, manifest] as const))(
  "%s, a tool, depends on core alone, so that every other package can be tested with it",
  (_name, manifest) => {
    expect(everyKind(manifest)).toEqual(["@memkit/core"]);
  },
);

test("no app is imported by another member", () => {
  const names = apps.map(({ manifest }) => manifest.name);
  for (const { manifest } of [...packages, ...tools, ...apps]) {
    expect(everyKind(manifest).filter((name) => names.includes(name))).toEqual([]);
  }
});

test.each(packages.map(({ dir, manifest }) => [dir, manifest] as const))(
  "%s/src imports only its own files and its dependencies",
  (dir, manifest) => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const strangers = files
      .filter((file) => file.startsWith(`${dir}/src/`) && file.endsWith(".ts"))
      .flatMap((file) => importsOf(file).map((to) => ({ file, to })))
      .filter(({ file, to }) => !(to.startsWith(".") && within(`${dir}/src`, file, to)))
      .filter(({ to }) => !declared.some((name) => to === name || to.startsWith(`${name}/`)));
    expect(strangers).toEqual([]); // a Node builtin is a stranger too: packages run in browsers
  },
);
