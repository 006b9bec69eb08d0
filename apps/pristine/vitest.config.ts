import { projectConfig } from "../../vitest.base.js";

// An interpreter takes five seconds of processor time to start: on a busy machine that is a minute.
export default projectConfig("pristine", { testTimeout: 180_000, hookTimeout: 180_000 });
