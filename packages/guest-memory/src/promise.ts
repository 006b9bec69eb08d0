/**
 * Promises where none may be.
 *
 * @module
 */

/** Whether a result is something to await. What cannot be asked is not. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/**
 * Lets a promise that was refused fail unheard: that it was refused has been said, and a rejection that nobody handles would
 * end the process.
 */
export function silence(refused: unknown): void {
  new Promise((settle) => settle(refused)).catch(() => undefined);
}
