/** READMEs tell the truth about files, invariants and error codes; each package carries the licence. */

import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import { errorCodes, exportsOf } from "../src/api.js";
import { headingIds, linksOf } from "../src/markdown.js";
import { files, packages, present, read, section } from "../src/workspace.js";

const documents = files.filter((file) => file.endsWith(".md") && !file.endsWith(".api.md"));

describe("links resolve in", () => {
  test.each(documents)("%s", (file) => {
    const broken = linksOf(read(file)).filter((link) => {
      const [path = "", id] = link.split("#");
      const target = path === "" ? file : posix.join(posix.dirname(file), path);
      if (!present(target)) return true;
      return id !== undefined && target.endsWith(".md") && !headingIds(read(target)).includes(id);
    });
    expect(broken).toEqual([]);
  });
});

describe.each(packages.map(({ dir, manifest }) => [manifest.name, dir] as const))(
  "%s",
  (name, dir) => {
    const readme = present(`${dir}/README.md`) ? read(`${dir}/README.md`) : "";

    test("has a README", () => {
      expect(readme).toContain(`# ${name}`);
    });

    test("has the root's licence", () => {
      expect(read(`${dir}/LICENSE`)).toBe(read("LICENSE"));
    });

    test("keeps and attacks every invariant of its README, and lists every one that it cites", () => {
      const listed = idsIn(section(readme, "Invariants") ?? "");
      if (exportsOf(name).length > 0) expect(listed, "listed").not.toEqual([]);
      const prefixes = new Set(listed.map((id) => id.slice(0, id.indexOf("-"))));
      const cited = (folder: string): string[] => {
        const text = files.filter((file) => file.startsWith(`${dir}/${folder}/`)).map(read);
        return idsIn(text.join("\n")).filter((id) => prefixes.has(id.slice(0, id.indexOf("-"))));
      };
      expect(cited("src"), "cited in src").toEqual(listed);
      expect(cited("test"), "cited in test").toEqual(listed);
    });

    test("lists every code of its error, and no other, under Errors", () => {
      const text = section(readme, "Errors") ?? "";
      // The first code span of a table row or a list item.
      const rows = [...text.matchAll(/^(?:\||[-*]) *`([a-z0-9-]+)`/gm)].map(([, code]) => code);
      expect(rows.sort()).toEqual(errorCodes(name));
    });
  },
);

/** `GM-1` and its like, once each, in order. */
function idsIn(text: string): string[] {
  const ids = new Set([...text.matchAll(/\b[A-Z]{2,5}-\d+\b/g)].map(([id]) => id));
  return [...ids].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
