import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The documentation of all packages; a warning fails, so that what is exported stays documented and links stay whole. */
export default {
  name: "memkit",
  entryPointStrategy: "packages",
  entryPoints: ["packages/*"],
  packageOptions: {
    excludeInternal: true,
    excludePrivate: true,
    disableSources: true,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
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
