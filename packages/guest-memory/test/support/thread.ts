/** Another thread, in Node and in a browser: one that runs a script, one that has loaded this package. */

import type { Worker as NodeWorker } from "node:worker_threads";

/** Whether this thread may block, as the main thread of a page must not. */
export const MAY_BLOCK: boolean = !("document" in globalThis);

/** Whether shared memory can leave this thread. A page has to be cross-origin isolated for that. */
export const CAN_SHARE: boolean =
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;

export interface Thread {
  /** Sends a message; the first one is what a script knows as `data`. */
  post(message: unknown): void;
  /** Its next message that nobody has waited for yet. */
  next(): Promise<unknown>;
  end(): Promise<void>;
}

/** Messages in the order in which they came, for whoever asks in that order. */
class Inbox {
  readonly #waiting: { resolve(message: unknown): void; reject(error: unknown): void }[] = [];
  readonly #messages: unknown[] = [];
  #failure: { error: unknown } | undefined;

  readonly add = (message: unknown): void => {
    const first = this.#waiting.shift();
    if (first === undefined) this.#messages.push(message);
    else first.resolve(message);
  };
  readonly fail = (error: unknown): void => {
    this.#failure = { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  };
  next(): Promise<unknown> {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
}

/** No import: a browser could not load this file. */
const nodeThreads = (): { Worker: typeof NodeWorker } =>
  globalThis.process?.getBuiltinModule("node:worker_threads");

function ofNode(worker: NodeWorker): Thread {
  const inbox = new Inbox();
  worker.on("message", inbox.add);
  worker.on("error", inbox.fail);
  worker.on("messageerror", inbox.fail);
  return {
    post: (message) => worker.postMessage(message),
    next: () => inbox.next(),
    end: async () => void (await worker.terminate()),
  };
}

function ofBrowser(worker: Worker): Thread {
  const inbox = new Inbox();
  worker.onmessage = ({ data }) => inbox.add(data);
  worker.onerror = ({ message }) => inbox.fail(new Error(message));
  worker.onmessageerror = () => inbox.fail(new Error("a message that cannot be read"));
  return {
    post: (message) => worker.postMessage(message),
    next: () => inbox.next(),
    end: async () => worker.terminate(),
  };
}

const inBrowser = typeof Worker === "function";

/** Starts a thread that runs `body`, JavaScript that knows `data` (the first message) and `post(message)`. */
export function startScript(body: string): Thread {
  if (inBrowser) {
    const text = `const post = (m) => postMessage(m); onmessage = ({ data }) => { ${body} };`;
    return ofBrowser(new Worker(URL.createObjectURL(new Blob([text]))));
  }
  const text = `const { parentPort } = require("node:worker_threads");
    const post = (m) => parentPort.postMessage(m);
    parentPort.once("message", (data) => { ${body} });`;
  return ofNode(new (nodeThreads().Worker)(text, { eval: true }));
}

/** Starts a thread that answers calls with guest-thread.ts. */
export function startGuestThread(): Thread {
  if (inBrowser) {
    return ofBrowser(new Worker(new URL("./guest-thread.ts", import.meta.url), { type: "module" }));
  }
  // Node 20 takes no `--import` for threads, so a file of JavaScript registers the loader of TypeScript.
  const boot = new URL("./guest-thread.boot.mjs", import.meta.url);
  const execArgv = ["--conditions=@memkit/source"];
  return ofNode(new (nodeThreads().Worker)(boot, { execArgv }));
}
