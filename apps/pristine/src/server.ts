/**
 * The HTTP server: a request's body is a program, and the answer is what it came to.
 *
 *     POST /python    a program; 200 with {value, error, output}
 *     POST /guest     a visit to the guest that is no Python; 200 with {visit}
 *     GET  /status    what the next free worker says about itself
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, Crew, type CrewOptions } from "./crew.js";
import { PristineError } from "./pristine-error.js";
import type { FailureCode, Job, Result } from "./protocol.js";

/** Bytes that a program may have. */
const MAX_SOURCE = 2 ** 20;

/** What is answered to whom (RFC 9110, chapter 15). */
const STATUS: Readonly<Record<FailureCode, number>> = {
  refused: 403,
  "too-much-output": 413,
  crashed: 500,
  "unknown-interpreter": 500,
  "worker-lost": 502,
  busy: 503,
  deadline: 504,
};

const DEFAULTS: CrewOptions = {
  reset: "pristine",
  workers: 2,
  interpreters: 2,
  heapBytes: 64 * 2 ** 20,
  deadline: 5_000,
  maxWaiting: 1_000,
  grace: 2_000,
};

/** See the head of this module. */
export class PristineServer {
  readonly crew: Crew;
  readonly #http: Server;

  private constructor(options: CrewOptions) {
    this.crew = new Crew(options);
    this.#http = createServer((request, response) => void this.#answer(request, response));
  }

  /**
   * Starts workers, and listens on loopback when they are ready.
   *
   * @param port - 0 for any that is free.
   * @throws {@link PristineError} `worker-lost` when workers cannot start; what `listen` fails with
   */
  static async start(options: Partial<CrewOptions> = {}, port = 0): Promise<PristineServer> {
    const server = new PristineServer({ ...DEFAULTS, ...options });
    try {
      await server.crew.ready();
      await server.#listen(port);
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Loopback: whoever lets others in puts a proxy before it. */
  readonly host = "localhost";

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    if (this.#http.listening) await new Promise((resolve) => this.#http.close(resolve));
    await this.crew.close();
  }

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(port, this.host, resolve);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const job = await jobOf(request);
      if (typeof job === "number") reply(response, job, { code: "http", message: String(job) });
      else replyWith(response, await this.crew.submit(job));
    } catch (error) {
      if (error instanceof PristineError) {
        reply(response, STATUS[error.code], { code: error.code, message: error.message });
      } else response.destroy(); // the client went away
    }
  }
}

/** What a request asks for, or the status that refuses it. */
async function jobOf(request: IncomingMessage): Promise<Job | number> {
  const { method, url } = request;
  const asked = `${method} ${url}`;
  if (asked === "GET /status") return { kind: "status" };
  if (asked === "POST /guest") return { kind: "guest" };
  if (asked !== "POST /python") {
    return ["/status", "/guest", "/python"].includes(url ?? "") ? 405 : 404;
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_SOURCE) return 413;
    chunks.push(chunk);
  }
  return { kind: "python", source: Buffer.concat(chunks).toString("utf8") };
}

function replyWith(response: ServerResponse, { result, pid, milliseconds }: Answer): void {
  response.setHeader("server-timing", `run;dur=${milliseconds.toFixed(3)}`);
  response.setHeader("x-worker", pid);
  const { status, body } = bodyOf(result);
  reply(response, status, body);
}

function bodyOf(result: Result): { readonly status: number; readonly body: object } {
  switch (result.kind) {
    case "python":
      return { status: 200, body: result.reply };
    case "guest":
      return { status: 200, body: { visit: result.visit } };
    case "status":
      return { status: 200, body: result.status };
    case "failed":
      return {
        status: STATUS[result.code],
        body: { code: result.code, message: result.message },
      };
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    // A body that was refused is not read to its end.
    ...(status === 413 ? { connection: "close" } : {}),
  });
  response.end(text);
}
