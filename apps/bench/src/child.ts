/**
 * The process that measures one suite and ends: no suite sees the types, the garbage or the optimised code of another.
 *
 * @module
 */

import { measureCells, type RowReading } from "./measure.js";
import type { CheckAttempt, Message, Task } from "./protocol.js";
import type { RowReport } from "./report.js";
import { selectIds } from "./select.js";
import { median } from "./stats.js";
import {
  type Cell,
  type Check,
  cellsOf,
  keysOf,
  mistakesIn,
  type Row,
  type Suite,
} from "./suite.js";
import { boundOf, judge } from "./verdict.js";

const ROUNDS = { default: 9, full: 21 } as const;
/** A measured package must be its build; a `--conditions` in NODE_OPTIONS would slip the sources in. */
function refuseSources(): void {
  const core = import.meta.resolve("@memkit/core");
  if (!core.includes("/dist/")) throw new Error(`would measure ${core}, not the built package`);
}

function selectedChecks(suite: Suite, task: Task): readonly Check[] {
  const { selection } = task;
  if (selection.kind === "all") return suite.checks;
  const known = suite.checks.map((check) => check.id);
  const ids = selection.kind === "checks" ? selection.ids : selectIds(known, selection.only);
  return suite.checks.filter((check) => ids.includes(check.id));
}

function rowReports(
  suite: Suite,
  cells: readonly Cell[],
  byKey: ReadonlyMap<string, RowReading>,
): RowReport[] {
  return cells.map(({ key, row, n }): RowReport => {
    const read = byKey.get(key)!;
    const floor = suite.rows.slice(0, suite.rows.indexOf(row) + 1).findLast(isFloor);
    const floorRead = floor && (byKey.get(floor.name) ?? byKey.get(`${floor.name}@${n}`));
    return {
      name: row.name,
      role: row.role,
      what: row.what,
      n,
      ns: read.ns,
      spread: read.spread,
      bytes: read.bytes,
      perFloor: floorRead === undefined ? null : read.ns / floorRead.ns,
      eliminated: read.eliminated,
      operations: read.operations,
    };
  });
}

const isFloor = (row: Row): boolean => row.role === "floor";

async function run(task: Task): Promise<Message> {
  refuseSources();
  const started = performance.now();
  const { default: suite } = (await import(task.url)) as { default: Suite };
  const mistakes = mistakesIn(task.id, suite);
  if (mistakes.length > 0) throw new Error(mistakes.join("; "));

  const selected = selectedChecks(suite, task);
  const all = cellsOf(suite, task.full);
  const available = new Set(all.map((cell) => cell.key));
  const checks = selected.filter((check) => [...keysOf(check)].every((key) => available.has(key)));
  const needed = new Set(checks.flatMap((check) => [...keysOf(check)]));
  const cells = task.selection.kind === "all" ? all : all.filter((cell) => needed.has(cell.key));

  const rounds = task.full ? ROUNDS.full : ROUNDS.default;
  const statistic = suite.statistic ?? "median";
  const plan = { rounds, statistic, budgetMs: task.budgetMs, inTurns: suite.inTurns === true };
  const reading = await measureCells(cells, plan, (done, total) =>
    send({ kind: "progress", done, total }),
  );

  const byKey = new Map(reading.rows.map((row) => [row.key, row]));
  return {
    kind: "result",
    suite: {
      id: task.id,
      package: task.package,
      title: suite.title,
      statistic,
      rounds,
      seconds: (performance.now() - started) / 1000,
      rows: rowReports(suite, cells, byKey),
    },
    checks: checks.map((check): CheckAttempt => {
      const values = reading.rounds.map((turns) => median(turns.map((turn) => check.value(turn))));
      const eliminated = [...keysOf(check)].some((key) => byKey.get(key)?.eliminated === true);
      return {
        id: check.id,
        bound: boundOf(check),
        sense: check.atMost === undefined ? ">=" : "<=",
        unit: check.unit,
        floor: check.floor === null ? null : { row: check.floor, ns: byKey.get(check.floor)!.ns },
        attempt: judge(values, check, eliminated),
      };
    }),
    onlyFull: selected.filter((check) => !checks.includes(check)).map((check) => check.id),
    known: suite.checks.map((check) => check.id),
  };
}

function send(message: Message): void {
  process.send?.(message);
}

/** A suite may leave workers or timers behind; the result is out, so nothing is lost with them. */
function finish(message: Message): void {
  process.send?.(message, undefined, undefined, () => process.exit());
}

process.on("disconnect", () => process.exit(1)); // the run was stopped: measure no further
run(JSON.parse(process.argv[2] ?? "") as Task).then(finish, (cause: unknown) =>
  finish({ kind: "error", message: cause instanceof Error ? cause.message : String(cause) }),
);
