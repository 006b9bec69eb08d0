/** What must not be in a repository that others clone: the machine it was written on. */

import { homedir } from "node:os";
import { describe, expect, test } from "vitest";
import { files, isText, read, root } from "../src/workspace.js";

const texts = files.filter(isText);

/** `file:line: text` of each line that matches. */
function linesWith(pattern: RegExp): string[] {
  return texts.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
}

const literally = (text: string): RegExp =>
  new RegExp(`${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`);

/** Written with escapes, so that this file does not match itself. */
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  [
    "a package registry's host",
    /\bregistry\.[a-z]+\.[a-z]|\bnpm\.pkg\.|localhost:\d|127\.0\.0\.1:/,
  ],
  ["a home directory", /(?:^|[\s"'`(=])\/(?:home|Users|root)\/[\w.-]/],
  ["a path of one machine", /(?:^|[\s"'`(=])\/tmp\/[\w.-]|file:\/\/\/\w/],
  ["a folder beside the repository", /(?:^|[\s"'`(=./])shared\/[\w.-]/],
  ["an unfinished mark", /\b(?:TO[D]O|FIX[M]E|XX[X])\b/],
  ["a skipped or focused test", /\b(?:it|test|describe)\.(?:skip|only|todo)\b/],
  ["an escape from the types", /\bas any\b|@ts-(?:ignore|nocheck)|catch(?: *\(\w*\))? *\{ *\}/],
];

describe("no committed text has", () => {
  test.each(FORBIDDEN)("%s", (_what, pattern) => {
    expect(linesWith(pattern)).toEqual([]);
  });

  test.each([root, homedir()].filter((path) => path.length > 5))("the path %s", (path) => {
    expect(linesWith(literally(path))).toEqual([]);
  });
});

test("the lockfile names no host and no tarball", () => {
  expect(read("pnpm-lock.yaml").match(/:\/\/|tarball:/g)).toBeNull();
});
