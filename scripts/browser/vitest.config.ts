import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { seed, seedFile } from "../../vitest.base.js";
import { root, sources, testFiles } from "./files.mjs";

/** Set by scripts/test-browser.mjs. */
const { MEMKIT_CHROMIUM: executablePath = "", MEMKIT_PAGE: page = "isolated" } = process.env;

/** What makes a page cross-origin isolated, so that it has SharedArrayBuffer and can share it with workers. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const ARGS = [
  "--js-flags=--expose-gc", // as vitest.base.ts: tests of leaks collect garbage themselves
  // Debian's headless shell dies of a guest's load out of bounds, unless such loads are checked instead of caught.
  "--disable-features=WebAssemblyTrapHandler",
];

export default defineConfig({
  root,
  resolve: {
    alias: sources().map(([name, source]) => ({
      find: new RegExp(`^${name}$`),
      replacement: source,
    })),
  },
  server: page === "isolated" ? { headers: ISOLATION } : {},
  // Found one by one they would reload the page in the middle of a test.
  optimizeDeps: { include: ["fast-check", "wabt"] },
  test: {
    name: page,
    include: [
      "scripts/browser/page.test.ts",
      ...(page === "isolated" ? ["scripts/browser/frames.test.ts"] : []),
      ...testFiles()
        .filter(({ needs }) => needs.every((need) => need === "isolation" && page === "isolated"))
        .map(({ file }) => file),
    ],
    setupFiles: [seedFile],
    provide: { page, seed },
    testTimeout: 30_000,
    isolate: false,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath, args: ARGS } }),
      instances: [{ browser: "chromium" }],
    },
  },
});
