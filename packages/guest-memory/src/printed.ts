/**
 * How a rejected value prints.
 *
 * @module
 */

/** A rejected value as an error prints it. An object is not looked into: its code is not ours to run. */
export function printed(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
