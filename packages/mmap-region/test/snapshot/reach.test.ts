/** State that a snapshot does not reach, or that two guests would share: refused before anybody's bytes are somebody else's. */

import { expect, test } from "vitest";
import { exposeState } from "../../src/expose-state.js";
import { type Guest, type Member, Pool, snapshot } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { wat } from "../wat.js";
import { rejection } from "./rejection.js";

const CODE = `(func (export "w") (i32.store (i32.const 0) (i32.const 99)))
  (func (export "r") (result i32) (i32.load (i32.const 0)))`;
const PRIVATE = wat(`(module (memory 1) ${CODE})`);
const IMPORTED = wat(`(module (import "env" "memory" (memory 1)) ${CODE})`);
const memory = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1 });
const env = (own = memory()): WebAssembly.Imports => ({ env: { memory: own } });

test("an instance whose memory nobody reaches is refused", async () => {
  const module = new WebAssembly.Module(PRIVATE);
  const { message } = refusal(
    () => snapshot(new WebAssembly.Instance(module)),
    "state-out-of-reach",
    { what: "the memory" },
  );
  expect(message).toContain("exposeState");
  const imported = new WebAssembly.Instance(new WebAssembly.Module(IMPORTED), env());
  refusal(() => snapshot(imported), "state-out-of-reach", { what: "the memory" });
  // A global that is exported says nothing of the memory.
  const half = wat(`(module (memory 1) (global (export "n") (mut i32) (i32.const 0)) ${CODE})`);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(half));
  refusal(() => snapshot(instance), "state-out-of-reach", { what: "the memory" });

  const exposed = new WebAssembly.Module(await exposeState(PRIVATE));
  const image = snapshot(new WebAssembly.Instance(exposed));
  const pool = Pool.of(image, exposed, { maximum: 1 });
  await pool.use((guest) => guest.call("w"));
  expect(await pool.use((guest) => guest.call("r"))).toBe(0);
  await pool.close();
  image.close();
});

test("a program without a memory: exposed, or by its exports", async () => {
  const bytes = wat(`(module (global $n (export "n") (mut i32) (i32.const 1))
    (func (export "up") (result i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))`);
  const exposed = new WebAssembly.Module(await exposeState(bytes));
  const first = snapshot(new WebAssembly.Instance(exposed));
  const guest = first.instantiate(exposed);
  expect([guest.call("up"), guest.call("up")]).toEqual([2, 3]);
  const later = snapshot(guest);
  expect(later.instantiate(exposed).call("up")).toBe(4);

  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module);
  const named = snapshot({ exports });
  const other = named.instantiate(module);
  other.call("up");
  const again = snapshot(other); // a guest's image has said what its state is
  expect(again.instantiate(module).call("up")).toBe(3);
  for (const image of [first, later, named, again]) image.close();
});

test("one memory by several names is a guest's memory", async () => {
  const bytes = wat(`(module (memory 1) (export "a" (memory 0)) (export "memory" (memory 0)))`);
  for (const each of [bytes, await exposeState(bytes)]) {
    const module = new WebAssembly.Module(each);
    const image = snapshot(new WebAssembly.Instance(module));
    const guest = image.instantiate(module);
    expect(guest.memory).toBe(guest.exports.memory);
    expect(image.dirtyPages(guest.memory!).length).toBe(0);
    image.close();
  }
});

test("what is no memory has no dirty pages, and is told so", () => {
  const own = memory();
  const image = snapshot(own);
  image.apply(own);
  for (const odd of [undefined, null, {}, { exports: {} }]) {
    refusal(() => image.dirtyPages(odd as never), "invalid-argument", { argument: "memory" });
    refusal(() => image.choice(odd as never), "invalid-argument", { argument: "memory" });
  }
  image.close();
});

/** Imports that two guests of a pool may not share: each kind that a reset puts back. */
const shares: readonly (readonly [string, string, () => WebAssembly.ExportValue])[] = [
  ["memory", `(import "env" "x" (memory 1)) (export "x" (memory 0))`, memory],
  [
    "table",
    `(import "env" "x" (table 1 externref)) (export "x" (table 0))`,
    () => new WebAssembly.Table({ element: "externref", initial: 1 }),
  ],
  [
    "global",
    `(import "env" "x" (global (mut i32))) (export "x" (global 0))`,
    () => new WebAssembly.Global({ value: "i32", mutable: true }, 0),
  ],
];

test.each(shares)("guests of a pool never share a %s (MR-48)", async (kind, text, make) => {
  const module = new WebAssembly.Module(wat(`(module ${text})`));
  const { exports } = new WebAssembly.Instance(module, { env: { x: make() } });
  const image = snapshot({ exports });
  const x = make();
  const pool = Pool.of(image, module, { maximum: 2, imports: () => ({ env: { x } }) });
  const lease = await pool.checkout();
  if (kind === "memory") new Uint8Array(lease.value.memory!.buffer)[0] = 1;
  await rejection(pool.checkout(), "state-shared", { what: `${kind} "x"` });
  // Whoever had it has it still, as it was.
  if (kind === "memory") expect(new Uint8Array(lease.value.memory!.buffer)[0]).toBe(1);
  expect(lease.release()).toBe("reset");
  // One after the other may.
  const again = await pool.checkout();
  again.poison();
  expect(again.release()).toBe("discarded");
  await pool.use(() => undefined);
  expect(pool.metrics).toMatchObject({ created: 2, destroyed: 1, idle: 1, creating: 0 });
  await pool.close();

  const each = Pool.of(image, module, { maximum: 2, imports: () => ({ env: { x: make() } }) });
  await each.warm(2);
  await each.close();
  image.close();
});

test("nor do those that `create` makes, and what it made is let go (MR-48)", async () => {
  const own = memory();
  const image = snapshot(own);
  let destroyed = 0;
  const create = (): Member<WebAssembly.Memory> => {
    image.apply(own);
    return { value: own, image, target: own, destroy: () => void destroyed++ };
  };
  const pool = new Pool({ create, maximum: 2 });
  const lease = await pool.checkout();
  await rejection(pool.checkout(), "state-shared", { what: "the memory" });
  expect(destroyed).toBe(1);
  lease.release();
  await pool.close();
  image.close();
});

test("a memory that is imported and not put back is the host's to share (MR-48)", async () => {
  const module = new WebAssembly.Module(
    wat(
      `(module (import "env" "memory" (memory 1)) (global (export "n") (mut i32) (i32.const 0)))`,
    ),
  );
  const imports = env();
  const { exports } = new WebAssembly.Instance(module, imports);
  const image = snapshot({ exports });
  const pool: Pool<Guest> = Pool.of(image, module, { maximum: 2, imports: () => imports });
  await pool.warm(2);
  expect(pool.metrics.idle).toBe(2);
  await pool.close();
  image.close();
});
