/**
 * Assembles src/kernel/kernel.wat of the package that it is started in into src/kernel/bytes.ts. `--check` compares instead, and fails
 * where they differ.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import wabt from "wabt";

const here = pathToFileURL(`${process.cwd()}/`);
const source = new URL("src/kernel/kernel.wat", here);
const target = new URL("src/kernel/bytes.ts", here);

const features = { threads: true };
const module = (await wabt()).parseWat("kernel.wat", readFileSync(source, "utf8"), features);
module.validate(features);
const bytes = module.toBinary({}).buffer;

const text = `/**
 * The kernel, assembled from kernel.wat by \`npm run kernel\`: ${bytes.length} bytes, in base64. A test assembles it again and compares.
 *
 * @module
 */

export const KERNEL: string =
  "${Buffer.from(bytes).toString("base64")}";
`;

if (!process.argv.includes("--check")) writeFileSync(target, text);
else if (readFileSync(target, "utf8") !== text) {
  console.error("src/kernel/bytes.ts is not what kernel.wat assembles to: npm run kernel");
  process.exitCode = 1;
}
