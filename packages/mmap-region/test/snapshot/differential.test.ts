/**
 * Random guests on every engine beside the copy engine: after each reset all of them have the image, to the last bit. They export no
 * state: `exposeState` does; one global is imported.
 */

import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { exposeState } from "../../src/expose-state.js";
import { snapshot, track } from "../../src/snapshot.js";
import { refusal } from "../expect-error.js";
import { wat } from "../wat.js";
import { engines } from "./engines.js";

/** What a guest does in one call. Numbers are taken modulo what there is. */
type Step = readonly [kind: (typeof KINDS)[number], a: number, b: number];
const KINDS = ["store", "fill", "copy", "global", "table", "load", "trap"] as const;

const TEXT: Readonly<Record<Step[0], (a: number, b: number) => string>> = {
  store: (a, b) => `(i64.store (i32.const ${a % 196600}) (i64.const ${b}))`,
  fill: (a, b) =>
    `(memory.fill (i32.const ${a % 196608}) (i32.const ${b}) (i32.const ${b % (196608 - (a % 196608))}))`,
  copy: (a, b) =>
    `(memory.copy (i32.const ${a % 90000}) (i32.const ${b % 90000}) (i32.const ${(a + b) % 90000}))`,
  global: (a, b) => `(global.set ${a % 3} (i32.const ${b}))`,
  table: (a, b) =>
    `(table.set (i32.const ${a % 8}) ${b % 3 === 0 ? "(ref.null func)" : `(ref.func ${b % 2})`})`,
  load: (a) => `(drop (i32.load (i32.const ${a % 196600})))`,
  trap: (a) => (a % 4 === 0 ? "unreachable" : "nop"),
};

const body = (steps: readonly Step[]): string =>
  steps.map(([kind, a, b]) => TEXT[kind](a, b)).join(" ");

const steps = fc.array(
  fc.tuple(fc.constantFrom(...KINDS), fc.nat({ max: 2 ** 30 }), fc.nat({ max: 2 ** 30 })),
  { minLength: 1, maxLength: 12 },
);

/** A program of an initialisation and a few calls. */
const program = async (
  init: readonly Step[],
  calls: readonly (readonly Step[])[],
): Promise<WebAssembly.Module> =>
  new WebAssembly.Module(
    await exposeState(
      wat(`(module
        (import "env" "i" (global (mut i32)))
        (func $a) (func $b (result i32) (i32.const 1))
        (memory 3 6) (data (i32.const 70000) "data of the module")
        (global (mut i32) (i32.const 1)) (global (mut i32) (i32.const 2))
        (table 8 funcref) (elem (i32.const 2) $a $b $a)
        (func (export "init") ${body(init.filter(([kind]) => kind !== "trap"))})
        (func (export "grow") (drop (memory.grow (i32.const 1))))
        ${calls.map((call, n) => `(func (export "call${n}") ${body(call)})`).join("\n")})`),
    ),
  );

const imports = (): WebAssembly.Imports => ({
  env: { i: new WebAssembly.Global({ value: "i32", mutable: true }, 3) },
});
const MEMORY = "memkit:memory:0";

/** Of memory, globals and tables; functions by the number of the function, which is their name. */
function hashOf(exports: WebAssembly.Exports): string {
  const hash = createHash("sha1");
  hash.update(new Uint8Array((exports[MEMORY] as WebAssembly.Memory).buffer));
  for (const n of [0, 1, 2]) {
    hash.update(`${(exports[`memkit:global:${n}`] as WebAssembly.Global).value},`);
  }
  const table = exports["memkit:table:0"] as WebAssembly.Table;
  for (let n = 0; n < table.length; n++) {
    hash.update(`${(table.get(n) as { name: string } | null)?.name ?? "null"},`);
  }
  return hash.digest("hex");
}

function run(exports: WebAssembly.Exports, name: string): void {
  try {
    (exports[name] as () => void)();
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error; // a trap half-way is part of the test
  }
}

test("all engines have the same bytes after each call, and the image's after each reset (MR-41, MR-42)", async () => {
  const calls = fc.array(steps, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(steps, calls, fc.boolean(), async (init, calls, grows) => {
      const module = await program(init, calls);
      const guests = engines.map(([, options]) => {
        const source = new WebAssembly.Instance(module, imports());
        track(source);
        run(source.exports, "init");
        const image = snapshot(source, options);
        const guest = image.instantiate(module, imports());
        return { image, source, guest, exports: guest.exports as WebAssembly.Exports };
      });
      const same = (): string => {
        const hashes = new Set(guests.map(({ exports }) => hashOf(exports)));
        expect(hashes.size).toBe(1);
        return [...hashes][0]!;
      };
      const pristine = same();
      expect(pristine).toBe(hashOf(guests[0]!.source.exports));
      for (const n of calls.keys()) {
        for (const { exports } of guests) run(exports, `call${n}`);
        same();
        const lists = guests.map(({ image, exports }) =>
          image.dirtyPages(exports[MEMORY] as WebAssembly.Memory).join(),
        );
        expect(new Set(lists).size).toBe(1);
        if (n % 2 === 1) continue; // two calls, one reset
        for (const { guest } of guests) guest.reset();
        expect(same()).toBe(pristine);
      }
      for (const { guest, exports, image } of guests) {
        guest.reset();
        if (grows) {
          run(exports, "grow");
          refusal(() => guest.reset(), "has-grown");
        }
        image.close();
      }
    }),
    { numRuns: 25 },
  );
});
