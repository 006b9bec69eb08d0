/**
 * The file system of emscripten, which lies in JavaScript: directories, files, open streams, and the working directory.
 *
 * @module
 */

import type { PyodideAPI } from "pyodide";
import { ObjectImage } from "./object-image.js";

/** An image of all of it. */
export function filesOf(pyodide: PyodideAPI): ObjectImage {
  return new ObjectImage([pyodide.FS as object]);
}
