/** A thread of stress.ts: tsx must be registered in each anew, for its loader does not reach into workers on every Node. */

import { register } from "tsx/esm/api";

register();
await import("./stress.ts");
