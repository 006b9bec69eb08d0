/**
 * The layout of metadata without fields.
 *
 * It is what core's `struct()` is, but not made by it: the smallest of core's layouts brings the class behind all of them, and a table
 * whose frames carry nothing needs none of that. Core takes it for no layout of its own, so `linkMeta` puts `struct()` in its place.
 *
 * @module
 */

import { CoreError, type Struct } from "@memkit/core";
import { STRUCT } from "./meta-layout.js";

export const NO_FIELDS: Struct<readonly []> = {
  kind: STRUCT,
  name: "struct {  }",
  size: 0,
  align: 1,
  target: "wasm32",
  fields: [],
  for() {
    return this;
  },
  named(name) {
    return { ...this, name };
  },
  read: () => ({}),
  write() {
    // There is nothing to store.
  },
  writeTo(site, offset) {
    site.open(offset, 0, 1);
  },
  offsetOf(member) {
    throw new CoreError({ code: "no-such-field", type: this.name, member });
  },
  view: () => ({
    seat() {
      // Wherever it is, there is nothing.
    },
  }),
};
