/** Ways out of a preopened directory. None may work, whichever way directories are held. */

import * as fs from "node:fs";
import * as path from "node:path";
import { Worker } from "node:worker_threads";
import { beforeEach, describe, expect, it } from "vitest";
import { bestSandboxMode, type SandboxMode } from "../src/dir-handle.js";
import { BUFFER, OUT, VECTORS } from "./fixtures.js";
import {
  ALL,
  makeGuest,
  mustOpen,
  onPath,
  onPaths,
  open,
  stat,
  type TestGuest,
  temporaryDirectory,
} from "./harness.js";

const CREATE = 1;
const DIRECTORY = 2;
const TRUNCATE = 8;

/** `<base>/inside` is given to the guest, `<base>/outside/secret` is what it must not reach. */
function world(mode: SandboxMode): {
  base: string;
  inside: string;
  outside: string;
  guest: TestGuest;
} {
  const base = temporaryDirectory();
  const inside = path.join(base, "inside");
  const outside = path.join(base, "outside");
  fs.mkdirSync(path.join(inside, "dir", "sub"), { recursive: true });
  fs.mkdirSync(outside);
  fs.writeFileSync(path.join(outside, "secret"), "secret");
  fs.writeFileSync(path.join(inside, "file"), "file");
  fs.writeFileSync(path.join(inside, "dir", "sub", "deep"), "deep");
  const link = (name: string, target: string): void =>
    fs.symlinkSync(target, path.join(inside, name));
  link("up", "..");
  link("out", "../outside");
  link("absolute", outside);
  link("chain", "dir/../chain2");
  link("chain2", "out");
  link("dir/up2", "../../outside");
  link("root", "/");
  link("here", ".");
  link("good", "dir/sub");
  link("good-file", "here/good/deep");
  link("loop", "loop");
  link("ping", "pong");
  link("pong", "ping");
  link("into-itself", "into-itself/x");
  link("secret-link", "../outside/secret");
  link("secret-absolute", path.join(outside, "secret"));
  link("dangling", "nowhere");
  link("dangling-out", "../outside/fresh");
  const guest = makeGuest({ preopens: [{ host: inside, guest: "/" }], sandbox: mode });
  return { base, inside, outside, guest };
}

/** Every file and link below a directory with its content and times: what an escape would change. */
function snapshot(directory: string): string {
  const names = fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return names
    .map((name) => {
      const file = path.join(directory, name);
      const stats = fs.lstatSync(file, { bigint: true });
      const content = stats.isFile() ? fs.readFileSync(file, "utf8") : "";
      return `${name} ${stats.mode} ${stats.mtimeNs} ${stats.nlink} ${content}`;
    })
    .join("\n");
}

/** Paths that mean the secret, if they mean anything. */
const SECRETS = (outside: string): readonly string[] => [
  "../outside/secret",
  "./../outside/secret",
  ".././outside/secret",
  "dir/../../outside/secret",
  "dir/sub/../../../outside/secret",
  "here/../../outside/secret",
  "here/here/here/../../outside/secret",
  "good/../../../outside/secret",
  "up/outside/secret",
  "out/secret",
  "out/../outside/secret",
  "absolute/secret",
  "chain/secret",
  "chain2/secret",
  "dir/up2/secret",
  `root${outside}/secret`,
  `${outside}/secret`,
  `/${outside}/secret`,
  "/proc/self/root/etc/passwd",
  "/etc/passwd",
  "file/../../outside/secret",
  "nowhere/../../outside/secret",
];

/** Paths whose last component leads out when it is followed. */
const FINAL_LINKS = [
  "secret-link",
  "secret-absolute",
  "dangling-out",
  "out",
  "absolute",
  "chain",
  "root",
  "up",
];

/** EISDIR: creating or truncating what ends in a slash is refused before anything is looked up. */
const REFUSALS = ["EPERM", "ELOOP", "ENOENT", "ENOTDIR", "EISDIR"];

const MODES: readonly SandboxMode[] = ["descriptors", "paths"];

describe.each(MODES.filter((mode) => mode === "paths" || bestSandboxMode() === mode))(
  "%s",
  (mode) => {
    let inside: string;
    let outside: string;
    let guest: TestGuest;
    let before: string;

    beforeEach(() => {
      ({ inside, outside, guest } = world(mode));
      before = snapshot(outside);
    });

    it("no call reaches the secret by any path", () => {
      for (const name of SECRETS(outside)) {
        const parent = name.slice(0, name.lastIndexOf("/"));
        const attempts: Record<string, unknown> = {
          read: open(guest, name, { follow: true }),
          readNoFollow: open(guest, name),
          write: open(guest, name, { follow: true, oflags: TRUNCATE, rights: ALL }),
          create: open(guest, `${parent}/fresh`, { follow: true, oflags: CREATE }),
          openDirectory: open(guest, parent, { follow: true, oflags: DIRECTORY }),
          stat: stat(guest, name, OUT, true),
          statNoFollow: stat(guest, name, OUT),
          mkdir: onPath(guest, "path_create_directory", `${parent}/fresh`),
          rmdir: onPath(guest, "path_remove_directory", `${parent}/fresh`),
          unlink: onPath(guest, "path_unlink_file", name),
          renameFrom: onPaths(guest, "path_rename", name, "stolen"),
          renameTo: onPaths(guest, "path_rename", "file", name),
          linkFrom: onPaths(guest, "path_link", name, "stolen"),
          linkTo: onPaths(guest, "path_link", "file", `${parent}/fresh`),
          symlinkInto: onPaths(guest, "path_symlink", "x", `${parent}/fresh`),
        };
        for (const [what, got] of Object.entries(attempts)) {
          expect(REFUSALS, `${what} ${name}: ${got}`).toContain(got);
        }
      }
      expect(snapshot(outside)).toBe(before);
      expect(guest.host.openDescriptors).toBe(4);
      expect(fs.existsSync(path.join(inside, "file"))).toBe(true);
    });

    it("a final link that leads out is not followed", () => {
      for (const name of FINAL_LINKS) {
        for (const suffix of ["", "/", "/."]) {
          const target = name + suffix;
          expect(REFUSALS, target).toContain(open(guest, target, { follow: true }));
          expect(REFUSALS, target).toContain(open(guest, target, { follow: true, oflags: CREATE }));
          expect(REFUSALS, target).toContain(
            open(guest, target, { follow: true, oflags: TRUNCATE, rights: ALL }),
          );
          expect(REFUSALS, target).toContain(stat(guest, target, OUT, true));
        }
        expect(open(guest, name), name).toBe("ELOOP");
      }
      expect(snapshot(outside)).toBe(before);
    });

    it("what acts on a link acts on the link", () => {
      expect(stat(guest, "secret-link", OUT)).toBe("ESUCCESS");
      expect(guest.bytes()[OUT + 16]).toBe(7); // symbolic_link
      const length = guest.put(0x8000, "secret-link");
      expect(guest.call("path_filestat_set_times", 3, 0, 0x8000, length, 1n, 1n, 5)).toBe(
        "ESUCCESS",
      );
      expect(onPaths(guest, "path_rename", "secret-link", "renamed")).toBe("ESUCCESS");
      expect(onPaths(guest, "path_rename", "file", "secret-absolute")).toBe("ESUCCESS");
      // Only Linux is known to link the symlink itself; other systems would link the secret.
      const linked = mode === "paths" ? "ENOTSUP" : "ESUCCESS";
      expect(onPaths(guest, "path_link", "renamed", "hard")).toBe(linked);
      expect(onPath(guest, "path_unlink_file", "renamed")).toBe("ESUCCESS");
      expect(onPath(guest, "path_remove_directory", "out")).toBe("ENOTDIR");
      expect(onPath(guest, "path_remove_directory", "out/")).not.toBe("ESUCCESS");
      expect(onPath(guest, "path_unlink_file", "out/")).not.toBe("ESUCCESS");
      expect(onPath(guest, "path_create_directory", "dangling-out")).toBe("EEXIST");
      expect(onPath(guest, "path_create_directory", "dangling-out/")).not.toBe("ESUCCESS");
      expect(onPaths(guest, "path_rename", "dir", "out/")).not.toBe("ESUCCESS");
      expect(onPaths(guest, "path_symlink", "x", "out/")).not.toBe("ESUCCESS");
      expect(snapshot(outside)).toBe(before);
    });

    it("loops end", () => {
      for (const name of ["loop", "loop/x", "ping", "ping/x", "into-itself", "into-itself/y"]) {
        expect(open(guest, name, { follow: true }), name).toBe("ELOOP");
        expect(stat(guest, name, OUT, true), name).toBe("ELOOP");
      }
    });

    it("dangling links: ENOENT, or what they name is created, inside", () => {
      expect(open(guest, "dangling", { follow: true })).toBe("ENOENT");
      expect(open(guest, "dangling", { follow: true, oflags: CREATE | 4 })).toBe("EEXIST");
      expect(open(guest, "dangling", { follow: true, oflags: CREATE })).toBeTypeOf("number");
      expect(fs.existsSync(path.join(inside, "nowhere"))).toBe(true);
    });

    it("what stays inside works: through links, .., . and doubled slashes", () => {
      for (const name of [
        "good/deep",
        "good-file",
        "here/here/dir/sub/deep",
        "dir/.//sub/../../dir/sub///./deep",
        "good/../sub/deep", // the parent of the link's target, not of the link
      ]) {
        expect(open(guest, name, { follow: true }), name).toBeTypeOf("number");
      }
      expect(open(guest, "good/../file", { follow: true })).toBe("ENOENT");
      expect(open(guest, ".", { oflags: DIRECTORY })).toBeTypeOf("number");
      expect(open(guest, "dir/..", { oflags: DIRECTORY })).toBeTypeOf("number");
    });

    it("a directory that the guest opened is a root of its own", () => {
      const dir = mustOpen(guest, "dir/sub", { oflags: DIRECTORY, rights: ALL, inheriting: ALL });
      expect(open(guest, "deep", { dir })).toBeTypeOf("number");
      expect(open(guest, "../sub/deep", { dir })).toBe("EPERM");
      expect(open(guest, "..", { dir, oflags: DIRECTORY })).toBe("EPERM");
    });

    it("a held directory that is renamed, with a symlink put in its place, leads nowhere else", () => {
      for (const moved of ["dir", "dir/sub"]) {
        fs.mkdirSync(path.join(outside, "sub"), { recursive: true });
        fs.writeFileSync(path.join(outside, "sub", "secret"), "secret");
        const dir = mustOpen(guest, "dir/sub", { oflags: DIRECTORY, rights: ALL, inheriting: ALL });
        before = snapshot(outside);
        const target = moved === "dir" ? "../outside" : "../../outside";
        expect(onPaths(guest, "path_rename", moved, "moved")).toBe("ESUCCESS");
        expect(onPaths(guest, "path_symlink", target, moved)).toBe("ESUCCESS");
        const lost = mode === "paths" ? "ESTALE" : "ENOENT";
        expect(open(guest, "secret", { dir })).toBe(lost);
        expect(onPath(guest, "path_unlink_file", "secret", dir)).toBe(lost);
        const held = mode === "paths" ? "ESTALE" : "ESUCCESS";
        expect(onPath(guest, "path_create_directory", "fresh", dir)).toBe(held);
        expect(guest.call("fd_readdir", dir, BUFFER, 256, 0n, OUT)).toBe(held);
        expect(guest.call("fd_filestat_set_times", dir, 0n, 0n, 5)).toBe(held);
        expect(snapshot(outside)).toBe(before);
        expect(onPath(guest, "path_unlink_file", moved)).toBe("ESUCCESS");
        expect(onPaths(guest, "path_rename", "moved", moved)).toBe("ESUCCESS");
        expect(open(guest, "deep", { dir }), "back where it was").toBeTypeOf("number");
        if (mode === "descriptors") onPath(guest, "path_remove_directory", "fresh", dir);
      }
    });

    it("odd names: empty, NUL, too long, backslashes, very deep", () => {
      expect(open(guest, "")).toBe("ENOENT");
      expect(open(guest, "file\0")).toBe("EINVAL");
      expect(open(guest, "\0/../../outside/secret")).toBe("EINVAL");
      expect(open(guest, "x".repeat(256))).toBe("ENAMETOOLONG");
      expect(open(guest, "..\\outside\\secret")).toBe("ENOENT");
      expect(open(guest, `${"here/".repeat(41)}file`)).toBe("ELOOP");
      expect(open(guest, `${"./".repeat(1200)}file`)).toBeTypeOf("number");
      const long = guest.put(0x8000, "a/".repeat(2048));
      expect(guest.call("path_create_directory", 3, 0x8000, long)).toBe("ENAMETOOLONG");
    });

    it("an absolute link is not made: programs of the host would follow it", () => {
      expect(onPaths(guest, "path_symlink", "/etc", "etc")).toBe("EPERM");
      expect(onPaths(guest, "path_symlink", "../../../etc", "etc")).toBe("ESUCCESS");
      expect(open(guest, "etc/passwd", { follow: true })).toBe("EPERM");
    });

    it("a listing shows nothing of the outside, not even the parent's inode", () => {
      const fd = mustOpen(guest, ".", { oflags: DIRECTORY, rights: ALL });
      expect(guest.call("fd_readdir", fd, BUFFER, 53, 0n, OUT)).toBe("ESUCCESS");
      const own = fs.statSync(inside, { bigint: true }).ino;
      expect(guest.dv().getBigUint64(BUFFER + 8, true)).toBe(own);
      expect(guest.dv().getBigUint64(BUFFER + 24 + 1 + 8, true)).toBe(own);
    });
  },
);

/** How long the race is run, in milliseconds, against each of the two targets. */
const RACE = 1200;

/** Swaps a directory for a symlink to the outside, and a file likewise, as fast as it can until told to stop. */
const SWAPPER = `
  const fs = require("node:fs");
  const { workerData, parentPort } = require("node:worker_threads");
  const { inside, stop } = workerData;
  const flag = new Int32Array(stop);
  const p = (name) => inside + "/" + name;
  let swaps = 0;
  while (Atomics.load(flag, 0) === 0) {
    for (const name of ["swap", "swapfile"]) {
      fs.renameSync(p(name), p(name + ".real"));
      fs.renameSync(p(name + ".link"), p(name));
      fs.renameSync(p(name), p(name + ".link"));
      fs.renameSync(p(name + ".real"), p(name));
      swaps += 1;
    }
  }
  parentPort.postMessage(swaps);
`;

describe.runIf(bestSandboxMode() === "descriptors")(
  "a component swapped for a symlink in a loop",
  () => {
    it("never lets a call out", async () => {
      const { inside, outside, guest } = world("descriptors");
      fs.mkdirSync(path.join(inside, "swap"));
      fs.writeFileSync(path.join(inside, "swap", "secret"), "inside");
      fs.symlinkSync("../outside", path.join(inside, "swap.link"));
      fs.writeFileSync(path.join(inside, "swapfile"), "inside");
      fs.symlinkSync("../outside/secret", path.join(inside, "swapfile.link"));
      const before = snapshot(outside);

      const stop = new SharedArrayBuffer(4);
      const worker = new Worker(SWAPPER, { eval: true, workerData: { inside, stop } });
      const swaps = new Promise<number>((resolve, reject) => {
        worker.on("message", resolve);
        worker.on("error", reject);
      });
      await new Promise((resolve) => worker.once("online", resolve));

      const outcomes = new Map<string, number>();
      const note = (what: string, got: unknown): void => {
        const key = `${what}: ${typeof got === "number" ? "opened" : got}`;
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
      };
      const readBack = (fd: number): string => {
        guest.vectors(VECTORS, [BUFFER, 16]);
        expect(guest.call("fd_read", fd, VECTORS, 1, OUT)).toBe("ESUCCESS");
        const length = guest.dv().getUint32(OUT, true);
        expect(guest.call("fd_close", fd)).toBe("ESUCCESS");
        return Buffer.from(guest.bytes().slice(BUFFER, BUFFER + length)).toString();
      };
      const until = performance.now() + 2 * RACE;
      for (let i = 0; performance.now() < until; i += 1) {
        for (const name of ["swap/secret", "swapfile"]) {
          const fd = open(guest, name, { follow: true });
          note(`open ${name}`, fd);
          if (typeof fd === "number") expect(readBack(fd)).toBe("inside");
        }
        const created = open(guest, `swap/fresh-${i}`, { follow: true, oflags: CREATE });
        note("create", created);
        if (typeof created === "number") guest.call("fd_close", created);
        note("unlink", onPath(guest, "path_unlink_file", `swap/fresh-${i}`));
        note("mkdir", onPath(guest, "path_create_directory", `swap/dir-${i}`));
        note("rmdir", onPath(guest, "path_remove_directory", `swap/dir-${i}`));
        note("link", onPaths(guest, "path_link", "swap/secret", `stolen-${i}`));
        if (fs.existsSync(path.join(inside, `stolen-${i}`))) {
          expect(fs.readFileSync(path.join(inside, `stolen-${i}`), "utf8")).toBe("inside");
          fs.unlinkSync(path.join(inside, `stolen-${i}`));
        }
      }
      Atomics.store(new Int32Array(stop), 0, 1);
      expect(await swaps).toBeGreaterThan(100);
      expect(snapshot(outside)).toBe(before);
      expect(guest.host.openDescriptors).toBe(4);
      // The race was one: each call met the directory and the link.
      expect(outcomes.get("open swap/secret: opened") ?? 0).toBeGreaterThan(0);
      expect(outcomes.get("open swap/secret: EPERM") ?? 0).toBeGreaterThan(0);
      const allowed = ["opened", "ESUCCESS", "EEXIST", ...REFUSALS];
      for (const key of outcomes.keys()) expect(allowed, key).toContain(key.split(": ")[1]);
    });
  },
);
