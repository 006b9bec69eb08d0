import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, [
  "src/table/table-error.ts:Thrown",
  "src/table/entry-coder.ts:EntryCoder",
  "src/table/node-memory.ts:NodeMemory",
  "src/table/node-store.ts:NodeStore",
  "src/walk/plan.ts:Plan",
  "src/cursor/editor.ts:Run",
]);
