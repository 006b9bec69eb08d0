/** Codecs as a build step has them: emitted, written to a file, and imported from it. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Codec, emit, type Layout } from "@memkit/core";

const here = dirname(fileURLToPath(import.meta.url));

/** What the module that `emit` writes for `types` exports. */
export async function emitted<K extends string>(
  types: Readonly<Record<K, Layout>>,
): Promise<Readonly<Record<K, Codec>>> {
  // Inside the package, so that "@memkit/core" is found from there.
  const folder = mkdtempSync(join(here, ".emitted-"));
  try {
    const file = join(folder, "codecs.ts");
    writeFileSync(file, emit(types));
    return await import(/* @vite-ignore */ pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
