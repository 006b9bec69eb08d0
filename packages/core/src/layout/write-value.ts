/**
 * Host values to bytes.
 *
 * Invariant CORE-14: a write reads each part of the value once and checks all of it before it stores the first byte. What
 * is stored is what was checked, whatever the value's getters answer next, and the place is opened after the last of them.
 *
 * @module
 */

import { CoreError } from "./layout-error.js";
import type { LayoutNode, Member } from "./node.js";
import { elementOf } from "./parts.js";
import { type Step, stepsOf } from "./steps.js";
import { Taken, takeValue } from "./take-value.js";
import type { PointerEnv, WriteSite } from "./type.js";
import { NO_WORDS, storeWords, type Words, writeU53, writeUint } from "./words.js";

/** A list that grew beyond this is not kept for the next write. */
const MAX_KEPT = 4096;

/** The list that the next write takes. A write inside a write, by a getter, finds none and makes its own. */
let spare: Taken | undefined;

/** Takes `value` apart, opens its place if there is a `site`, and stores it at `at`. */
export function writeValue(
  node: LayoutNode,
  dv: DataView,
  at: number,
  value: unknown,
  env: PointerEnv | undefined,
  site: WriteSite | undefined,
): void {
  const taken = spare ?? new Taken();
  spare = undefined;
  taken.count = 0;
  try {
    const misfit = takeValue(node, value, taken, env);
    const to = site === undefined ? dv : site.open(at, node.size, node.align);
    if (misfit !== undefined) throw new CoreError(misfit);
    store(stepsOf(node), to, at, taken.parts, 0, site ?? NO_WORDS);
  } finally {
    if (taken.parts.length <= MAX_KEPT) spare = taken;
  }
}

/** Stores the parts from number `next` on, as many as each step wants, and returns the number of the part after them. */
function store(
  steps: readonly Step[],
  dv: DataView,
  start: number,
  parts: readonly (number | bigint)[],
  next: number,
  words: Words,
): number {
  let n = next;
  for (let i = 0; i < steps.length; i++) {
    const { how, offset, count, type } = steps[i] as Step;
    const at = start + offset;
    switch (how) {
      case "u32":
        for (let k = 0; k < count; k++) dv.setUint32(at + 4 * k, parts[n++] as number, true);
        break;
      case "u64":
        storeWords(dv, words, at, parts as readonly bigint[], n, count);
        n += count;
        break;
      case "u8":
        for (let k = 0; k < count; k++) dv.setUint8(at + k, parts[n++] as number);
        break;
      case "u16":
        for (let k = 0; k < count; k++) dv.setUint16(at + 2 * k, parts[n++] as number, true);
        break;
      case "f32":
        for (let k = 0; k < count; k++) dv.setFloat32(at + 4 * k, parts[n++] as number, true);
        break;
      case "f64":
        for (let k = 0; k < count; k++) dv.setFloat64(at + 8 * k, parts[n++] as number, true);
        break;
      case "u64Number":
        for (let k = 0; k < count; k++) writeU53(dv, at + 8 * k, parts[n++] as number);
        break;
      case "array": {
        const element = elementOf(type);
        const each = stepsOf(element);
        for (let k = 0; k < type.count; k++) {
          n = store(each, dv, at + k * element.size, parts, n, words);
        }
        break;
      }
      default: {
        const number = parts[n++] as number;
        const payload = type.fields[number] as Member;
        writeUint(dv, at, elementOf(type).width, number);
        n = store(stepsOf(payload.type), dv, at + payload.offset, parts, n, words);
      }
    }
  }
  return n;
}
