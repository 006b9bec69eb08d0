/**
 * Emitted code: it type-checks strictly, and does what the layout does, refusals included.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CoreError } from "../src/core-error.js";
import {
  aligned,
  type Codec,
  emit,
  type Layout,
  type PointerEnv,
  type Target,
  type Words,
  type WriteSite,
  withCodec,
} from "../src/layout.js";
import { layoutOf, type Model, models, SCALARS, valuesOf } from "./layout-model.js";

interface Emitted {
  readonly [name: string]: Codec;
}

interface Sample {
  readonly model: Model;
  readonly target: Target;
  readonly layout: Layout;
  readonly name: string;
}

const word = (target: Target): 4 | 8 => (target === "wasm32" ? 4 : 8);

/** Names that are no words of the language, although they may look like it, and those that the text has inside functions. */
const ODD_NAMES =
  "dv at value site words env misfit s0 r0 v0 async of type get target shape Object".split(" ");

/** The same types at every run: they are compiled before the property starts. */
const samples: readonly Sample[] = fc
  .sample(fc.tuple(models, fc.constantFrom<Target>("wasm32", "host64")), {
    numRuns: 90,
    seed: 0x1a41,
  })
  .map(([model, target], i) => ({
    model,
    target,
    layout: layoutOf(model).for(target),
    name: ODD_NAMES[i] ?? `T${i}`,
  }));

const here = dirname(fileURLToPath(import.meta.url));
let folder = "";
let modules: Emitted[] = [];

beforeAll(async () => {
  // Inside the package, so that "@memkit/core" can be pointed at its source by a relative import.
  folder = mkdtempSync(join(here, ".emitted-"));
  const files = samples.map(({ layout, name }) => {
    const file = join(folder, `${name}.ts`);
    const text = emit({ [name]: layout });
    expect(text).toContain('from "@memkit/core"');
    writeFileSync(file, text.replace('"@memkit/core"', '"../../src/index.js"'));
    return file;
  });
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2024.d.ts", "lib.esnext.disposable.d.ts", "lib.webworker.d.ts"],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    isolatedDeclarations: true,
    declaration: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  });
  const problems = files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  expect(
    problems.map(
      ({ messageText, file, start }) =>
        `${file?.fileName}:${start} ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    ),
  ).toEqual([]);
  modules = await Promise.all(
    files.map((file) => import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<Emitted>),
  );
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** What `act` returns, or the detail of what it throws. */
function outcome(act: () => unknown): unknown {
  try {
    return { value: act() };
  } catch (error) {
    if (error instanceof CoreError) return { refused: { ...error } };
    throw error;
  }
}

const FILL = 0x5a;
const filled = (bytes: number): DataView<ArrayBuffer> =>
  new DataView(new Uint8Array(bytes).fill(FILL).buffer);

/** The whole words of a buffer. */
function wordsOf({ buffer }: DataView): Words {
  const length = Math.floor(buffer.byteLength / 8);
  return { u64: new BigUint64Array(buffer, 0, length), i64: new BigInt64Array(buffer, 0, length) };
}

/** A sample with its module. */
const picked = fc
  .nat({ max: samples.length - 1 })
  .map((i) => ({ sample: samples[i] as Sample, i }));

/** A value with one part of it replaced by something else, most often wrong. */
function spoiled(value: unknown, steps: readonly number[], by: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== "object" || value === null) return by;
  const keys = Object.keys(value);
  const key = keys[step % keys.length];
  if (key === undefined) return by;
  const inner = spoiled((value as Record<string, unknown>)[key], rest, by);
  return Array.isArray(value)
    ? value.map((each, i) => (String(i) === key ? inner : each))
    : { ...value, [key]: inner };
}

const junk = fc.constantFrom<unknown>(
  undefined,
  null,
  -1,
  1.5,
  256,
  2 ** 32,
  2 ** 53,
  -1n,
  2n ** 64n,
  "x",
  [],
  {},
  true,
  7,
  7n,
);

const NOT_SPOILED = Symbol("as it is");

/** `value`, noting in `asked` every property of it, and of objects in it, that is looked at. */
function watched(value: unknown, path: string, asked: unknown[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const here = `${path}/${String(key)}`;
      asked.push(here);
      return watched(Reflect.get(target, key), here, asked);
    },
  });
}

/** Whether values of the model have no pointer in them, whatever case a variant has. */
function pointsNowhere(model: Model): boolean {
  const text = JSON.stringify(model);
  return !/"is":"(pointer|list|text)"/.test(text);
}

describe("emitted code", () => {
  it("is tried on every kind of type", () => {
    const text = JSON.stringify(samples.map(({ model }) => model));
    for (const is of [
      "pointer",
      "list",
      "text",
      "array",
      "record",
      "aligned",
      "variant",
      "enumeration",
      "flags",
      "atomic",
    ]) {
      expect(text).toContain(`"is":"${is}"`);
    }
    for (const name of Object.keys(SCALARS)) expect(text).toContain(`"name":"${name}"`);
  });

  it("writes the same bytes and reads the same values as the layout", () => {
    const withValue = picked.chain(({ sample, i }) =>
      fc.tuple(
        fc.constant({ sample, i }),
        valuesOf(sample.model, word(sample.target)),
        fc.nat({ max: 9 }),
      ),
    );
    fc.assert(
      fc.property(
        withValue,
        ([
          {
            sample: { layout, name },
            i,
          },
          value,
          at,
        ]) => {
          const emitted = modules[i] as Emitted;
          const ours = filled(at + layout.size + 3);
          const theirs = filled(at + layout.size + 3);
          layout.write(ours, at, value);
          emitted[name]?.write(theirs, at, value);
          expect(new Uint8Array(theirs.buffer)).toEqual(new Uint8Array(ours.buffer));
          expect(emitted[name]?.read(ours, at)).toEqual(layout.read(ours, at));
          const again = wordsOf(ours);
          expect(emitted[name]?.read(ours, at, again)).toEqual(layout.read(ours, at));
          expect(layout.read(ours, at, undefined, again)).toEqual(layout.read(ours, at));
        },
      ),
      { numRuns: 600 },
    );
  });

  it("refuses the same values in the same words, and writes nothing then", () => {
    const withSpoiled = picked.chain(({ sample, i }) =>
      fc.tuple(
        fc.constant({ sample, i }),
        fc
          .tuple(
            valuesOf(sample.model, word(sample.target)),
            fc.array(fc.nat({ max: 5 }), { maxLength: 6 }),
            junk,
          )
          .map(([value, steps, by]) => spoiled(value, steps, by)),
      ),
    );
    fc.assert(
      fc.property(
        withSpoiled,
        ([
          {
            sample: { layout, name },
            i,
          },
          value,
        ]) => {
          const ours = filled(layout.size);
          const theirs = filled(layout.size);
          const said = outcome(() => layout.write(ours, 0, value));
          expect(outcome(() => modules[i]?.[name]?.write(theirs, 0, value))).toEqual(said);
          expect(new Uint8Array(theirs.buffer)).toEqual(new Uint8Array(ours.buffer));
          if (!("value" in (said as object))) {
            expect(new Uint8Array(ours.buffer).every((byte) => byte === FILL)).toBe(true);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  /** What an environment makes of a pointer. */
  class Where {
    readonly to: string;
    readonly address: number;
    readonly len: number | undefined;
    constructor(to: string, address: number, len: number | undefined) {
      this.to = to;
      this.address = address;
      this.len = len;
    }
  }
  const env: PointerEnv = {
    fromAddress: ({ element }, address, len) => new Where(element.name, address, len),
    toAddress: (_, value) => (value as Where).address,
    toLength: (_, value) => (value as Where).len,
  };
  const bound = samples.map(() => undefined as Layout | undefined);
  const boundTo = (i: number): Layout => {
    const { layout, name } = samples[i] as Sample;
    bound[i] ??= withCodec(layout, (modules[i] as Emitted)[name] as Codec);
    return bound[i];
  };

  it("is the type's own code after withCodec, with an environment too (CORE-20)", () => {
    const withBytes = picked.chain(({ sample, i }) =>
      fc.tuple(fc.constant({ sample, i }), valuesOf(sample.model, word(sample.target))),
    );
    fc.assert(
      fc.property(withBytes, ([{ sample, i }, value]) => {
        const { layout } = sample;
        const ours = filled(layout.size);
        layout.write(ours, 0, value);
        const rich = layout.read(ours, 0, env);
        expect(boundTo(i).read(ours, 0, env)).toEqual(rich);
        for (const type of [layout, boundTo(i)]) {
          const theirs = filled(layout.size);
          type.write(theirs, 0, rich, env);
          expect(new Uint8Array(theirs.buffer)).toEqual(new Uint8Array(ours.buffer));
        }
        if (pointsNowhere(sample.model)) expect(rich).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("is not the code of types made from it", () => {
    for (const i of samples.keys()) {
      const { layout, name } = samples[i] as Sample;
      const dv = filled(layout.size);
      const refused = outcome(() => boundTo(i).named("z").write(dv, 0, undefined));
      expect(refused).toEqual(outcome(() => layout.named("z").write(dv, 0, undefined)));
      const wide = aligned(64, boundTo(i));
      expect(outcome(() => withCodec(wide, (modules[i] as Emitted)[name] as Codec))).toMatchObject(
        layout.align === 64 ? {} : { refused: { code: "codec-mismatch" } },
      );
    }
  });

  it("asks for the same parts in the same order, each once, and only then opens the bytes (CORE-14)", () => {
    const withSpoiled = picked.chain(({ sample, i }) =>
      fc.tuple(
        fc.constant(i),
        valuesOf(sample.model, word(sample.target)),
        fc.array(fc.nat({ max: 5 }), { maxLength: 6 }),
        fc.option(junk, { nil: NOT_SPOILED, freq: 2 }),
      ),
    );
    fc.assert(
      fc.property(withSpoiled, ([i, good, steps, by]) => {
        const value = by === NOT_SPOILED ? good : spoiled(good, steps, by);
        const { layout } = samples[i] as Sample;
        const log = (type: Layout): unknown[] => {
          const asked: unknown[] = [];
          const dv = filled(Math.ceil((layout.size + 8) / 8) * 8);
          const site: WriteSite = {
            ...wordsOf(dv),
            open: (...place) => {
              asked.push(place);
              return dv;
            },
          };
          const said = outcome(() => type.writeTo(site, 8, watched(value, "", asked)));
          expect(asked.filter(Array.isArray)).toEqual([[8, layout.size, layout.align]]);
          expect(asked.at(-1)).toEqual([8, layout.size, layout.align]);
          const parts = asked.filter((part) => !Array.isArray(part));
          expect(new Set(parts).size).toBe(parts.length);
          return [asked, said, [...new Uint8Array(dv.buffer)]];
        };
        expect(log(boundTo(i))).toEqual(log(layout));
      }),
      { numRuns: 600 },
    );
  });

  it("refuses the same bytes in the same words", () => {
    const withBytes = picked.chain(({ sample, i }) =>
      fc.tuple(
        fc.constant({ sample, i }),
        fc.uint8Array({ minLength: sample.layout.size, maxLength: sample.layout.size }),
      ),
    );
    fc.assert(
      fc.property(
        withBytes,
        ([
          {
            sample: { layout, name },
            i,
          },
          bytes,
        ]) => {
          const dv = new DataView(bytes.slice().buffer);
          expect(outcome(() => modules[i]?.[name]?.read(dv, 0))).toEqual(
            outcome(() => layout.read(dv, 0)),
          );
        },
      ),
      { numRuns: 600 },
    );
  });
});
