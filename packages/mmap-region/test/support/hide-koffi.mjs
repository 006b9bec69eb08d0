/** As if koffi were not installed: for processes that are started with `--import` of this file. */

import { register } from "node:module";

const hook = `export function resolve(specifier, context, next) {
  if (specifier !== "koffi") return next(specifier, context);
  throw Object.assign(new Error("Cannot find package 'koffi'"), { code: "ERR_MODULE_NOT_FOUND" });
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
