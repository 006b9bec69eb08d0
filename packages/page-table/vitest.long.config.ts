import { projectConfig } from "../../vitest.base.js";

/** What takes minutes: `npm run soak`. */
export default projectConfig("page-table-long", {
  root: import.meta.dirname,
  include: ["test/**/*.long.ts"],
  reporters: ["verbose"],
  disableConsoleIntercept: true,
  fileParallelism: false,
});
