import { projectConfig } from "../../vitest.base.js";

// The tests work on real files, start processes and run CPython: on a busy machine that takes its time.
export default projectConfig("wasi", { testTimeout: 30_000 });
