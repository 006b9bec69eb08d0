/**
 * The public surface of every package as text: `packages/<name>/api/<name>.api.md`, checked in, so that a change of
 * the surface is seen in review. Fails when a report is not what the build exports; `--update` writes it anew.
 *
 * One report covers the index and, as one namespace each, every subpath. Reads `dist`: build first.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const update = process.argv.includes("--update");

/** A declaration file that exports all that `exports` in package.json offers. */
function entryText(manifest) {
  return Object.entries(manifest.exports)
    .filter(([, to]) => typeof to === "object")
    .map(([path, to]) => {
      const from = `../${to.import.types.replace(/\.d\.ts$/, ".js").slice(2)}`;
      const namespace = path.slice(2).replace(/\W/g, "_");
      return `export *${namespace && ` as ${namespace}`} from "${from}";\n`;
    })
    .join("");
}

/** Whether the report of the package in `folder` is up to date, or has been brought so. */
function report(folder) {
  const packageJsonFullPath = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(packageJsonFullPath, "utf8"));
  const temp = join(folder, "temp");
  const entry = join(temp, "api.d.ts");
  mkdirSync(temp, { recursive: true });
  mkdirSync(join(folder, "api"), { recursive: true });
  writeFileSync(entry, entryText(manifest));

  const quiet = { logLevel: "none" };
  const extractorConfig = ExtractorConfig.prepare({
    packageJsonFullPath,
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "ES2023",
            lib: ["ES2023", "ESNext.Disposable", "WebWorker"],
            module: "NodeNext",
            moduleResolution: "NodeNext",
            strict: true,
            types: [],
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: "<unscopedPackageName>.api.md",
        reportFolder: join(folder, "api"),
        reportTempFolder: temp,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: {
          default: { logLevel: "error", addToApiReportFile: false },
          // Shown in the report; that it fails is typedoc's business, where exceptions can be listed.
          "ae-forgotten-export": { logLevel: "warning", addToApiReportFile: true },
          "ae-missing-release-tag": quiet, // no release tags here: what is exported is public
          "ae-unresolved-link": quiet, // links and comments are typedoc's business
          "ae-undocumented": quiet,
          "ae-setter-with-docs": quiet, // typedoc shows the two apart
        },
        tsdocMessageReporting: { default: quiet },
      },
    },
  });
  const result = Extractor.invoke(extractorConfig, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel !== "error" && message.logLevel !== "warning") return;
      if (message.messageId.startsWith("console-api-report-")) return; // told below, with the remedy
      console.error(`${manifest.name}: ${message.messageId}: ${message.text}`);
    },
  });
  if (result.apiReportChanged) {
    console.error(
      `${manifest.name}: ${update ? "written" : "changed; if so meant: npm run api:update"}`,
    );
  }
  return result.succeeded && (update || !result.apiReportChanged);
}

const folders = readdirSync(join(root, "packages"))
  .map((name) => join(root, "packages", name))
  .filter((folder) => !JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).private);
const good = folders.map(report); // all of them, not only up to the first that fails
process.exitCode = good.every(Boolean) ? 0 : 1;
