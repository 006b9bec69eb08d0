import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The documentation of all packages; a warning fails, so that what is exported stays documented. */
export default {
  name: "memkit",
  entryPointStrategy: "packages",
  entryPoints: ["packages/*"],
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
  // Every package has checked itself by then. Links stay unchecked: TypeScript takes the braces of a `@throws` tag for a
  // type, and TypeDoc then finds a class only if the same module exports it. The root README points at folders that are
  // no part of the documentation.
  validation: { notExported: false, invalidLink: false, invalidPath: false, notDocumented: false },
  out: "docs/api",
  readme: "README.md",
  hideGenerator: true,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
};

/**
 * Options of the package in `folder`: every subpath that its `exports` name is an entry point.
 *
 * @param steps - Types that are steps of a calculation on types: they stand in signatures, but nobody writes them.
 */
export function docs(folder, steps = []) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return {
    entryPoints: Object.values(exports).flatMap((to) =>
      typeof to === "string" ? [] : [to["@memkit/source"]],
    ),
    intentionallyNotExported: steps,
  };
}
