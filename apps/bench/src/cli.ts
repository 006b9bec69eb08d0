/**
 * The command line.
 *
 * @module
 */

import { parseArgs } from "node:util";

export interface Options {
  /** An id, or the beginning of one; null runs everything. */
  readonly only: string | null;
  readonly full: boolean;
  /** Where to write the report. */
  readonly json: string | null;
  /** An earlier report to compare with. */
  readonly compare: string | null;
}

export const HELP = `npm run bench [-- OPTIONS]

Measures the built packages and holds every promised bound against them.

  --only ID         an id or the beginning of one: a package (guest-memory), a suite
                    (guest-memory.borrow-mut) or a check (guest-memory.borrow-mut.n0)
  --full            more rounds and all sizes; minutes instead of half a minute a package
  --json FILE       write the report to FILE
  --compare FILE    print each figure as a multiple of the one in an earlier report
  --help            this text

Exit code: 0 all checks hold; 1 one does not, or a suite could not be measured; 2 wrong arguments.
`;

/** What the arguments ask for, or a sentence saying what is wrong with them. */
export function parseOptions(
  args: readonly string[],
): Options | { readonly help: true } | { readonly refused: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        only: { type: "string" },
        full: { type: "boolean", default: false },
        json: { type: "string" },
        compare: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { help: true };
    for (const name of ["only", "json", "compare"] as const) {
      if (values[name] === "") return { refused: `--${name} needs a value` };
    }
    return {
      only: values.only?.replace(/^@memkit\//, "") ?? null,
      full: values.full,
      json: values.json ?? null,
      compare: values.compare ?? null,
    };
  } catch (cause) {
    return { refused: cause instanceof Error ? cause.message : String(cause) };
  }
}
