/**
 * test/INTERLEAVINGS.md: what was explored, as a table.
 *
 * @module
 */

const HEAD = `# Interleavings

Written by \`npm run explore --prefix packages/frame-meta\`, which takes minutes; \`-- --suite\` renews the rows of the suite alone.

Each scenario is explored over all orders of all accesses to shared memory, plain ones too, by \`@memkit/interleave\`; schedules and states are those
that are left by its reductions. In each state the invariants S1, S3-S6, R1-R4 and F4 hold; at the end \`checkInvariants\` finds nothing; results and final
state are those of the operations in some order on the model; no two accesses race, and no schedule gets stuck. A row that is not
complete would be no evidence.

| scenario | form | complete | schedules | states | longest trace |
| --- | --- | --- | ---: | ---: | ---: |
`;

/** The whole file. */
export const documentOf = (rows: readonly string[]): string => `${HEAD}${rows.join("\n")}\n`;
