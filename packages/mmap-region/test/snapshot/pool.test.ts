/** What a pool promises, one thing after the other (MR-45, MR-46). Random histories: pool.prop.test.ts. */

import { afterAll, describe, expect, test } from "vitest";
import { RegionError } from "../../src/index.js";
import {
  type DiscardReason,
  type Guest,
  type ImagePoolOptions,
  type Lease,
  type Member,
  Pool,
  snapshot,
} from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { imageOf, imports, MODULE, nothing, plans } from "./pool-guests.js";

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "fulfilled",
    (error: unknown) => (error instanceof RegionError ? error.code : error),
  );

describe.each(plans)("guests of %s", (_, options) => {
  const image = imageOf(options);
  afterAll(() => image.close());
  const poolOf = (more: Partial<ImagePoolOptions> = {}): Pool<Guest> =>
    Pool.of(image, MODULE, { maximum: 2, imports, ...more });

  test("a guest is pristine for the next one, and warm for the same key", async () => {
    const pool = poolOf();
    const [a, b] = [await pool.checkout({ key: "a" }), await pool.checkout({ key: "b" })];
    const [ofA, ofB] = [a.value, b.value];
    expect([a.warm, b.warm, a.key]).toEqual([false, false, "a"]);
    a.value.call("poke", 3);
    b.value.call("fill");
    expect([a.release(), b.release()]).toEqual(["reset", "reset"]);
    const again = await pool.checkout({ key: "a" });
    expect([again.value === ofA, again.warm, again.value.call("peek")]).toEqual([true, true, 0]);
    // "c" has none: the guest that has been idle longest, which is b's.
    const c = pool.tryCheckout("c");
    expect([c?.value === ofB, c?.warm, c?.value.call("peek")]).toEqual([true, false, 0]);
    expect(pool.tryCheckout("d")).toBe(undefined);
    again.release();
    c?.release();
    const { checkouts, hits, waits, created, idle, leased, resets } = pool.metrics;
    expect({ checkouts, hits, waits, created, idle, leased }).toEqual({
      checkouts: 4,
      hits: 1,
      waits: 2,
      created: 2,
      idle: 2,
      leased: 0,
    });
    const counts = Object.values(resets).map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count)).toBe(4);
    expect(JSON.parse(JSON.stringify(pool.metrics))).toEqual(pool.metrics);
    await pool.close();
  });

  const broken: readonly (readonly [DiscardReason, (lease: Lease<Guest>) => void])[] = [
    ["trapped", ({ value }) => expect(() => value.call("trap")).toThrow(WebAssembly.RuntimeError)],
    ["trapped", ({ value }) => expect(() => value.call("deep")).toThrow(RangeError)],
    [
      "trapped",
      (lease) =>
        expect(() =>
          lease.run(() => {
            throw new WebAssembly.RuntimeError("of a guest inside");
          }),
        ).toThrow("of a guest inside"),
    ],
    ["inside", (lease) => void lease.run(() => new Promise(nothing))],
    ["grown", ({ value }) => void value.call("grow")],
    ["poisoned", (lease) => lease.poison()],
  ];
  test.each(broken)("one that is %s is thrown away", async (reason, harm) => {
    const told: unknown[] = [];
    const pool = poolOf({ maximum: 1, onDiscard: (value, why) => told.push([value, why]) });
    const lease = await pool.checkout();
    const guest = lease.value;
    harm(lease);
    expect(lease.release()).toBe("discarded");
    expect(told).toEqual([[guest, reason]]);
    const next = await pool.checkout();
    expect(next.value).not.toBe(guest);
    expect(next.value.call("peek")).toBe(0);
    next.release();
    expect(pool.metrics).toMatchObject({ created: 2, destroyed: 1, discards: { [reason]: 1 } });
    await pool.close();
    expect(pool.metrics).toMatchObject({ destroyed: 2, idle: 0, residentBytes: 0 });
  });

  test("what else poisons is the host's to say", async () => {
    const host = (): never => {
      throw new Error("no such file");
    };
    const pool = poolOf({ imports: () => imports(host), maximum: 1 });
    const lease = await pool.checkout();
    expect(() => lease.value.call("out")).toThrow("no such file");
    expect(lease.release()).toBe("reset");
    await pool.close();
    const strict = poolOf({ imports: () => imports(host), poisons: () => true });
    const once = await strict.checkout();
    expect(() => once.value.call("out")).toThrow("no such file");
    expect(once.release()).toBe("discarded");
    await strict.close();
  });

  test("a suspended guest is inside, and a trap after that is one", async () => {
    let settle: (error?: Error) => void = nothing;
    const host = (): unknown =>
      new Promise<void>((resolve, reject) => {
        settle = (error) => (error === undefined ? resolve() : reject(error));
      });
    const pool = poolOf({ imports: () => imports(host), maximum: 1 });
    const first = await pool.checkout();
    const call = first.value.call("out");
    settle();
    await call;
    expect(first.release()).toBe("reset");
    const second = await pool.checkout();
    const failing = second.value.call("out");
    settle(new WebAssembly.RuntimeError("late"));
    await expect(failing).rejects.toThrow("late");
    expect(second.release()).toBe("discarded");
    await pool.close();
  });

  test("a guest that was used after it had been given back is put back again", async () => {
    const pool = poolOf({ maximum: 1 });
    const lease = await pool.checkout();
    const { value } = lease;
    lease.release();
    value.call("poke", 9);
    const next = await pool.checkout();
    expect([next.value === value, next.value.call("peek")]).toEqual([true, 0]);
    next.release();
    expect(() => value.call("trap")).toThrow();
    const other = await pool.checkout();
    expect(other.value === value).toBe(false);
    other.release();
    await pool.close();
  });

  test("idle guests keep no more memory than they may", async () => {
    const told: DiscardReason[] = [];
    const pool = poolOf({ keepResident: 131072, onDiscard: (_value, why) => told.push(why) });
    const leases = [await pool.checkout({ key: "a" }), await pool.checkout({ key: "b" })];
    for (const { value } of leases) value.call("fill");
    for (const lease of leases) lease.release();
    expect(pool.metrics.residentBytes).toBe(131072);
    // Of copies nothing can be given back: the guest goes.
    expect(told).toEqual(options.driver === undefined ? ["evicted"] : []);
    const a = await pool.checkout({ key: "a" });
    expect(a.value.call("peek")).toBe(0);
    a.release();
    await pool.close();
    const none = poolOf({ keepResident: 0 });
    (await none.checkout()).release();
    expect(none.metrics).toMatchObject({ residentBytes: 0, idle: options.driver ? 1 : 0 });
    await none.close();
  });
});

const image = imageOf();
afterAll(() => image.close());
const poolOf = (more: Partial<ImagePoolOptions> = {}): Pool<Guest> =>
  Pool.of(image, MODULE, { maximum: 1, imports, ...more });

test("who waits is served in order; signals and time end a wait", async () => {
  const pool = poolOf({ maxWaiting: 3 });
  const lease = await pool.checkout();
  const order: number[] = [];
  const stop = new AbortController();
  const first = pool.checkout({ key: "x" }).then((each) => {
    order.push(1);
    each.release();
  });
  const served = codeOf(pool.checkout({ signal: stop.signal }).then((each) => each.release()));
  const late = codeOf(pool.checkout({ timeout: 0 }));
  expect(await codeOf(pool.checkout())).toBe("pool-full");
  expect(await late).toBe("pool-timeout");
  const last = pool.use(() => order.push(2), { signal: stop.signal, timeout: 10_000 });
  const reason = new Error("the client is gone");
  expect(pool.metrics.waiting).toBe(3);
  const other = new AbortController();
  other.abort(reason);
  expect(await codeOf(pool.checkout({ signal: other.signal }))).toBe(reason);
  lease.release();
  await Promise.all([first, last]);
  expect(order).toEqual([1, 2]);
  stop.abort(reason);
  expect(await served).toBe("fulfilled"); // and what is aborted later changes nothing
  await pool.close();
});

test("an abort ends a wait with its reason", async () => {
  const pool = poolOf();
  const lease = await pool.checkout();
  const stop = new AbortController();
  const waiting = codeOf(pool.checkout({ signal: stop.signal }));
  const reason = new Error("the client is gone");
  stop.abort(reason);
  expect(await waiting).toBe(reason);
  expect(pool.metrics.waiting).toBe(0);
  lease.release();
  await pool.close();
});

test("what `create` throws goes to one of those who wait, and the next is tried", async () => {
  let attempts = 0;
  const create = async (): Promise<Member<Guest>> => {
    attempts += 1;
    if (attempts !== 2) throw new Error(`attempt ${attempts}`);
    const guest = image.instantiate(MODULE, imports());
    return { value: guest, image, target: guest };
  };
  const pool = new Pool({ create, maximum: 1 });
  const answers = await Promise.all([
    codeOf(pool.checkout().then((lease) => lease.release())),
    codeOf(pool.checkout().then((lease) => lease.release())),
    codeOf(pool.checkout().then((lease) => lease.release())),
  ]);
  expect(answers.map(String)).toEqual(["Error: attempt 1", "fulfilled", "fulfilled"]);
  expect(attempts).toBe(2);
  await pool.close();
  const warm = new Pool({ create, maximum: 2 });
  await expect(warm.warm(2)).rejects.toThrow("attempt 3");
  expect(warm.metrics).toMatchObject({ creating: 0, created: 0, idle: 0 });
  await warm.close();
});

test("guests are made ahead, and one that is given back first goes to who waits for a new one", async () => {
  const pool = poolOf({ maximum: 3 });
  await pool.warm(2);
  expect(pool.metrics).toMatchObject({ created: 2, idle: 2 });
  await pool.warm(1);
  const [a, b] = [pool.tryCheckout(), pool.tryCheckout()];
  const third = pool.checkout();
  const value = a?.value;
  a?.release();
  expect((await third).value).toBe(value);
  b?.release();
  (await third).release();
  await pool.close();
  expect(pool.metrics).toMatchObject({ created: 3, destroyed: 3 });
});

test("without a key the guest is the last that was used without one, for another key the longest idle", async () => {
  const pool = poolOf({ maximum: 4 });
  const keys = [undefined, undefined, "a", "b"];
  const leases = await Promise.all(keys.map((key) => pool.checkout({ key })));
  const guests = leases.map(({ value }) => value);
  for (const lease of leases) lease.release();
  const order = [undefined, "new", undefined, undefined].map((key) => pool.tryCheckout(key)!.value);
  expect(order.map((guest) => guests.indexOf(guest))).toEqual([1, 0, 2, 3]);
});

test("closing waits for leases, and refuses all others", async () => {
  const destroyed: string[] = [];
  const pool = new Pool({
    maximum: 2,
    create: () => {
      const own = imageOf();
      const guest = own.instantiate(MODULE, imports());
      const destroy = (): void => {
        destroyed.push("one");
        own.close();
        throw new Error("by destroy");
      };
      return { value: guest, image: own, target: guest, destroy };
    },
  });
  await pool.warm(2);
  const lease = await pool.checkout();
  const another = await pool.checkout();
  const waiting = pool.checkout();
  another.poison();
  expect(() => another.release()).toThrow("by destroy"); // thrown away all the same, and another is made
  const third = await waiting;
  const last = codeOf(pool.checkout());
  let closed = false;
  const closing = pool.close().then(() => {
    closed = true;
  });
  expect(await last).toBe("pool-closed");
  expect(await codeOf(pool.checkout())).toBe("pool-closed");
  refusal(() => pool.tryCheckout(), "pool-closed");
  expect(await codeOf(pool.warm(1))).toBe("pool-closed");
  expect(() => lease.release()).toThrow("by destroy");
  expect(closed).toBe(false);
  expect(pool.metrics).toMatchObject({ leased: 1, idle: 0 });
  expect(() => third.release()).toThrow("by destroy");
  await closing;
  expect(destroyed.length).toBe(3);

  const idle = new Pool({
    maximum: 2,
    create: () => {
      const guest = image.instantiate(MODULE, imports());
      const destroy = (): never => {
        throw new Error("by destroy");
      };
      return { value: guest, image, target: guest, destroy };
    },
  });
  await idle.warm(2);
  await expect(idle.close()).rejects.toThrow("by destroy");
  expect(idle.metrics).toMatchObject({ idle: 0, destroyed: 2 });
  await idle.close();
});

test("a guest that is made while the pool closes is thrown away", async () => {
  let made: (member: Member<Guest>) => void = nothing;
  const create = (): Promise<Member<Guest>> =>
    new Promise((resolve) => {
      made = resolve;
    });
  const pool = new Pool({ create, maximum: 1 });
  const waiting = codeOf(pool.checkout());
  const closing = pool.close();
  expect(await waiting).toBe("pool-closed");
  const guest = image.instantiate(MODULE, imports());
  made({ value: guest, image, target: guest });
  await closing;
  expect(pool.metrics).toMatchObject({ created: 1, destroyed: 1, discards: { closed: 1 } });
});

test("what must differ is written before each hand-out; where that fails the guest is thrown away", async () => {
  let seed = 0;
  const reseed = ({ memory }: Guest): void => {
    if (++seed === 3) throw new Error("no entropy");
    new Uint8Array(memory!.buffer)[0] = seed;
  };
  const pool = poolOf({ reseed });
  const read = ({ memory }: Guest): number => new Uint8Array(memory!.buffer)[0]!;
  expect([await pool.use(read), await pool.use(read)]).toEqual([1, 2]);
  await expect(pool.use(read)).rejects.toThrow("no entropy");
  expect(await pool.use(read)).toBe(4);
  expect(pool.metrics).toMatchObject({ created: 2, discards: { failed: 1 }, checkouts: 3 });
  await pool.close();
});

test("a lease ends once", async () => {
  const pool = poolOf();
  const lease = await pool.checkout();
  lease.release();
  refusal(() => lease.release(), "lease-released");
  refusal(() => lease.value, "lease-released");
  refusal(() => lease.poison(), "lease-released");
  refusal(() => lease.run(nothing), "lease-released");
  await pool.close();
});

test("members whose target is a memory; an image that was closed meanwhile is a failure", async () => {
  const create = (): Member<WebAssembly.Memory> => {
    const value = new WebAssembly.Memory({ initial: 2 });
    const own = snapshot(value);
    own.apply(value);
    return { value, image: own, target: value, destroy: () => own.close() };
  };
  const causes: unknown[] = [];
  const pool = new Pool({ create, maximum: 1, onDiscard: (_value, why) => causes.push(why) });
  await pool.use((memory) => new Uint8Array(memory.buffer).fill(1));
  expect(
    await pool.use((memory) => new Uint8Array(memory.buffer).every((byte) => byte === 0)),
  ).toBe(true);
  await pool.close();
  expect(causes).toEqual(["closed"]);
  const shut = imageOf();
  const guests = Pool.of(shut, MODULE, { maximum: 1, imports });
  const lease = await guests.checkout();
  shut.close();
  expect(lease.release()).toBe("discarded");
  expect(guests.metrics.discards.failed).toBe(1);
  expect(await codeOf(guests.checkout())).toBe("image-closed");
  await guests.close();
});

test("what no type allows is refused in words", async () => {
  const bad = (act: () => unknown): void => void refusal(act, "invalid-argument");
  const create = (): never => {
    throw new Error("never called");
  };
  for (const options of [
    null,
    {},
    { create, maximum: 0 },
    { create, maximum: 0.5 },
    { create },
    { create, maximum: 1, maxWaiting: -1 },
    { create, maximum: 1, keepResident: Number.NaN },
    { create, maximum: 1, reseed: 1 },
    { create, maximum: 1, poisons: "all" },
    { create, maximum: 1, onDiscard: null },
  ]) {
    bad(() => new Pool(options as never));
  }
  const none = refusal(() => new Pool({ create, maximum: 0 }), "invalid-argument");
  expect(none.message).toBe("must be at least 1 (maximum = 0)");
  bad(() => Pool.of({} as never, MODULE, { maximum: 1 }));
  bad(() => Pool.of(image, 1 as never, { maximum: 1 }));
  bad(() => Pool.of(image, MODULE, null as never));
  const pool = poolOf();
  for (const options of [
    null,
    { key: 1 },
    { timeout: -1 },
    { timeout: 2 ** 31 },
    { timeout: "1" },
    { signal: {} },
  ]) {
    expect(await codeOf(pool.checkout(options as never))).toBe("invalid-argument");
  }
  bad(() => pool.tryCheckout(1 as never));
  expect(await codeOf(pool.warm(2))).toBe("invalid-argument");
  await pool.close();
  for (const member of [null, {}, { value: 1, image: {} }]) {
    const odd = new Pool({ create: () => member as never, maximum: 1 });
    expect(await codeOf(odd.checkout())).toBe("invalid-argument");
    await odd.close();
  }
});
