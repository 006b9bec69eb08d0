import { type MemoryKind, PAGE, restless, type TestMemory } from "../kinds/memory-kind.js";
import { SHARED_KINDS } from "../kinds/shared.js";
import { UNSHARED_KINDS } from "../kinds/unshared.js";

export { PAGE };

/** The kinds that this host has. */
const present = (kinds: readonly MemoryKind[]): readonly MemoryKind[] =>
  kinds.filter(({ absent }) => absent === undefined);

/** Kinds of 32-bit guests, one page long and zero, as suites want them that look at a memory from its start. */
const fromZero = (
  kinds: readonly MemoryKind[],
): readonly (readonly [name: string, make: () => TestMemory])[] =>
  present(kinds)
    .filter(({ origin, options }) => origin === 0 && options.target === undefined)
    .map(({ name, make }) => [name, make]);

export const UNSHARED: readonly (readonly [name: string, make: () => TestMemory])[] =
  fromZero(UNSHARED_KINDS);
export const SHARED: typeof UNSHARED = fromZero(SHARED_KINDS);

const here = present([...UNSHARED_KINDS, ...SHARED_KINDS]);
/** Every kind that this host has, at rest and restless. */
export const KINDS: readonly MemoryKind[] = [...here, ...here.flatMap(restless)];
/** Every kind that it has not, each with the reason. */
export const ABSENT: readonly MemoryKind[] = [...UNSHARED_KINDS, ...SHARED_KINDS].filter(
  ({ absent }) => absent !== undefined,
);
