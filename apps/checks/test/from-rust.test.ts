/** docs/from-rust.md tells the truth: the names that it gives for ours are exported, the codes thrown, the files there. */

import { describe, expect, test } from "vitest";
import { errorCodes } from "../src/api.js";
import { files, present, read, section } from "../src/workspace.js";

const document = read("docs/from-rust.md");
/** `## guest-memory, from wiggle` is about packages/guest-memory. */
const subjects = [...document.matchAll(/^## (([\w-]+), from .*)$/gm)].map(
  ([, title, name]) => [name!, section(document, title!) ?? ""] as const,
);
/** Words of the language in code spans: nobody exports them. */
const LANGUAGE = new Set([
  "null",
  "using",
  "Symbol.dispose",
  "WebAssembly.Memory",
  "WebAssembly.instantiate",
]);

interface Row {
  readonly theirs: string;
  readonly spans: readonly string[];
  readonly files: readonly string[];
}

function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\|(.*)\|$/gm)]
    .map(([, row]) => row!.split("|").map((cell) => cell.trim()))
    .filter(([first = ""]) => first !== "" && !first.startsWith("---"))
    .map(([theirs = "", ours = "", where = ""]) => ({
      theirs,
      spans: [...ours.matchAll(/`([^`]+)`/g)].map(([, span]) => span!),
      files: where.split(",").flatMap((file) => (/[./]/.test(file) ? [file.trim()] : [])),
    }));
}

const reports = (name: string): string =>
  files
    .filter(
      (file) => file.endsWith(".api.md") && new RegExp(`^packages/(${name}|core)/`).test(file),
    )
    .map(read)
    .join("\n");

/** Whether the reports declare `Name`, or `Name.member`. What a subpath alone exports stands there without `export`. */
function declared(text: string, span: string): boolean {
  const [name, member] = span.split(".");
  const kinds = "(?:export |declare |abstract |const |function |type |interface |class )+";
  const declaration = new RegExp(`^${kinds}${name}(?:_\\d)?\\b[^]*?(?=^\\}|^$)`, "gm");
  const found = text.match(declaration) ?? [];
  return found.some((block) => member === undefined || new RegExp(`\\b${member}\\b`).test(block));
}

/** Whether `Name.member` comes from a base class, which the reports leave out where no entry point exports it. */
function inherited(name: string, text: string, span: string): boolean {
  const [owner, member] = span.split(".");
  const base = text.match(new RegExp(`^class ${owner} extends (\\w+) `, "m"))?.[1];
  if (base === undefined || member === undefined) return false;
  const body = new RegExp(
    `^export abstract class ${base} [^]*?^  (?:get |readonly )?${member}\\b`,
    "m",
  );
  return files
    .filter((file) => file.startsWith(`packages/${name}/src/`) && file.endsWith(".ts"))
    .some((file) => body.test(read(file)));
}

describe.each(subjects)("%s", (name, text) => {
  const rows = rowsOf(text);

  test("has rows", () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  test("names what is exported", () => {
    const api = reports(name);
    const names = rows
      .flatMap(({ spans }) => spans)
      .filter((span) => /^[A-Za-z]\w*(\.\w+)?$/.test(span));
    expect(
      names.filter(
        (span) => !LANGUAGE.has(span) && !declared(api, span) && !inherited(name, api, span),
      ),
    ).toEqual([]);
  });

  test("names codes that are thrown", () => {
    const codes = rows
      .flatMap(({ spans }) => spans)
      .filter((span) => /^[a-z0-9]+(-[a-z0-9]+)+$/.test(span));
    expect(codes.filter((code) => !errorCodes(`@memkit/${name}`).includes(code))).toEqual([]);
  });

  test("names files that are there", () => {
    const at = (file: string): string =>
      file.startsWith("core/")
        ? `packages/core/src/${file.slice(5)}`
        : `packages/${name}/src/${file}`;
    const missing = rows.flatMap((row) => row.files).filter((file) => !present(at(file)));
    expect(missing).toEqual([]);
  });
});
