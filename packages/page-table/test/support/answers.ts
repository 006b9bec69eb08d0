/**
 * Reads recorded answers of a processor's memory unit and puts the same questions to ours.
 *
 * Two kinds of file; test/fixtures/README.md describes both: random tables (`T`, `E`, `Q`, `A` lines), and the tables of a
 * booted kernel (`.pages`) with a table of questions (`.tsv`).
 *
 * @module
 */

import { PhysicalMemory } from "@memkit/core";
import { aarch64Format, type PteFormat, riscvFormat, x86Format } from "@memkit/page-table/format";
import { type Access, type AccessRequest, Mmu, type MmuSettings } from "@memkit/page-table/walk";

/** What a file came to. */
export interface Verdict {
  questions: number;
  /** Words of tables compared afterwards. */
  words: number;
  /** One line each. */
  disagreements: string[];
}

const PAGE = 4096;

const hex = (text: string): number => Number.parseInt(text, 16);

/** Memory from `start` to `end`. What the machine has above, up to `top`, nobody looks into: a device will do. */
function ram(
  start: number,
  end: number,
  top: number = end,
): { memory: PhysicalMemory; words: DataView } {
  const buffer = new ArrayBuffer(end - start);
  const bank = { firstPfn: start / PAGE, frames: (end - start) / PAGE, source: { buffer } };
  const mmio = top > end ? [{ firstPfn: end / PAGE, frames: (top - end) / PAGE }] : [];
  return {
    memory: new PhysicalMemory([{ ...bank, byteOffset: 0 }], { mmio }),
    words: new DataView(buffer),
  };
}

interface Machine {
  readonly format: PteFormat;
  readonly settings: MmuSettings;
  readonly start: number;
  readonly end: number;
  readonly top: number;
  readonly root: number;
  readonly upper: boolean;
}

function machineOf(line: string): Machine {
  const field = Object.fromEntries(
    line.split(" ").flatMap((word) => (word.includes("=") ? [word.split("=")] : [])),
  ) as Record<string, string>;
  const end = hex(field.ramend!);
  const base = { end, top: end, root: hex(field.top!) / PAGE };
  const flag = (name: string): boolean => field[name] === "1";
  if (line.includes("riscv")) {
    const sv = Number(field.sv) as 39 | 48 | 57;
    return { ...base, format: riscvFormat({ sv }), settings: {}, start: 0x8000_0000, upper: false };
  }
  if (line.includes("aarch64")) {
    const tsz = Number(field.tsz);
    const settings = { t0sz: tsz, t1sz: tsz };
    const upper = field.half === "1";
    // That machine had 1 GiB; its tables lie in the first 64 MiB.
    const top = 0x8000_0000;
    return { ...base, top, format: aarch64Format(), settings, start: 0x4000_0000, upper };
  }
  const settings = {
    maxPhysAddr: Number(field.physbits),
    wp: flag("wp"),
    nxe: flag("nxe"),
    smep: flag("smep"),
    smap: flag("smap"),
    pke: flag("pke"),
    pkru: hex(field.pkru!),
  };
  const levels = Number(field.levels) as 4 | 5;
  return { ...base, format: x86Format({ levels }), settings, start: 0, upper: false };
}

const KIND = { R: "read", W: "write", X: "execute" } as const;

/** `SRa`, `UX`, `SWsm`: mode, kind, flags. */
function requestOf(mode: string): AccessRequest {
  const has = (flag: string): boolean => mode.includes(flag, 2);
  const flags: Record<string, boolean> = {};
  if (has("a")) flags.ac = true;
  if (has("s")) flags.sum = true;
  if (has("m")) flags.mxr = true;
  return {
    kind: KIND[mode[1] as keyof typeof KIND],
    mode: mode.startsWith("U") ? "user" : "supervisor",
    settings: flags,
  };
}

/** Our answer in the file's terms. */
function textOf(access: Access, kind: AccessRequest["kind"], decimal: boolean): string {
  if (access.kind === "memory" || access.kind === "mmio") {
    const [part] = access.parts;
    return kind === "execute" ? "x" : (part!.pfn * PAGE + part!.offset).toString(16);
  }
  if (access.kind === "fault") {
    if (access.exception === 13 && access.arch === "x86-64") return "!13";
    return `#${access.code.toString(decimal ? 10 : 16)}`;
  }
  return access.kind;
}

/** Judges a file of random tables. */
export function judgeRandom(text: string): Verdict {
  const verdict: Verdict = { questions: 0, words: 0, disagreements: [] };
  for (const table of text.split(/^(?=T )/m)) {
    if (table.startsWith("T ")) judgeTable(table.trimEnd().split("\n"), verdict);
  }
  return verdict;
}

function judgeTable([head, ...lines]: string[], verdict: Verdict): void {
  const { format, settings, start, end, top, root, upper } = machineOf(head!);
  const { memory, words } = ram(start, end, top);
  const mmu = new Mmu(
    upper
      ? { format, memory, root: 0, rootHigh: root, settings: { ...settings, epd0: true } }
      : { format, memory, root, settings },
  );
  const after = new Map<number, bigint>();
  const leaves = new Set<number>();
  for (const line of lines) {
    const [what, address, word, answer] = line.split(" ");
    if (what === "E") {
      words.setBigUint64(hex(address!) - start, BigInt(`0x${word}`), true);
      after.set(hex(address!), BigInt(`0x${word}`));
    } else if (what === "A") {
      after.set(hex(address!), BigInt(`0x${word}`));
    } else if (what === "Q") {
      const request = requestOf(word!);
      const access = mmu.access(BigInt(`0x${address}`), 1, request);
      const ours = textOf(access, request.kind, format.dialect.arch === "riscv");
      const agrees =
        ours === answer || (answer === "r" && access.kind === "memory" && request.kind === "read");
      verdict.questions++;
      if (!agrees) verdict.disagreements.push(`${format.name}: ${line}: ours ${ours}`);
      if (access.kind === "memory") leaves.add(mmu.table * PAGE + mmu.index * 8);
    }
  }
  const accessed = BigInt(format.tableAccessed);
  for (const [address, expected] of after) {
    const ours = words.getBigUint64(address - start, true);
    verdict.words++;
    // Whether a walk that faulted marks the tables it went through is the processor's choice.
    const optional = !leaves.has(address) && expected === (ours | accessed);
    if (ours !== expected && !optional) {
      const [at, e, o] = [address, expected, ours].map((n) => n.toString(16));
      verdict.disagreements.push(`${format.name}: ${head}: word ${at} is ${o}, not ${e}`);
    }
  }
}

/** Page-table pages: physical address to bytes. */
export function readPages(bytes: Uint8Array): Map<number, Uint8Array> {
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pages = new Map<number, Uint8Array>();
  for (let at = 16; at < bytes.length; at += 8 + PAGE) {
    pages.set(Number(dv.getBigUint64(at, true)) / PAGE, bytes.subarray(at + 8, at + 8 + PAGE));
  }
  return pages;
}

const CELLS = ["SR", "SW", "SX", "UR", "UW", "UX"];

/** Judges a kernel's tables. Bits of CR4: 20 SMEP, 21 SMAP, 22 PKE. */
export function judgeKernel(pages: Map<number, Uint8Array>, text: string): Verdict {
  const verdict: Verdict = { questions: 0, words: 0, disagreements: [] };
  const { memory, words } = ram(0, 128 * 2 ** 20);
  for (const [pfn, bytes] of pages) new Uint8Array(words.buffer, pfn * PAGE, PAGE).set(bytes);
  let mmu: Mmu | undefined;
  for (const line of text.split("\n")) {
    const head = /^@ .* cr3=(\w+) cr4=(\w+) levels=(\d)/.exec(line);
    if (head) {
      const cr4 = hex(head[2]!);
      const has = (bit: number): boolean => ((cr4 >>> bit) & 1) !== 0;
      const settings = { maxPhysAddr: 40, smep: has(20), smap: has(21), pke: has(22) };
      const format = x86Format({ levels: Number(head[3]) as 4 | 5 });
      mmu = new Mmu({ format, memory, root: hex(head[1]!) / PAGE, settings });
    }
    if (mmu === undefined || !/^[0-9a-f]/.test(line)) continue;
    const [va, target, ...cells] = line.split(" ");
    const address = BigInt(`0x${va}`);
    const ask = (what: string, ours: string, theirs: string): void => {
      verdict.questions++;
      if (ours !== theirs) verdict.disagreements.push(`${line}: ${what}: ours ${ours}`);
    };
    const found = mmu.translate(address);
    ask("translation", found ? (mmu.pfn * PAGE + mmu.offset).toString(16) : ".", target!);
    cells.forEach((cell, i) => {
      if (cell === "-") return;
      const request = requestOf(CELLS[i]!);
      const access = mmu!.access(address, 1, request);
      const ours = textOf(access, request.kind, false);
      ask(CELLS[i]!, cell === "r" && access.kind === "memory" ? "r" : ours, cell);
    });
  }
  return verdict;
}
