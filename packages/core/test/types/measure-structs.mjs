/**
 * How long 400 distinct records take to type-check, sizes and values asked for, with each compiler at hand.
 *
 *   node packages/core/test/types/measure-structs.mjs
 *
 * Writes a module into a temporary folder, times `tsc` (TypeScript 7) and `tsc6` (6) on it and on an empty module that
 * imports the same, and fails when the better of three runs takes more than 10 s. Every record's size, alignment and
 * value type are asserted in the module, so that nothing is left lazy.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COUNT = 400;
const LIMIT_MS = 10_000;
const SCALARS = { u8: 1, i16: 2, u32: 4, u64: 8, f32: 4, f64: 8, bool8: 1, handle: 4 };
const NAMES = Object.keys(SCALARS);
const BIG = new Set(["u64"]);

/** The same numbers at every run (Numerical Recipes' linear congruential generator). */
let state = 1;
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

const up = (at, align) => Math.ceil(at / align) * align;
const value = (name) => (BIG.has(name) ? "bigint" : name === "bool8" ? "boolean" : "number");

/** One record, with what C makes of it. */
function record(n, earlier) {
  const fields = [];
  const values = [];
  let at = 0;
  let most = 1;
  const count = 2 + random(9);
  for (let i = 0; i < count; i++) {
    const kind = random(10);
    const scalar = NAMES[random(NAMES.length)];
    let field = {
      text: scalar,
      size: SCALARS[scalar],
      align: SCALARS[scalar],
      value: value(scalar),
    };
    if (kind === 0) {
      const many = 1 + random(9);
      field = {
        ...field,
        text: `array(${scalar}, ${many})`,
        size: field.size * many,
        value: `readonly ${value(scalar)}[]`,
      };
    } else if (kind === 1) {
      field = { text: "ptr(u8)", size: 4, align: 4, value: "number" };
    } else if (kind === 2 && earlier.length > 0) {
      const inner = earlier[random(earlier.length)];
      if (inner.size < 100)
        field = {
          text: inner.name,
          size: inner.size,
          align: inner.align,
          value: `ValueOf<typeof ${inner.name}>`,
        };
    } else if (kind === 3) {
      field = { text: "aligned(16, u32)", size: 16, align: 16, value: "number" };
    }
    fields.push(`["f${i}_${n}", ${field.text}]`);
    values.push(`f${i}_${n}: ${field.value}`);
    at = up(at, field.align) + field.size;
    most = Math.max(most, field.align);
  }
  return { name: `s${n}`, size: up(at, most), align: most, fields, values };
}

const records = [];
for (let n = 0; n < COUNT; n++) records.push(record(n, records));

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const head = `import { type AlignOf, aligned, array, bool8, f32, f64, handle, i16, ptr, type SizeOf, struct, u8, u32, u64, type ValueOf } from ${JSON.stringify(join(here, "../../src/layout.js"))};
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Yes<T extends true> = T;
`;
// Types, not statements: every call statement would be searched for assertions from every later use of a constant.
const body = records
  .map(
    ({ name, size, align, fields, values }) => `const ${name} = struct(${fields.join(", ")});
type Size_${name} = Yes<Same<SizeOf<typeof ${name}>, ${size}>>;
type Align_${name} = Yes<Same<AlignOf<typeof ${name}>, ${align}>>;
type Value_${name} = Yes<Same<ValueOf<typeof ${name}>, { ${values.join("; ")} }>>;
`,
  )
  .join("");

const folder = mkdtempSync(join(tmpdir(), "measure-structs-"));
try {
  writeFileSync(
    join(folder, "none.mts"),
    `${head}export { aligned, array, bool8, f32, f64, handle, i16, ptr, struct, u8, u32, u64 };\nexport type { AlignOf, Same, SizeOf, ValueOf, Yes };\n`,
  );
  writeFileSync(join(folder, "all.mts"), `${head}${body}export {};\n`);
  for (const file of ["none", "all"]) {
    writeFileSync(
      join(folder, `${file}.json`),
      JSON.stringify({
        extends: join(root, "tsconfig.base.json"),
        compilerOptions: { types: [] },
        files: [`${file}.mts`],
      }),
    );
  }
  for (const [compiler, script] of [
    ["TypeScript 7 (tsc)", "tsc"],
    ["TypeScript 6 (tsc6)", "tsc6"],
  ]) {
    const times = ["none", "all"].map((file) => {
      const runs = [0, 1, 2].map(() => {
        const start = performance.now();
        try {
          execFileSync(
            join(root, "node_modules/.bin", script),
            ["-p", join(folder, `${file}.json`)],
            { stdio: "pipe" },
          );
        } catch (error) {
          process.stdout.write(error.stdout.toString().split("\n").slice(0, 10).join("\n"));
          throw new Error(`${compiler} refuses ${file}.mts`);
        }
        return performance.now() - start;
      });
      return Math.min(...runs);
    });
    const [none, all] = times;
    process.stdout.write(
      `${compiler}: ${COUNT} records ${(all / 1000).toFixed(1)} s, of which ${(none / 1000).toFixed(1)} s without any\n`,
    );
    if (all > LIMIT_MS) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
