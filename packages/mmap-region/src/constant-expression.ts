/**
 * What the constant expressions of a wasm binary come to, as far as the binary alone tells.
 *
 * @see WebAssembly core specification 2.0, 3.3.10 "Constant Expressions"; the extended-const proposal
 *
 * @module
 */

import type { GlobalSpec } from "./globals.js";
import { RegionError } from "./region-error.js";
import type { WasmReader } from "./wasm-reader.js";

/** A value by its bits, or undefined where only the engine knows: imported globals, vectors, references. */
export type ConstantBits = bigint | undefined;

const OPERATIONS: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  106: (a, b) => BigInt.asUintN(32, a + b), // i32.add, sub, mul
  107: (a, b) => BigInt.asUintN(32, a - b),
  108: (a, b) => BigInt.asUintN(32, a * b),
  124: (a, b) => BigInt.asUintN(64, a + b), // i64.add, sub, mul
  125: (a, b) => BigInt.asUintN(64, a - b),
  126: (a, b) => BigInt.asUintN(64, a * b),
};

/** A signed LEB128 number, as the bits of its two's complement. */
function signed(reader: WasmReader, bits: 32 | 64): bigint {
  const start = reader.at;
  let value = 0n;
  let shift = 0n;
  for (;;) {
    if (shift >= bits) throw reader.malformed(`number of more than ${bits} bits`, start);
    const byte = reader.byte();
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if ((byte & 0x80) !== 0) continue;
    const number = BigInt.asIntN(Number(shift), value); // the highest bit that was read is the sign
    if (BigInt.asIntN(bits, number) === number) return BigInt.asUintN(bits, number);
    throw reader.malformed(`number of more than ${bits} bits`, start);
  }
}

/** The next `length` bytes as one little-endian number. */
function fixed(reader: WasmReader, length: number): bigint {
  const bytes = reader.sub(length);
  let value = 0n;
  for (let shift = 0n; !bytes.done; shift += 8n) value |= BigInt(bytes.byte()) << shift;
  return value;
}

/**
 * Reads an expression to its end.
 *
 * @param globals - Those that come before it, imported ones included.
 * @throws {@link RegionError} `malformed-module`; `unsupported` for an instruction that is none of the constant ones that
 * engines have without garbage collection
 */
export function readConstant(reader: WasmReader, globals: readonly GlobalSpec[]): ConstantBits {
  const stack: ConstantBits[] = [];
  for (;;) {
    const offset = reader.at;
    const opcode = reader.byte();
    switch (opcode) {
      case 0x0b: // end
        if (stack.length === 1) return stack[0];
        throw reader.malformed("a constant expression with one value is expected", offset);
      case 0x41: // i32.const
        stack.push(signed(reader, 32));
        break;
      case 0x42: // i64.const
        stack.push(signed(reader, 64));
        break;
      case 0x43: // f32.const
        stack.push(fixed(reader, 4));
        break;
      case 0x44: // f64.const
        stack.push(fixed(reader, 8));
        break;
      case 0x23: {
        // global.get
        const global = globals[reader.unsigned(32)];
        if (global === undefined) throw reader.malformed("no such global", offset);
        stack.push("bits" in global ? global.bits : undefined);
        break;
      }
      case 0xd0: // ref.null
        reader.skipSigned33();
        stack.push(undefined);
        break;
      case 0xd2: // ref.func
        reader.unsigned(32);
        stack.push(undefined);
        break;
      default: {
        const operation = OPERATIONS[opcode];
        if (operation === undefined) {
          pushVector(reader, opcode, stack);
          break;
        }
        if (stack.length < 2) throw reader.malformed("an operand is missing", offset);
        const b = stack.pop();
        const a = stack.pop();
        stack.push(a === undefined || b === undefined ? undefined : operation(a, b));
      }
    }
  }
}

/** `v128.const`, the last of those that are known. */
function pushVector(reader: WasmReader, opcode: number, stack: ConstantBits[]): void {
  if (opcode !== 0xfd || reader.unsigned(32) !== 12) {
    const capability = `constant expressions with opcode 0x${opcode.toString(16)}`;
    throw new RegionError({ code: "unsupported", backend: "wasm", capability });
  }
  reader.sub(16);
  stack.push(undefined);
}
