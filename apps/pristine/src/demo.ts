/**
 * `npm run demo:pristine`: requests that try to leak into one another, and what it costs that none does.
 *
 * Progress goes to standard error. Exits with 1 and a reason if a request saw another one.
 *
 * @module
 */

import { ATTACKS, type Attack, FATAL_ATTACKS } from "./attacks.js";
import { Client, type Got } from "./client.js";
import { percentile } from "./percentiles.js";
import type { ResetWay, Status } from "./protocol.js";
import { PristineServer } from "./server.js";
import { FIRST_VISIT } from "./wasm-guest.js";

const WORKERS = 2;
/** What every request of the load does: lists, integers, a function that is called a hundred times. */
const JOB = "l = list(range(1000)); sum(i * i for i in range(100))";
/** Milliseconds of each load. */
const LOAD = 5_000;
/** Requests that each start an interpreter: they take seconds. */
const NEW = 2;
const DEADLINE = 2_000;

const started = performance.now();

function progress(text: string): void {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  process.stderr.write(`demo: ${seconds.padStart(5)} s  ${text}\n`);
}

const print = (text = ""): void => void process.stdout.write(`${text}\n`);

async function withServer<R>(
  reset: ResetWay,
  use: (client: Client, server: PristineServer) => Promise<R>,
): Promise<R> {
  const grace = reset === "new" ? 120_000 : DEADLINE;
  const options = { reset, interpreters: 1, workers: WORKERS, deadline: DEADLINE, grace };
  const server = await PristineServer.start(options);
  const client = new Client(server.port);
  try {
    return await use(client, server);
  } finally {
    client.close();
    await server.close();
  }
}

/** A program, by as many clients at once as there are workers: each worker has it. */
const everywhere = (client: Client, source: string): Promise<readonly Got[]> =>
  Promise.all(Array.from({ length: WORKERS }, () => client.python(source)));

const told = ({ body }: Got): string => JSON.stringify([body.value, body.output, body.error]);

/** Plants and probes. @returns the names of attacks that were seen by another request */
async function attack(client: Client): Promise<readonly string[]> {
  const leaked: string[] = [];
  let working = 0;
  const clean = new Map<Attack, string>();
  for (const each of ATTACKS) clean.set(each, told(await client.python(each.probe)));
  for (const each of ATTACKS) {
    const { name, plant, probe } = each;
    const [together] = await everywhere(client, `${plant}\n${probe}`);
    if (together?.body.value !== JSON.parse(clean.get(each)!)[0]) working += 1;
    await everywhere(client, plant);
    const after = await everywhere(client, probe);
    const seen = after.some((got) => told(got) !== clean.get(each));
    if (seen) leaked.push(name);
    print(`  ${name.padEnd(40)} ${seen ? "LEAKED" : "not seen by the next request"}`);
  }
  const guest = [];
  for (let n = 0; n < 4; n++) guest.push(...(await visits(client)));
  const seen = guest.some((visit) => visit !== FIRST_VISIT);
  if (seen) leaked.push("wasm guest");
  print(
    `  ${"memory, global and table of a wasm guest".padEnd(40)} ${seen ? "LEAKED" : "not seen by the next request"}`,
  );
  print();
  print(`  ${working} of ${ATTACKS.length} are seen by a program that goes on after them.`);
  return leaked;
}

async function visits(client: Client): Promise<readonly unknown[]> {
  const got = await Promise.all(
    Array.from({ length: WORKERS }, () => client.send("POST", "/guest")),
  );
  return got.map(({ body }) => body.visit);
}

/** What breaks an interpreter costs that interpreter, and nobody else. Each breaks one of a worker. */
async function breakThem(client: Client): Promise<void> {
  for (const { name, plant, ends } of FATAL_ATTACKS.slice(0, WORKERS)) {
    const broken = await client.python(plant);
    const next = await client.python("1 + 1");
    if (broken.body.code !== ends || next.body.value !== "2") {
      throw new Error(`${name}: ${JSON.stringify(broken.body)}, then ${JSON.stringify(next.body)}`);
    }
    print(`  ${name.padEnd(40)} ${broken.status} ${ends}; the next request is answered`);
  }
}

interface Line {
  readonly way: string;
  readonly latencies: readonly number[];
  readonly seconds: number;
}

/** In Markdown, for the README. */
function describe(lines: readonly Line[]): void {
  const cell = (value: number): string => value.toFixed(value < 100 ? 2 : 0);
  const row = (cells: readonly string[]): void => print(`| ${cells.join(" | ")} |`);
  row(["request", "requests", "p50 ms", "p90 ms", "p99 ms", "requests/s"]);
  row(["---", "---", "---", "---", "---", "---"]);
  for (const { way, latencies, seconds } of lines) {
    const marks = [0.5, 0.9, 0.99].map((share) => cell(percentile(latencies, share)));
    row([way, String(latencies.length), ...marks, cell(latencies.length / seconds)]);
  }
}

const loaded = async (
  way: string,
  client: Client,
  requests = Number.POSITIVE_INFINITY,
): Promise<Line> => {
  const milliseconds = requests === Number.POSITIVE_INFINITY ? LOAD : 60_000;
  return { way, ...(await client.load(JOB, { clients: WORKERS, requests, milliseconds })) };
};

async function main(): Promise<void> {
  progress(`starting ${WORKERS} workers, each with an interpreter`);
  const [leaked, status, pristine] = await withServer("pristine", async (client) => {
    progress(`${ATTACKS.length} attacks, each on both workers`);
    print("requests that try to leave something to the next one");
    const seen = await attack(client);
    progress(`load: ${LOAD / 1_000} s, pristine`);
    const line = await loaded("pristine", client);
    const { body } = await client.send("GET", "/status");
    progress("programs that break their interpreter");
    print();
    print("requests that break their interpreter, which is thrown away");
    await breakThem(client);
    return [seen, body as unknown as Status, line];
  });
  progress("the same load without any reset");
  const none = await withServer("none", (client) => loaded("(a) no reset: leaks", client));
  progress("the same load with a full copy");
  const copy = await withServer("copy", (client) => loaded("(b) full copy", client));
  progress(`${NEW} requests that each start an interpreter`);
  const fresh = await withServer("new", (client) => loaded("(c) a new interpreter", client, NEW));
  const { engine, reason, resets, heapBytes } = status;
  print();
  print(`latency over HTTP on loopback, ${WORKERS} workers and as many clients`);
  print();
  describe([pristine, none, copy, fresh]);
  print();
  print(`  engine ${engine}: ${reason}`);
  print(
    `  a reset takes ${(resets.microseconds / resets.count).toFixed(0)} µs on average, of ${heapBytes / 2 ** 20} MiB`,
  );
  print(`  leaks: ${leaked.length === 0 ? "none" : leaked.join(", ")}`);
  if (leaked.length > 0) throw new Error(`${leaked.length} attacks were seen by the next request`);
  progress("done");
}

try {
  await main();
} catch (error) {
  process.stderr.write(`demo failed: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
