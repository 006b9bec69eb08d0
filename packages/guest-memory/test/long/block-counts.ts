/**
 * How often each block of some source files ran, from V8's precise coverage.
 *
 * A block is a stretch of code that V8 counts by itself: a branch, a loop's body, what follows an early return. Positions
 * are those of the code that runs, after TypeScript is taken off it; a block is known by its function and its text.
 */

import { type Profiler, Session } from "node:inspector";

export interface Block {
  readonly file: string;
  readonly function: string;
  readonly count: number;
  /** The code of the block, on one line. */
  readonly text: string;
}

/** Counts from `start` on; load the files afterwards. */
export class BlockCounter {
  readonly #session = new Session();
  readonly #sources = new Map<string, string>();

  start(): void {
    this.#session.connect();
    this.#session.on("Debugger.scriptParsed", ({ params }) => {
      this.#sources.set(params.scriptId, params.url);
    });
    this.#session.post("Debugger.enable");
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** The blocks of every file whose address ends with one of `files`. */
  stop(files: readonly string[]): Block[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (failure, taken) => {
      if (failure !== null) throw failure;
      scripts = taken.result;
    });
    const blocks = scripts.flatMap((script) => {
      const file = files.find((name) => script.url.endsWith(name));
      return file === undefined ? [] : blocksOf(file, this.#codeOf(script.scriptId), script);
    });
    this.#session.disconnect();
    return blocks;
  }

  #codeOf(scriptId: string): string {
    let code = "";
    this.#session.post("Debugger.getScriptSource", { scriptId }, (failure, { scriptSource }) => {
      if (failure !== null) throw failure;
      code = scriptSource;
    });
    return code;
  }
}

function blocksOf(file: string, code: string, script: Profiler.ScriptCoverage): Block[] {
  const functions = script.functions.filter(({ ranges }) => ranges[0]!.startOffset !== 0); // not the module
  return functions.flatMap((found) =>
    found.ranges.map(({ startOffset, endOffset, count }) => ({
      file,
      function: found.functionName,
      count,
      text: code.slice(startOffset, endOffset).replace(/\s+/g, " ").trim(),
    })),
  );
}
