/**
 * The same records as a host writes them by hand: a DataView that is kept, constant offsets, and nothing checked.
 *
 * @module
 */

import type { Dirent, Filestat, Iovec } from "../fixtures/wasi-codecs.js";

export function writeIovec(dv: DataView, at: number, value: Iovec): void {
  dv.setUint32(at, value.buf, true);
  dv.setUint32(at + 4, value.len, true);
}

export function readIovec(dv: DataView, at: number): Iovec {
  return { buf: dv.getUint32(at, true), len: dv.getUint32(at + 4, true) };
}

export function writeDirent(dv: DataView, at: number, value: Dirent): void {
  dv.setBigUint64(at, value.next, true);
  dv.setBigUint64(at + 8, value.ino, true);
  dv.setUint32(at + 16, value.namlen, true);
  dv.setUint8(at + 20, value.type);
}

export function writeFilestat(dv: DataView, at: number, value: Filestat): void {
  dv.setBigUint64(at, value.dev, true);
  dv.setBigUint64(at + 8, value.ino, true);
  dv.setUint8(at + 16, value.filetype);
  dv.setBigUint64(at + 24, value.nlink, true);
  dv.setBigUint64(at + 32, value.size, true);
  dv.setBigUint64(at + 40, value.atim, true);
  dv.setBigUint64(at + 48, value.mtim, true);
  dv.setBigUint64(at + 56, value.ctim, true);
}

export function readFilestat(dv: DataView, at: number): Filestat {
  return {
    dev: dv.getBigUint64(at, true),
    ino: dv.getBigUint64(at + 8, true),
    filetype: dv.getUint8(at + 16),
    nlink: dv.getBigUint64(at + 24, true),
    size: dv.getBigUint64(at + 32, true),
    atim: dv.getBigUint64(at + 40, true),
    mtim: dv.getBigUint64(at + 48, true),
    ctim: dv.getBigUint64(at + 56, true),
  };
}
