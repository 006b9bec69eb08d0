/** UPSTREAM.md tells the truth: the tests that it names are there. */

import { expect, test } from "vitest";
import { files, read } from "../src/workspace.js";

/** Cells such as "`frame/frame.test.ts` "clones to the same frame"". */
const NAMED = /`([\w./-]+\.ts)` "(.+?)" \|/g;

const tables = files
  .filter((file) => /^packages\/[\w-]+\/test\/UPSTREAM\.md$/.test(file))
  .map((file) => {
    const folder = file.slice(0, file.lastIndexOf("/") + 1);
    const rows = [...read(file).matchAll(NAMED)];
    return [file, rows.map(([, path, name]) => [`${folder}${path}`, name!] as const)] as const;
  })
  .filter(([, rows]) => rows.length > 0);

test("there are tables that name tests", () => {
  expect(tables.length).toBeGreaterThan(0);
});

test.each(tables)("%s", (_, rows) => {
  const missing = rows.filter(
    ([path, name]) => !files.includes(path) || !read(path).includes(name),
  );
  expect(missing).toEqual([]);
});
