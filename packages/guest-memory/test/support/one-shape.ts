/**
 * Started as a process of its own, with `--allow-natives-syntax`: prints whether V8 sees one shape of object in checkers of
 * all three policies, as they are made, after use, and after they held many borrows.
 */

import { BorrowChecker, type PolicyName } from "@memkit/guest-memory/borrow";

const haveSameMap = new Function("a", "b", "return %HaveSameMap(a, b)") as (
  a: object,
  b: object,
) => boolean;

const names: readonly PolicyName[] = ["precise", "coarse", "none"];
const checkers = names.map((name) => new BorrowChecker(name));

/** Whether every checker has the shape of a new one. */
function alike(): boolean {
  const fresh = new BorrowChecker();
  return checkers.every((checker) => haveSameMap(checker, fresh));
}

console.log("fresh", alike());
for (const checker of checkers) checker.mutUnborrow(checker.mutBorrow(2 ** 40, 1));
console.log("used", alike());
for (const checker of checkers) {
  for (let i = 0; i < 100; i++) checker.sharedBorrow(2 ** 33 + i, 1);
}
console.log("large", alike());
