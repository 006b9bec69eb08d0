/**
 * Source text for records, for the places where whole values are read or written so often that walking the layout shows:
 * straight-line DataView calls with constant offsets. A build script writes it to a file; nothing is evaluated here, so it
 * works under any content security policy.
 *
 * @module
 */

import { CoreError } from "../core-error.js";
import { pointersIn, shapeOf } from "./codec.js";
import { nodeOf } from "./definition.js";
import { emitRead } from "./emit-read.js";
import { emitTake, Slots } from "./emit-take.js";
import { typeText } from "./emit-type.js";
import { emitStore } from "./emit-write.js";
import { Kind } from "./kind.js";
import type { LayoutNode } from "./node.js";
import { SourceText } from "./source-text.js";
import type { Layout } from "./type.js";

/** The types of the core package that emitted text may name. */
const TYPES = ["Codec", "Misfit", "Pointer", "PointerEnv", "PtrLen", "Words", "WriteSite"];
const START = { base: "at", plus: 0 };

/**
 * What a constant and a type of a module cannot both be called: the reserved words of modules and strict code; the types that
 * TypeScript predefines (TS2457); the globals that emitted text refers to.
 *
 * @see https://tc39.es/ecma262/#sec-keywords-and-reserved-words
 */
const RESERVED: ReadonlySet<string> = /* @__PURE__ */ (() =>
  new Set(
    (
      "arguments as await break case catch class const continue debugger default delete do else enum eval export extends false " +
      "finally for function if implements import in instanceof interface let new null package private protected public return " +
      "static super switch this throw true try typeof var void while with yield " +
      "any bigint boolean never number object string symbol undefined unknown " +
      "BigInt DataView Math Number ReadonlyArray globalThis"
    ).split(" "),
  ))();

/**
 * The text of a TypeScript module that exports, for each entry of `types`, a type and a {@link Codec} of that name. The
 * codec does what the layout's `read` and `write` do for the target of the layout; {@link withCodec} makes it theirs.
 *
 * @throws {@link CoreError} `invalid-name` for a name that is no identifier or that the text needs itself, `not-a-layout`
 *
 * @example
 * ```ts
 * import { emit, ptr, struct, u32, u8 } from "@memkit/core";
 *
 * const iovec = struct(["buf", ptr(u8)], ["len", u32]);
 * // In a build script: writeFileSync("codecs.ts", emit({ Iovec: iovec, Iovec64: iovec.for("wasm64") }));
 * // In the program: withCodec(iovec, Iovec, Iovec64)
 * const text = emit({ Iovec: iovec, Iovec64: iovec.for("wasm64") });
 * text.includes("export const Iovec: Codec<Iovec> = {"); // => true
 * text.includes("dv.setUint32(at + 4, s"); // => true
 * ```
 */
export function emit(types: Readonly<Record<string, Layout>>): string {
  const out = new SourceText();
  for (const [name, type] of Object.entries(types)) {
    const node = nodeOf(type, `the type to emit as ${name}`);
    if (!/^[A-Za-z_$][\w$]*$/.test(name) || RESERVED.has(name)) refuseName(name);
    emitCodec(out, name, node);
  }
  for (const name of [...TYPES, ...out.imports]) if (Object.hasOwn(types, name)) refuseName(name);
  const text = out.lines.join("\n");
  const names = TYPES.filter((type) => new RegExp(`\\b${type}\\b`).test(text));
  const imports = [...names.map((type) => `type ${type}`), ...[...out.imports].sort()].join(", ");
  return `// Emitted by @memkit/core from layouts: change those, not this.\nimport { ${imports} } from "@memkit/core";\n${text}\n`;
}

function refuseName(member: string): never {
  throw new CoreError({ code: "invalid-name", type: "emitted code", member });
}

function emitCodec(out: SourceText, name: string, node: LayoutNode): void {
  // Parameters that are used by nobody are left out; one in front of others is kept, with the name of such.
  const points = pointersIn(node).length !== 0;
  const env = points ? ", env?: PointerEnv, pointers: readonly Pointer[] = []" : "";
  const wide = hasWords(node);
  if (wide) out.use("NO_WORDS");
  const words = wide ? ", words: Words = NO_WORDS" : points ? ", _words?: Words" : "";
  out.line("");
  out.line(`/** ${node.size} bytes aligned to ${node.align}, on ${node.target}. */`);
  out.line(`export type ${name} = ${typeText(node)};`);
  out.block(
    `export const ${name}: Codec<${name}> =`,
    () => {
      out.line(`shape: ${JSON.stringify(shapeOf(node))},`);
      out.line(`target: "${node.target}",`);
      out.method(`read(dv: DataView, at: number${words}${env}): ${name}`, () => {
        out.line(`return ${emitRead(out, node, START)};`);
      });
      const head = `dv: DataView, at: number, value: ${name}, site?: WriteSite${env}`;
      out.method(`write(${head}): void`, () => emitWrite(out, node));
    },
    "};",
  );
}

/** Whether values of `node` have bigints in them. */
function hasWords(node: LayoutNode): boolean {
  if (node.kind === Kind.u64 || node.kind === Kind.i64) return true;
  const element = node.kind === Kind.array || node.kind === Kind.flags ? node.element : undefined;
  return (
    (element !== undefined && hasWords(element)) || node.fields.some(({ type }) => hasWords(type))
  );
}

function emitWrite(out: SourceText, node: LayoutNode): void {
  const slots = new Slots(out);
  const top = out.lines.length;
  out.line("let misfit: Misfit | undefined;");
  out.block("take:", () => emitTake({ out, slots, path: [], looped: false }, node, "value"));
  out.line(`if (site !== undefined) dv = site.open(at, ${node.size}, ${node.align});`);
  if (hasWords(node)) out.line("const words = site ?? NO_WORDS;");
  out.line("if (misfit !== undefined) throw new CoreError(misfit);");
  emitStore(out, slots, node, START);
  const indent = /^ */.exec(out.lines[top] as string)?.[0] ?? "";
  out.lines.splice(top, 0, ...slots.declarations.map((line) => indent + line));
}
