import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, [
  "src/meta/meta-view.ts:ReadOf",
  "src/meta/meta-view.ts:WriteOf",
  "src/frame/cursor-mut.ts:InnerLayout",
  "src/alloc/memory-map.ts:NoFields",
  "src/frame/untyped.ts:Untyped",
]);
