/**
 * A project of somebody else: the packed tarballs of every package in an empty folder, with nothing of this
 * workspace in reach.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packages, root, rootManifest } from "./workspace.js";

/** Runs a command; its output is the error when it fails. */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

const pnpm = (rootManifest.packageManager ?? "").split("+", 1)[0]!;

/** What `pnpm pack` would publish: paths of the tarballs, made in `to`. Packs `dist` as it stands. */
export function packAll(to: string): string[] {
  const pack = [
    "-r",
    "--filter",
    "./packages/*",
    "--filter",
    "!@memkit/interleave",
    "pack",
    "--pack-destination",
    to,
  ];
  run("npx", ["--yes", "--prefer-offline", pnpm, ...pack], root);
  return readdirSync(to).map((name) => join(to, name));
}

/** A temporary folder, and the way to remove it. */
export function scratch(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "memkit-consumer-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Which compilers a user may have. */
export const COMPILERS: Readonly<Record<string, string>> = {
  "TypeScript 5.9": join(root, "apps/checks/node_modules/typescript-5/bin/tsc"),
  "TypeScript 7": join(root, "apps/checks/node_modules/typescript-7/bin/tsc"),
};

/** Installs the tarballs for every project in a folder of `dir`. */
export function install(dir: string, tarballs: readonly string[]): void {
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "consumers", private: true }));
  // Offline: every dependency of a tarball is another tarball, found by its version.
  const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  run("npm", ["install", ...flags, ...tarballs], dir);
}

/** Adds what packages take only if it is there, and a subpath may not do without; it has no declarations to offer them. */
export function addOptionalPeers(dir: string): void {
  for (const { dir: from, manifest } of packages) {
    for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
      const installed = realpathSync(join(root, from, "node_modules", peer));
      symlinkSync(installed, join(dir, "node_modules", peer), "junction");
    }
  }
}

/** A project that sees what is installed in the folder that it is in. */
export class Consumer {
  readonly dir: string;

  /** `type` is the project's own: what its `.ts` and `.js` files are. */
  constructor(dir: string, type: "module" | "commonjs") {
    this.dir = dir;
    mkdirSync(dir);
    const manifest = { name: "consumer", version: "1.0.0", private: true, type };
    this.write("package.json", JSON.stringify(manifest));
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }

  /** Type-checks `*.ts` as strictly as a compiler can, declaration files included, without DOM and without Node. */
  typecheck(compiler: string): void {
    const compilerOptions = {
      target: "ES2022",
      lib: ["ES2022"],
      types: [],
      module: "NodeNext",
      moduleResolution: "NodeNext",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    this.write("tsconfig.json", JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    run(process.execPath, [compiler, "-p", "."], this.dir);
  }

  /** Runs a file; returns what it printed. */
  node(file: string): string {
    return run(process.execPath, [file], this.dir);
  }
}
