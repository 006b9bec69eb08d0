/**
 * A client on loopback, and the load that it can make.
 *
 * @module
 */

import { Agent, request } from "node:http";

/** An answer of the server. */
export interface Got {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly milliseconds: number;
}

/** See the head of this module. */
export class Client {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  python(source: string): Promise<Got> {
    return this.send("POST", "/python", source);
  }

  send(method: string, path: string, body = ""): Promise<Got> {
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: "localhost", port: this.#port, method, path, agent: this.#agent },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            resolve({
              status: response.statusCode ?? 0,
              body: JSON.parse(text) as Got["body"],
              milliseconds: performance.now() - start,
            });
          });
        },
      );
      asked.on("error", reject);
      asked.end(body);
    });
  }

  /**
   * Sends a program again and again, each of `clients` as soon as it has its answer.
   *
   * @returns Milliseconds that each request took, and the seconds that all of them took.
   */
  async load(
    source: string,
    limits: { readonly clients: number; readonly requests: number; readonly milliseconds: number },
  ): Promise<{ readonly latencies: readonly number[]; readonly seconds: number }> {
    const latencies: number[] = [];
    const start = performance.now();
    let left = limits.requests;
    const one = async (): Promise<void> => {
      while (left > 0 && performance.now() - start < limits.milliseconds) {
        left -= 1;
        const { status, body, milliseconds } = await this.python(source);
        if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
        latencies.push(milliseconds);
      }
    };
    await Promise.all(Array.from({ length: limits.clients }, one));
    return { latencies, seconds: (performance.now() - start) / 1_000 };
  }

  close(): void {
    this.#agent.destroy();
  }
}
