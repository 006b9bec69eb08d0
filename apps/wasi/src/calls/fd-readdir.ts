/**
 * `fd_readdir`: a directory's entries, packed one behind the other, the last one cut off where the buffer ends.
 *
 * A cookie is a place in a listing that was taken when this descriptor last started at cookie 0: going on with a cookie
 * neither repeats nor skips an entry, whatever is created or removed meanwhile. A guest that finds its buffer filled to
 * the end asks again from the cookie of the last entry that it got whole.
 *
 * Entries are packed without padding, so that all but the first may be unaligned: they are made as bytes and copied.
 *
 * @module
 */

import * as fs from "node:fs";
import { dirent, FileType } from "../abi.js";
import type { Context } from "../context.js";
import { type Entry, fileTypeOf, type OpenDir } from "../descriptor.js";
import { errnoOf } from "../errno.js";
import { withBuffer } from "../io-vectors.js";
import { Right } from "../rights.js";

function typeOf(entry: fs.Dirent<Buffer>): number {
  if (entry.isFile()) return FileType.regular_file;
  if (entry.isDirectory()) return FileType.directory;
  if (entry.isSymbolicLink()) return FileType.symbolic_link;
  if (entry.isCharacterDevice()) return FileType.character_device;
  if (entry.isBlockDevice()) return FileType.block_device;
  return entry.isSocket() ? FileType.socket_stream : FileType.unknown;
}

const SELF = Buffer.from(".");
const PARENT = Buffer.from("..");

function list(dir: OpenDir): readonly Entry[] {
  const entries = fs.readdirSync(dir.handle.self, { withFileTypes: true, encoding: "buffer" });
  return [
    { name: SELF, filetype: FileType.directory },
    { name: PARENT, filetype: FileType.directory },
    ...entries.map((entry) => ({ name: entry.name, filetype: typeOf(entry) })),
  ];
}

/** An entry's inode and type now; 0 and the listed type when it has gone since. `..` shows no inode of the outside. */
function lookUp(dir: OpenDir, { name, filetype }: Entry): { ino: bigint; filetype: number } {
  const own = name === PARENT ? SELF : name;
  try {
    const path = Buffer.concat([Buffer.from(dir.handle.child("")), own]);
    const { ino, mode } = fs.lstatSync(path, { bigint: true });
    return { ino: BigInt.asUintN(64, ino), filetype: fileTypeOf(Number(mode)) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { ino: 0n, filetype };
  }
}

/** One entry as the bytes that a guest reads. */
function encode(dir: OpenDir, entry: Entry, next: number): Uint8Array {
  const bytes = new Uint8Array(dirent.size + entry.name.length);
  const { ino, filetype } = lookUp(dir, entry);
  dirent.write(new DataView(bytes.buffer), 0, {
    d_next: BigInt(next),
    d_ino: ino,
    d_namlen: entry.name.length,
    d_type: filetype,
  });
  bytes.set(entry.name, dirent.size);
  return bytes;
}

export function fdReaddir(
  { memory, fds }: Context,
  fd: number,
  buffer: number,
  length: number,
  cookie: bigint,
  out: number,
): void {
  const dir = fds.dir(fd, Right.fd_readdir);
  const used = withBuffer(memory, buffer, length, (bytes) => {
    if (cookie === 0n || dir.listing === undefined) dir.listing = list(dir);
    const { listing } = dir;
    let at = 0;
    // A cookie beyond the end is the end: there is nothing more to tell.
    for (let i = Number(cookie); i < listing.length && at < length; i += 1) {
      const entry = encode(dir, listing[i] as Entry, i + 1);
      const part = entry.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
    }
    return at;
  });
  memory.writeU32(out, used);
}
