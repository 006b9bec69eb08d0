import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { Client } from "../src/client.js";
import type { CrewOptions } from "../src/crew.js";
import { PristineError } from "../src/pristine-error.js";
import { PristineServer } from "../src/server.js";

const program = fileURLToPath(new URL("./fake-worker.mjs", import.meta.url));
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function start(options: Partial<CrewOptions> = {}): Promise<[Client, PristineServer]> {
  const server = await PristineServer.start({
    program,
    workers: 2,
    deadline: 20_000, // a busy machine may let a process wait for a second
    grace: 100,
    ...options,
  });
  const client = new Client(server.port);
  open.push(server, client);
  return [client, server];
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test("programs, visits, and what is neither", async () => {
  const [client] = await start();
  expect(await client.python("answer")).toMatchObject({
    status: 200,
    body: { output: "answered" },
  });
  expect(await client.send("POST", "/guest")).toMatchObject({ status: 200, body: { visit: 1 } });
  expect((await client.send("GET", "/python")).status).toBe(405);
  expect((await client.send("POST", "/other")).status).toBe(404);
  expect(await client.python("refused")).toMatchObject({ status: 403, body: { code: "refused" } });
  expect(await client.python("é\u{1f40d}")).toMatchObject({ body: { output: "é\u{1f40d}" } });
});

test("a program of more than a mebibyte is refused, and the server goes on", async () => {
  const [client] = await start();
  const got = await client.python("x".repeat(2 ** 20 + 1)).catch(() => ({ status: 413 }));
  expect(got.status).toBe(413);
  expect((await client.python("answer")).status).toBe(200);
});

test("a client that goes away in the middle takes nobody with it", async () => {
  const [client, { port }] = await start();
  const socket = connect(port, "localhost");
  socket.write("POST /python HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.destroy();
  expect((await client.python("answer")).status).toBe(200);
});

test("PR-4: a worker that dies costs its own request, and another takes its place", async () => {
  const [client, { crew }] = await start({ workers: 1 });
  expect(await client.python("die")).toMatchObject({ status: 502, body: { code: "worker-lost" } });
  expect((await client.python("answer")).status).toBe(200);
  expect(crew.replaced).toBe(1);
});

test("PR-4: a worker that does not answer is killed", async () => {
  const [client] = await start({ workers: 1, deadline: 2_000 });
  const [hung, next] = await Promise.all([client.python("hang"), client.python("answer")]);
  expect(hung).toMatchObject({ status: 504, body: { code: "deadline" } });
  expect(next.status).toBe(200);
});

test.each(["worn", "broken"])(
  "PR-4: a %s worker is replaced, and every request is answered",
  async (how) => {
    const [client, { crew }] = await start({ workers: 1 });
    const first = await client.python(how);
    const others = await Promise.all(Array.from({ length: 20 }, () => client.python("answer")));
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    await until(() => crew.replaced === 1);
    // The first one goes as soon as its successor is there.
    let pid = first.body.value;
    const deadline = performance.now() + 10_000;
    while (pid === first.body.value && performance.now() < deadline) {
      pid = (await client.python("answer")).body.value;
    }
    expect(pid).not.toBe(first.body.value);
  },
);

test("more requests than may wait are told so", async () => {
  const [client] = await start({ workers: 1, maxWaiting: 2 });
  const all = await Promise.all(Array.from({ length: 8 }, () => client.python("answer")));
  const statuses = all.map(({ status }) => status);
  expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(0);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(3);
  expect((await client.python("answer")).status).toBe(200);
});

test("workers that cannot start are not started for ever", async () => {
  const failed = PristineServer.start({ program, workers: 2, reset: "new" });
  await expect(failed).rejects.toBeInstanceOf(PristineError);
});
