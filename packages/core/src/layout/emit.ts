/**
 * Source text for one record, for the places where whole values are read or written so often that walking the layout
 * shows: straight-line DataView calls with constant offsets. A build script writes it to a file; nothing is evaluated
 * here, so it works under any content security policy.
 *
 * @module
 */

import { CoreError } from "../core-error.js";
import { emitRead } from "./emit-read.js";
import { typeText } from "./emit-type.js";
import { emitCheck, emitStore } from "./emit-write.js";
import { nodeOf } from "./node.js";
import { SourceText } from "./source-text.js";
import type { Layout } from "./type.js";

/** How the emitted module names things. */
export interface EmitOptions {
  /** An identifier: the type gets this name, the functions get it behind `read` and `write`. */
  readonly name: string;
}

const START = { base: "at", plus: 0 };

/**
 * The text of a TypeScript module with a type `Name` and functions `readName(dv, at)` and `writeName(dv, at, value)`,
 * which do what `type.read` and `type.write` do for the target of `type`, pointers being numbers.
 *
 * @throws {@link CoreError} `invalid-name`, `not-a-layout`
 *
 * @example
 * ```ts
 * import { emit, ptr, struct, u32, u8 } from "@memkit/core";
 *
 * const iovec = struct(["buf", ptr(u8)], ["len", u32]);
 * const text = emit(iovec, { name: "Iovec" });
 * text.includes("export function readIovec(dv: DataView, at: number): Iovec {"); // => true
 * text.includes("dv.setUint32(at + 4, value.len, true);"); // => true
 * ```
 */
export function emit(type: Layout, { name }: EmitOptions): string {
  const node = nodeOf(type, "the type to emit code for");
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) {
    throw new CoreError({ code: "invalid-name", type: "emitted code", member: name });
  }
  const out = new SourceText();
  out.line(`/** ${node.size} bytes aligned to ${node.align}, on ${node.target}. */`);
  out.line(`export type ${name} = ${typeText(node)};`);
  out.line("");
  out.block(`export function read${name}(dv: DataView, at: number): ${name}`, () => {
    out.line(`return ${emitRead(out, node, START)};`);
  });
  out.line("");
  out.block(`export function write${name}(dv: DataView, at: number, value: ${name}): void`, () => {
    emitCheck(out, node, "value");
    emitStore(out, node, "value", START);
  });
  const imports = [...out.imports].sort().join(", ");
  return `// Emitted by @memkit/core from a layout: change the layout, not this.\nimport { ${imports} } from "@memkit/core";\n\n${out.lines.join("\n")}\n`;
}
