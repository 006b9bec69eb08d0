/** The command line, as a user runs it, and the table in the README. */

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { functionTable } from "../src/function-table.js";
import { assemble, temporaryDirectory, watFor } from "./harness.js";

const app = fileURLToPath(new URL("..", import.meta.url));

function cli(...args: readonly string[]) {
  const node = ["--conditions=@memkit/source", "--import", "tsx", "src/cli.ts"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, ...args], {
    cwd: app,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Exits with the number of its arguments, after writing the first 5 bytes of its arguments to standard output. */
const counting = assemble(
  watFor(`(func (export "_start")
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (drop (call $args_get (i32.const 64) (i32.const 128)))
    (i32.store (i32.const 16) (i32.const 128))
    (i32.store (i32.const 20) (i32.const 5))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
    (call $proc_exit (i32.load (i32.const 0))))`),
).bytes;
const trapping = assemble(
  watFor(`(func (export "_start") (drop (call $random_get (i32.const -1) (i32.const 2))))`),
).bytes;

it("runs a command with its arguments and exits with its status", () => {
  const directory = temporaryDirectory();
  fs.writeFileSync(path.join(directory, "c.wasm"), counting);
  const file = path.join(directory, "c.wasm");
  const run = cli(
    "--dir",
    `${directory}::/data`,
    "--env",
    "A=b",
    "--max-pages",
    "8",
    file,
    "x",
    "y",
  );
  expect(run).toEqual({ status: 3, stdout: "c.was", stderr: "" });

  fs.writeFileSync(path.join(directory, "t.wasm"), trapping);
  const trapped = cli(path.join(directory, "t.wasm"));
  expect([trapped.status, trapped.stdout]).toEqual([1, ""]);
  expect(trapped.stderr).toMatch(/0xffffffff.*out of bounds/);
});

it("a mistake on the command line is told with the usage", () => {
  const run = cli("--dir");
  expect([run.status, run.stdout]).toEqual([2, ""]);
  expect(run.stderr).toMatch(/--dir needs a value[\s\S]*usage:/);
});

it("the README shows the table of functions as it is", () => {
  expect(fs.readFileSync(path.join(app, "README.md"), "utf8")).toContain(functionTable());
});
