/**
 * Detaching a buffer over memory that is not the engine's.
 *
 * `ArrayBuffer.prototype.transfer(0)` (V8 11.4, Node 21) takes the bytes out of the buffer and lets them go, which
 * touches nothing. `structuredClone` and `postMessage` do not: for such buffers Node 20 silently copies, later ones throw.
 * On Node 20 the method exists behind a flag, and a new context made while the flag is set has it.
 *
 * @see ECMA-262 2024, 25.1.6.8 `ArrayBuffer.prototype.transfer`
 *
 * @module
 */

import { nodeBuiltin } from "./node-builtin.js";

type Transfer = (this: ArrayBuffer, newLength: number) => ArrayBuffer;

const FLAG = "harmony-rab-gsab-transfer";

function findTransfer(): Transfer | undefined {
  const { transfer } = ArrayBuffer.prototype as { transfer?: Transfer };
  if (transfer !== undefined) return transfer;
  const v8 = nodeBuiltin("node:v8");
  const vm = nodeBuiltin("node:vm");
  if (v8 === undefined || vm === undefined) return undefined;
  v8.setFlagsFromString(`--${FLAG}`);
  try {
    return vm.runInNewContext("ArrayBuffer.prototype.transfer") as Transfer | undefined;
  } finally {
    v8.setFlagsFromString(`--no-${FLAG}`);
  }
}

let found: { readonly transfer: Transfer | undefined } | undefined;

const transferOf = (): Transfer | undefined => {
  found ??= { transfer: findTransfer() };
  return found.transfer;
};

/** Whether {@link detachBuffer} can work here. */
export const canDetach = (): boolean => transferOf() !== undefined;

/**
 * Empties a buffer whose length was not 0.
 *
 * @returns false when it is empty already, for then somebody else has its bytes, and when the engine cannot do it
 */
export function detachBuffer(buffer: ArrayBuffer): boolean {
  const transfer = transferOf();
  if (transfer === undefined || buffer.byteLength === 0) return false;
  transfer.call(buffer, 0);
  return buffer.byteLength === 0;
}
