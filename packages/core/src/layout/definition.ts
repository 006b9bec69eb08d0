/**
 * What a definition is refused for: what is given for a type and is none, names and numbers that cannot be.
 *
 * @module
 */

import { coreError } from "../core-error.js";
import { Kind } from "./kind.js";
import { LAYOUT, type LayoutNode, UNNAMED } from "./node.js";

const CoreError = /* @__PURE__ */ coreError<
  "not-a-layout" | "invalid-name" | "duplicate-name" | "invalid-count"
>({
  "not-a-layout": (d) => `${d.wanted} is needed here, got ${d.got}`,
  "invalid-name": (d) =>
    `${d.type} cannot use the name ${JSON.stringify(d.member)}: names are not empty, ` +
    'do not start with "~", are not "seat" or "__proto__", and in emitted code are identifiers',
  "duplicate-name": (d) => `${d.type} has two members called ${JSON.stringify(d.member)}`,
  "invalid-count": (d) => `${d.type} needs an integer from ${d.min} to ${d.max}, got ${d.count}`,
});

/**
 * The node behind a public layout.
 *
 * @param wanted - what the caller needs, for the message
 * @param kinds - the kinds that will do; any but a pad when left out
 * @throws {@link CoreError} `not-a-layout`
 */
export function nodeOf(value: unknown, wanted: string, kinds?: readonly Kind[]): LayoutNode {
  // A brand, not instanceof: the package may be loaded twice, as ESM and as CommonJS.
  const branded = typeof value === "object" && value !== null && LAYOUT in value;
  const node = branded ? (value as object as LayoutNode) : undefined;
  if (node !== undefined) {
    if (kinds === undefined ? node.kind !== Kind.pad : kinds.includes(node.kind)) return node;
  }
  const got = node === undefined ? typeof value : node.name;
  throw new CoreError({ code: "not-a-layout", wanted, got });
}

/** Refuses names that are taken twice or that mean something else on a view (`seat`, `~...`) or an object. */
export function checkNames(type: string, names: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const given of names) {
    const name = String(given);
    if (
      typeof given !== "string" ||
      given === UNNAMED ||
      given.startsWith("~") ||
      given === "seat" ||
      given === "__proto__"
    ) {
      throw new CoreError({ code: "invalid-name", type, member: name });
    }
    if (seen.has(name)) throw new CoreError({ code: "duplicate-name", type, member: name });
    seen.add(name);
  }
}

/** Refuses everything but an integer from `min` to `max`. */
export function checkCount(type: string, count: number, min: number, max: number): void {
  if (!(Number.isInteger(count) && count >= min && count <= max)) {
    throw new CoreError({ code: "invalid-count", type, count, min, max });
  }
}
