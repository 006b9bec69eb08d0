import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * TypeScript takes the braces of a `@throws` tag for a type, so TypeDoc finds `{@link CoreError}` there only in the module
 * that exports it. Here it is looked up among what the package's index exports.
 */
const linkToIndex = (app) =>
  app.converter.addUnknownSymbolResolver(({ symbolReference }, { project }) => {
    const name = symbolReference?.path?.map(({ path }) => path).join(".");
    const target = name && project.getChildByName(`index.${name}`);
    return target && { target, caption: name };
  });

/** The documentation of all packages; a warning fails, so that what is exported stays documented. */
export default {
  name: "memkit",
  entryPointStrategy: "packages",
  plugin: [linkToIndex],
  entryPoints: publishedPackages(),
  packageOptions: {
    excludeInternal: true,
    excludePrivate: true,
    disableSources: true,
    validation: { notExported: true, invalidLink: false, notDocumented: true },
    // Not properties: the fields of an error's variants would each have to repeat what the variant's comment says.
    requiredToBeDocumented: [
      "Variable",
      "Function",
      "Class",
      "Interface",
      "Method",
      "Accessor",
      "TypeAlias",
    ],
  },
  // Every package has checked the rest by then; links are checked once all packages are there. The root README points at
  // folders that are no part of the documentation.
  validation: { notExported: false, invalidLink: true, invalidPath: false, notDocumented: false },
  out: "docs/api",
  readme: "README.md",
  hideGenerator: true,
  highlightLanguages: ["bash", "javascript", "json", "mermaid", "typescript"],
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
};

function publishedPackages() {
  return readdirSync("packages")
    .map((name) => join("packages", name))
    .filter((folder) => !packageOf(folder).private);
}

function packageOf(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

/**
 * Options of the package in `folder`: every subpath that its `exports` name is an entry point.
 *
 * @param steps - Types that are steps of a calculation on types, or of what is protected: they stand in signatures, but nobody
 *   writes them.
 */
export function docs(folder, steps = []) {
  const { exports } = packageOf(folder);
  return {
    entryPoints: Object.values(exports).flatMap((to) =>
      typeof to === "string" ? [] : [to["@memkit/source"]],
    ),
    intentionallyNotExported: steps,
  };
}
