/**
 * test/INTERLEAVINGS.md: what was explored, as a table.
 *
 * @module
 */

const HEAD = `# Interleavings

Written by \`npm run explore --prefix packages/page-table\`, which takes a quarter of an hour; \`-- --suite\` renews the rows of the suite alone.

Each scenario is explored over all orders of all accesses to shared memory, plain ones too, by \`@memkit/interleave\`; schedules and states are those
that are left by its reductions. In each state an entry leads to a node that is held and not stray; at the end \`checkInvariants\` finds nothing; results and final
state are those of the operations in some order on the model; no two accesses race, and no schedule gets stuck. A row that is not
complete would be no evidence.

Three levels, tracked items and huge pages have scenarios of their own. Where an agent dies, it does so after each of its accesses in turn; then no lock is its
own, no node is lost, and no entry is what nobody has written. Beside another that lives the nodes have nine entries, for who reaps looks at all.

| scenario | form | complete | schedules | states | longest trace |
| --- | --- | --- | ---: | ---: | ---: |
`;

/** The whole file. */
export const documentOf = (rows: readonly string[]): string => `${HEAD}${rows.join("\n")}\n`;
