import { docs } from "../../typedoc.config.mjs";

export default docs(import.meta.dirname, [
  "src/table/entry-coder.ts:EntryCoder",
  "src/table/node-memory.ts:NodeMemory",
  "src/table/node-store.ts:NodeStore",
  "src/walk/plan.ts:Plan",
  "src/walk/access.ts:AccessKind",
  "src/cursor/editor.ts:Run",
]);
