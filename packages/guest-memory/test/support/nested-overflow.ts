/**
 * Started as a process of its own by stack-overflow.test.ts: exhausts the stack once, then again in a nested entry.
 *
 * Once is enough for V8 to have a regular expression on that path compiled anew at the second time, with no stack left.
 * Prints what came out; the process must live to do so.
 */

import { GuestMemory } from "@memkit/guest-memory";
import { wrapInstance } from "@memkit/guest-memory/instance";

// (module (import "h" "c" (func)) (func (export "recurse") call 1) (func (export "nest") call 0))
const bytes = Uint8Array.from(
  [
    [0, 97, 115, 109, 1, 0, 0, 0],
    [1, 4, 1, 96, 0, 0],
    [2, 7, 1, 1, 104, 1, 99, 0, 0],
    [3, 3, 2, 0, 0],
    [7, 18, 2, 7, 114, 101, 99, 117, 114, 115, 101, 0, 1, 4, 110, 101, 115, 116, 0, 2],
    [10, 11, 2, 4, 0, 16, 1, 11, 4, 0, 16, 0, 11],
  ].flat(),
);
const module = new WebAssembly.Module(bytes);

interface Exports {
  recurse(): void;
  nest(): void;
}

function tenant(): Exports {
  let wrapped: Exports | undefined;
  const instance = new WebAssembly.Instance(module, { h: { c: () => wrapped?.nest() } });
  const memory = new GuestMemory({ buffer: new ArrayBuffer(8) });
  wrapped = wrapInstance<Exports>(instance, { memory });
  return wrapped;
}

function codeOf(run: () => void): unknown {
  try {
    run();
    return "survived";
  } catch (error) {
    return (error as { code?: unknown }).code ?? String(error);
  }
}

console.log(codeOf(tenant().recurse), codeOf(tenant().nest), codeOf(tenant().nest));
