/** The walker against the answers of another memory unit; see fixtures/README.md. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { judgeKernel, judgeRandom, readPages } from "./support/answers.js";

const fixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`fixtures/${name}.gz`, import.meta.url)));

test.each([
  "rand-x86-4",
  "rand-x86-5",
  "rand-sv39",
  "rand-sv48",
  "rand-sv57",
  "rand-arm64-h0",
  "rand-arm64-h1",
])("PT-4, PT-5, PT-7: %s", (name) => {
  const { questions, words, disagreements } = judgeRandom(fixture(`${name}.txt`).toString());
  expect(questions).toBeGreaterThan(2000);
  expect(words).toBeGreaterThan(2000);
  expect(disagreements).toEqual([]);
});

test.each(["k4_128", "k4_128-plain"])("PT-5: the tables of a kernel, %s", (name) => {
  const pages = readPages(fixture("k4_128.pages"));
  const { questions, disagreements } = judgeKernel(pages, fixture(`${name}.tsv`).toString());
  expect(questions).toBeGreaterThan(8000);
  expect(disagreements).toEqual([]);
});

test("the judge notices a changed word, and a changed answer", () => {
  const [settings, ...lines] = fixture("rand-sv39.txt").toString().trimEnd().split("\n");
  const flipped = lines.map((line) => (line.startsWith("Q") ? line.replace("#13", "#15") : line));
  expect(judgeRandom([settings, ...flipped].join("\n")).disagreements.length).toBeGreaterThan(100);
  const kept = lines.filter((line) => !line.startsWith("A"));
  expect(judgeRandom([settings, ...kept].join("\n")).disagreements.length).toBeGreaterThan(10);
});
