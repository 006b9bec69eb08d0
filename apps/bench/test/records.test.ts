import { fileURLToPath } from "node:url";
import { type Codec, emit, withCodec } from "@memkit/core";
import { expect, it } from "vitest";
import * as codecs from "../src/fixtures/wasi-codecs.js";
import { records, values } from "../src/records/wasi.js";

const FILE = fileURLToPath(new URL("../src/fixtures/wasi-codecs.ts", import.meta.url));

it("the emitted codecs are what emit gives today (npx vitest run --project bench records -u writes them)", async () => {
  await expect(emit(records)).toMatchFileSnapshot(FILE);
});

it.each(Object.keys(records))("%s is taken by its layout, and does the same", (name) => {
  const layout = records[name]!;
  const coded = withCodec(layout, (codecs as unknown as Record<string, Codec>)[name]!);
  const walked = new DataView(new ArrayBuffer(layout.size));
  const emitted = new DataView(new ArrayBuffer(layout.size));
  layout.write(walked, 0, values[name]);
  coded.write(emitted, 0, values[name]);
  expect(emitted).toEqual(walked);
  expect(coded.read(walked, 0)).toEqual(values[name]);
});
