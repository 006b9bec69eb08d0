/**
 * Random histories of a pool against a model that knows only what was promised: pristine guests, affinity, the maximum, order of
 * service, and what becomes of each guest (MR-45, MR-46).
 */

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type Guest, type Lease, Pool } from "../../src/snapshot.js";
import { imageOf, imports, MODULE, plans } from "./pool-guests.js";

type Step =
  | readonly ["checkout", key: string | undefined]
  | readonly ["abort", nth: number]
  | readonly ["use", nth: number, what: (typeof USES)[number]]
  | readonly ["release", nth: number]
  | readonly ["late", nth: number];
const USES = ["poke", "fill", "trap", "grow", "poison", "out"] as const;

const key = fc.constantFrom(undefined, "a", "b", "c");
const nth = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("checkout" as const), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("abort" as const), nth) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("use" as const), nth, fc.constantFrom(...USES)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("release" as const), nth) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("late" as const), nth) },
);

interface Held {
  readonly lease: Lease<Guest>;
  readonly guest: Guest;
  broken: boolean;
}

interface Asked {
  readonly key: string | undefined;
  readonly stop: AbortController;
  readonly answer: Promise<Lease<Guest> | undefined>;
}

const images = plans.map(([name, options]) => [name, imageOf(options)] as const);
afterAll(() => {
  for (const [, image] of images) image.close();
});

/** Whether the guest shows its image: zeros everywhere, the global included, and two pages. */
function pristine(guest: Guest): boolean {
  const bytes = Buffer.from((guest.memory as WebAssembly.Memory).buffer);
  const n = (guest.exports.n as WebAssembly.Global).value;
  return n === 0 && bytes.length === 131072 && bytes.every((byte) => byte === 0);
}

/** Lets all promises settle that can. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each(images)("histories of guests by %s", async (_name, image) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, maximum) => {
        const pool = Pool.of(image, MODULE, { maximum, imports });
        const held: Held[] = [];
        const asked: Asked[] = [];
        /** Idle guests as the model has them, longest idle first. */
        const idle: Guest[] = [];
        const lastKey = new Map<Guest, string | undefined>();
        let [checkouts, hits] = [0, 0];

        const receive = (lease: Lease<Guest>, wanted: string | undefined): void => {
          const guest = lease.value;
          expect(pristine(guest)).toBe(true);
          expect(held.some((other) => other.guest === guest)).toBe(false);
          expect(lease.warm).toBe(wanted !== undefined && lastKey.get(guest) === wanted);
          checkouts += 1;
          if (lease.warm) hits += 1;
          lastKey.set(guest, wanted);
          held.push({ lease, guest, broken: false });
        };
        /** Whoever waits is served as soon as there is a guest to be had, in order. */
        const serve = async (): Promise<void> => {
          await settle();
          while (asked.length > 0 && held.length < maximum) {
            const { answer, key: wanted } = asked.shift()!;
            const lease = await answer;
            if (lease !== undefined) receive(lease, wanted);
          }
        };

        for (const [kind, what, how] of steps) {
          if (kind === "checkout") {
            const stop = new AbortController();
            // The most recent of the key's own, else the one that has been idle longest.
            const own = idle.findLast((guest) => lastKey.get(guest) === what);
            const expected = own ?? idle[0];
            const answer = pool
              .checkout({ key: what, signal: stop.signal })
              .catch((error: unknown) => {
                expect(error).toBe("gone");
                return undefined;
              });
            if (expected === undefined) {
              asked.push({ key: what, stop, answer });
            } else {
              const lease = (await answer)!;
              expect(lease.value === expected).toBe(true);
              idle.splice(idle.indexOf(expected), 1);
              receive(lease, what);
            }
          } else if (kind === "abort" && asked.length > 0) {
            const [gone] = asked.splice(what % asked.length, 1);
            gone!.stop.abort("gone");
            expect(await gone!.answer).toBe(undefined);
          } else if (kind === "late" && idle.length > 0) {
            idle[what % idle.length]!.call("poke", 5); // by somebody who has kept it
          } else if (kind === "use" && held.length > 0) {
            const one = held[what % held.length]!;
            const { lease, guest } = one;
            if (how === "poison") lease.poison();
            else if (how === "trap") expect(() => guest.call("trap")).toThrow();
            else guest.call(how, 17);
            if (how === "poison" || how === "trap" || how === "grow") one.broken = true;
          } else if (kind === "release" && held.length > 0) {
            const [one] = held.splice(what % held.length, 1);
            expect(one!.lease.release()).toBe(one!.broken ? "discarded" : "reset");
            if (!one!.broken && asked.length === 0) idle.push(one!.guest);
          }
          await serve();
          const now = pool.metrics;
          expect(now).toMatchObject({
            idle: idle.length,
            leased: held.length,
            waiting: asked.length,
            creating: 0,
            checkouts,
            hits,
          });
          expect(now.created - now.destroyed).toBe(idle.length + held.length);
        }
        for (const { lease } of held) lease.release();
        for (const { answer } of asked) (await answer)?.release();
        await pool.close();
        expect(pool.metrics).toMatchObject({ idle: 0, leased: 0, waiting: 0, residentBytes: 0 });
      },
    ),
    { numRuns: 40 },
  );
});
