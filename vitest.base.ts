import { defineConfig, type ViteUserConfig } from "vitest/config";

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
      execArgv: ["--expose-gc"],
      ...test,
    },
  });
