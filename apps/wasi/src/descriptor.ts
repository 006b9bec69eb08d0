/**
 * What a guest's file descriptor can stand for: a file, a directory, or a stream of the host's.
 *
 * Node can neither seek nor ask for a file offset, so the host keeps the offset of every file and reads and writes at
 * positions. Appending is therefore "at the size the file has now": atomic between the guests of one thread, not
 * against other threads and processes that write the same file.
 *
 * @module
 */

import * as fs from "node:fs";
import { FdFlag, FileType } from "./abi.js";
import type { DirHandle } from "./dir-handle.js";

/** What every descriptor has. */
interface Base {
  /** A number of {@link FileType}. */
  readonly filetype: number;
  /** What may be done with it. */
  rights: number;
  /** What may be done with what is opened through it. */
  inheriting: number;
  /** Bits of {@link FdFlag}. */
  flags: number;
  close(): void;
}

/** Where a stream's bytes come from. Guest memory is never handed out: what is returned is copied in. */
export type StreamSource = (max: number) => Uint8Array;
/** Where a stream's bytes go: a private copy, to keep or to drop. */
export type StreamSink = (bytes: Uint8Array) => void;

/** The type of a file from its mode bits. */
export function fileTypeOf(mode: number): number {
  switch (mode & fs.constants.S_IFMT) {
    case fs.constants.S_IFREG:
      return FileType.regular_file;
    case fs.constants.S_IFDIR:
      return FileType.directory;
    case fs.constants.S_IFLNK:
      return FileType.symbolic_link;
    case fs.constants.S_IFCHR:
      return FileType.character_device;
    case fs.constants.S_IFBLK:
      return FileType.block_device;
    case fs.constants.S_IFSOCK:
      return FileType.socket_stream;
    default:
      return FileType.unknown; // a pipe: preview1 has no number for it
  }
}

/** An open file of the host. */
export class OpenFile implements Base {
  readonly kind = "file";
  readonly hostFd: number;
  readonly filetype: number;
  rights: number;
  inheriting: number;
  flags: number;
  /** Offset of the next byte to read or write, in bytes; meaningless unless {@link seekable}. */
  offset = 0;

  constructor(
    hostFd: number,
    filetype: number,
    rights: { readonly base: number; readonly inheriting: number },
    flags: number,
  ) {
    this.hostFd = hostFd;
    this.filetype = filetype;
    this.rights = rights.base;
    this.inheriting = rights.inheriting;
    this.flags = flags;
  }

  get seekable(): boolean {
    return this.filetype === FileType.regular_file || this.filetype === FileType.block_device;
  }

  get size(): number {
    return fs.fstatSync(this.hostFd).size;
  }

  /** Fills the views in order; 0 at the end of the file. */
  readv(views: readonly Uint8Array[], position: number | undefined): number {
    return fs.readvSync(this.hostFd, views, position);
  }

  /** Writes the views in order; may write fewer bytes than given. */
  writev(views: readonly Uint8Array[], position: number | undefined): number {
    return fs.writevSync(this.hostFd, views, position);
  }

  close(): void {
    fs.closeSync(this.hostFd);
  }
}

/** One line of a directory listing. */
export interface Entry {
  /** Bytes as the system has them: a name need not be UTF-8. */
  readonly name: Uint8Array;
  readonly filetype: number;
}

/** An open directory. */
export class OpenDir implements Base {
  readonly kind = "dir";
  readonly filetype: number = FileType.directory;
  readonly handle: DirHandle;
  /** What the guest calls it, as UTF-8, if it was given at the start; `undefined` for one that the guest opened. */
  readonly preopenName: Uint8Array | undefined;
  rights: number;
  inheriting: number;
  flags = 0;
  /** The listing that the cookies of this descriptor count in; taken anew whenever a guest starts at cookie 0. */
  listing: readonly Entry[] | undefined;

  constructor(
    handle: DirHandle,
    rights: { readonly base: number; readonly inheriting: number },
    preopenName?: Uint8Array,
  ) {
    this.handle = handle;
    this.rights = rights.base;
    this.inheriting = rights.inheriting;
    this.preopenName = preopenName;
    this.listing = undefined;
  }

  close(): void {
    this.handle.close();
  }
}

/** Standard input or output, or a callback in its place. Never seekable, so a guest sees a terminal. */
export class Stream implements Base {
  readonly kind = "stream";
  readonly filetype: number = FileType.character_device;
  readonly source: StreamSource | undefined;
  readonly sink: StreamSink | undefined;
  rights: number;
  inheriting = 0;
  flags: number = FdFlag.append;

  constructor(
    rights: number,
    ends: { readonly source?: StreamSource; readonly sink?: StreamSink },
  ) {
    this.rights = rights;
    this.source = ends.source;
    this.sink = ends.sink;
  }

  close(): void {
    // The host's own streams outlive every guest.
  }
}

export type Descriptor = OpenFile | OpenDir | Stream;
