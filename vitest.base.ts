import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

declare module "vitest" {
  interface ProvidedContext {
    /** What the property tests draw their cases from: an integer. */
    seed: number;
  }
}

/** The same in every run, so that a failure belongs to a change; `npm run properties` takes others. */
export const seed = Number(process.env.MEMKIT_SEED ?? 0x6d65_6d6b);

export const seedFile: string = fileURLToPath(new URL("vitest.seed.ts", import.meta.url));

/** One test shape for every package: tests read `src` through the private export condition. */
export const projectConfig = (
  name: string,
  test: NonNullable<ViteUserConfig["test"]> = {},
): ViteUserConfig =>
  defineConfig({
    resolve: { conditions: ["@memkit/source"] },
    ssr: { resolve: { conditions: ["@memkit/source"] } },
    test: {
      name,
      include: ["test/**/*.test.ts"],
      pool: "forks",
      setupFiles: [seedFile],
      provide: { seed },
      execArgv: ["--expose-gc"],
      // A process for each file costs half of all processor time: most goes into loading and compiling the same modules
      // again. So files share one, and must leave it as they found it. scripts/test-nodes.mjs isolates them.
      isolate: false,
      // The second one is for counting (scripts/count-tests.mjs); it is kept with turbo's cached result.
      reporters: ["default", ["json", { outputFile: "reports/vitest.json" }]],
      testTimeout: 30_000, // two cores, busy with other packages: slow is not wrong
      ...test,
    },
  });
