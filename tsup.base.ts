import { readFileSync } from "node:fs";
import { defineConfig, type Options } from "tsup";

/** The source file of every subpath: what `exports` in the package.json of the package being built says. */
function entriesOfPackage(): string[] {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, string | { "@memkit/source": string }>;
  };
  return Object.values(exports).flatMap((to) =>
    typeof to === "string" ? [] : [to["@memkit/source"]],
  );
}

/**
 * One build shape for every published package.
 *
 * `splitting` also for CommonJS: without it each subpath would carry its own copy of a class.
 * `ignoreDeprecations` quiets an option that tsup itself injects (TypeScript 6 calls it TS5101).
 */
export const libConfig = (over: Options = {}): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry: entriesOfPackage(),
    format: ["esm", "cjs"],
    target: "node20",
    splitting: true,
    dts: {
      // The declarations name Symbol.dispose, which no `lib` before ESNext declares: they bring it along.
      banner: '/// <reference lib="esnext.disposable" />',
      compilerOptions: { ignoreDeprecations: "6.0", customConditions: [] },
    },
    clean: true,
    sourcemap: true,
    // The sources are in the package: the maps need not carry them a second time.
    esbuildOptions(options) {
      options.sourcesContent = false;
    },
    ...over,
  });
