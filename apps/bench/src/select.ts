/**
 * What there is to run, and what `--only` leaves of it.
 *
 * Ids are `<package>.<topic>` for a suite, from its path, and `<package>.<topic>.<what>` for a check. `--only` takes an
 * id or the beginning of one; an id given in full selects itself alone although others begin with it (`n1`, `n1024`).
 *
 * @module
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A suite that has not been loaded yet: loading is for the process that measures it. */
export interface SuiteFile {
  readonly id: string;
  readonly package: string;
  readonly url: string;
}

/** Every `<dir>/<package>/<topic>.ts`, sorted by id. */
export function findSuites(dir: string): SuiteFile[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(dir, name))
        .filter((file) => file.endsWith(".ts"))
        .map((file) => ({
          id: `${name}.${file.slice(0, -".ts".length)}`,
          package: name,
          url: pathToFileURL(join(dir, name, file)).href,
        })),
    )
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The ids that `--only` selects. */
export function selectIds(ids: readonly string[], only: string): string[] {
  const exact = ids.filter((id) => id === only);
  return exact.length > 0 ? exact : ids.filter((id) => id.startsWith(only));
}

/** The suites that `--only` may concern: selected themselves, or the ones that a check's id names. */
export function selectSuites(suites: readonly SuiteFile[], only: string): SuiteFile[] {
  const ids = suites.map((suite) => suite.id);
  const selected = new Set([
    ...selectIds(ids, only),
    ...ids.filter((id) => only.startsWith(`${id}.`)),
  ]);
  return suites.filter((suite) => selected.has(suite.id));
}

/** What a measuring process shall do of its suite: everything, or the checks selected with the rows they need. */
export type Selection =
  | { readonly kind: "all" }
  | { readonly kind: "prefix"; readonly only: string }
  | { readonly kind: "checks"; readonly ids: readonly string[] };

/** How `--only` reads inside one suite. */
export const selectionIn = (suite: SuiteFile, only: string | null): Selection =>
  only === null || suite.id.startsWith(only) ? { kind: "all" } : { kind: "prefix", only };
