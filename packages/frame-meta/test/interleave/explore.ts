/**
 * `npm run explore`: explores all scenarios and writes test/INTERLEAVINGS.md. Its options are those of `survey`.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { survey } from "@memkit/interleave";
import { entries } from "./scenarios.js";
import { documentOf } from "./table.js";
import { shipped } from "./world.js";

const file = new URL("../INTERLEAVINGS.md", import.meta.url);
const before = existsSync(file) ? readFileSync(file, "utf8") : "";
const { rows, complete } = survey(entries, shipped, before, process.argv.slice(2));
if (!complete) process.exitCode = 1;
if (rows !== undefined) writeFileSync(file, documentOf(rows));
