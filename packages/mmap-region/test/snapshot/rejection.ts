/** What a promise is rejected with. */

import type { RegionErrorDetail } from "../../src/index.js";
import { refusal } from "../expect-error.js";

/** As `refusal`, of a promise. */
export async function rejection<C extends RegionErrorDetail["code"]>(
  promise: Promise<unknown>,
  code: C,
  fields: Partial<Extract<RegionErrorDetail, { code: C }>> = {},
): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const rethrow = (): void => {
    if (error !== undefined) throw error;
  };
  refusal(rethrow, code, fields);
}
