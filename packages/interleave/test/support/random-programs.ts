/**
 * Small random programs, and what is true of them, found in the most naive way: every interleaving from its start, happens-before
 * as a graph, every order of the operations. Shares nothing with the explorer.
 */

import type { Scenario } from "@memkit/interleave";
import fc from "fast-check";

/** One instruction. `register`: the value that the thread read last; plus `add` it is what gets stored or expected. */
interface Instruction {
  readonly does: "load" | "store" | "add" | "cas" | "read" | "write" | "skipIf";
  readonly word: number;
  readonly add: number;
  readonly register: boolean;
}

/** By thread, by operation. */
export type Code = readonly (readonly (readonly Instruction[])[])[];

const WORDS = 2;

const instruction = (...kinds: Instruction["does"][]): fc.Arbitrary<Instruction> =>
  fc.record({
    does: fc.constantFrom(...kinds),
    word: fc.nat({ max: WORDS - 1 }),
    add: fc.integer({ min: 0, max: 2 }),
    register: fc.boolean(),
  });

const threadsOf = (one: fc.Arbitrary<Instruction>): fc.Arbitrary<Code> => {
  const thread = (most: number) =>
    fc
      .array(fc.array(one, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 })
      .filter((operations) => operations.flat().length <= most);
  return fc.oneof(fc.tuple(thread(4), thread(4)), fc.tuple(thread(3), thread(2), thread(2)));
};

/** Programs without plain accesses, so without races. */
export const atomicCode: fc.Arbitrary<Code> = threadsOf(
  instruction("load", "store", "add", "cas", "skipIf"),
);
/** Programs with plain accesses. */
export const mixedCode: fc.Arbitrary<Code> = threadsOf(
  instruction("load", "store", "cas", "read", "write", "write", "skipIf"),
);

interface Agent {
  readonly words: Int32Array;
  register: number;
}

/** Runs one operation on real words, the code under test. */
function run(operation: readonly Instruction[], agent: Agent): number[] {
  const { words } = agent;
  const seen: number[] = [];
  for (let i = 0; i < operation.length; i += 1) {
    const { does, word, add, register } = operation[i]!;
    const value = (register ? agent.register : 0) + add;
    if (does === "skipIf") {
      if (agent.register === add) i += 1;
    } else if (does === "store") Atomics.store(words, word, value);
    else if (does === "write") words[word] = value;
    else {
      if (does === "load") agent.register = Atomics.load(words, word);
      else if (does === "read") agent.register = words[word]!;
      else if (does === "add") agent.register = Atomics.add(words, word, add);
      else agent.register = Atomics.compareExchange(words, word, value, value + 1);
      seen.push(agent.register);
    }
  }
  return seen;
}

interface ModelState {
  readonly words: number[];
  readonly registers: number[];
}

/** The program as a scenario; `finals` gets every final state, words and results. */
export function scenarioOf(
  code: Code,
  finals?: Set<string>,
): Scenario<Int32Array, Agent, ModelState> {
  return {
    setup: () => new Int32Array(new SharedArrayBuffer(4 * WORDS)),
    attach: (words) => ({ words, register: 0 }),
    threads: code.map((operations, thread) =>
      operations.map((operation, i) => ({
        name: `${thread}.${i}`,
        run: (agent: Agent) => run(operation, agent),
        model: (state: ModelState) => {
          const { words, registers } = state;
          const steps = perform(operation, words, registers[thread]!);
          registers[thread] = steps.register;
          return steps.seen;
        },
      })),
    ),
    atEnd: {
      collect: (words, outcomes) => {
        const results = outcomes.map((each) => each.map(({ value }) => value));
        finals?.add(JSON.stringify([[...words], results]));
      },
    },
  };
}

/** The model that makes a scenario of {@link scenarioOf} one about linearizability. */
export const modelOf = (code: Code) => ({
  initial: (): ModelState => ({
    words: new Array<number>(WORDS).fill(0),
    registers: code.map(() => 0),
  }),
});

/** An operation at one go. */
function perform(operation: readonly Instruction[], words: number[], start: number) {
  let register = start;
  const seen: number[] = [];
  for (let i = 0; i < operation.length; i += 1) {
    const { does, word, add, register: uses } = operation[i]!;
    const value = (uses ? register : 0) + add;
    if (does === "skipIf") {
      if (register === add) i += 1;
      continue;
    }
    if (does === "store" || does === "write") {
      words[word] = value;
      continue;
    }
    register = words[word]!;
    seen.push(register);
    if (does === "add") words[word] = register + add;
    if (does === "cas" && register === value) words[word] = value + 1;
  }
  return { register, seen };
}

interface Event {
  readonly thread: number;
  readonly operation: number;
  readonly word: number;
  readonly atomic: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

interface Naive {
  readonly finals: Set<string>;
  race: boolean;
  linearizable: boolean;
  schedules: number;
}

/** All there is to know, by brute force. */
export function naively(code: Code): Naive {
  const found: Naive = { finals: new Set(), race: false, linearizable: true, schedules: 0 };
  const flat = code.map((operations) =>
    operations.flatMap((operation, o) => operation.map((step, i) => ({ step, o, i, operation }))),
  );
  const go = (
    pcs: readonly number[],
    words: readonly number[],
    registers: readonly number[],
    results: readonly (readonly number[][])[],
    events: readonly Event[],
  ): void => {
    let moved = false;
    for (let thread = 0; thread < code.length; thread += 1) {
      // Skips cost no step: go on to the next instruction that touches memory.
      let pc = pcs[thread]!;
      for (;;) {
        const next = flat[thread]![pc];
        if (next === undefined || next.step.does !== "skipIf") break;
        const skips = registers[thread] === next.step.add && next.i + 1 < next.operation.length;
        pc += skips ? 2 : 1;
      }
      const next = flat[thread]![pc];
      if (next === undefined) continue;
      moved = true;
      const { step, o } = next;
      const memory = [...words];
      const { register, seen } = perform([step], memory, registers[thread]!);
      const { does, word } = step;
      const event: Event = {
        thread,
        operation: o,
        word,
        atomic: does !== "read" && does !== "write",
        reads: does !== "store" && does !== "write",
        writes:
          does === "store" ||
          does === "write" ||
          does === "add" ||
          (does === "cas" && memory[word] !== words[word]),
      };
      go(
        pcs.map((at, t) => (t === thread ? pc + 1 : at)),
        memory,
        registers.map((r, t) => (t === thread ? register : r)),
        results.map((each, t) =>
          t === thread ? each.map((r, i) => (i === o ? [...r, ...seen] : r)) : each,
        ),
        [...events, event],
      );
    }
    if (moved) return;
    found.schedules += 1;
    found.finals.add(JSON.stringify([words, results]));
    found.race ||= races(events);
    found.linearizable &&= linearizes(code, results, events);
  };
  go(
    code.map(() => 0),
    new Array<number>(WORDS).fill(0),
    code.map(() => 0),
    code.map((operations) => operations.map(() => [])),
    [],
  );
  return found;
}

/** Whether two conflicting accesses are not ordered by program order and reads-from, closed over. */
function races(events: readonly Event[]): boolean {
  const before = events.map((b, j) =>
    events.map((a, i) => i < j && (a.thread === b.thread || i === sourceOf(events, j))),
  );
  for (let k = 0; k < events.length; k += 1) {
    for (let j = 0; j < events.length; j += 1) {
      for (let i = 0; i < events.length; i += 1) {
        if (before[j]![k] && before[k]![i]) before[j]![i] = true;
      }
    }
  }
  return events.some((b, j) =>
    events.some(
      (a, i) =>
        i < j &&
        a.word === b.word &&
        (a.writes || b.writes) &&
        !(a.atomic && b.atomic) &&
        !before[j]![i],
    ),
  );
}

/** The atomic write that atomic read `j` reads from, or -1. */
function sourceOf(events: readonly Event[], j: number): number {
  const { word, atomic, reads } = events[j]!;
  const i = events.slice(0, j).findLastIndex((e) => e.writes && e.word === word);
  return atomic && reads && i >= 0 && events[i]!.atomic ? i : -1;
}

/** Whether some order of the operations, respecting those that did not overlap, gives the results. */
function linearizes(
  code: Code,
  results: readonly (readonly number[][])[],
  events: readonly Event[],
): boolean {
  const operations = code.flatMap((each, thread) =>
    each.map((steps, o) => {
      const mine = (e: Event): boolean => e.thread === thread && e.operation === o;
      return { thread, o, steps, first: events.findIndex(mine), last: events.findLastIndex(mine) };
    }),
  );
  const go = (left: typeof operations, words: number[], registers: number[]): boolean =>
    left.length === 0 ||
    left.some((next) => {
      const early = left.some(
        (other) =>
          other !== next &&
          ((other.thread === next.thread && other.o < next.o) ||
            (other.last >= 0 && next.first >= 0 && other.last < next.first)),
      );
      if (early) return false;
      const memory = [...words];
      const { register, seen } = perform(next.steps, memory, registers[next.thread]!);
      if (JSON.stringify(seen) !== JSON.stringify(results[next.thread]![next.o])) return false;
      const after = registers.map((r, t) => (t === next.thread ? register : r));
      return go(
        left.filter((other) => other !== next),
        memory,
        after,
      );
    });
  return go(
    operations,
    new Array<number>(WORDS).fill(0),
    code.map(() => 0),
  );
}
