/**
 * test/INTERLEAVINGS.md: what was explored, as a table.
 *
 * @module
 */

const HEAD = `# Interleavings

Written by \`npm run explore --prefix packages/page-table\`, which takes five minutes of a processor; \`-- --suite\` renews the rows of the suite alone,
\`-- --renew <text>\` those of scenarios with such a name.

Each scenario is explored over all orders of all accesses to shared memory, plain ones too, by \`@memkit/interleave\`; schedules and states are those
that are left by its reductions. In the long form of several agents steps that concern nobody else are taken at once: ten to a hundred times
fewer states than the suite's form would have. In each state an entry leads to a node that is held and not stray; at the end \`checkInvariants\` finds nothing; results and final
state are those of the operations in some order on the model; no two accesses race, but plain reads of entries and what a processor writes to
them, and no schedule gets stuck. A row that is not complete would be no evidence.

Three levels, tracked items and huge pages have scenarios of their own. Where an agent dies, it does so after each of its accesses in turn; then no lock is its
own, no node is lost, and no entry is what nobody has written. Beside another that lives the nodes have nine entries, for who reaps looks at all.

| scenario | form | complete | schedules | states | longest trace |
| --- | --- | --- | ---: | ---: | ---: |
`;

/** The whole file. */
export const documentOf = (rows: readonly string[]): string => `${HEAD}${rows.join("\n")}\n`;
