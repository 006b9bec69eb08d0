/** The long form of operations.prop.test.ts, in `npm run soak`: a million operations, beginning at another place each time. */
import { expect, it } from "vitest";
import { MODES } from "../slot/modes.js";
import { play } from "./operations.js";

const OPERATIONS = Number(process.env.MEMKIT_OPERATIONS ?? 1_000_000);
const EACH = Math.ceil(OPERATIONS / MODES.length);

it.each(MODES)(
  `${EACH} operations in mode %s`,
  (mode) => {
    const progress = (ran: number): void => {
      if (ran % 50_000 === 0) console.log(`${mode}: ${ran} of ${EACH} operations`);
    };
    expect(play(mode, EACH, progress)).toBeGreaterThanOrEqual(EACH);
  },
  7_200_000,
);
